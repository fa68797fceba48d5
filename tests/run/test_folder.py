"""The folder of a run: unique, locked, and to the bit what was saved."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import zipfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from amsgrad.engines.base import Records
from experiments.files.strict_json import to_json
from experiments.run import checkpoint
from experiments.run.files import FolderError
from experiments.run.folder import RunFolder

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 23, 8, 15, 30, tzinfo=UTC)
ID = "adam-online-20261123-081530"

CREATE = """
import sys
from datetime import datetime
from pathlib import Path
from experiments.run.folder import RunFolder
print("ready", flush=True)
sys.stdin.readline()
runs = [RunFolder.create(Path(sys.argv[1]), "adam online", datetime.fromisoformat(sys.argv[2]))
        for _ in range(8)]
print(*(run.id for run in runs), flush=True)
sys.stdin.readline()
"""

IMPORT = """
import sys
import experiments.files.atomic, experiments.run.folder, experiments.run.trace
import experiments.files.provenance, experiments.run.picture
heavy = {"numpy", "xarray", "pandas", "h5netcdf", "matplotlib", "torch", "numba", "labml"}
print(sorted(heavy & set(sys.modules)))
"""


def python(code: str, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", code, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)


def say(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def hear(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def some_records(size: int) -> Records:
    x = np.linspace(0, 1, size)
    return Records(np.arange(1, size + 1), x, 10 * x, x / 3, x / 9)


def same_bits(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "runs", "adam online", NOW)


# Names


@pytest.mark.parametrize(
    ("label", "slug"),
    [
        ("adam-online", "adam-online"),
        ("torch.optim:SGD", "torch-optim-sgd"),
        ("my_module:Opt/../..", "my-module-opt"),
        ("../../etc", "etc"),
        ("AMSGrad  (paper)", "amsgrad-paper"),
        ("-rf", "rf"),
        ("β", "run"),
        ("", "run"),
        ("a" * 500, "a" * 48),
    ],
)
def test_name_is_label_and_time(tmp_path: Path, label: str, slug: str) -> None:
    run = RunFolder.create(tmp_path, label, NOW)
    assert run.id == f"{slug}-20261123-081530"
    assert run.path == tmp_path / run.id
    assert run.path.is_dir()


@given(label=st.text())
@settings(max_examples=30)
def test_any_label_gives_a_plain_name(label: str) -> None:
    with tempfile.TemporaryDirectory() as out, RunFolder.create(Path(out), label, NOW) as run:
        assert set(run.id) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        assert run.path.parent == Path(out)


def test_time_in_the_name_is_utc(tmp_path: Path) -> None:
    there = NOW.astimezone(timezone(timedelta(hours=9)))
    assert RunFolder.create(tmp_path, "adam online", there).id == ID
    with pytest.raises(ValueError, match="needs a time zone"):
        RunFolder.create(tmp_path, "adam online", NOW.replace(tzinfo=None))


def test_taken_name_gets_a_number_and_the_old_run_stays(tmp_path: Path) -> None:
    first = RunFolder.create(tmp_path, "adam online", NOW)
    first.save(first.config, b"steps: 1\n")
    (tmp_path / f"{ID}-2").write_text("a file in the way")
    again = RunFolder.create(tmp_path, "adam online", NOW)
    assert (first.id, again.id) == (ID, f"{ID}-3")
    assert not again.config.exists()
    assert first.config.read_text() == "steps: 1\n"


def test_creators_at_once_never_share(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "runs"
    creators = [python(CREATE, out, NOW.isoformat()) for _ in range(3)]
    assert [hear(creator) for creator in creators] == ["ready"] * 3
    for creator in creators:
        say(creator)
    ids = [run_id for creator in creators for run_id in hear(creator).split()]
    for creator in creators:
        creator.communicate("\n")
        assert creator.returncode == 0
    assert sorted(ids) == sorted({ID} | {f"{ID}-{n}" for n in range(2, 25)})


@pytest.mark.parametrize("name", ["file", "file/runs"])
def test_place_that_cannot_hold_runs(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("text")
    with pytest.raises(FolderError, match=r"cannot be made in .*--out"):
        RunFolder.create(tmp_path / name, "adam", NOW)
    assert tree(tmp_path) == ["file"]


# Opening


def test_open_by_id_and_by_path(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.close()
    out = tmp_path / "runs"
    (out / "latest").symlink_to(ID)
    monkeypatch.chdir(tmp_path)
    for given_id in (ID, f"{ID}/", f"runs/{ID}", f"./runs/../runs/{ID}", str(out / ID), "latest"):
        for place in (out, Path("runs")):
            with RunFolder.open(place, given_id) as again:
                assert again.id == ID
                assert again.path == place / ID


@pytest.mark.usefixtures("run")
def test_missing_run_names_similar_ones_and_makes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "runs"
    for label in ("amsgrad online", "sgd", "rmsprop", "adagrad"):
        RunFolder.create(out, label, NOW).close()
    before = tree(tmp_path)
    with pytest.raises(FolderError) as error:
        RunFolder.open(out, "amsgrad-online-20261123-081531")
    message = str(error.value)
    assert "--resume 'amsgrad-online-20261123-081531' names no run" in message
    assert message.index("amsgrad-online-20261123-081530") < message.index(ID)
    assert message.count("-20261123-081530") == 3
    with pytest.raises(FolderError, match=ID):
        RunFolder.open(out, "adam")
    with pytest.raises(FolderError, match="it holds none"):
        RunFolder.open(tmp_path / "nowhere", ID)
    assert tree(tmp_path) == before


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(
    "run_id",
    ["../other", "..", ".", "", "/", "../runs/../other", "way-out", "x\0y", "loop", "a/b"],
)
def test_id_does_not_climb_out(tmp_path: Path, run_id: str) -> None:
    out = tmp_path / "runs"
    (out / "way-out").symlink_to(tmp_path / "other")
    (out / "loop").symlink_to("loop")
    other = RunFolder.create(tmp_path, "other", NOW)
    other.close()
    other.path.rename(tmp_path / "other")
    before = tree(tmp_path)
    with pytest.raises(FolderError, match="does not lie in"):
        RunFolder.open(out, run_id)
    assert tree(tmp_path) == before


@given(run_id=st.text())
@settings(max_examples=50)
def test_any_id_is_refused_in_one_sentence(run_id: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "runs"
        RunFolder.create(out, "adam online", NOW).close()
        before = tree(Path(folder))
        with pytest.raises(FolderError):
            RunFolder.open(out, run_id)
        assert tree(Path(folder)) == before


@pytest.mark.usefixtures("run")
def test_folder_of_something_else_is_no_run(tmp_path: Path) -> None:
    notes = tmp_path / "runs" / "notes"
    notes.mkdir()
    with pytest.raises(FolderError, match="'notes' names no run"):
        RunFolder.open(tmp_path / "runs", "notes")
    assert tree(notes) == []


# The lock


def test_run_in_use_by_another_process(tmp_path: Path) -> None:
    holder = python(CREATE, tmp_path, NOW.isoformat())
    assert hear(holder) == "ready"
    say(holder)
    assert hear(holder).split()[0] == ID
    with pytest.raises(FolderError, match="in use by another process"):
        RunFolder.open(tmp_path, ID)
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    with RunFolder.open(tmp_path, ID) as run:
        assert run.id == ID


def test_run_in_use_in_this_process(run: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="in use"):
        RunFolder.open(tmp_path / "runs", ID)
    run.close()
    run.close()
    with RunFolder.open(tmp_path / "runs", ID), pytest.raises(FolderError, match="in use"):
        RunFolder.open(tmp_path / "runs", ID)
    RunFolder.open(tmp_path / "runs", ID).close()


def test_opening_sweeps_what_a_killed_writer_left(run: RunFolder, tmp_path: Path) -> None:
    run.save(run.config, b"steps: 1\n")
    (run.path / ".checkpoint.npz.123-0.part").write_text("half")
    run.close()
    RunFolder.open(tmp_path / "runs", ID).close()
    assert tree(run.path) == ["config.yaml", "lock"]


# The checkpoint

BITS = {np.float32: np.uint32, np.float64: np.uint64, np.int64: np.uint64, np.bool_: np.bool_}


@st.composite
def arrays(draw: st.DrawFn) -> NDArray[Any]:
    """Arrays of any bits: every NaN, signed zero and subnormal."""
    dtype = draw(st.sampled_from(list(BITS)))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=4))
    return draw(hnp.arrays(BITS[dtype], shape)).view(dtype)


@st.composite
def records(draw: st.DrawFn) -> Records:
    size = draw(st.integers(0, 6))
    columns = [draw(hnp.arrays(np.uint64, size)) for _ in Records._fields]
    return Records(columns[0].view(np.int64), *(c.view(np.float64) for c in columns[1:]))


NAMES = st.sampled_from(["steps", "x", "memory", "regret", "records", "file", "a b", "ü"])


@given(state=st.dictionaries(NAMES, arrays()), taken=records())
@settings(max_examples=40)
def test_checkpoint_keeps_every_bit(state: dict[str, NDArray[Any]], taken: Records) -> None:
    with tempfile.TemporaryDirectory() as out, RunFolder.create(Path(out), "a", NOW) as run:
        checkpoint.save(run.checkpoint, {"old": np.ones(3)}, some_records(3))
        checkpoint.save(run.checkpoint, state, taken)
        state_again, taken_again = checkpoint.from_bytes(
            run.checkpoint.read_bytes(), run.checkpoint
        )
        assert tree(run.path) == ["checkpoint.npz", "lock"]
    assert isinstance(taken_again, Records)
    assert state_again.keys() == state.keys()
    assert all(same_bits(state[name], state_again[name]) for name in state)
    assert all(map(same_bits, taken, taken_again))


def test_same_state_gives_the_same_bytes(run: RunFolder) -> None:
    state = {"x": np.asarray(np.float32(0.1)), "memory": np.zeros(3, np.float32)}
    checkpoint.save(run.checkpoint, state, some_records(5))
    first = run.checkpoint.read_bytes()
    checkpoint.save(run.checkpoint, state, some_records(5))
    assert run.checkpoint.read_bytes() == first
    with zipfile.ZipFile(run.checkpoint) as archive:  # zip files keep times of every 2 s only
        assert {member.date_time[0] for member in archive.infolist()} == {1980}


def whole_checkpoint() -> bytes:
    with tempfile.TemporaryDirectory() as out, RunFolder.create(Path(out), "a", NOW) as run:
        checkpoint.save(run.checkpoint, {"x": np.asarray(np.float32(0.1))}, some_records(20))
        return run.checkpoint.read_bytes()


WHOLE = whole_checkpoint()


@given(size=st.integers(0, len(WHOLE) - 1))
@settings(max_examples=50)
def test_cut_checkpoint_is_refused(size: int) -> None:
    with tempfile.TemporaryDirectory() as out, RunFolder.create(Path(out), "a", NOW) as run:
        run.checkpoint.write_bytes(WHOLE[:size])
        with pytest.raises(FolderError, match=r"checkpoint\.npz is damaged"):
            checkpoint.from_bytes(run.checkpoint.read_bytes(), run.checkpoint)


@given(position=st.integers(0, len(WHOLE) - 1), bit=st.integers(0, 7))
@settings(max_examples=120)
def test_flipped_bit_never_gives_other_numbers(position: int, bit: int) -> None:
    damaged = bytearray(WHOLE)
    damaged[position] ^= 1 << bit
    with tempfile.TemporaryDirectory() as out, RunFolder.create(Path(out), "a", NOW) as run:
        run.checkpoint.write_bytes(damaged)
        try:
            state, taken = checkpoint.from_bytes(run.checkpoint.read_bytes(), run.checkpoint)
        except FolderError:
            return  # most bits; the others are in dates and the like
    assert list(state) == ["x"]
    assert same_bits(state["x"], np.asarray(np.float32(0.1)))
    assert all(map(same_bits, taken, some_records(20)))


def test_damaged_size_is_refused(run: RunFolder) -> None:
    assert b"(20,)" in WHOLE
    run.checkpoint.write_bytes(WHOLE.replace(b"(20,)", b"(10,)"))
    with pytest.raises(FolderError, match="check sum"):
        checkpoint.from_bytes(run.checkpoint.read_bytes(), run.checkpoint)


def test_run_without_a_checkpoint(run: RunFolder) -> None:
    with pytest.raises(FolderError, match=r"checkpoint\.npz cannot be read \(No such file"):
        run.read(run.checkpoint)


def test_python_objects_are_refused_and_the_old_checkpoint_stays(run: RunFolder) -> None:
    checkpoint.save(run.checkpoint, {"x": np.ones(1)}, some_records(1))
    with pytest.raises(ValueError, match="allow_pickle"):
        checkpoint.save(run.checkpoint, {"x": np.array([{}])}, some_records(1))
    assert checkpoint.from_bytes(run.checkpoint.read_bytes(), run.checkpoint)[0]["x"] == 1
    assert tree(run.path) == ["checkpoint.npz", "lock"]


# JSON


def refuse(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is no JSON")


def strict(text: str) -> Any:
    return json.loads(text, parse_constant=refuse)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(value=st.dictionaries(st.text(), VALUES))
@settings(max_examples=50)
def test_json_round_trip(value: dict[str, object]) -> None:
    text = to_json(value)
    assert strict(text) == value
    assert list(strict(text)) == list(value)
    assert "\n" not in text


def test_json_of_numpy_and_of_what_json_does_not_know() -> None:
    value = {
        "x": np.float32(0.1),
        "regret": np.float64(0.1),
        "steps": np.int64(3),
        "ok": np.bool_(True),
        "trace": np.array([1.0, np.inf, -np.inf]),
        "nan": (float("nan"), {"deep": np.float32("nan")}),
    }
    assert to_json(value) == (
        '{"x": 0.10000000149011612, "regret": 0.1, "steps": 3, "ok": true, '
        '"trace": [1.0, null, null], "nan": [null, {"deep": null}]}'
    )


def test_summary_is_strict_json_in_order() -> None:
    text = to_json({"x": float("nan"), "status": "diverged", "average_regret": 0.1}, indent=2)
    assert list(strict(text).items()) == [
        ("x", None),
        ("status", "diverged"),
        ("average_regret", 0.1),
    ]
    with pytest.raises(TypeError):
        to_json({"path": Path("x")})


def test_a_failing_write_leaves_the_old_file(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.save(run.picture, b"old")
    before = set(run.path.iterdir())

    def full_disk(descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="no space left"):
        run.save(run.picture, b"a new picture")
    assert run.picture.read_bytes() == b"old"
    assert set(run.path.iterdir()) == before
    assert run.read(run.picture) == b"old"


@pytest.mark.parametrize("name", ["config", "summary", "trace", "certificate", "checkpoint"])
def test_a_file_that_was_changed_is_refused(run: RunFolder, tmp_path: Path, name: str) -> None:
    run.save(getattr(run, name), b"as it was written")
    run.save_provenance({"finished": "08:16"})
    run.close()
    for damage in (b"as it was", b"as it was writtem", b""):
        with RunFolder.open(tmp_path / "runs", ID) as again:
            assert again.read(getattr(again, name)) == b"as it was written"
            getattr(again, name).write_bytes(damage)
            with pytest.raises(FolderError, match="is not what the run has written; put it back"):
                again.read(getattr(again, name))
            getattr(again, name).write_bytes(b"as it was written")


def test_a_pipe_or_a_folder_in_the_place_of_a_file_is_refused_at_once(run: RunFolder) -> None:
    os.mkfifo(run.trace)
    run.summary.mkdir()
    for file, reason in ((run.trace, "not a regular file"), (run.summary, "Is a directory|not a")):
        with pytest.raises(FolderError, match=f"cannot be read .*({reason})"):
            run.read(file)


def test_resuming_keeps_the_provenance_of_the_first_part(run: RunFolder, tmp_path: Path) -> None:
    run.save_provenance({"commit": "a", "finished": None})
    run.save_provenance({"commit": "a", "finished": "08:16"})
    run.close()
    with RunFolder.open(tmp_path / "runs", ID) as again:
        again.save_provenance({"commit": "b", "finished": None})
        again.save_provenance({"commit": "b", "finished": "09:00"})
        sessions = strict(again.provenance.read_text())["sessions"]
    assert [(s["commit"], s["finished"]) for s in sessions] == [("a", "08:16"), ("b", "09:00")]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"sessions": 3}', "{}", "\x00"])
def test_damaged_provenance(run: RunFolder, tmp_path: Path, text: str) -> None:
    run.provenance.write_text(text)
    run.close()
    with pytest.raises(FolderError, match="is not the provenance"):
        RunFolder.open(tmp_path / "runs", ID)
    run.provenance.unlink()
    RunFolder.open(tmp_path / "runs", ID).close()  # the failure has kept no lock


def test_importing_is_quick() -> None:
    with python(IMPORT) as process:
        assert hear(process) == "[]"
