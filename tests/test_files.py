"""Outputs are there complete, or not at all."""

import json
from pathlib import Path

import pytest

from hitvideo.errors import HiTVideoError
from hitvideo.files import folder_output, json_output


def test_json_appears_whole_at_the_end(tmp_path: Path) -> None:
    out = tmp_path / "a.json"
    with json_output(out) as report:
        report["value"] = 1
        assert not out.exists()
    assert json.loads(out.read_text()) == {"value": 1}
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("content", [float("nan"), object()])
def test_json_that_fails_leaves_the_old_file(tmp_path: Path, content: object) -> None:
    out = tmp_path / "a.json"
    out.write_text("old")
    with pytest.raises((ValueError, TypeError)), json_output(out) as report:
        report["value"] = content
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_a_folder_of_our_own_goes_again_after_an_error(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt), folder_output(out) as folder:
        (folder / "half").touch()
        raise KeyboardInterrupt
    assert not out.exists()


def test_a_folder_of_theirs_stays_as_it_was_after_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(RuntimeError), folder_output(tmp_path) as folder:
        (folder / "file").write_text("new")
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "old"


@pytest.mark.parametrize("name", ["x" * 300, "missing/out", "file"])
def test_places_that_cannot_be_written_are_told_in_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HiTVideoError, match="cannot be written"), folder_output(tmp_path / name):
        pytest.fail("the block must not run")
    place = tmp_path / name / "a.json" if name == "file" else tmp_path / "missing" / name
    with pytest.raises(HiTVideoError, match="cannot be written"), json_output(place):
        pytest.fail("the block must not run")
