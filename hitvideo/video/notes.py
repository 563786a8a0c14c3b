"""What reading a file has to say besides its frames.

Knows nothing of files; `read` writes here, whoever shows the frames reads.
"""

import warnings
from dataclasses import dataclass, field

from hitvideo.errors import HiTVideoWarning


@dataclass
class Notes:
    """Filled while a video is read, complete when its last frame is given.

    complete: False where the file ends before the stretch that was asked for, though it promised
    more. sentences: for people, one for each thing that the frames alone do not tell.
    """

    complete: bool = True
    sentences: list[str] = field(default_factory=list)

    @property
    def note(self) -> str:
        """All sentences as one text, "" if there are none."""
        return " ".join(self.sentences)

    def add(self, sentence: str) -> None:
        if sentence not in self.sentences:
            self.sentences.append(sentence)

    def warn_if_cut(self, name: str) -> None:
        """For readers of many files: a warning where the file `name` ends early, and no other."""
        if not self.complete:
            warnings.warn(f"{name}: {self.note}", HiTVideoWarning, stacklevel=2)


@dataclass
class Spoken(Notes):
    """Notes that nobody asked for: said as warnings, which name the file."""

    name: str = ""

    def add(self, sentence: str) -> None:
        if sentence not in self.sentences:
            warnings.warn(f"{self.name}: {sentence}", HiTVideoWarning, stacklevel=2)
        super().add(sentence)
