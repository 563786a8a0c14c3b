"""The settings of a generator run, and what cannot work."""

from __future__ import annotations

from dataclasses import dataclass, field

from hitvideo.errors import HiTVideoError
from hitvideo.generator.config import MODES
from hitvideo.tokenizer.config import GROUP
from hitvideo.training.checks import check_folders, check_run, check_shares
from hitvideo.training.settings import RunSettings, setting


@dataclass(frozen=True)
class GeneratorSettings(RunSettings):
    weights: str | None = setting(None, "model folder with the tokenizer (the shipped one)")
    clips: list[str] = field(default_factory=list, metadata={"help": "captioned videos"})
    toon: int = setting(0, "Toon scenes to render, most of them mirrored, too")
    levels: int = setting(2, "how many the language model writes")
    frames: int = setting(64, "frames per clip")
    size: int = setting(128, "side of the clips in pixels")
    fps: float = setting(8.0, "frames per second")
    batch: int = setting(16, "clips per process and step")
    drop_text: float = setting(0.1, "share of samples without their caption")
    short: float = setting(0.6, "share of steps without the finest, and longest, levels")
    single_group: float = setting(0.5, "share of steps on 8 frames, from anywhere in the clip")
    corrupt: float = setting(0.05, "share of known digits that are replaced by chance")
    focus: float = setting(0.0, "how much more a token counts that shows Toon's subject")
    own_tokens: float = setting(0.0, "share of steps on true clips that are told own tokens")
    judge: str = setting("", "a judge that reads own clips; none: only true ones are learned from")
    own_clips: float = setting(0.3, "share of steps on own clips, if there is a judge")
    init: str = setting("", "a model folder to go on from")
    mode: str = setting("mixed", "how it will write if not told otherwise", MODES)


def check(config: GeneratorSettings) -> None:
    """Raises HiTVideoError for settings that cannot work."""
    if not config.clips and not config.toon:
        raise HiTVideoError(
            "There is nothing to train on: give --clips FOLDER, --toon COUNT or both."
        )
    if config.frames < GROUP or config.frames % GROUP:
        raise HiTVideoError(f"--frames must be a multiple of {GROUP}.")
    if not config.fps > 0 or config.size < 1:
        raise HiTVideoError("--fps and --size must be above zero.")
    if config.focus < 0:
        raise HiTVideoError("--focus must not be below zero.")
    check_shares(
        drop_text=config.drop_text,
        corrupt=config.corrupt,
        short=config.short,
        single_group=config.single_group,
        own_tokens=config.own_tokens,
        own_clips=config.own_clips,
    )
    check_run(config)
    check_folders(config.out, config.init, ("text", "generator", "planner"), config.clips)
