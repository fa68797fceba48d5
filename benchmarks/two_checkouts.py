"""Compare the results of two checkouts: `python -m benchmarks.two_checkouts OLD NEW [--quick]`.

Each case runs one command in both folders and compares the files that it writes, bit for bit. Only
the command lines and the files are used, so that modules may have other names in one of the two.
Exit status: 0 all cases are equal, 1 some are not, 2 bad input.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product, zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import xarray

SUMMARY = ("x", "average_regret", "average_hindsight_regret", "cycle", "status", "steps", "x_star")
AT_ONCE = 2  # cases

SHORT = "--steps 20000 --every 7 --verify 0"
FEW = "--steps 300 --every 1"  # for engines that take up to a millisecond per step
# slopes whose squares are rounded, unlike those of 1010 and -10
UNEVEN = ("constant --big 997.3 --small -9.1", "inverse_sqrt --big 1001.9 --small -9.1")
BOTH = ("adam", "amsgrad")
RULES = (
    *("adam", "amsgrad", "sgd", "rmsprop", "adagrad", "adamnc", "adamx", "adopt"),
    *("adopt_unclipped", "adashift", "acprop", "yogi", "padam", "adabound", "amsbound"),
)
PROBLEMS = (
    "online --period 50 --big 513.7 --small -9.3",
    "stochastic --probability 0.05 --small -9.7 --seed 3",
    "theorem1 --big 3.7 --x0 1",
    "theorem2 --period 20 --x0 0.5",
    "theorem3 --big 51.3 --delta 0.13",
    "adopt --period 20 --seed 5",
    "adashift --big 47.9 --delta 0.05",
    "acprop1 --period 7 --first_t 0",
    "acprop2 --period 8 --lr 0.05",
    "zhang --period 7 --a 1.7",
    "zhang --order random --seed 2",
    "adafom --x0 0.5 --lr 0.1",
)
SCHEDULES = (
    "--beta1_schedule exponential --beta1_rate 0.99 --schedule inverse_sqrt",
    "--beta1_schedule harmonic",
    "--schedule shifted_inverse_sqrt --schedule_rate 0.1",
)
RULE_OPTIONS = (
    f"--opt adam --beta1 0 --beta2 0.999 --eps 0.001 --lr 0.1 {SHORT}",
    f"--opt amsgrad --beta1 0.5 --beta2 0.9 --x0 0.25 {SHORT}",
    f"--opt adashift --window 3 {SHORT}",
    f"--opt padam --power 0.25 {SHORT}",
    f"--opt adabound --final_lr 0.01 --gamma 0.01 {SHORT}",
    f"--opt amsbound --final_lr 0.01 --gamma 0.01 {SHORT}",
)
ENGINES = (
    f"--opt adam --engine reference {FEW}",
    f"--opt amsgrad --semantics optax --engine reference {FEW}",
    f"--opt adopt --problem zhang --engine reference --dtype float64 {FEW}",
    f"--opt adam --semantics torch --engine torch {FEW}",
    f"--opt amsgrad --engine torch --schedule inverse_sqrt {FEW}",
    f"--opt sgd --engine torch --problem zhang --dtype float64 {FEW}",
    f"--opt torch.optim:RMSprop {FEW}",
    f"--opt torch.optim:NAdam --beta1 0.8 --beta2 0.99 --problem stochastic --seed 4 {FEW}",
    "--opt amsgrad --engine compiled --certify no --steps 1e6 --verify 0",
    "--opt amsgrad --certify yes --steps 1e6 --verify 0",
    "--opt adam --semantics paper --small 0 --steps 1000 --verify 0",  # 0 / 0: it diverges
)
WHOLE = (
    *("--opt adam", "--opt amsgrad", "--opt adam --steps 1e15", "--opt amsgrad --steps 1e15"),
    "--opt rmsprop --steps 20000",  # compared with torch before it runs
    "--opt yogi --steps 20000",  # compared with plain Python
    "--config configs/smoke.yaml",
    "--config configs/theorem1.yaml --verify 0",
    f"--config configs/figure1-amsgrad.yaml {SHORT}",
    f"--config configs/figure1-stochastic.yaml {SHORT}",
)
CERTIFIED = (
    "--opt adam",
    "--opt amsgrad --dtype float64 --lr 0.1 --steps 1e8",
    "--opt acprop --problem theorem2",
)
SWEEPS = {
    "maps": """
base: {semantics: paper, lr: 0.5, first_t: 1, steps: 5000}
axes: {opt: [adam, amsgrad], schedule: [constant, inverse_sqrt],
       beta1: [0, 0.3, 0.6, 0.9, 0.95], beta2: [0.5, 0.8, 0.9, 0.97, 0.99, 0.999, 0.9999]}
