"""One figure from its module to its files: computed or taken from the cache, drawn, published."""

import hashlib
import importlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from textwrap import fill
from typing import Any, NamedTuple, Protocol

import matplotlib
import xarray
from matplotlib.figure import Figure

import amsgrad
import experiments
from amsgrad.code_digest import code_digest
from amsgrad.options import ConfigError
from amsgrad.verification import VERIFIED, Disagreement
from experiments.figures import netcdf
from experiments.figures.layout import add_caption, drawn, new_figure
from experiments.figures.settings import file_name, in_words, with_changes
from experiments.figures.style import STYLE
from experiments.figures.words import Caption, plain
from experiments.files import provenance
from experiments.files.atomic import remove_leftovers, write_bytes, write_text
from experiments.files.regular import read_regular
from experiments.files.strict_json import to_json

CACHE = "cache"  # beside the runs, and ignored by git as they are


class FigureModule(Protocol):
    """A module of this folder that makes a figure."""

    SETTINGS: Mapping[str, Any]
    """All that decides the data, as JSON can hold it."""

    def compute(self, settings: Mapping[str, Any]) -> xarray.Dataset:
        """Return the data; every variable and coordinate of numbers has `long_name` and `units`."""
        ...

    def findings(self, data: xarray.Dataset) -> dict[str, Any]:
        """Return the numbers that the table of claims and the caption state."""
        ...

    def draw(self, data: xarray.Dataset, figure: Figure) -> None:
        """Draw the panels for the width of the figure, and set its height."""
        ...

    def caption(self, settings: Mapping[str, Any], findings: Mapping[str, Any]) -> Caption:
        """Return what the figure says of itself, with these numbers."""
        ...


class Look(NamedTuple):
    """How a figure is drawn: the kinds of files, the width in inches, with a caption or without."""

    formats: Sequence[str]
    width: float
    caption: bool


class Made(NamedTuple):
    """The files of a figure, its findings, and whether its data came from the cache."""

    files: list[Path]
    findings: dict[str, Any]
    cached: bool


def load(name: str) -> FigureModule:
    """Return the module of a figure."""
    module: FigureModule = importlib.import_module(f"experiments.figures.{name}")
    return module


def make(
    name: str, changes: Mapping[str, Any], look: Look, out: Path, arguments: Sequence[str]
) -> Made:
    """Make the pictures of one figure and their companions in the folder `out`.

    Args:
        name: of the figure.
        changes: settings that differ from the figure's own, by their path; the files then have a
            name of their own, and never replace the published ones.
        look: of the pictures.
        out: the folder.
        arguments: those of the command, for the record.

    Raises:
        ConfigError: the figure cannot be made with these changes.
        OSError: the folder cannot be written.
        Disagreement: a run leaves the path of the reference engine.
    """
    started = datetime.now(UTC)
    for folder in (out, out / CACHE):
        remove_leftovers(folder)
    module = load(name)
    settings = with_changes(module.SETTINGS, changes)
    try:
        content, computed, cached = _content(name, module, settings, out / CACHE)
        # also what was computed just now: the same data, the same bytes
        data = netcdf.unpacked(content)
        findings = module.findings(data)
        words = module.caption(settings, findings)
        last = f"Changed settings: {in_words(changes)}." if changes else words.seen
        caption = f"{words.drawn} {last}"
        pictures = _pictures(module, data, caption, look)
    except (Disagreement, OSError):
        raise
    except Exception as error:
        if not changes or getattr(error, "status", 2) != 2:
            raise
        reason = " ".join(str(error).split())
        raise ConfigError(f"{name} cannot be made with {in_words(changes)} ({reason})") from error
    story = {
        "caption": caption,
        "details": "" if changes else words.details,
        "findings": findings,
        "settings": settings,
        "changed": changes,
        "provenance": {**_provenance(started, arguments), "computed": computed},
    }
    texts = {
        "txt": fill(plain(caption), 79, break_on_hyphens=False) + "\n",
        "json": to_json(story, indent=2) + "\n",
    }
    files = {**pictures, "nc": content, **{form: text.encode() for form, text in texts.items()}}
    paths = [out / f"{file_name(name, changes)}.{ending}" for ending in files]
    for path, file in zip(paths, files.values(), strict=True):
        write_bytes(path, file)
    return Made(paths, findings, cached)


def _pictures(
    module: FigureModule, data: xarray.Dataset, caption: str, look: Look
) -> dict[str, bytes]:
    """Return the picture in each format."""
    pictures = {}
    with matplotlib.rc_context(rc=STYLE):
        for form in look.formats:  # anew: a layout depends on the one before it
            canvas = new_figure(look.width)
            module.draw(data, canvas)
            if look.caption:
                add_caption(canvas, caption)
            pictures[form] = drawn(canvas, form)
    return pictures


def _content(
    name: str, module: FigureModule, settings: Mapping[str, Any], cache: Path
) -> tuple[bytes, Any, bool]:
    """Return the data's file for these settings and sources, its origin, and whether it is old."""
    path = cache / f"{name}-{_key(name, settings)}.nc"
    origin = path.with_suffix(".json")
    # a damaged file may fail in any way; its data are computed again
    with suppress(Exception):
        content = read_regular(path)
        module.findings(netcdf.unpacked(content))
        return content, json.loads(read_regular(origin)), True
    began = datetime.now(UTC)
    content = netcdf.packed(module.compute(settings))
    here = _provenance(began, [])
    kept = ("commit", "dirty", "sources_sha256", "started", "finished", "versions", "machine")
    computed = {entry: here[entry] for entry in kept}
    cache.mkdir(parents=True, exist_ok=True)
    write_text(origin, to_json(computed, indent=2) + "\n")
    write_bytes(path, content)
    return content, computed, False


def _key(name: str, settings: Mapping[str, Any]) -> str:
    """Return a digest of the settings and of every source on which the data depend."""
    decided = json.dumps(settings, sort_keys=True)
    science = Path(amsgrad.__file__)
    theory = [f for room in ("theory", "search") for f in science.with_name(room).glob("*.py")]
    wing = Path(experiments.__file__).parent
    shared = ("maps", "netcdf", "online_fit", "readings", "runs")
    figures = [wing / "figures" / f"{file}.py" for file in (name, *shared)]
    config = science.with_name("config").glob("*.py")
    runs = [*config, *(wing / "sweeps").glob("*.py")]
    sources = code_digest(*sorted([*theory, *figures, *runs]))
    return hashlib.sha256((decided + sources).encode()).hexdigest()[:16]


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
