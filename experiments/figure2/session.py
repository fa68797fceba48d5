"""One panel from the command line to its files."""

import shlex
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from textwrap import fill
from typing import Any, NamedTuple

from experiments.command import CommandError
from experiments.figure2.cifar import read_cifar10
from experiments.figure2.images import ImageData
from experiments.figure2.made import made
from experiments.figure2.mnist import read_mnist
from experiments.figure2.panels import OPTIMIZERS, PANELS, readings
from experiments.figure2.plan import Cell, cells, file_name, settings
from experiments.figure2.question import COMMAND, Asked
from experiments.files import provenance
from experiments.files.atomic import write_bytes
from experiments.files.strict_json import to_json
from experiments.files.unwritten import why_unwritten
from experiments.invocation import invocation
from experiments.signals import stopping
from experiments.terminal import say
from experiments.tracking.labml_tracker import labml_tracker
from experiments.writable import make_writable

READERS = {"mnist": read_mnist, "cifar10": read_cifar10}
FOLDER = "figure2"  # below --out, of the runs and of labml's files


class Made(NamedTuple):
    """What a command has to show."""

    lines: list[str]  # for a person
    summary: dict[str, Any]  # for a program


def make(asked: Asked, arguments: Sequence[str]) -> Made:
    """Train all runs of a panel, and write its figure.

    Raises:
        ConfigError: the data cannot be used; nothing is written.
        CommandError: the folder cannot be written, or a signal came.
    """
    began, started = time.perf_counter(), datetime.now(UTC)
    images = PANELS[asked.panel].images
    data = made(images) if asked.data is None else READERS[images](asked.data)

    from experiments.figure2.runs import kept, train_all  # torch takes a second

    again = f"{invocation('figure2')} {shlex.join(arguments)}"
    folder = make_writable(asked.out, FOLDER)
    here = provenance.collect(
        engine="torch",
        verification={"data": data.origin, "data_sha256": dict(data.sha256)},
        arguments=arguments,
        started=started,
        finished=None,
    )
    runs = kept(asked, data, folder)
    before = len(runs)
    try:
        if before < len(cells(asked)):
            with stopping() as stop, _tracked(asked, folder) as tracker:
                runs = train_all(
                    asked, data, folder,
                    origin={"commit": here["commit"], "dirty": here["dirty"]},
                    tracker=tracker, stop=lambda: stop.asked,
                )  # fmt: skip
                tracker.conclude("finished" if len(runs) == len(cells(asked)) else "interrupted")
        if len(runs) < len(cells(asked)):
            sentence = "interrupted; the run under way stands at its checkpoint: go on with"
            raise CommandError(f"{sentence} {again}", status=130)
        contents, found = _contents(asked, data, runs, here)
        name = file_name(asked, original=data.original)
        files = [asked.out / f"{name}.{ending}" for ending in contents]
        for file, content in zip(files, contents.values(), strict=True):
            write_bytes(file, content)
    except OSError as error:
        raise CommandError(why_unwritten(asked.out, error, again), status=1) from None
    from experiments.figure2.words import lines

    seconds = time.perf_counter() - began
    told = [
        f"{len(runs)} runs of {asked.iterations:,} iterations, {len(runs) - before} of them"
        f" trained now, in {seconds:.1f} s; data: {data.origin}",
        *lines(found),
        " ".join(map(str, files)),
    ]
    summary = {"panel": asked.panel, "data": data.origin, "findings": found,
               "trained": len(runs) - before, "files": list(map(str, files))}  # fmt: skip
    return Made(told, summary)


def _tracked(asked: Asked, folder: Path) -> Any:
    """Return the tracker of this process: one labml run for all runs of the panel."""
    defaults = {name: option.default for name, option in COMMAND.options.items()}
    chosen = settings(asked)
    return labml_tracker(
        name="figure2",
        comment=f"Figure 2, {PANELS[asked.panel].title}: Adam and AMSGrad, alpha {asked.alphas},"
        f" beta2 {asked.betas2}, {asked.seeds} seeds",
        tags=(asked.panel, *OPTIMIZERS),
        python_file=Path(__file__).parents[1] / "figure2",
        defaults={name: defaults.get(name) for name in chosen},
        chosen=chosen,
        folder=folder / "labml",
        app=asked.app,
        warn=lambda sentence: say(f"figure2: warning: {sentence}"),
    )


def _contents(
    asked: Asked, data: ImageData, runs: Mapping[Cell, Any], here: Mapping[str, object]
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Return all files of the panel, by their endings, and the findings."""
    from experiments.figure2.curves import findings, to_dataset
    from experiments.figure2.picture import pictures
    from experiments.figure2.words import caption
    from experiments.figures import netcdf
    from experiments.figures.words import plain

    curves = to_dataset(asked, runs, readings(asked.panel) if data.original else [])
    found = findings(curves)
    text = caption(asked, data, found)
    seconds = [run.seconds for run in runs.values()]
    story = {
        "caption": text,
        "findings": found,
        "settings": settings(asked),
        "seconds_per_run": {"mean": sum(seconds) / len(seconds), "longest": max(seconds)},
        "runs_by": _origins(asked, runs),
        "provenance": {**here, "finished": datetime.now(UTC).isoformat(timespec="milliseconds")},
    }
    return {
        **pictures(curves, text, asked.formats, asked.width),
        "nc": netcdf.packed(curves),
        "txt": (fill(plain(text), 79, break_on_hyphens=False) + "\n").encode(),
        "json": (to_json(story, indent=2) + "\n").encode(),
    }, found


def _origins(asked: Asked, runs: Mapping[Cell, Any]) -> list[dict[str, Any]]:
    """Return the code that the runs came from, and how many from each."""
    origins = [dict(runs[cell].origin) for cell in cells(asked)]
    distinct = [one for i, one in enumerate(origins) if one not in origins[:i]]
    return [{**one, "runs": origins.count(one)} for one in distinct]
