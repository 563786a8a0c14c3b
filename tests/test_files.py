"""Outputs are there complete, or not at all."""

import json
from contextlib import suppress
from pathlib import Path

import pytest

from hitvideo.errors import HiTVideoError
from hitvideo.files import finish_output, folder_output, folders_output, json_output


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


def versions(folder: Path, version: str = "") -> dict[str, str]:
    """What two folders that belong together hold, after saving a version, if one is given."""
    if version:
        with folders_output(folder) as part:
            for name in ("one", "other"):
                (part / name).mkdir()
                (part / name / "file").write_text(version)
    return {path.name: (path / "file").read_text() for path in folder.iterdir()}


def test_folders_killed_while_they_are_made_are_still_the_previous_ones(tmp_path: Path) -> None:
    versions(tmp_path, "old")
    (tmp_path / ".unfinished" / "one").mkdir(parents=True)  # of a run that ended without a word
    with pytest.raises(KeyboardInterrupt), folders_output(tmp_path) as part:
        assert not list(part.iterdir())
        (part / "one").mkdir()
        raise KeyboardInterrupt
    assert versions(tmp_path) == {"one": "old", "other": "old"}


@pytest.mark.parametrize("renames", range(6))
def test_folders_killed_while_they_are_moved_are_of_one_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    versions(tmp_path, "old")
    rename, left = Path.rename, iter(range(renames))

    def killed(self: Path, target: Path) -> Path:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return rename(self, target)

    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(Path, "rename", killed)
        versions(tmp_path, "new")
    finish_output(tmp_path)
    version = "new" if renames else "old"
    assert versions(tmp_path) == {"one": version, "other": version}


@pytest.mark.parametrize("name", ["x" * 300, "missing/out", "file"])
def test_places_that_cannot_be_written_are_told_in_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HiTVideoError, match="cannot be written"), folder_output(tmp_path / name):
        pytest.fail("the block must not run")
    place = tmp_path / name / "a.json" if name == "file" else tmp_path / "missing" / name
    with pytest.raises(HiTVideoError, match="cannot be written"), json_output(place):
        pytest.fail("the block must not run")