keep: [x, average_regret, {converged: {distance: 0.1}}]""",
    "limits": """
base: {steps: 1000000}
axes: {opt: [adam, amsgrad], dtype: [float32, float64], beta2: [0.9, 0.99, 0.999]}
keep: [x, average_regret, limit]""",
    "seeds": """
base: {opt: amsgrad, problem: stochastic, schedule: inverse_sqrt, steps: 3000, seed: 7}
axes: {probability: [0.01, 0.05], lr: [0.01, 0.05, 0.2, 1]}
seeds: 5
keep: [x, average_regret, average_hindsight_regret, {series: 50},
       {converged: {mean_log_distance: -1, share: 0.25}}]""",
    "rules": f"""
base: {{steps: 2000}}
axes: {{opt: [{", ".join(RULES)}], lr: [0.001, 0.01, 0.1]}}""",
}

Done = subprocess.CompletedProcess[str]
Outcome = dict[str, list[str]]
"""The compared text: under each name, lines that hold every bit."""


class Case(NamedTuple):
    """A function that runs the commands, and options or the name of a sweep or figure for it."""

    outcome: Callable[[str, Path, Path, Path], Outcome]
    what: str


def table(figures: Sequence[str]) -> Iterator[list[Case]]:
    """Yield the cases in groups of one kind."""
    ways = product(RULES, ("float32", "float64"), UNEVEN)
    yield _runs(
        f"--opt {o} --dtype {d} --schedule {s} --x0 0.3 --lr 0.013 {SHORT}" for o, d, s in ways
    )
    yield _runs(f"--opt {o} --problem {p} {SHORT}" for p, o in product(PROBLEMS, BOTH))
    meanings = product(BOTH, ("labml", "torch", "paper", "optax", "keras"))
    yield _runs(f"--opt {o} --semantics {s} --first_t 1 {SHORT}" for o, s in meanings)
    yield _runs(f"--opt {o} {s} {SHORT}" for s, o in product(SCHEDULES, BOTH))
    yield from map(_runs, (RULE_OPTIONS, ENGINES, WHOLE))
    yield [Case(certify, options) for options in CERTIFIED]
    yield [Case(sweep, name) for name in SWEEPS]
    yield [Case(figure, name) for name in figures]


def _runs(many: Iterable[str]) -> list[Case]:
    return [Case(run, options) for options in many]


def call(checkout: Path, command: str, *arguments: object, ends: Sequence[int] = (0,)) -> Done:
    """Run `python -m experiments.COMMAND` in the checkout; return the finished process.

    Raises:
        RuntimeError: its exit status is not one of `ends`.
    """
    line = [sys.executable, "-m", f"experiments.{command}", *map(str, arguments)]
    done = subprocess.run(line, cwd=checkout, capture_output=True, text=True)
    if done.returncode not in ends:
        raise RuntimeError(f"exit status {done.returncode} in {checkout}: {_last_line(done)}")
    return done


def _last_line(done: Done) -> str:
    return (done.stdout + done.stderr).strip().rpartition("\n")[2]


def run(options: str, mine: Path, _other: Path, folder: Path) -> Outcome:
    """Return what a run writes."""
    done = call(mine, "synthetic", *options.split(), "--out", folder, ends=(0, 1))
    files = {file.name: file for file in folder.glob("*-*/*")}
    if "summary.json" not in files:
        raise RuntimeError(f"no summary in {mine}: {_last_line(done)}")
    summary = json.loads(files["summary.json"].read_text(encoding="utf-8"))
    outcome = {f"summary.json: {name}": [json.dumps(summary[name])] for name in SUMMARY}
    outcome["exit status"] = [str(done.returncode)]
    if "certificate.json" in files:
        # the order of its names has no meaning; its numbers are written in hexadecimal
        document = json.loads(files["certificate.json"].read_text())
        certificate = json.dumps(document, indent=1, sort_keys=True)
        outcome["certificate.json"] = certificate.splitlines()
    return outcome | variables(files["trace.nc"])


def certify(options: str, mine: Path, other: Path, folder: Path) -> Outcome:
    """Return what this checkout says of a certificate that the other one wrote."""
    call(other, "synthetic", *options.split(), "--out", folder)
    (certificate,) = folder.glob("*-*/certificate.json")
    damaged = certificate.with_name("damaged.json")
    damaged.write_text(certificate.read_text().replace('"start": ', '"start": 1'))
    outcome: Outcome = {}
    for file, end in ((certificate, 0), (damaged, 1)):
        done = call(mine, "certify", file, ends=(end,))
        outcome[f"{file.name}: verified"] = [str("verified" in done.stdout)]
    return outcome


def sweep(name: str, mine: Path, _other: Path, folder: Path) -> Outcome:
    """Return what the merged sweep holds."""
    file = folder / f"{name}.yaml"
    file.write_text(SWEEPS[name])
    call(mine, "sweep", "--config", file, "--out", folder / "out", "--threads", 1)
    call(mine, "sweep", "merge", folder / "out")
    return text(folder / "out" / "cells.csv") | variables(folder / "out" / "sweep.nc")


def figure(name: str, mine: Path, _other: Path, folder: Path) -> Outcome:
    """Return the data of a figure, computed anew."""
    call(mine, "figures", name, "--out", folder)
    return variables(folder / f"{name}.nc")


def text(path: Path) -> Outcome:
    """Return the lines of a file."""
    return {path.name: path.read_bytes().decode().split("\n")}


def variables(path: Path) -> Outcome:
    """Return the type, the dimensions and all values of each variable and coordinate."""
    outcome: Outcome = {}
    # as they are stored: decoding would replace fill values and scale numbers
    data = xarray.load_dataset(path, engine="h5netcdf", decode_cf=False)
    if "tracked" in data:  # of a run; an older checkout records no other steps, and has no marks
        data = data.isel(step=data.tracked.values != 0).drop_vars("tracked")
    for name, variable in data.variables.items():
        about = [variable.dtype.str, *(f"{dim} of {n}" for dim, n in variable.sizes.items())]
        outcome[f"{path.name}: kind of {name}"] = [", ".join(about)]
        outcome[f"{path.name}: {name}"] = [_bits(value) for value in variable.values.flat]
    return outcome


def _bits(value: Any) -> str:
    """Return a number in decimals and its bytes: two NaNs, or 0 and -0, may differ there alone."""
    return f"{value} = 0x{value.tobytes().hex()}" if isinstance(value, np.number) else str(value)


def difference(old: Outcome, new: Outcome) -> str | None:
    """Return the first difference; None where there is none."""
    for name in old | new:
        pairs = zip_longest(old.get(name, ()), new.get(name, ()), fillvalue="nothing")
        for number, (before, after) in enumerate(pairs, 1):
            if before != after:
                return f"{name}, entry {number}: {before} in OLD, {after} in NEW"
    return None


def compare(case: Case, old: Path, new: Path) -> str | None:
    """Return the first difference between the checkouts in this case; None where it is equal."""
    try:
        with TemporaryDirectory() as first, TemporaryDirectory() as second:
            before = case.outcome(case.what, old, new, Path(first))
            after = case.outcome(case.what, new, old, Path(second))
    except (RuntimeError, OSError, KeyError, ValueError) as error:
        return f"cannot be compared: {error!r}"
    return difference(before, after)


def checkout(given: str) -> Path:
    """Return the folder; ArgumentTypeError where Python would take the packages from elsewhere."""
    folder = Path(given).resolve()
    if not folder.is_dir():
        raise argparse.ArgumentTypeError(f"{given} is not a folder; give one that holds a checkout")
    names = ("amsgrad", "experiments")
    code = f"import {', '.join(names)}; print(*amsgrad.__path__, *experiments.__path__, sep='\\n')"
    found = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    if found.stdout.splitlines() != [str(folder / name) for name in names]:
        raise argparse.ArgumentTypeError(
            f"Python started in {given} does not import {' and '.join(names)} from there; give the"
            " folder of a whole checkout, and do not set PYTHONSAFEPATH"
        )
    return folder


def main() -> int:
    """Compare the checkouts of the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.two_checkouts", description=(__doc__ or "").partition("\n\n")[2]
    )
    parser.add_argument("old", metavar="OLD", type=checkout, help="folder of a checkout")
    parser.add_argument("new", metavar="NEW", type=checkout, help="folder of another one")
    parser.add_argument("--quick", action="store_true", help="only the first case of each kind")
    parser.add_argument(
        "--figures",
        metavar="NAME,...",
        default="theorem1,shi",
        help="figures whose data are computed and compared (default %(default)s)",
    )
    given = parser.parse_args()

    groups = table(given.figures.split(","))
    cases = [case for group in groups for case in (group[:1] if given.quick else group)]
    differing = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda case: compare(case, given.old, given.new), cases)
        for case, what in zip(cases, found, strict=True):
            differing += what is not None
            print(f"{case.outcome.__name__} {case.what}: {what or 'equal'}", flush=True)
    print(f"{len(cases) - differing} of {len(cases)} cases are equal")
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())
