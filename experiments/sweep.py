"""Run a sweep: `python -m experiments.sweep --config configs/sweeps/example.yaml`.

What was computed before is not computed again: after Ctrl-C, kill -9 or a failure the same command
goes on. `status FOLDER` tells how far a sweep is, `merge FOLDER` makes one data set of it. Exit
status: 0 finished, 2 bad input (nothing is written), 130 interrupted, 1 anything else: a cell has
failed or diverged, the disk is full, the scheduler is gone.
"""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from experiments.config.field_types import ConfigError, Whole, shown
from experiments.config.options import OPTIONS

USAGE = """python -m experiments.sweep --config FILE [--OPTION VALUE ...]
       python -m experiments.sweep status FOLDER [--json]
       python -m experiments.sweep merge FOLDER [--json]"""
FLAGS = {
    "dry_run": "print the cells, the chunks and the cost, and compute nothing",
    "fail_fast": "stop at the first cell that fails",
    "json": "print the summary as one JSON object, the last line of standard output",
}
VALUES = {
    "config": ("FILE", "YAML file with base, axes, seeds, keep"),
    "out": ("FOLDER", "folder of this sweep (default results/sweeps/NAME of the file)"),
    "shard": ("i/N", "compute only every N-th chunk, from the i-th on; i = 0, ..., N - 1"),
    "threads": ("N", "threads of this process (default: the cores it may use)"),
    "workers": ("N", "compute in N processes here, by dask"),
    "scheduler": ("ADDRESS", "compute in the dask cluster of this scheduler"),
    "app": ("URL", OPTIONS["app"].sentence),
}
MANY = Whole(1, 4096)


class Invocation(NamedTuple):
    """What a command line asks for."""

    config: Path
    out: Path
    shard: tuple[int, int]
    threads: int | None
    workers: int | None
    scheduler: str | None
    app: str | None
    dry_run: bool
    fail_fast: bool
    json: bool


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; return the exit status."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    try:
        if arguments[:1] in (["status"], ["merge"]):
            return _of_a_folder(*arguments)
        invocation = parse(arguments)
        from experiments.sweeps.session import run_sweep
        from experiments.sweeps.store import StoreError

        try:
            return run_sweep(invocation, arguments)
        except StoreError as error:
            raise ConfigError(str(error)) from None
    except ConfigError as error:
        return complain(error, 2)
    except OSError as error:
        return complain(f"a file cannot be read or written: {error}", 1)
    except KeyboardInterrupt:
        return complain("interrupted", 130)


def _of_a_folder(command: str, *arguments: str) -> int:
    folders = [argument for argument in arguments if argument != "--json"]
    if len(folders) != 1 or folders[0].startswith("-"):
        raise ConfigError(f"{command} needs the folder of one sweep, and takes --json only")
    from experiments.sweeps import merge, status
    from experiments.sweeps.store import StoreError

    run = {"status": status.run, "merge": merge.run}[command]
    try:
        return run(Path(folders[0]), "--json" in arguments)
    except StoreError as error:
        raise ConfigError(str(error)) from None


def parse(arguments: Sequence[str]) -> Invocation:
    """What the command line asks for.

    Raises:
        ConfigError: something is wrong with it.
        SystemExit: 0 after --help.
    """
    parser = argparse.ArgumentParser(
        prog="python -m experiments.sweep",
        usage=USAGE,
        description=(__doc__ or "").partition("\n\n")[2],
        allow_abbrev=False,
        exit_on_error=False,
    )
    for name, (metavar, sentence) in VALUES.items():
        parser.add_argument(_option(name), dest=name, metavar=metavar, help=sentence)
    for name, sentence in FLAGS.items():
        parser.add_argument(_option(name), dest=name, action="store_true", help=sentence)
    try:
        given, rest = parser.parse_known_args(arguments)
    except argparse.ArgumentError as error:
        raise ConfigError(str(error)) from None
    if rest:
        raise ConfigError(f"unknown option {shown(rest[0])}; --help lists what there is")
    if given.config is None:
        raise ConfigError("--config must be given: the YAML file of a sweep")
    ways = [_option(n) for n in ("threads", "workers", "scheduler") if getattr(given, n)]
    if len(ways) > 1:
        raise ConfigError(f"{' and '.join(ways)} exclude one another; give one of them")
    file = Path(OPTIONS["out"].read(given.config, "--config"))
    return Invocation(
        config=file,
        out=OPTIONS["out"].read(given.out or f"results/sweeps/{file.stem}", "--out"),
        shard=_shard(given.shard),
        scheduler=given.scheduler,
        app=OPTIONS["app"].read(given.app, "--app"),
        threads=_number(given.threads, "threads"),
        workers=_number(given.workers, "workers"),
        **{name: getattr(given, name) for name in FLAGS},
    )


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _number(given: str | None, name: str) -> int | None:
    if given is None:
        return None
    try:
        return MANY.read(given)
    except (ValueError, ArithmeticError):
        raise ConfigError(f"--{name} must be {MANY}, but {shown(given)} was given") from None


def _shard(given: str | None) -> tuple[int, int]:
    """Which chunks: (i, N); all of them are (0, 1)."""
    match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", "0/1" if given is None else given, re.ASCII)
    i, n = (int(match[1]), int(match[2])) if match else (0, 0)
    if i >= n:
        raise ConfigError(
            f"--shard must be i/N with i from 0 to N - 1, but {shown(given)} was given"
        )
    return i, n


def complain(sentence: object, status: int) -> int:
    print(f"sweep: error: {sentence}", file=sys.stderr)
    return status


if __name__ == "__main__":
    end = main()
    if end in (1, 130):  # a thread may be in a kernel that nothing interrupts; all files are whole
        sys.stdout.flush()
        os._exit(end)
    sys.exit(end)
