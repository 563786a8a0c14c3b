"""The one exception whose text is written for the person in front of the screen.

Knows nothing of who shows it: the command line prints it and exits non-zero, the app puts it in a
toast. Anything else that escapes is a bug and keeps its stack trace.
"""


class HiTVideoError(Exception):
    """Something the user can put right, said in one clear sentence."""


class HiTVideoWarning(UserWarning):
    """Something that a person should know and that stops nothing; the text is one sentence."""
