"""What a figure is, and how it is made: computed or taken from the cache, drawn, and published."""

import hashlib
import importlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import matplotlib
import matplotlib.figure
import xarray

import amsgrad
from experiments.files import provenance
from experiments.files.atomic import replacing, write_text
from experiments.figures.runs import VERIFIED
from experiments.figures.style import STYLE, new_figure, save
from experiments.files.strict_json import to_json

CACHE = "cache"  # beside the runs, and ignored by git as they are


class Figure(Protocol):
    """A module of this folder."""

    SETTINGS: Mapping[str, Any]
    """All that decides the data, as JSON can hold it."""
    INCHES: tuple[float, float]

    def compute(self, settings: Mapping[str, Any]) -> xarray.Dataset:
        """The data of the figure; every variable and coordinate has `long_name` and `units`."""
        ...

    def findings(self, data: xarray.Dataset) -> dict[str, Any]:
        """The numbers that the table of claims and the caption state."""
        ...

    def draw(self, data: xarray.Dataset, figure: matplotlib.figure.Figure) -> None:
        """Draw the panels."""
        ...

    def caption(self, settings: Mapping[str, Any], findings: Mapping[str, Any]) -> str:
        """The settings, and what is to be seen, in words; it stands below the panels."""
        ...


class Made(NamedTuple):
    """What has been made."""

    files: list[Path]
    findings: dict[str, Any]
    cached: bool


def make(name: str, out: Path, arguments: Sequence[str]) -> Made:
    """Make one figure and its three companions in the folder `out`, each whole or not at all.

    Raises:
        OSError: the folder cannot be written.
    """
    started = datetime.now(UTC)
    figure: Figure = importlib.import_module(f"experiments.figures.{name}")
    data, computed, cached = _computed(name, figure, out / CACHE)
    findings = figure.findings(data)
    caption = figure.caption(figure.SETTINGS, findings)
    files = [out / f"{name}.{ending}" for ending in ("png", "svg", "nc", "json")]
    with matplotlib.rc_context(rc=STYLE):
        canvas = new_figure(figure.INCHES, caption)
        figure.draw(data, canvas)
        for path in files[:2]:
            with replacing(path) as part:
                save(canvas, part, path.suffix[1:])
    with replacing(files[2]) as part:
        _write(data, part)
    collected = provenance.collect(
        engine="compiled",
        verification={
            "against": "the reference engine, to the bit",
            "steps": VERIFIED,
            "runs": "at least the first of each kind; all certificates",
        },
        arguments=arguments,
        started=started,
        finished=datetime.now(UTC),
    )
    story = {"caption": caption, "findings": findings, "settings": dict(figure.SETTINGS)}
    collected["computed"] = computed
    write_text(files[3], to_json({**story, "provenance": collected}, indent=2) + "\n")
    return Made(files, findings, cached)


def _computed(name: str, figure: Figure, cache: Path) -> tuple[xarray.Dataset, Any, bool]:
    """The data for these settings and sources, and where and when they were computed.

    They are those computed before, or new ones.
    """
    path = cache / f"{name}-{_key(name, figure)}.nc"
    origin = path.with_suffix(".json")
    # whatever a damaged file is met with, its data are computed again
    with suppress(Exception):
        data = xarray.load_dataset(path, engine="h5netcdf")
        figure.findings(data)
        return data, json.loads(origin.read_text(encoding="utf-8")), True
    began = datetime.now(UTC)
    data = figure.compute(figure.SETTINGS)
    here = provenance.collect(
        engine="compiled",
        verification={},
        arguments=[],
        started=began,
        finished=datetime.now(UTC),
    )
    kept = ("commit", "dirty", "started", "finished", "versions", "machine")
    computed = {entry: here[entry] for entry in kept}
    cache.mkdir(parents=True, exist_ok=True)
    write_text(origin, to_json(computed, indent=2) + "\n")
    with replacing(path) as part:
        _write(data, part)
    return data, computed, False


def _key(name: str, figure: Figure) -> str:
    """A digest of the settings and of every source that the data may depend on."""
    digest = hashlib.sha256(json.dumps(dict(figure.SETTINGS), sort_keys=True).encode())
    sources = set(Path(amsgrad.__file__).parent.rglob("*.py"))
    sources.update(Path(__file__).with_name(f"{module}.py") for module in (name, "runs"))
    for source in sorted(sources):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _write(data: xarray.Dataset, path: Path) -> None:
    packed = {"zlib": True, "complevel": 4, "shuffle": True}
    numeric = {name: packed for name, entry in data.variables.items() if entry.dtype.kind in "fiu"}
    data.to_netcdf(path, engine="h5netcdf", encoding=numeric)
