"""What a search is asked for: its command line, read and checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amsgrad.config.own_options import is_foreign, options_of_rule, rules_with, shared_option
from amsgrad.config.run_config import RUN, Config
from amsgrad.field_types import OneOf, Real, Whole
from amsgrad.options import ConfigError, Option
from amsgrad.problems.sequence import ORDERS
from amsgrad.registry import is_path
from amsgrad.search.balls import MOST_TERMS
from experiments.command import Command, last_given
from experiments.config.field_types import Place
from experiments.config.reading import Given, meet, read_setting

LARGEST = 10**9  # beyond that rounding hides the sign of D from the search
OWN = {
    "period": Option(Whole(2, 100_000), "Number of slopes, P", default=None),
    "largest": Option(Whole(1, LARGEST), "No slope is larger in size, G", default=None),
    "order": Option(OneOf(ORDERS), "Order of the slopes", default="cyclic"),
    "seed": Option(Whole(0), "Seed of the annealing, and of random orders", default=0),
    "time": Option(
        Real(above=0), "Seconds, after which the best so far is the answer", default=None
    ),
    "out": Option(Place("folder"), "Folder of the find files", default=Path("results/finds")),
}
FLAGS = {
    "smallest": "Make the slopes small: the least max|g| for --period, which is 3 if --largest is"
    " not given, either; or the shortest period for --largest",
    "no_run": "Prove the find, and make no run that shows it (a run takes some 10 s at most)",
    "json": "Print the answer as one JSON object, the last line of standard output",
}


@dataclass(frozen=True)
class Question:
    """A search. `config` has the rule with its options; of the run it says nothing."""

    config: Config
    period: int | None
    largest: int | None
    smallest: bool
    order: str
    seed: int
    seconds: float | None
    out: Path
    run: bool
    json: bool

    @property
    def identity(self) -> dict[str, Any]:
        """What the answer depends on, but for the code and for the time that is allowed."""
        return {
            "opt": self.config.opt,
            "options": dict(self.config.rule_options),
            "period": self.period,
            "largest": self.largest,
            "smallest": self.smallest,
            "order": self.order,
            "seed": self.seed,
        }


def command(opt: str | None = None) -> Command:
    """Return the command, with the options of all rules, or of this rule alone."""
    rules = rules_with() if opt is None else {n: {opt: o} for n, o in options_of_rule(opt).items()}
    own = {name: shared_option(owners) for name, owners in rules.items()}
    return Command(
        "search",
        "Find slopes g_0, ..., g_{P-1} on which an optimizer goes to the wrong end, and prove it.",
        "--opt adam --beta2 0.999 --eps 1e-8 --period 3 --smallest",
        {"opt": RUN["opt"], **own, **OWN},
        FLAGS,
        groups={"opt": "optimizer", "period": "slopes", "time": "search and output"},
        epilog="Exit status: 0 answered: found, or proved that there are none; 1 none found, which"
        " proves nothing;\n2 bad input; 130 interrupted, and the same command goes on.",
    )


def read(arguments: Sequence[str]) -> Question:
    """Return what the arguments ask for.

    Raises:
        ConfigError: one sentence about the first thing that is wrong.
        SystemExit: 0 after --help.
    """
    early = last_given(arguments, "opt")
    meet({"opt": Given(early, "--opt")})
    path = early if early is not None and is_path(early) else None
    line = command(path if {"--help", "-h"} & {*arguments} else None).texts(arguments)
    if "opt" not in line:
        raise ConfigError(f"--opt must be given: {RUN['opt'].type}")
    opt = RUN["opt"].read(line["opt"], "--opt")
    rule = options_of_rule(opt)
    for name in line:
        if name in rules_with() and name not in {**rule, **OWN, **FLAGS}:
            has = ", ".join(sorted(rule)) or "none"
            raise ConfigError(f"--{name} has no effect with --opt {opt}, which has {has}")
    options = {
        name: read_setting(name, Given(text, f"--{name}"), [opt])
        for name, text in line.items()
        if name in rule
    }
    values = {
        name: option.read(line[name], f"--{name}") if name in line else option.default
        for name, option in OWN.items()
    }
    asked = Question(
        Config(opt=opt, **options),
        values["period"],
        values["largest"],
        "smallest" in line,
        values["order"],
        values["seed"],
        values["time"],
        values["out"],
        "no_run" not in line,
        "json" in line,
    )
    _check(asked)
    return asked


def _check(asked: Question) -> None:
    opt = asked.config.opt
    if asked.smallest and asked.order != "cyclic":
        raise ConfigError(
            f"--smallest needs cyclic slopes, but --order {asked.order} was given: there D is"
            " measured, and nothing can be excluded"
        )
    if asked.smallest and asked.period is not None and asked.period > MOST_TERMS:
        raise ConfigError(
            f"--period must be a whole number from 2 to {MOST_TERMS} with --smallest, but"
            f" {asked.period} was given: its rounding is bounded for short periods only"
        )
    if asked.smallest and (is_foreign(opt) or asked.config.make_form() is None):
        raise ConfigError(
            f"--smallest needs the closed form of the steps, which {opt} does not have; leave"
            " --smallest out"
        )
