"""Reading by likelihood, with models that are told which caption is the right one."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from hitvideo.cli import main
from hitvideo.evaluation.alignment.accuracy import Size, unseen_cases
from hitvideo.evaluation.alignment.reading import evaluate_reading, retold
from hitvideo.plan.tracks import MOMENTS, THINGS
from hitvideo.toon import ATTRIBUTES, labels, sample_scene

SIZE = Size(frames=2, height=8, width=8, fps=2.0)


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_only_the_word_in_question_changes(attribute: str) -> None:
    for seed in range(5):
        scene = sample_scene(seed)
        for word in ATTRIBUTES[attribute]:
            other = retold(scene, attribute, word)
            assert labels(other) == {**labels(scene), attribute: word}
            assert other.subjects[1:] == scene.subjects[1:]


def test_levels_that_follow_the_text_are_told_from_those_that_do_not() -> None:
    cases = unseen_cases(4)
    prompts = {case.prompt for case in cases}
    withheld = {case.prompt for case in cases if case.withheld}

    def bits(clip: np.ndarray, captions: Sequence[str], plan: Tensor) -> Tensor:
        """Level 1 knows its captions but for withheld ones, level 2 takes the first word always.

        There is no planner.
        """
        assert clip.shape == (2, 8, 8, 3) and plan.shape == (1, MOMENTS, THINGS, 5)
        first = [float(c not in prompts or c in withheld) for c in captions]
        second = [9.0 * index for index in range(len(captions))]
        return torch.tensor([[0.0] * len(captions), first, second]).T

    report = evaluate_reading(bits, cases, SIZE)
    assert report["clips"] == 4
    for name, shares in report["trained"].items():
        assert shares["plan"] == 0 and shares["levels"][0] == 1
        assert shares["chance"] == 1 / len(ATTRIBUTES[name])
    for name, words in ATTRIBUTES.items():
        by_luck = np.mean([labels(c.scene)[name] == words[0] for c in cases if not c.withheld])
        assert report["trained"][name]["levels"][1] == by_luck == report["trained"][name]["all"]
        assert report["withheld"][name]["levels"][0] < 1


def test_the_shipped_weights_can_be_read(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "reading.json"
    assert main(["evaluate", "reading", str(out), "--clips", "1", "--device", "cpu"]) == 0
    assert "trained, backdrop: " in capfd.readouterr()[0] and out.exists()
