"""One figure from its module to its files: computed or taken from the cache, drawn, published."""

import hashlib
import importlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import matplotlib
import xarray
from matplotlib.figure import Figure

import amsgrad
import experiments
from amsgrad.code_digest import code_digest
from experiments.figures import netcdf
from experiments.figures.style import STYLE, drawn, new_figure
from experiments.files import provenance
from experiments.files.atomic import remove_leftovers, write_bytes, write_text
from experiments.files.regular import read_regular
from experiments.files.strict_json import to_json
from experiments.sweeps.chunk import VERIFIED

CACHE = "cache"  # beside the runs, and ignored by git as they are


class FigureModule(Protocol):
    """A module of this folder that makes a figure."""

    SETTINGS: Mapping[str, Any]
    """All that decides the data, as JSON can hold it."""
    INCHES: tuple[float, float]

    def compute(self, settings: Mapping[str, Any]) -> xarray.Dataset:
        """Return the data; every variable and coordinate of numbers has `long_name` and `units`."""
        ...

    def findings(self, data: xarray.Dataset) -> dict[str, Any]:
        """Return the numbers that the table of claims and the caption state."""
        ...

    def draw(self, data: xarray.Dataset, figure: Figure) -> None:
        """Draw the panels."""
        ...

    def caption(self, settings: Mapping[str, Any], findings: Mapping[str, Any]) -> str:
        """Return the text below the panels: the settings, and what can be seen."""
        ...


class Made(NamedTuple):
    """The files of a figure, its findings, and whether its data came from the cache."""

    files: list[Path]
    findings: dict[str, Any]
    cached: bool


def make(name: str, out: Path, arguments: Sequence[str]) -> Made:
    """Make one figure and its three companions in the folder `out`.

    Raises:
        OSError: the folder cannot be written.
        Disagreement: a run leaves the path of the reference engine.
    """
    started = datetime.now(UTC)
    for folder in (out, out / CACHE):
        remove_leftovers(folder)
    module: FigureModule = importlib.import_module(f"experiments.figures.{name}")
    content, computed, cached = _content(name, module, out / CACHE)
    data = netcdf.unpacked(
        content
    )  # also what was computed just now: the same data, the same bytes
    findings = module.findings(data)
    caption = module.caption(module.SETTINGS, findings)
    files = [out / f"{name}.{ending}" for ending in ("png", "svg", "nc", "json")]
    with matplotlib.rc_context(rc=STYLE):
        canvas = new_figure(module.INCHES, caption)
        module.draw(data, canvas)
        for path in files[:2]:
            write_bytes(path, drawn(canvas, path.suffix[1:]))
    write_bytes(files[2], content)
    collected = _provenance(started, arguments)
    collected["computed"] = computed
    story = {"caption": caption, "findings": findings, "settings": dict(module.SETTINGS)}
    write_text(files[3], to_json({**story, "provenance": collected}, indent=2) + "\n")
    return Made(files, findings, cached)


def _content(name: str, module: FigureModule, cache: Path) -> tuple[bytes, Any, bool]:
    """Return the data's file for these settings and sources, its origin, and whether it is old."""
    path = cache / f"{name}-{_key(name, module)}.nc"
    origin = path.with_suffix(".json")
    # a damaged file may fail in any way; its data are computed again
    with suppress(Exception):
        content = read_regular(path)
        module.findings(netcdf.unpacked(content))
        return content, json.loads(read_regular(origin)), True
    began = datetime.now(UTC)
    content = netcdf.packed(module.compute(module.SETTINGS))
    here = _provenance(began, [])
    kept = ("commit", "dirty", "sources_sha256", "started", "finished", "versions", "machine")
    computed = {entry: here[entry] for entry in kept}
    cache.mkdir(parents=True, exist_ok=True)
    write_text(origin, to_json(computed, indent=2) + "\n")
    write_bytes(path, content)
    return content, computed, False


def _key(name: str, module: FigureModule) -> str:
    """Return a digest of the settings and of every source on which the data depend."""
    settings = json.dumps(dict(module.SETTINGS), sort_keys=True)
    theory = Path(amsgrad.__file__).with_name("theory").glob("*.py")
    wing = Path(experiments.__file__).parent
    figures = [wing / "figures" / f"{file}.py" for file in (name, "maps", "netcdf", "runs")]
    config = Path(amsgrad.__file__).with_name("config").glob("*.py")
    runs = [*config, *(wing / "sweeps").glob("*.py")]
    sources = code_digest(*sorted([*theory, *figures, *runs]))
    return hashlib.sha256((settings + sources).encode()).hexdigest()[:16]


def _provenance(started: datetime, arguments: Sequence[str]) -> dict[str, object]:
    """Return where the numbers come from, until now."""
    return provenance.collect(
        engine="compiled",
        verification={
            "against": "the reference engine, to the bit",
            "steps": VERIFIED,
            "runs": "every single run, two seeds of each batch, one cell of each chunk of a sweep;"
            " all certificates",
        },
        arguments=arguments,
        started=started,
        finished=datetime.now(UTC),
    )
