"""Outputs are there complete, or not at all, and never in place of what is read."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from limits import within_limits
from outputs import PLACES, check_refused, check_written, look, prepare

from hitvideo.errors import HiTVideoError
from hitvideo.files import (
    append_line,
    binary_output,
    finish_output,
    folder_output,
    folders_output,
    json_output,
)

ROOT = Path(__file__).parent.parent


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


def write(kind: str, path: str, inputs: list[Path]) -> bytes:
    """Writes something; returns what the file must then hold."""
    if kind == "json":
        with json_output(path, inputs) as report:
            report["value"] = 1
        return b'{\n  "value": 1\n}\n'
    with binary_output(path, inputs) as file:
        file.write(b"new")
    return b"new"


@pytest.mark.parametrize("kind", ["json", "bytes"])
@pytest.mark.parametrize("name", PLACES)
def test_every_kind_of_place(
    kind: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = prepare(tmp_path)
    place = PLACES[name](tmp_path, ".json")
    before = look(tmp_path)
    if place.refused:
        with pytest.raises(HiTVideoError) as caught:
            write(kind, place.name, [source])
        assert place.refused in str(caught.value)
        check_refused(tmp_path, before)
    else:
        new = write(kind, place.name, [source])
        check_written(tmp_path, before, place.name, new)


# Names that once ended in a stack trace, or were written where they should not be.
FAILED = ("", ".", "..", "/", "new/", "\0", "a\0b", "x" * 300, "input", "./input", "sub/..")


def many(count: int) -> Any:
    return settings(
        max_examples=count,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


names = st.lists(
    st.sampled_from(
        ["input", "sub", "..", ".", "", "new", "link", "é", "~", "*", "-x", "a b", "\n"]
    )
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    max_size=5,
).map("/".join)


def any_name(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.mktemp("names")
    source = prepare(folder)
    (folder / "link").symlink_to("sub/../input")
    before = look(folder)
    if name.startswith("/"):
        name = name.lstrip("/")  # nothing outside of the folder
    place = f"{folder}/{name}"
    if not Path(os.path.realpath(place.replace("\0", ""))).is_relative_to(folder):
        return
    try:
        new = write("bytes", place, [source])
    except HiTVideoError as error:
        assert str(error).endswith(".")
        check_refused(folder, before)
    else:
        check_written(folder, before, place, new)


@many(60)
@given(name=names)
@example("")
@example("new/")
@example("sub/../input")
@example("link")
@example("a\0b")
def test_any_name(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    any_name(tmp_path_factory, name)


@pytest.mark.slow
@many(2000)
@given(name=names)
def test_very_many_names(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    with within_limits():
        any_name(tmp_path_factory, name)


@pytest.mark.parametrize("name", FAILED)
def test_names_that_failed_before(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    any_name(tmp_path_factory, name)


def test_a_new_folder_appears_at_once(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with folder_output(f"{out}/") as folder:
        (folder / "a").write_text("new")
        assert not out.exists()
    assert [path.name for path in out.iterdir()] == ["a"]
    assert list(tmp_path.iterdir()) == [out]


def test_a_folder_of_our_own_goes_again_after_an_error(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt), folder_output(out) as folder:
        (folder / "half").touch()
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


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


@pytest.mark.parametrize("name", PLACES)
def test_a_file_in_a_folder_is_placed_as_one_alone(name: str, tmp_path: Path) -> None:
    source = prepare(tmp_path)
    place = PLACES[name](tmp_path, ".json")
    target = Path(place.name)
    if target.parent != tmp_path or target.name in ("", ".", "..") or place.name.endswith("/"):
        return
    before = look(tmp_path)
    try:
        with folder_output(tmp_path, [source]) as folder:
            (folder / target.name).write_bytes(b"new")
    except (HiTVideoError, OSError, ValueError):
        assert place.refused
        check_refused(tmp_path, before)
    else:
        assert not place.refused
        check_written(tmp_path, before, place.name, b"new")


@pytest.mark.parametrize("name", ["x" * 300, "missing/out", "file"])
def test_places_that_cannot_be_written_are_told_in_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HiTVideoError, match="cannot be written"), folder_output(tmp_path / name):
        pytest.fail("the block must not run")
    place = tmp_path / name / "a.json" if name == "file" else tmp_path / "missing" / name
    with pytest.raises(HiTVideoError, match="cannot be written"), json_output(place):
        pytest.fail("the block must not run")


KILLED = """
import os, signal, sys
from pathlib import Path
from hitvideo.files import binary_output, folder_output
from hitvideo.temporary import scratch_folder

place = Path(sys.argv[1])
with (
    scratch_folder(place),
    folder_output(place / "new") as new,
    folder_output(place / "old") as old,
):
    (new / "file").write_text("half")
    (old / "file").write_text("half")
    with binary_output(place / "file") as file:
        file.write(b"half")
        file.flush()
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_goes_at_the_next_start(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "file").write_text("old")
    mine = tmp_path / ".hitvideo-notes"
    mine.write_text("not a leftover")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", KILLED, tmp_path], env=environment)
    assert len(look(tmp_path)) == 9
    with binary_output(tmp_path / "other") as file, folder_output(tmp_path / "old") as old:
        # While they are being written, nobody takes them for leftovers.
        with binary_output(tmp_path / "third") as third:
            third.write(b"3")
        file.write(b"1")
        (old / "file").write_text("2")
    names = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    assert names == [".hitvideo-notes", "file", "old", "old/file", "other", "third"]
    assert (tmp_path / "file").read_text() == "old"


def test_a_line_that_a_kill_cut_short_stays_a_line_of_its_own(tmp_path: Path) -> None:
    log = tmp_path / "log"
    append_line(log, "1")
    with log.open("a") as file:
        file.write('{"step": 2')
    append_line(log, "3")
    append_line(log, "4")
    assert log.read_text() == '1\n{"step": 2\n3\n4\n'
