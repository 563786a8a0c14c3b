"""The independent eye's arithmetic: probes, distances, and what a report counts."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import WEIGHTS
from tiny_generator import save_tiny_painter, save_tiny_weights
from torch import Tensor

from hitvideo.cli import main
from hitvideo.evaluation.look.eye import (
    FEATURES,
    READS,
    Eye,
    Features,
    Probe,
    fit_probe,
    frechet_distance,
)
from hitvideo.evaluation.look.fit import eye_frames
from hitvideo.evaluation.look.report import Look, picture_quality
from hitvideo.evaluation.look.run import SHOWN
from hitvideo.tokenizer import HiTVideoTokenizer
from hitvideo.toon import labels, sample_scene
from hitvideo.toon.seeds import EYE_TEST


def test_the_distance_of_gaussians_is_the_closed_form() -> None:
    generator = torch.Generator().manual_seed(0)
    base = torch.randn(800, 3, generator=generator)
    other = torch.randn(800, 3, generator=generator) * torch.tensor([1.0, 2.0, 0.5]) + 3
    # For diagonal covariances: squared means apart, and squared deviations apart.
    expected = 27 + (1 - 2) ** 2 + (1 - 0.5) ** 2
    assert frechet_distance(base, other) == pytest.approx(expected, rel=0.1)
    assert frechet_distance(base, base) == pytest.approx(0, abs=1e-6)


def test_a_probe_learns_what_features_say_and_is_stored(tmp_path) -> None:  # type: ignore[no-untyped-def]
    generator = torch.Generator().manual_seed(0)
    words = {n: torch.randint(len(w), (400,), generator=generator) for n, w in READS.items()}
    signs = {n: torch.randn(len(w), FEATURES, generator=generator) for n, w in READS.items()}
    features = sum(signs[name][words[name]] for name in READS)
    assert isinstance(features, Tensor)
    probe = fit_probe(features[:300], {n: w[:300] for n, w in words.items()}, steps=60)
    probe.save(tmp_path)
    logits = Probe.load(tmp_path)(features[300:])
    for name in READS:
        assert float((logits[name].argmax(1) == words[name][300:]).float().mean()) > 0.9


class FirstPixel(Eye):
    """An eye whose features are one-hot by the red of the first pixel."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe

    def features(self, frames: Tensor) -> Tensor:
        return torch.nn.functional.one_hot(frames[:, 0, 0, 0].long(), FEATURES).float()


def test_a_report_counts_moments_and_clips() -> None:
    scene = sample_scene(0)
    subject = READS["subject"].index(labels(scene)["subject"])
    probe = Probe()
    with torch.no_grad():
        for layer in probe.read.values():
            layer.weight.zero_()
            layer.bias.zero_()
            layer.weight[:, : len(layer.weight)] = 9 * torch.eye(len(layer.weight))
    wrong = (subject + 1) % len(READS["subject"])
    clip = np.full((32, 4, 4, 3), subject, np.uint8)
    clip[24:] = wrong  # the last of four seconds shows something else
    look = Look(FirstPixel(probe))
    look.add(clip, scene, 8.0)
    look.add(np.full((32, 4, 4, 3), wrong, np.uint8), scene, 8.0)
    report = look.report(look)
    assert report["subject"] == 0.5 and report["subject_by_second"] == [0.5, 0.5, 0.5, 0.0]
    assert look.report(chosen=[False, True])["subject"] == 0
    assert report["frechet_distance"] == pytest.approx(0, abs=1e-6)

    words = look.eye.read(np.stack([clip, clip]), 8.0)
    assert [each["subject"] for each in words] == [labels(scene)["subject"]] * 2


def test_flicker_is_change_where_truly_nothing_moves() -> None:
    true = np.zeros((3, 4, 4, 3), np.uint8)
    true[:, 0] = np.array([0, 90, 180], np.uint8)[:, None, None]  # the first row moves
    shown = true.copy()
    shown[1, 1:] = 30
    mask = np.zeros((3, 4, 4), np.uint8)
    mask[:, 1] = 255
    quality = picture_quality([(shown, true, mask)])
    assert quality["flicker"] == pytest.approx(30)
    assert quality["thing_psnr"] == pytest.approx(10 * np.log10(255**2 / (30**2 / 3)))


def test_the_shipped_eye_reads_frames_that_it_was_not_fitted_on() -> None:
    features, words = eye_frames(Features(), EYE_TEST[:20])
    logits = Probe.load(WEIGHTS / "eye")(features)
    right = {n: int((logits[n].argmax(1) == words[n]).sum()) for n in READS}
    assert right["subject"] >= 14 and right["colour"] >= 10  # by chance 1 and 2 of 20


def test_the_command_shows_the_eye_every_picture(tiny: HiTVideoTokenizer, tmp_path: Path) -> None:
    weights = save_tiny_weights(tmp_path / "weights", tiny)
    save_tiny_painter(weights, tiny)
    shutil.copytree(WEIGHTS / "eye", weights / "eye")
    out = tmp_path / "look.json"
    options = ["--clips", "2", "--coded", "1", "--batch", "2", "--weights", str(weights)]
    assert main(["evaluate", "look", str(out), *options, "--device", "cpu"]) == 0
    report = json.loads(out.read_text())
    coded, generated = report["true_codes"], report["generated"]
    assert list(coded) == ["depth", "frames", *SHOWN]
    assert len({coded[name]["psnr"] for name in SHOWN}) == 3
    assert all(coded[name]["frechet_distance"] > 0 for name in SHOWN)
    assert list(generated) == ["frames", "faithful", "vivid"]
    assert generated["vivid"]["all"]["clips"] == 2


def test_every_depth_of_true_codes_comes_before_the_eye(
    tiny: HiTVideoTokenizer, tmp_path: Path
) -> None:
    weights = save_tiny_weights(tmp_path / "weights", tiny)
    shutil.copytree(WEIGHTS / "eye", weights / "eye")
    out = tmp_path / "look.json"
    ask = ["evaluate", "look", str(out), "--by-depth", "--clips", "0", "--weights", str(weights)]
    assert main([*ask, "--coded", "1"]) == 0
    report = json.loads(out.read_text())
    assert "generated" not in report and len(report["depths"]) == 4
    assert all(seen["frechet_distance"] > 0 for seen in report["depths"][:3])
    assert main([*ask, "--coded", "0"]) == 2
