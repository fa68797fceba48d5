"""The trace reads back to the bit, explains itself, and is the same file for the same run."""

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray

from amsgrad.engines.base import Records
from experiments.run import trace
from experiments.run.files import FolderError, RunFiles

ROOT = Path(__file__).parents[2]
CONFIGURATION: dict[str, str | int | float] = {
    "opt": "adam",
    "lr": 0.01,
    "eps": 1e-16,
    "steps": 10_000_000,
    "first_t": 0,
    "config_file": "",
    "note": "β₂",
}

WRITE = """
import hashlib, sys
from pathlib import Path
import numpy as np
from amsgrad.engines.base import Records
from experiments.run import trace
from experiments.run.files import FolderError, RunFiles
x = np.linspace(-1, 1, 1000) ** 3
records = Records(np.arange(1000, 1001000, 1000), x, 10 * x, x / 7, x / 9)
Path(sys.argv[1]).write_bytes(trace.to_bytes(records, first_t=0, attributes={"lr": 0.01}))
print(hashlib.sha256(Path(sys.argv[1]).read_bytes()).hexdigest())
print("xarray" in sys.modules)
"""


def some_records(size: int = 1000) -> Records:
    x = np.linspace(-1, 1, size) ** 3
    return Records(np.arange(1000, 1000 * (size + 1), 1000), x, 10 * x, x / 7, x / 9)


def difficult_records() -> Records:
    """NaN with a payload, infinities, signed zero, a subnormal, the last step of a long run."""
    bits = np.array([0x7FF8_0000_0000_BEEF, 0xFFF8_0000_0000_0001], np.uint64).view(np.float64)
    x = np.concatenate([bits, [np.inf, -np.inf, -0.0, 5e-324, 1.7e308]])
    step = np.array([1, 2, 3, 2**31, 2**53 + 1, 10**15, 2**62])
    return Records(step, x, x[::-1].copy(), -x, x / 9)


@pytest.mark.parametrize("records", [some_records(), some_records(1), difficult_records()])
@pytest.mark.parametrize("first_t", [0, 1, 7])
def test_reads_back_to_the_bit(tmp_path: Path, records: Records, first_t: int) -> None:
    path = tmp_path / "trace.nc"
    path.write_bytes(trace.to_bytes(records, first_t=first_t, attributes=CONFIGURATION))
    data = trace.from_bytes(path.read_bytes())
    for name, column in records._asdict().items():
        assert data[name].dtype == column.dtype
        assert data[name].to_numpy().tobytes() == column.tobytes()
    assert data.t.to_numpy().tolist() == [first_t + int(step) - 1 for step in records.step]
    xarray.testing.assert_identical(
        data, trace.to_dataset(records, first_t=first_t, attributes=CONFIGURATION)
    )


def test_run_without_records(tmp_path: Path) -> None:
    path = tmp_path / "trace.nc"
    path.write_bytes(trace.to_bytes(some_records(0), first_t=1, attributes=CONFIGURATION))
    data = trace.from_bytes(path.read_bytes())
    assert dict(data.sizes) == {"step": 0}
    xarray.testing.assert_identical(
        data, trace.to_dataset(some_records(0), first_t=1, attributes=CONFIGURATION)
    )


def test_every_variable_explains_itself(tmp_path: Path) -> None:
    path = tmp_path / "trace.nc"
    path.write_bytes(trace.to_bytes(some_records(), first_t=0, attributes=CONFIGURATION))
    data = trace.from_bytes(path.read_bytes())
    assert list(data.dims) == ["step"]
    assert set(data.coords) == {"step", "t", "tracked"}
    assert set(data.data_vars) == {"x", "regret", "average_regret", "average_hindsight_regret"}
    for variable in data.variables.values():
        assert variable.attrs["units"] == "1"
        assert variable.attrs["long_name"]
        assert variable.attrs["description"]
    for name in data.data_vars:
        assert "before the update" in data[name].attrs["description"]
    assert "hindsight" in data.average_hindsight_regret.attrs["long_name"]
    assert "average" in data.average_regret.attrs["long_name"]
    assert "average" not in data.regret.attrs["long_name"]
    assert "2018" in data.attrs["title"]
    assert "arXiv:1904.09237" in data.attrs["references"]


