"""Files of a sweep that are damaged, edited, lost, or replaced by pipes and folders."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray

from experiments.files.atomic import replacing
from experiments.sweep import main
from tests.sweeps.small import MERGED, fails, merged, sweep, write

pytestmark = pytest.mark.slow


@pytest.fixture
def out(done: Path, tmp_path: Path) -> Path:
    """A copy of a finished sweep, with its file beside it."""
    write(tmp_path)
    return Path(shutil.copytree(done, tmp_path / "out"))


def compute(out: Path) -> int:
    return sweep(out.parent / "small.yaml", out)


def result(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in MERGED}


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 16
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def other(path: Path) -> None:
    shutil.copy(max(path.parent.iterdir()), path)


def chunk(out: Path) -> Path:
    return min((out / "chunks").iterdir())


@pytest.mark.parametrize("damage", [flip, cut, empty, other, pipe])
def test_a_damaged_chunk_is_found_and_computed_again(
    damage: Callable[[Path], None], done: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(chunk(out))
    assert main(["status", str(out)]) == 0
    assert "5 of 6 chunks are done, 1 others are damaged" in capsys.readouterr().out
    assert compute(out) == 0
    assert "damaged chunks, which are computed again: 1" in capsys.readouterr().err
    assert merged(out) == result(done)


def test_a_folder_in_the_place_of_a_chunk(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder(chunk(out))
    assert compute(out) == 1
    sentence = f"{chunk(out)} cannot be written (Is a directory); mend that, then go on with"
    assert sentence in capsys.readouterr().err
    chunk(out).rmdir()
    assert compute(out) == 0


@pytest.mark.parametrize("damage", [flip, cut, empty, other, pipe, folder, Path.unlink])
def test_merge_never_replaces_a_fuller_result(
    damage: Callable[[Path], None], done: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(chunk(out))
    assert main(["merge", str(out)]) == 1
    printed = capsys.readouterr()
    number = int(damage is not Path.unlink)
    assert printed.out == ""
    assert (
        f"sweep: error: {out / 'sweep.nc'} lacks 0 cells and is not replaced: the chunks lack 4 now"
        f" (damaged chunks: {number}); give the command of the sweep again" in printed.err
    )
    assert result(out) == result(done)


def test_merge_reports_damaged_chunks_and_writes_the_others(
    done: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in MERGED:
        (out / name).unlink()
    flip(chunk(out))
    assert main(["merge", str(out), "--json"]) == 1
    printed = capsys.readouterr()
    summary = json.loads(printed.out)
    assert (summary["damaged"], summary["missing"]) == (1, 4)
    assert "damaged chunks, whose cells are missing: 1; give the command of the" in printed.err
    data = xarray.load_dataset(out / "sweep.nc", engine="h5netcdf")
    assert int(np.isnan(data.x).sum()) == data.attrs["cells_missing"] == 4
    assert main(["merge", str(out)]) == 1, "what is as full may be replaced"
    assert compute(out) == 0
    assert merged(out) == result(done)


@pytest.mark.parametrize("damage", [flip, cut, empty, pipe])
def test_a_result_that_cannot_be_read_is_replaced(
    damage: Callable[[Path], None], done: Path, out: Path
) -> None:
    damage(out / "sweep.nc")
    assert merged(out) == result(done)


def test_a_folder_in_the_place_of_a_result(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder(out / "sweep.nc")
    assert main(["merge", str(out)]) == 1
    (sentence,) = capsys.readouterr().err.splitlines()
    assert f"{out / 'sweep.nc'} cannot be written (Is a directory); mend that, then" in sentence


def edited(old: str, new: str) -> Callable[[Path], None]:
    def edit(path: Path) -> None:
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return edit


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (edited('"cells": 24', '"cells": 35'), "is not what the sweep has written"),
        (edited('"chunks": 6', '"chunks": 3'), "is not what the sweep has written"),
        (edited("0.01", "0.02"), "is not what the sweep has written"),
        (edited('"started": "', '"started": "1'), "is not what the sweep has written"),
        (edited("form 2", "form 1"), "is not what the sweep has written"),
        (cut, "is not what the sweep has written"),
        (empty, "is not what the sweep has written"),
        (lambda path: path.write_text("[" * 100_000), "is not what the sweep has written"),
        (lambda path: path.write_bytes(b"\xff"), "is not what the sweep has written"),
        (lambda path: path.write_text("[1, 2]"), "is not what the sweep has written"),
        (pipe, "cannot be read (it is not a regular file)"),
        (folder, "cannot be read (Is a directory)"),
    ],
)
def test_a_manifest_is_what_was_written_or_is_refused(
    damage: Callable[[Path], None],
    sentence: str,
    done: Path,
    out: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    manifest = out / "manifest.json"
    damage(manifest)
    compute_again = ["--config", str(out.parent / "small.yaml"), "--out", str(out)]
    for argv in (["merge", str(out)], ["status", str(out)], compute_again):
        printed = fails(capsys, *argv)
        assert f"{manifest} {sentence}; put it back, or remove it and give the com" in printed
    assert result(out) == result(done)

    manifest.rmdir() if manifest.is_dir() else manifest.unlink()
    assert sweep(out.parent / "small.yaml", out, "--json") == 0
    assert json.loads(capsys.readouterr().out)["skipped"] == 6
    assert merged(out) == result(done)


def test_what_killed_writers_have_left_is_removed(out: Path) -> None:
    for place in (out, out / "chunks"):
        (place / ".one.1-0.part").touch()
    assert compute(out) == 0
    assert not list(out.rglob(".*.part"))
    (out / ".sweep.nc.1-0.part").touch()
    merged(out)
    assert not list(out.rglob(".*.part"))


def test_what_a_writer_at_work_has_begun_stays(out: Path) -> None:
    with replacing(out / "one") as _, replacing(out / "chunks" / "two") as _:
        assert compute(out) == 0
        merged(out)
        assert len(list(out.rglob(".*.part"))) == 2
