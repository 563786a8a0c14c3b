"""The work behind the Generate tab: a prompt in, what the page shows out, step by step.

A generator that can be closed between any two steps of the decode loop and leaves no file behind.
Knows nothing of buttons or of how the page is laid out.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from hitvideo.errors import HiTVideoError
from hitvideo.generator.text import words_of
from hitvideo.pipeline import HiTVideoPipeline
from hitvideo.pipeline.request import GenerateRequest, check_prompt
from hitvideo.pipeline.result import GeneratedVideo, GenerateStep
from hitvideo.temporary import scratch_folder
from hitvideo.ui.checks import choice
from hitvideo.ui.clip_files import write_gif, write_mp4
from hitvideo.ui.errors import explain, refusal
from hitvideo.ui.generate.plan import plan_film
from hitvideo.ui.generate.prompts import knows_toon, unknown_note, unread_note
from hitvideo.ui.player import PlayerView, Tile, Value
from hitvideo.ui.reconstruct.run import seconds_left
from hitvideo.ui.tokens.run import TokenFiles

SHOW_EVERY = 0.2  # seconds between two views of the progress; also how long a stop may take
PLAN = Tile("Plan", "where things go")
FAITHFUL = Tile("Tokens alone", "as decoded, not painted")
NAMES = {"int8": "int8", "nf4": "NF4", None: "full precision"}
DEVICES = {"cpu": "the CPU", "cuda": "the GPU"}


class Shown(NamedTuple):
    """What a caller of the API gets, and what the page shows.

    mp4, gif, hitv: files of the last level so far; None until there is one.
    seed: the one in use. report: the settings and the pace, of the last level so far.
    screen: a `PlayerView.value`.
    """

    mp4: str | None
    seed: int | None
    report: dict[str, Any] | None
    screen: Value
    gif: str | None
    hitv: str | None


class Generation:
    """One pipeline, any number of people: nothing of a run is kept here."""

    def __init__(self, pipeline: HiTVideoPipeline, tokens: TokenFiles) -> None:
        self.pipeline = pipeline
        self.tokens = tokens

    def stream(
        self,
        prompt: str,
        seed: float | None = None,
        guidance: float | None = None,
        temperature: float | None = None,
        top_k: float | None = None,
        top_p: float | None = None,
        levels: float | None = None,
        mode: str | None = None,
        keep_note: bool = True,
        picture: str | None = None,
    ) -> Iterator[Shown]:
        """Write a clip from text, level by level, coarse first.

        prompt: what the clip should show. seed: 0 to 4294967295; empty takes one by chance.
        guidance: how closely to follow the prompt; 1 is none. temperature: 0 always takes the
        likeliest value. top_k: 0 is no limit. top_p: 1 is no limit. levels: how many to write.
        mode: what a step writes, "token", "frame" or "mixed". What is empty is the model's
        own setting. keep_note: whether prompt, seed and settings are stored inside the files.
        picture: "vivid" is painted, "faithful" decoded from the tokens alone.

        Returns an MP4 of the clip, the seed that was used, a report ({prompt, seed, guidance, ...,
        things, tokens, seconds, tokens_per_second, quantization, device, unknown_words,
        token_file_bytes}), what the player shows ({tiles: [{label, detail, video}], message, ...},
        an MP4 of the plan and for every level), a GIF and the token file.
        """
        try:
            request = self.pipeline.request(
                prompt,
                seed,  # type: ignore[arg-type]  # checked there
                guidance=guidance,
                temperature=temperature,
                top_k=top_k,
                top_p=top_p,
                levels=choice(levels),
                mode=mode,
                picture=picture,
            )
            # Gradio copies what is shown to its own cache, which it cleans; the rest ends here.
            with scratch_folder() as folder:
                yield from self._run(folder, request, bool(keep_note))
        except Exception as error:
            yield from self._fail(explain(error, "A generation"), seed)

    def view(
        self,
        levels: int | None = None,
        ready: Sequence[Tile] = (),
        message: str = "",
        progress: float | None = None,
        seconds_left: int | None = None,
        failed: bool = False,
        picture: str | None = None,
    ) -> PlayerView:
        """The player with a place for a plan and each of ``levels`` (all), as far as `ready`.

        And for what the tokens alone show, where the picture is painted.
        """
        assert self.pipeline.generator is not None
        counts = self.pipeline.generator.order().tokens[:levels]
        places = [level_tile(k, count) for k, count in enumerate(counts, 1)]
        # The player shows the last one that is made, which is the painted one.
        if self.pipeline.painter is not None and picture != "faithful":
            places.insert(0, FAITHFUL)
        if self.pipeline.planner is not None:
            places.insert(0, PLAN)
        return PlayerView((*ready, *places[len(ready) :]), message, progress, seconds_left, failed)

    def note(self, prompt: str) -> str:
        """What a person should know of the prompt's words; empty if all is well.

        Empty, too, for what is no prompt at all: a run says what is wrong with it.
        """
        try:
            check_prompt(prompt)
        except HiTVideoError:
            return ""
        unknown = self.pipeline.unknown_words(prompt)
        some_known = bool(set(words_of(prompt)) - set(unknown))
        notes = [
            unread_note(self.pipeline.unread(prompt)),
            unknown_note(unknown, some_known, self.toon),
        ]
        return " ".join(filter(None, notes))

    @property
    def toon(self) -> bool:
        """Whether the model knows the world of Toon."""
        return knows_toon(self.pipeline.known_words)

    @property
    def setup(self) -> str:
        """The precision and the device in use, in words."""
        device = self.pipeline.device
        name = NAMES[self.pipeline.quantization]
        return f"{name} on {DEVICES.get(device.type, str(device))}"

    def _fail(self, message: str, seed: Any) -> Iterator[Shown]:
        # The page shows the sentence where it stays; the error itself is for callers of the API.
        view = PlayerView(message=message, failed=True)
        if self.pipeline.generator is not None:
            view = self.view(message=message, failed=True)
        yield Shown(None, seed, None, view.value, None, None)  # a mistyped seed can be mended
        raise refusal(message)

    def _run(self, folder: Path, request: GenerateRequest, keep_note: bool) -> Iterator[Shown]:
        levels, seed = request.levels, request.seed
        stem = f"{slug(request.prompt)}-seed-{seed}" if keep_note else "hitvideo"
        note = json.dumps(request.settings()) if keep_note else ""
        tags = {"title": request.prompt, "comment": note} if keep_note else {}
        tiles: list[Tile] = []
        report: dict[str, Any] | None = None
        mp4 = gif = hitv = None
        result: GeneratedVideo | None = None

        def show(message: str, progress: float | None = None, left: int | None = None) -> Shown:
            view = self.view(levels, tiles, message, progress, left, picture=request.picture)
            files = [str(path) if path else None for path in (mp4, gif, hitv)]
            return Shown(files[0], seed, report, view.value, files[1], files[2])

        begun = shown = time.monotonic()
        yield show("Reading the prompt", 0.0)
        for step in self.pipeline.stream(request):
            now = time.monotonic()
            left = seconds_left(step.progress, now - begun)
            planned = step.plan is not None and not tiles
            news = planned or step.result is not None
            if news:  # a file takes a while: time for a stop before it is begun
                yield show(describe(step), step.progress, left)
            if step.plan is not None and planned:
                film = plan_film(step.plan, *request.size)
                file = write_mp4(folder / "plan.mp4", film, self.pipeline.fps)
                named = " and ".join(filter(None, step.plan.names))
                tiles.append(replace(PLAN, detail=named or PLAN.detail, video=file))
            if step.result is not None:
                result = step.result
                if request.picture == "vivid":
                    plain = folder / f"{stem}-level-{result.level}-tokens-alone.mp4"
                    write_mp4(plain, result.faithful, result.fps, tags)
                    at = int(self.pipeline.planner is not None)
                    tiles[at : at + 1] = [replace(FAITHFUL, video=plain)]
                mp4 = folder / f"{stem}-level-{result.level}.mp4"
                write_mp4(mp4, result.video, result.fps, tags)
                tokens = result.codes.levels[result.level - 1].numel()
                tiles.append(level_tile(result.level, tokens, mp4))
                hitv = mp4.with_suffix(".hitv")
                size = self.tokens.save(hitv, result.codes, result.fps)[-1]
                report = {**self._report(step, result), "token_file_bytes": size}
            if not news and now - shown < SHOW_EVERY:
                continue
            shown = now
            yield show(describe(step), step.progress, left)

        assert result is not None and mp4 is not None and report is not None
        comment = f"{request.prompt} {note}" if keep_note else ""
        gif = write_gif(mp4.with_suffix(".gif"), result.video, result.fps, comment)
        yield show(
            f"Done in {time.monotonic() - begun:.0f} s: {report['tokens']:,} tokens, "
            f"{report['tokens_per_second']:,.0f} a second, {self.setup}"
        )

    def _report(self, step: GenerateStep, result: GeneratedVideo) -> dict[str, Any]:
        request = result.request
        return {
            "prompt": request.prompt,
            **request.settings(),
            "levels": result.level,
            "things": [name for name in result.plan.names if name] if result.plan else [],
            "tokens": step.tokens,
            "seconds": round(step.seconds, 3),
            "tokens_per_second": round(step.tokens_per_second, 1),
            "quantization": self.pipeline.quantization,
            "device": str(self.pipeline.device),
            "unknown_words": self.pipeline.unknown_words(request.prompt),
            "unread": self.pipeline.unread(request.prompt),
        }


def level_tile(level: int, tokens: int, video: Path | None = None) -> Tile:
    """The tile of levels 1 to `level`, the last of which has that many tokens."""
    return Tile(f"Level {level}", f"{tokens:,} tokens", video)


def describe(step: GenerateStep) -> str:
    pace = f", {step.tokens_per_second:,.0f} a second" if step.tokens_per_second else ""
    return f"{step.message}: {step.tokens:,} of {step.total_tokens:,} tokens{pace}"


def slug(prompt: str) -> str:
    """The prompt as part of a file name: a few of its words, of plain letters only."""
    words = re.sub(r"[^a-z0-9]+", "-", prompt.lower()).strip("-")
    return words[:48].rsplit("-", 1)[0] if len(words) > 48 else words or "clip"
