"""Small commands, each with the folder that it changes, and what must hold of that folder."""

import json
import re
import shlex
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from experiments.dashboard.drivers import _unpickle
from experiments.finds.find_file import from_text
from experiments.run import checkpoint, trace
from experiments.run.files import RunFiles
from experiments.sweeps.store import Store
from tests.faults.lab import Ended, Lab

SWEEP = """
base: {opt: amsgrad, semantics: paper, first_t: 1, steps: 300, verify: 20}
axes:
  lr: {log: [0.01, 1, 4]}
keep: [x, average_regret, {series: 5}]
chunk: 2
"""
MERGED = ("sweep.nc", "cells.csv", "cells.parquet")
RUN = ("experiments.synthetic", "--opt=adam", "--engine=reference", "--verify=0", "--every=100")

Bits = dict[str, Any]


class Small(NamedTuple):
    """A command that changes a folder.

    Args:
        name: of the case.
        argv: makes what the command needs in an empty folder; returns the command.
        again: the command that goes on, from the folder, the first command and its end; empty
            where all is done.
        bits: what the folder holds in the end, whoever made it and when.
        whole: reads all that is there in mid-way, and fails where it is half-written or lost.
        recorded: what the second command must take over from the first, by name.
    """

    name: str
    argv: Callable[[Lab, Path], list[str]]
    again: Callable[[Path, list[str], Ended], list[str]]
    bits: Callable[[Path], Bits]
    whole: Callable[[Path], None]
    recorded: Callable[[Path], dict[str, int]]


def _same(folder: Path, argv: list[str], ended: Ended) -> list[str]:
    return argv


def _nothing(folder: Path) -> dict[str, int]:
    return {}


# a run, and its resumption


def _run(lab: Lab, folder: Path) -> list[str]:
    return [*RUN, "--steps=3000", f"--out={folder / 'runs'}"]


def _resumption(lab: Lab, folder: Path) -> list[str]:
    calls = lab.run(_run(lab, folder), folder).calls
    last = max(i for i, call in enumerate(calls) if call.endswith("/checkpoint.npz"))
    shutil.rmtree(folder / "runs")
    assert lab.run(_run(lab, folder), folder, at=last + 1, error=-9).status == -9
    return _resume(next((folder / "runs").glob("*-*")))


def _resume(run: Path) -> list[str]:
    return ["experiments.synthetic", "--resume", run.name, "--out", str(run.parent)]


def _go_on(folder: Path, argv: list[str], ended: Ended) -> list[str]:
    """Return what the sentence names, or what it would have named to a process that was killed."""
    named = re.search(r"go on with:? \S+ -m (.*)", ended.err + ended.out)
    if named:
        return shlex.split(named[1])
    runs = list((folder / "runs").glob("*-*"))
    if not runs:
        return argv
    (files,) = map(RunFiles, runs)
    if files.summary.exists() and files.read_summary()["status"] == "finished":
        return []
    if "--resume" in argv:
        return argv
    assert ended.status < 0, "a folder is left, and no sentence names it"
    if files.checkpoint.exists():
        return _resume(files.path)
    shutil.rmtree(files.path)  # nothing was computed
    return argv


def _run_bits(folder: Path) -> Bits:
    (run,) = (folder / "runs").glob("*-*")
    files = RunFiles(run)
    files.read_provenance()
    names = ("status", "steps", "x", "average_regret")
    summary = {name: files.read_summary()[name] for name in names}
    read = {name: files.read(run / name) for name in ("config.yaml", "trace.nc", "picture.png")}
    with np.load(run / "checkpoint.npz") as arrays:
        kept = {name: arrays[name].tobytes() for name in arrays}
    return {**summary, **read, **kept}


def _run_is_whole(folder: Path) -> None:
    for run in (folder / "runs").glob("*-*"):
        files = RunFiles(run)
        if files.config.exists():
            files.read_config()
        if files.checkpoint.exists():
            checkpoint.from_bytes(files.checkpoint.read_bytes(), files.checkpoint)
        if files.trace.exists():
            trace.from_bytes(files.trace.read_bytes())
        if files.summary.exists():
            files.read_summary()
        files.read_provenance()


def _steps(folder: Path) -> dict[str, int]:
    """Return the step of the last checkpoint; after a resumption, of the one that it began at."""
    steps = {}
    for files in map(RunFiles, (folder / "runs").glob("*-*")):
        if files.summary.exists() and files.read_summary()["status"] == "finished":
            steps[files.id] = int(files.read_summary()["resumed_after_step"])
        elif files.checkpoint.exists():
            with np.load(files.checkpoint) as arrays:
                steps[files.id] = int(arrays["state/steps"])
    return steps


# a sweep, and its data set


def _sweep(lab: Lab, folder: Path) -> list[str]:
    file = folder.parent / "small.yaml"
    file.write_text(SWEEP)
    return ["experiments.sweep", "--config", str(file), "--out", str(folder / "sweep")]


def _sweep_bits(folder: Path) -> Bits:
    return {path.name: path.read_bytes() for path in (folder / "sweep/chunks").iterdir()}


def _sweep_is_whole(folder: Path) -> None:
    if (folder / "sweep/manifest.json").exists():
        store, _ = Store.open(folder / "sweep")
        for file in store.files():
            store.load(file)


def _written(folder: Path) -> dict[str, int]:
    """Return when each chunk was written."""
    chunks = (folder / "sweep/chunks").glob("*.npz")
    return {path.name: path.stat().st_mtime_ns for path in chunks}


