"""Compute a card: optimizers by problems, `python -m experiments.card --opt NAME --opt NAME ...`.

SGD and AMSGrad stand beside as controls. Cells that were computed before are not computed again:
after Ctrl-C or kill -9 the same command goes on. Exit status: 0 made, 2 bad input (nothing is
written), 130 interrupted, 1 anything else.
"""

import hashlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from amsgrad.config.run_config import RUN
from amsgrad.field_types import OneOf, Real, Whole
from amsgrad.options import REQUIRED, ConfigError, Option, Role
from amsgrad.rules import RULES
from experiments import command
from experiments.cards.columns import COLUMNS
from experiments.config.field_types import Formats, Place, Several, Text

LONGEST_NAME = 60
COMMAND = command.Command(
    "card",
    "Compute a card: what becomes of optimizers on problems at their published settings.",
    "--opt adam --opt adopt --problem online --problem mirrored --steps 1e5",
    options={
        "opt": Option(
            Several(RUN["opt"].type, RULES), "An optimizer, may be repeated; all: every rule here",
            default=REQUIRED,
        ),
        "problem": Option(
            Several(OneOf(COLUMNS), COLUMNS), "A column, may be repeated; by default all",
            default=None,
        ),
        "steps": Option(
            Whole(1),
            "Steps of each run at most, by default the horizon of the problem's paper or ours",
            Role.LENGTH, default=None,
        ),
        "seeds": Option(Whole(1, 256), "Seeds of random losses", default=8),
        "out": Option(
            Place("folder"), "Folder for the files of the card", Role.WATCHES,
            default=Path("results/cards"),
        ),
        "name": Option(
            Text("NAME", "the name of a file without its ending"),
            "Name of the files, by default made from the optimizers", Role.WATCHES, default=None,
        ),
        "format": Option(Formats(), "Picture files", Role.WATCHES, default="png,svg"),
        "width": Option(
            Real(3.2, 20), "Width of the picture in inches, at which its fonts have their true"
            " size", Role.WATCHES, default=9.0,
        ),
    },
    flags={
        "no_caption": "Leave the caption out of the pictures; it is in NAME.json",
        "list": "List the columns, with their sources, and compute nothing",
        "json": "Print the verdicts as one JSON object, the last line of standard output",
    },
    repeated=("opt", "problem"),
)  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Make what the command line asks for; return the exit status."""
    return command.run("card", _body, argv)


def _body(arguments: list[str]) -> int:
    from experiments.terminal import show, show_lists

    if "--list" in arguments:
        show_lists(**_columns())
        return 0
    values = COMMAND.values(arguments)
    name = values["name"] or _name(values)
    if Path(name).name != name:
        raise ConfigError(
            f"--name must be the name of a file without folders, but {name} was given"
        )

    from experiments.cards.session import Invocation, make

    chosen = values["problem"] or COLUMNS
    made = make(
        Invocation(
            values["opt"],
            [column for column in COLUMNS.values() if column.name in chosen],
            values["steps"],
            values["seeds"],
            values["out"],
            name,
            values["format"].split(","),
            values["width"],
            not values["no_caption"],
            arguments,
        )
    )
    unseen = show(made.lines, made.summary, json=values["json"])
    if unseen is not None:
        raise command.CommandError(f"the card is made, but cannot be shown ({unseen})", status=1)
    return 0


def _columns() -> dict[str, dict[str, str]]:
    """Return the columns of each group, each with its source."""
    groups: dict[str, dict[str, str]] = {}
    for column in COLUMNS.values():
        groups.setdefault(column.group, {})[column.name] = column.source
    return groups


def _name(values: dict[str, Any]) -> str:
    """Return a name for the card of these optimizers, the same each time."""
    short = "-".join(opt.rpartition(":")[2] for opt in values["opt"])[:LONGEST_NAME]
    decided = repr([values[name] for name in ("opt", "problem", "steps", "seeds")])
    return f"{short}-{hashlib.sha256(decided.encode()).hexdigest()[:6]}"


if __name__ == "__main__":
    end = main()
    if end in (1, 130):  # a thread may be in a loop that nothing interrupts; all files are whole
        os._exit(end)
    sys.exit(end)
