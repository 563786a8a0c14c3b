"""The measurement of alignment, with judges and generators that are told what to answer."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_generator import save_tiny_weights, tiny_config

from hitvideo.cli import main
from hitvideo.evaluation.alignment.accuracy import (
    Case,
    Options,
    Size,
    accuracies,
    alike,
    evaluate_alignment,
    measure_variety,
    unseen_cases,
    wilson_interval,
)
from hitvideo.generator.storage import stored_fingerprint
from hitvideo.judge.model import Judge
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.toon import ATTRIBUTES, caption, is_withheld, labels, sample_scene
from hitvideo.toon.seeds import VALIDATION

SIZE = Size(frames=2, height=8, width=8, fps=2.0)


class Oracle(Judge):
    """Reads the number of a case in a clip's first pixel and says what it shows, else nonsense."""

    def __init__(self, cases: Sequence[Case]) -> None:
        super().__init__(width=8)
        self.cases = cases

    def read(self, video: torch.Tensor) -> list[dict[str, str]]:
        numbers = video[:, 0, 0, 0, 0].tolist()
        nonsense = dict.fromkeys(ATTRIBUTES, "nothing")
        known = {index: labels(case.scene) for index, case in enumerate(self.cases)}
        return [known.get(number, nonsense) for number in numbers]


