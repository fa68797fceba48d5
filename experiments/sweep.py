"""Compute many runs as one sweep: `python -m experiments.sweep --config FILE`.

What was computed before is not computed again: after Ctrl-C, kill -9 or a failure the same command
goes on. `status FOLDER` reports how far a sweep is, `merge FOLDER` makes one data set of it. Exit
status: 0 finished, 2 bad input (nothing is written), 130 interrupted, 1 anything else: a cell has
failed or diverged, the disk is full, the scheduler is gone.
"""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amsgrad.options import ConfigError
from experiments import command

if TYPE_CHECKING:
    from experiments.sweeps.reporter import Report

SHARD = "i/N with i from 0 to N - 1"
WAYS = ("threads", "workers", "scheduler")
JSON = {"json": "Print the summary as one JSON object, the last line of standard output"}

OF_A_FOLDER = {
    "status": "Report how far a sweep is, from its folder.",
    "merge": "Make one data set of what is finished: netCDF, CSV, parquet.",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; return the exit status."""
    return command.run("sweep", _body, argv)


def _body(arguments: list[str]) -> int:
    commands = _commands()
    name, rest = command.choose(commands, arguments)
    asked = commands[name].values(rest)
    from experiments.terminal import show

    report = _of_a_folder(name, asked["words"]) if name else _compute(asked, arguments)
    unprinted = show(report.lines, report.summary, json=asked["json"])
    if report.error or unprinted:
        error = report.error or f"the result cannot be printed ({unprinted})"
        raise command.CommandError(error, report.status or 1)
    return int(report.status)


def _commands() -> dict[str, command.Command]:
    """Return the command under the name "" and its subcommands."""
    from amsgrad.field_types import OneOf, Whole
    from amsgrad.options import Option
    from experiments.config.arguments import APP
    from experiments.config.field_types import Place, Text

    many = Whole(1, 4096)
    subcommands = {
        name: command.Command(
            f"sweep {name}",
            sentence,
            "results/sweeps/example",
            flags=JSON,
            words=("FOLDER", "The folder of one sweep."),
        )
        for name, sentence in OF_A_FOLDER.items()
    }
    more = [f"  sweep {name} FOLDER: {other.sentence}" for name, other in subcommands.items()]
    compute = command.Command(
        "sweep",
        "Compute many runs, which differ in some settings, as one sweep.",
        "--config configs/sweeps/example.yaml",
        {
            "config": Option(Place("file"), "YAML file with base, axes, seeds, keep"),
            "out": Option(
                Place("folder"),
                "Folder of this sweep, by default results/sweeps/NAME of the file",
                default=None,
            ),
            "shard": Option(
                Text("i/N", SHARD), "Compute only every N-th chunk, from the i-th on", default="0/1"
            ),
            "threads": Option(
                many, "Threads of this process, by default the cores it may use", default=None
            ),
            "workers": Option(many, "Compute in N processes here, by dask", default=None),
            "scheduler": Option(
                Text("ADDRESS", "the address of a scheduler"),
                "Compute in the dask cluster of this scheduler",
                default=None,
            ),
            "device": Option(
                OneOf(("auto", "cpu", "cuda")),
                "Where rules are computed, with equal bits; auto takes a GPU for many long runs",
                default="auto",
            ),
            "app": APP,
        },
        {
            "dry_run": "Print the cells, the chunks and the cost, and compute nothing",
            "fail_fast": "Stop at the first cell that fails",
            **JSON,
        },
        epilog="\n".join(["subcommands:", *more]),
    )
    return {"": compute, **subcommands}


def _of_a_folder(name: str, words: Sequence[str]) -> "Report":
    if len(words) != 1:
        raise ConfigError(f"{name} needs the folder of one sweep; see --help")
    from experiments.sweeps.merge import merge
    from experiments.sweeps.status import status

    return {"status": status, "merge": merge}[name](Path(words[0]))


def _compute(asked: Mapping[str, Any], arguments: Sequence[str]) -> "Report":
    ways = [f"--{name}" for name in WAYS if asked[name] is not None]
    if len(ways) > 1:
        raise ConfigError(f"{' and '.join(ways)} exclude one another; give one of them")
    from experiments.sweeps.session import Invocation, run_sweep

    given = {name: asked[name] for name in Invocation._fields if name in asked}
    given["out"] = asked["out"] or Path("results/sweeps", asked["config"].stem)
    given["shard"] = _shard(asked["shard"])
    with redirect_stdout(sys.stderr):  # optimizers of others may print
        return run_sweep(Invocation(**given, arguments=arguments))


def _shard(given: str) -> tuple[int, int]:
    from amsgrad.options import shown

    match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", given, re.ASCII)
    i, n = (int(match[1]), int(match[2])) if match else (0, 0)
    if i >= n:
        raise ConfigError(f"--shard must be {SHARD}, but {shown(given)} was given")
    return i, n


if __name__ == "__main__":
    end = main()
    if end in (1, 130):  # a thread may be in a kernel that nothing interrupts; all files are whole
        os._exit(end)
    sys.exit(end)