def _merge(lab: Lab, folder: Path) -> list[str]:
    """Merge a part of the sweep, finish the sweep, and merge it again."""
    sweep, merge = _sweep(lab, folder), ["experiments.sweep", "merge", str(folder / "sweep")]
    for argv in ([*sweep, "--shard=0/2"], merge, sweep):
        assert lab.run(argv, folder).status == 0
    return merge


def _merge_bits(folder: Path) -> Bits:
    chunks = _sweep_bits(folder)
    return {**chunks, **{name: (folder / "sweep" / name).read_bytes() for name in MERGED}}


def _merge_is_whole(folder: Path) -> None:
    import pandas
    import xarray

    _sweep_is_whole(folder)
    assert len(_sweep_bits(folder)) == 2
    file, csv, parquet = (folder / "sweep" / name for name in MERGED)
    assert xarray.load_dataset(file, engine="h5netcdf").x.size == 4
    assert len(pandas.read_csv(csv)) == len(pandas.read_parquet(parquet)) == 4
    json.loads((folder / "sweep/provenance.json").read_text())


# a figure


def _figure(lab: Lab, folder: Path) -> list[str]:
    return ["experiments.figures", "theorem1", "--out", str(folder / "figures")]


def _figure_bits(folder: Path) -> Bits:
    out = folder / "figures"
    made: Bits = {path.name: path.read_bytes() for path in out.glob("theorem1.*")}
    made["theorem1.json"] = json.loads(made["theorem1.json"])["findings"]
    (cached,) = out.glob("cache/*.nc")
    return {**made, cached.name: cached.read_bytes()}


def _figure_is_whole(folder: Path) -> None:
    import PIL.Image
    import xarray

    for path in folder.rglob("theorem1*"):
        if path.suffix == ".nc":
            xarray.load_dataset(path, engine="h5netcdf")
        elif path.suffix == ".png":
            PIL.Image.open(path).load()
        elif path.suffix == ".svg":
            assert path.read_text().endswith("</svg>\n")
        elif path.suffix == ".txt":
            assert path.read_text().endswith(".\n")
        else:
            json.loads(path.read_text())


# an import into the dashboard, which holds another run


def _import(lab: Lab, folder: Path) -> list[str]:
    runs, data = folder.parent / "runs", f"--data={folder / 'data'}"
    for steps in (1000, 2000):
        assert lab.run([*RUN, f"--steps={steps}", f"--out={runs}"], folder).status == 0
    first, second = sorted(runs.glob("*-*"))
    importing = ["experiments.dashboard", "import"]
    assert lab.run([*importing, str(first), data], folder).status == 0
    return [*importing, str(second), data]


def _rows(folder: Path) -> set[tuple[str, str]]:
    """Return what the database holds, without ids and times, from a copy: SQLite may mend it."""
    with TemporaryDirectory() as copied:
        copy = Path(shutil.copytree(folder / "data", Path(copied) / "data")) / "dashboard.sqlite"
        with closing(sqlite3.connect(copy)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            rows = database.execute("SELECT key, data FROM model").fetchall()
    return {(key.partition(":")[0], repr(_lasting(_unpickle(data)))) for key, data in rows}


def _lasting(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, dict):
        lasting = {k: v for k, v in value.items() if k not in ("last_updated_time", "created_time")}
        return sorted((str(_lasting(k)), repr(_lasting(v))) for k, v in lasting.items())
    if isinstance(value, list | tuple):
        return list(map(_lasting, value))
    if isinstance(value, set):
        return sorted(map(_lasting, value))
    return re.sub(r"[0-9a-f]{32}", "id", str(value))


def _import_bits(folder: Path) -> Bits:
    return {"rows": _rows(folder)}


def _import_is_whole(folder: Path) -> None:
    names = [name for name, _ in _rows(folder)]
    assert 1 <= names.count("Run") == names.count("MetricsModel") <= 2


# a search, and its find


def _search(lab: Lab, folder: Path) -> list[str]:
    argv = ["experiments.search", "--opt=rmsprop", "--beta2=0.9", "--smallest", "--no_run"]
    return [*argv, f"--out={folder / 'finds'}"]


def _finds(folder: Path) -> list[Any]:
    return [from_text(path.read_text()) for path in (folder / "finds").glob("rmsprop-*.json")]


def _search_bits(folder: Path) -> Bits:
    (smallest,) = (f.find for f in _finds(folder) if f.find.minimal.claim == "smallest")
    return {"find": smallest, "unfinished": list((folder / "finds").glob("unfinished-*"))}


def _search_is_whole(folder: Path) -> None:
    _finds(folder)
    for path in (folder / "finds").glob("unfinished-*.json"):
        json.loads(path.read_text())


ALL = (
    Small("run", _run, _go_on, _run_bits, _run_is_whole, _steps),
    Small("resumption", _resumption, _go_on, _run_bits, _run_is_whole, _steps),
    Small("sweep", _sweep, _same, _sweep_bits, _sweep_is_whole, _written),
    Small("merge", _merge, _same, _merge_bits, _merge_is_whole, _written),
    Small("search", _search, _same, _search_bits, _search_is_whole, _nothing),
    Small("figure", _figure, _same, _figure_bits, _figure_is_whole, _nothing),
    Small("import", _import, _same, _import_bits, _import_is_whole, _nothing),
)