class Painter:
    """Generates clips that carry the number of their case; wrong ones for some guidance."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self.numbers = {case.prompt: index for index, case in enumerate(cases)}
        self.calls: list[tuple[int, float | None]] = []

    def __call__(
        self, prompts: list[str], seeds: list[int], options: Options
    ) -> dict[str, np.ndarray]:
        guidance = options.get("guidance")
        self.calls.append((len(prompts), guidance))
        clips = np.zeros((len(prompts), SIZE.frames, SIZE.height, SIZE.width, 3), np.uint8)
        for clip, prompt in zip(clips, prompts, strict=True):
            clip[:] = 255 if guidance == 1.0 else self.numbers[prompt]
        return {"faithful": clips, "vivid": np.full_like(clips, 255)}


def test_cases_are_withheld_by_turns_and_never_trained_on() -> None:
    cases = unseen_cases(20)
    for index, case in enumerate(cases):
        main_actor = case.scene.subjects[0]
        words = main_actor.kind, main_actor.colour, main_actor.motion
        assert case.withheld == is_withheld(*words) == (index % 2 == 1)
        assert 4_000_000 <= case.seed < VALIDATION[0]
        assert case.prompt == caption(case.scene, case.seed)


def test_every_setting_is_scored_in_batches_beside_the_ceilings() -> None:
    cases = unseen_cases(5)
    painter = Painter(cases)
    clips = painter([case.prompt for case in cases], [0] * 5, {})["faithful"]
    painter.calls.clear()
    passed: list[int] = []

    def round_trip(renders: np.ndarray) -> np.ndarray:
        """Loses the first clip of every batch."""
        assert renders.shape[1:] == clips.shape[1:] and renders.dtype == np.uint8
        start = sum(passed)
        passed.append(len(renders))
        decoded = clips[start : start + len(renders)].copy()
        decoded[0] = 255
        return decoded

    settings = [{}, {"guidance": 1.0}]

    def eye(clips: np.ndarray) -> list[dict[str, str]]:
        """Sees the subject of the first two cases only."""
        numbers = clips[:, 0, 0, 0, 0].tolist()
        return [{"subject": labels(cases[n].scene)["subject"] if n < 2 else ""} for n in numbers]

    given = {"settings": settings, "round_trip": round_trip, "batch": 2, "variety": 0, "eye": eye}
    report = evaluate_alignment(painter, Oracle(cases), cases, SIZE, **given)
    assert painter.calls == [(2, None), (2, None), (1, None), (2, 1.0), (2, 1.0), (1, 1.0)]
    assert [entry["picture"] for entry in report["generated"]] == ["faithful", "vivid"] * 2
    default, painted, one, _ = report["generated"]
    assert painted["all"]["mean"] == painted["eye"]["all"]["mean"] == 0
    assert default["eye"]["all"]["subject"] == pytest.approx(2 / 5)
    assert one["guidance"] == 1.0 and default["all"]["mean"] == 1 and one["all"]["mean"] == 0
    assert report["ceilings"]["true_codes"]["all"]["mean"] == pytest.approx(2 / 5)
    assert len(default["by_clip"]) == len(report["captions"]) == 5
    assert "variety" not in report


def test_groups_and_attributes_are_scored_apart() -> None:
    cases = unseen_cases(40)
    seen = [labels(case.scene) for case in cases]
    for case, words in zip(cases, seen, strict=True):
        if case.withheld:
            words["motion"] = "nothing"
        if len(case.scene.subjects) > 1:
            words["colour"] = "nothing"
    result = accuracies(cases, seen)
    assert result["trained"]["motion"] == 1 and result["withheld"]["motion"] == 0
    assert result["one_subject"]["colour"] == 1 and result["two_subjects"]["colour"] == 0
    assert result["all"]["motion"] == 0.5 and result["all"]["subject"] == 1
    assert result["trained"]["clips"] + result["withheld"]["clips"] == 40
    low, high = result["all"]["mean_interval_95"]
    assert low < result["all"]["mean"] < high


@pytest.mark.parametrize(("hits", "trials"), [(0, 10), (10, 10), (73, 100), (1, 3)])
def test_wilson_bounds_solve_their_equation(hits: int, trials: int) -> None:
    """The bounds are the shares p that lie 1.96 of their own standard errors from the one seen."""
    low, high = wilson_interval(hits, trials)
    seen = hits / trials
    assert 0 <= low <= seen <= high <= 1
    for p in (low, high):
        if 0 < p < 1:
            assert abs(seen - p) == pytest.approx(1.959964 * (p * (1 - p) / trials) ** 0.5)


def test_scenes_alike_differ_in_what_words_leave_open() -> None:
    for seed in (11, 12, 13):
        scene = sample_scene(seed)
        first, second = (s for s, _ in zip(alike(scene), range(2), strict=False))
        assert caption(first, 5) == caption(second, 5) == caption(scene, 5)
        assert first.subjects[0].x != second.subjects[0].x and first.seed != second.seed


def test_variety_is_none_where_all_clips_are_one() -> None:
    cases = unseen_cases(6)
    variety = measure_variety(Painter(cases), cases, SIZE, seeds=3, batch=2)
    assert variety["generated"] == {"mean": 0, "smallest": 0}
    assert variety["rendered"]["mean"] >= variety["rendered"]["smallest"] > 0
    chosen = next(case for case in cases if case.prompt == variety["prompt"])
    assert not chosen.withheld and len(chosen.scene.subjects) == 1


def test_bad_requests_are_one_sentence_and_leave_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    for arguments in (
        ["evaluate", "alignment", str(out), "--clips", "0"],
        ["evaluate", "alignment", str(out), "--batch", "0"],
        ["evaluate", "judge", str(out), "--clips", "0"],
        ["evaluate", "judge", str(out), "--weights", str(tmp_path)],
    ):
        assert main(arguments) == 2
        assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_command_measures_the_first_mode_at_every_guidance_and_the_others_at_one(
    tmp_path: Path, tiny: HiTVideoTokenizer
) -> None:
    weights = save_tiny_weights(tmp_path / "weights", tiny)
    torch.manual_seed(0)
    Judge(8).save_pretrained(weights / "judge")
    out = tmp_path / "report.json"
    options = ["--clips", "2", "--mode", "mixed", "--mode", "frame", "--batch", "2"]
    options += ["--weights", str(weights), "--device", "cpu", "--quantize", "none"]
    assert main(["evaluate", "alignment", str(out), *options]) == 0
    report = json.loads(out.read_text())
    measured = [(entry["guidance"], entry["mode"]) for entry in report["generated"]]
    default = tiny_config().guidance
    assert measured == [(default, "mixed"), (1.0, "mixed"), (default, "frame")] and default != 1
    assert (report["clips"], report["levels"], report["quantization"]) == (2, 3, None)
    assert report["generator"] == stored_fingerprint(weights)
    assert report["generated"][0]["trained"]["clips"] == 1
