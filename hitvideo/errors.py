"""The exception whose text is written for the person in front of the screen, and words for others.

Knows nothing of who shows it: the command line prints it and exits non-zero, the app puts it in a
toast. Anything else that escapes is a bug; its stack trace is for whoever asks for it.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
NO_ROOM_WORDS = "No space left on device"  # in errors of libraries that lose the number
NO_MEMORY_WORDS = ("can't allocate memory", "not enough memory", "out of memory")


class HiTVideoError(Exception):
    """Something the user can put right, said in one clear sentence."""


class HiTVideoWarning(UserWarning):
    """Something that a person should know and that stops nothing; the text is one sentence."""


def sentence(error: BaseException) -> str | None:
    """One sentence, if a person can make something of the error; None for a fault of ours."""
    if isinstance(error, HiTVideoError):
        return " ".join(str(error).split())
    if disk_is_full(error):
        return "The disk is full, so this could not be finished."
    if out_of_memory(error):
        return "There is not enough memory for this; a shorter or smaller clip needs less."
    return None


def disk_is_full(error: BaseException) -> bool:
    """Whether this, or what it came from, is an error for want of room on a disk."""
    return any(
        (isinstance(each, OSError) and each.errno in NO_ROOM) or NO_ROOM_WORDS in str(each)
        for each in _chain(error)
    )


def out_of_memory(error: BaseException) -> bool:
    return any(
        isinstance(each, MemoryError)
        or (
            isinstance(each, RuntimeError)
            and any(words in str(each).lower() for words in NO_MEMORY_WORDS)
        )
        for each in _chain(error)
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and those it came from, the latest first."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__
