"""One card from the command line to its files."""

import csv
import io
import shlex
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from amsgrad.config.torch_options import decay_left_out
from amsgrad.registry import is_path, load
from amsgrad.verification import VERIFIED, Disagreement
from experiments.cards.columns import Column
from experiments.cards.compute import fill, kept
from experiments.cards.plan import PlannedCell, plan_cell
from experiments.cards.table import CONTROLS, Card, lines, rows
from experiments.command import CommandError
from experiments.files import provenance
from experiments.files.atomic import write_bytes
from experiments.files.external import origin
from experiments.files.strict_json import to_json
from experiments.files.unwritten import why_unwritten
from experiments.invocation import invocation
from experiments.signals import stopping
from experiments.writable import make_writable

CACHE = "cache"


class Invocation(NamedTuple):
    """A command line, read and checked."""

    optimizers: Sequence[str]
    columns: Sequence[Column]
    steps: int | None
    seeds: int
    out: Path
    name: str
    formats: Sequence[str]
    width: float
    caption: bool
    arguments: Sequence[str]


class Made(NamedTuple):
    """What a command has to show."""

    lines: list[str]  # for a person
    summary: dict[str, Any]  # for a program


def make(asked: Invocation) -> Made:
    """Compute a card and write its files.

    Raises:
        ConfigError: an optimizer cannot be run so; nothing is written.
        CommandError: the folder cannot be written, an engine is wrong, or a signal came.
    """
    began, started = time.perf_counter(), datetime.now(UTC)
    optimizers = [opt for opt in asked.optimizers if opt not in CONTROLS] + list(CONTROLS)
    plan = {
        (opt, column.name): plan_cell(opt, column, asked.steps, asked.seeds)
        for opt in optimizers
        for column in asked.columns
    }
    again = f"{invocation('card')} {shlex.join(asked.arguments)}"
    found = kept(plan, asked.out / CACHE)
    folder = make_writable(asked.out, CACHE)
    try:
        with stopping() as stop:
            cells = fill(plan, found, folder, lambda: stop.asked)
        if len(cells) < len(plan):
            raise CommandError(
                f"interrupted; {len(cells)} of {len(plan)} cells are kept: go on with {again}",
                status=130,
            )
        card = Card(optimizers, asked.columns, cells)
        contents = _contents(card, asked, started)
        files = [asked.out / f"{asked.name}.{ending}" for ending in contents]
        for file, content in zip(files, contents.values(), strict=True):
            write_bytes(file, content)
    except Disagreement as error:
        raise CommandError(error, status=1) from None
    except OSError as error:
        raise CommandError(why_unwritten(asked.out, error, again), status=1) from None
    seconds = time.perf_counter() - began
    computed = len(plan) - len(found)
    counts = ", ".join(f"{number} {word}" for word, number in card.counts().items())
    told = [
        *lines(card),
        f"{len(plan)} cells, {computed} of them computed now, in {seconds:.1f} s: {counts}",
        *(f"{opt}: {text}" for opt in optimizers if (text := _changed(card, opt))),
        " ".join(map(str, files)),
    ]
    return Made(told, _summary(card, computed, seconds, files))


def _contents(card: Card, asked: Invocation, started: datetime) -> dict[str, bytes]:
    """Return all files of the card, by their endings, before the first of them is written."""
    from experiments.cards.dataset import to_dataset
    from experiments.cards.picture import pictures
    from experiments.cards.words import caption
    from experiments.figures import netcdf

    text = caption(card)
    drawn = pictures(card, text if asked.caption else "", asked.formats, asked.width)
    return {
        **drawn,
        "nc": netcdf.packed(to_dataset(card)),
        "csv": _csv(rows(card)),
        "json": (to_json(_story(card, text, asked, started), indent=2) + "\n").encode(),
    }


def _csv(found: Sequence[dict[str, Any]]) -> bytes:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(found[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)
    return stream.getvalue().encode()


def _story(card: Card, text: str, asked: Invocation, started: datetime) -> dict[str, Any]:
    """Return all settings, verdicts and reasons, and where the numbers come from."""
    verification = {"against": "the reference engine, to the bit", "steps": VERIFIED}
    return {
        "caption": text,
        "problems": {column.name: column.about() for column in card.columns},
        "optimizers": {opt: _about(opt, card) for opt in card.optimizers if is_path(opt)},
        "cells": [
            _cell_story(*card.cells[opt, column.name])
            for opt in card.optimizers
            for column in card.columns
        ],
        "provenance": provenance.collect(
            engine="batch",
            verification={**verification, "runs": "the last seed of each step size of a rule"},
            arguments=asked.arguments,
            started=started,
            finished=datetime.now(UTC),
        ),
    }


def _about(opt: str, card: Card) -> dict[str, Any]:
    """Return where an optimizer that is not ours comes from, and what was done to it."""
    return {**origin(opt), "changed": _changed(card, opt)}


def _changed(card: Card, opt: str) -> str:
    config = card.cells[opt, card.columns[0].name][0].config
    return decay_left_out(load(opt), config.rule_options) if config.foreign else ""


def _cell_story(planned: PlannedCell, cell: Any) -> dict[str, Any]:
    return {
        "optimizer": planned.config.opt,
        "problem": planned.column.name,
        **cell.facts,
        "settings": planned.settings,
        "command": planned.command,
    }


def _summary(card: Card, computed: int, seconds: float, files: Sequence[Path]) -> dict[str, Any]:
    keys = ("verdict", "by", "D", "error", "horizon")
    return {
        "card": {
            opt: {
                column.name: {key: card.cells[opt, column.name][1].facts[key] for key in keys}
                for column in card.columns
            }
            for opt in card.optimizers
        },
        "counts": card.counts(),
        "computed": computed,
        "seconds": round(seconds, 1),
        "files": list(map(str, files)),
    }
