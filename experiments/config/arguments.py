"""The command line of a run: a value comes from there, then from --config FILE, then by default."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from amsgrad.config.own_options import (
    is_foreign,
    options_of_problem,
    options_of_rule,
    problems_with,
    rules_with,
    shared_option,
)
from amsgrad.config.run_config import RUN, Config, names
from amsgrad.options import ConfigError, Option, Role, shown
from amsgrad.problems import PROBLEMS
from amsgrad.problems.slope_text import SlopeText
from amsgrad.registry import is_path
from amsgrad.rules import RULES
from experiments.command import Command, last_given
from experiments.config.field_types import Address, Place, Text
from experiments.config.reading import Given, meet, read_settings
from experiments.config.yaml_file import read_file

OUT = Option(
    Place("folder"), "Folder that keeps the runs, each in one of its own", Role.WATCHES,
    default=Path("results/runs"),
)  # fmt: skip
CONFIG = Option(
    Place("file"), "YAML file of options, over which the command line wins", default=None
)
APP = Option(Address(), "Dashboard to which the run is reported", Role.WATCHES, default=None)
FLAGS = {
    "json": "Print the summary as one JSON object, the last line of standard output",
    "list": "List the rules and the problems, with their papers, and run nothing",
    "print_config": "Print the settings as a file for --config, and run nothing",
}
BESIDE_RESUME = ("resume", "json", "app", "out")


@dataclass(frozen=True)
class Invocation:
    """A command line, read and checked; `config` is None where a run is resumed."""

    config: Config | None
    chosen: frozenset[str]  # names of settings that the command line or the file gives
    out: Path
    app: str | None
    json: bool
    resume: str | None
    print_config: bool
    list: bool


def command(opt: str | None = None) -> Command:
    """Return the command, with the options of all rules and problems, or of this rule alone."""
    rules = {} if opt is None else {n: {opt: o} for n, o in options_of_rule(opt).items()}
    own = {**(rules or rules_with()), **problems_with()}
    shown = [name for name in names() if name in RUN or name in own]
    settings = {name: RUN[name] if name in RUN else _in_help(own[name]) for name in shown}
    resume = Option(
        Text("ID", "the id of a run"), "Go on with a run in --out, with its settings", default=None
    )
    optional: Any = {"out": OUT, "app": APP, "config": CONFIG, "resume": resume}
    return Command(
        "synthetic",
        "Run one optimizer on one online problem and record x and its regret.",
        "--opt amsgrad --lr 0.001 --steps 1e6 --json",
        {**settings, **optional},
        FLAGS,
        groups={
            "opt": "optimizer",
            "problem": "problem",
            "steps": "run",
            "out": "files and output",
        },
        epilog="\n".join(["rules, each step x to", *_formulas(), "problems, f_t(x)", *_losses()]),
    )


def parse(arguments: Sequence[str]) -> Invocation:
    """Return what the arguments (without the program's name) ask for.

    Raises:
        ConfigError: one sentence about the first thing that is wrong.
        SystemExit: 0 after --help.
    """
    early = {name: last_given(arguments, name) for name in ("opt", "problem", "config")}
    meet({name: Given(text, f"--{name}") for name, text in early.items()})
    if early["config"] is not None:
        with suppress(ConfigError):  # what is wrong in the file is said below
            read_file(CONFIG.read(early["config"], "--config"))
    own = is_path(early["opt"] or "") and not {"--help", "-h"}.isdisjoint(arguments)
    synthetic = command(early["opt"] if own else None)
    line = synthetic.texts(arguments)
    resume = line.get("resume")
    if resume is not None:
        surplus = ", ".join(f"--{name}" for name in line if name not in BESIDE_RESUME)
        if surplus:
            raise ConfigError(
                f"{surplus} must not stand beside --resume, which keeps the settings of its run;"
                " only --json, --app and --out may"
            )
        if Path(resume).name != resume or resume in ("", ".."):
            raise ConfigError(f"--resume must be the ID of a run, but {shown(resume)} was given")
    known = {*names(), "out", "app"}
    given = {}
    if "config" in line:
        given = read_file(CONFIG.read(line["config"], "--config"))
    asked = {name: Given(text, f"--{name}") for name, text in line.items() if name in known}
    given |= asked
    beside = {name: given.pop(name) for name in ("out", "app") if name in given}
    settings = read_settings(given)
    _refuse_others(asked, settings)
    return Invocation(
        config=None if resume or "list" in line else _config(settings, line.get("config")),
        chosen=frozenset(settings),
        out=_beside(OUT, beside.get("out")),
        app=_beside(APP, beside.get("app")),
        json="json" in line,
        resume=resume,
        print_config="print_config" in line,
        list="list" in line,
    )


def _in_help(owners: Mapping[str, Option]) -> Option:
    option = shared_option(owners)
    if not any(isinstance(owner.type, SlopeText) for owner in owners.values()):
        return option
    return replace(option, sentence=f"{option.sentence}; or a file of them")


def _beside(option: Option, given: Given | None) -> Any:
    return option.default if given is None else option.read(*given)


def _refuse_others(asked: Collection[str], settings: Mapping[str, Any]) -> None:
    """Refuse an option of another rule or problem on the command line; a file may hold them all."""
    if "opt" in settings:
        opt = settings["opt"]
        own = list(options_of_rule(opt))
        # of semantics with a class of another package, Config says more
        mine = [*own, "semantics"] if is_foreign(opt) else own
        _refuse(asked, set(rules_with()).difference(mine), f"--opt {opt}", own)
    problem = settings.get("problem", RUN["problem"].default)
    own = list(options_of_problem(problem))
    _refuse(asked, set(problems_with()).difference(own), f"--problem {problem}", own)


def _refuse(
    asked: Collection[str], others: Collection[str], owner: str, own: Collection[str]
) -> None:
    for name in sorted(set(others).intersection(asked)):
        has = ", ".join(sorted(own)) or "none"
        raise ConfigError(f"--{name} has no effect with {owner}, which has {has}")


def _config(settings: dict[str, Any], file: str | None) -> Config:
    if "opt" not in settings:
        raise ConfigError(f"--opt must be given: {RUN['opt'].type}")
    try:
        return Config(**settings)
    except ConfigError as error:  # two options that do not go together, perhaps both in the file
        raise ConfigError(f"with --config {shown(file)}: {error}" if file else error) from None


def _formulas() -> list[str]:
    return [f"  {name:15} {method.formula}" for name, method in RULES.items()]


def _losses() -> list[str]:
    return [f"  {name:15} {cls().in_words}" for name, cls in PROBLEMS.items()]