def test_configuration_is_in_the_attributes(tmp_path: Path) -> None:
    path = tmp_path / "trace.nc"
    attributes = {**CONFIGURATION, "verified": True}
    path.write_bytes(trace.to_bytes(some_records(), first_t=0, attributes=attributes))
    found = trace.from_bytes(path.read_bytes()).attrs
    assert {name: found[name] for name in attributes} == attributes


def test_selecting_by_step_and_plotting_by_t(tmp_path: Path) -> None:
    path = tmp_path / "trace.nc"
    path.write_bytes(trace.to_bytes(some_records(), first_t=0, attributes={}))
    data = trace.from_bytes(path.read_bytes())
    assert data.x.sel(step=5000).item() == some_records().x[4]
    assert data.x.sel(step=5000).t.item() == 4999
    assert data.swap_dims(step="t").x.sel(t=4999).item() == some_records().x[4]


def test_same_run_gives_the_same_bytes_and_needs_no_xarray(tmp_path: Path) -> None:
    path = tmp_path / "trace.nc"
    path.write_bytes(trace.to_bytes(some_records(), first_t=0, attributes={"lr": 0.01}))
    here = hashlib.sha256(path.read_bytes()).hexdigest()
    command = [sys.executable, "-W", "error", "-c", WRITE, str(tmp_path / "other.nc")]
    there = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert there.stdout.split() == [here, "False"]


def test_another_run_gives_other_bytes(tmp_path: Path) -> None:
    path = tmp_path / "trace.nc"
    contents = set()
    for first_t, lr in ((0, 0.01), (1, 0.01), (0, 0.02)):
        path.write_bytes(trace.to_bytes(some_records(), first_t=first_t, attributes={"lr": lr}))
        contents.add(path.read_bytes())
    assert len(contents) == 3


def test_the_steps_that_were_tracked_are_marked(tmp_path: Path) -> None:
    records, tracked = some_records(10), np.arange(10) % 3 == 0
    given: dict[str, Any] = {"first_t": 0, "attributes": {"every": 3}, "tracked": tracked}
    data = trace.from_bytes(trace.to_bytes(records, **given))
    xarray.testing.assert_identical(data, trace.to_dataset(records, **given))
    assert data.tracked.dtype == bool
    assert data.sel(step=data.tracked).step.values.tolist() == records.step[::3].tolist()


def test_is_compressed(tmp_path: Path) -> None:
    path = tmp_path / "trace.nc"
    records = some_records(10_000)
    path.write_bytes(trace.to_bytes(records, first_t=0, attributes={}))
    assert path.stat().st_size < 0.8 * 5 * records.x.nbytes


def test_failing_write_keeps_the_old_trace(tmp_path: Path) -> None:
    path = tmp_path / "trace.nc"
    path.write_bytes(trace.to_bytes(some_records(), first_t=0, attributes={}))
    before = path.read_bytes()
    bad: dict[str, float] = {"lr": None}  # type: ignore[dict-item]
    with pytest.raises(TypeError):
        path.write_bytes(trace.to_bytes(some_records(), first_t=0, attributes=bad))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_missing_or_foreign_file(tmp_path: Path) -> None:
    files = RunFiles(tmp_path)
    with pytest.raises(FolderError, match=r"cannot be read \(No such file"):
        files.read_trace()
    files.trace.write_text("no netCDF")
    with pytest.raises(FolderError, match=r"is not the trace of a run \(.*signature"):
        files.read_trace()


@pytest.mark.slow
def test_damaged_bytes_are_refused_in_a_sentence(tmp_path: Path) -> None:
    """HDF5 raises errors of many classes on them."""
    whole = trace.to_bytes(some_records(300), first_t=0, attributes=CONFIGURATION)
    files, rng, refused = RunFiles(tmp_path), np.random.default_rng(5), []
    for place in rng.choice(8 * len(whole), 10, replace=False).tolist():
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        files.trace.write_bytes(damaged)
        try:
            files.read_trace()
        except FolderError as error:
            refused.append(str(error))
    assert len(refused) > 0
    assert all(sentence.isprintable() for sentence in refused)


def test_no_regret_in_hindsight_where_none_was_kept(tmp_path: Path) -> None:
    none = some_records()._replace(average_hindsight_regret=np.full(1000, np.nan))
    (tmp_path / "trace.nc").write_bytes(trace.to_bytes(none, first_t=0, attributes={}))
    assert set(trace.from_bytes((tmp_path / "trace.nc").read_bytes()).data_vars) == {
        "x",
        "regret",
        "average_regret",
    }
