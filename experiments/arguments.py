"""The command line of a run: what is asked for there, then in --config FILE, then the defaults."""

import argparse
import re
import sys
from collections.abc import Collection, Sequence
from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import Any

from amsgrad.problems import parameter_names
from amsgrad.rules import RULES, option_names
from experiments.config import PROBLEM_NUMBERS, RULE_OPTIONS, SETTINGS, Config, from_mapping
from experiments.config_file import read_file
from experiments.kinds import ConfigError, Setting, shown
from experiments.options import HERE_ONLY, OPTIONS, unknown


@dataclass(frozen=True)
class Invocation:
    """What one command line asks for; `config` is None where a run is resumed."""

    config: Config | None
    chosen: frozenset[str]  # names in Config that the command line or the file gives
    out: Path
    app: str | None
    json: bool
    resume: str | None
    print_config: bool


FLAGS = ("json", "print_config", "help")
FOREIGN_OPTIONS = {"beta1", "beta2", "eps"}  # what a class of another package may be given
BESIDE_RESUME = ("resume", "json", "app", "out")
# A group of --help goes from the option named here to the next one named.
GROUPS = {"opt": "optimizer", "problem": "problem", "steps": "run", "out": "files and output"}
EXAMPLE = "python -m experiments.synthetic --opt amsgrad --lr 0.001 --steps 1e6 --json"


def parse(argv: Sequence[str]) -> Invocation:
    """What `argv` (without the program's name) asks for.

    Raises:
        SystemExit: 2 after one line on standard error; 0 after --help.
    """
    try:
        return _invocation(_read_line(argv))
    except ConfigError as error:
        sys.stderr.write(f"synthetic: error: {error}\n")
        raise SystemExit(2) from None


def _read_line(argv: Sequence[str]) -> dict[str, Any]:
    """The options that the command line gives, still as texts."""
    try:
        known, rest = _parser().parse_known_args(argv)
    except argparse.ArgumentError as error:
        name = str(error.argument_name).rpartition("--")[2]
        needs = "takes no value" if name in FLAGS else "needs a value"
        raise ConfigError(f"--{name} {needs}") from None
    if rest and rest[0].startswith("--"):
        raise ConfigError(unknown(rest[0].partition("=")[0][2:], "--"))
    if rest:
        raise ConfigError(f"{shown(' '.join(rest))} belongs to no option; see --help")
    return vars(known)


def _invocation(line: dict[str, Any]) -> Invocation:
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
    file = read_file(Path(line["config"])) if "config" in line else {}
    asked = {k: OPTIONS[k].read(given, f"--{k}") for k, given in line.items() if k in OPTIONS}
    values = {name: value for name, value in (file | asked).items() if value is not None}
    settings = {name: value for name, value in values.items() if name in SETTINGS}
    _check_own(asked, settings)
    return Invocation(
        config=None if resume is not None else _config(settings, line.get("config")),
        chosen=frozenset(settings),
        out=values.get("out", OPTIONS["out"].default),
        app=values.get("app"),
        json="json" in line,
        resume=resume,
        print_config="print_config" in line,
    )


def _check_own(line: Collection[str], settings: dict[str, Any]) -> None:
    """Refuse what another rule or problem has on the command line; a file may hold it all."""
    opt = str(settings.get("opt"))
    problem = settings.get("problem", SETTINGS["problem"].default)
    if opt in RULES:
        _refuse(line, RULE_OPTIONS - set(option_names(opt)), f"--opt {opt}", option_names(opt))
    elif opt != "None":
        others = RULE_OPTIONS - FOREIGN_OPTIONS - {"semantics"}  # Config has a sentence for that
        _refuse(line, others, f"--opt {opt}", FOREIGN_OPTIONS)
    own = parameter_names(problem)
    _refuse(line, PROBLEM_NUMBERS - own, f"--problem {problem}", own)


def _refuse(line: Collection[str], others: set[str], owner: str, own: Collection[str]) -> None:
    for name in sorted(others.intersection(line)):
        has = ", ".join(sorted(own)) or "none"
        raise ConfigError(f"--{name} has no effect with {owner}, which has {has}")


def _config(settings: dict[str, Any], file: str | None) -> Config:
    if "opt" not in settings:
        raise ConfigError(f"--opt must be given: {OPTIONS['opt'].kind}")
    try:
        return from_mapping(settings)
    except ConfigError as error:  # two options that do not go together, perhaps both in the file
        raise ConfigError(f"with --config {shown(file)}: {error}" if file else error) from None


def _parser() -> argparse.ArgumentParser:
    """It only sorts the texts of a line to names: they are then read as those of a file are."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.synthetic",
        usage="%(prog)s --opt NAME [--OPTION VALUE ...]",
        description="Run one optimizer on one online problem and record x and its regret.",
        epilog=f"Example: {EXAMPLE}",
        formatter_class=_Help,
        add_help=False,
        allow_abbrev=False,
        exit_on_error=False,
    )
    # argparse takes -10 for a value but -1e3 for an option.
    parser._negative_number_matcher = re.compile(r"-(\.?\d|inf|nan)")
    absent: Any = {"default": argparse.SUPPRESS}
    for name, option in OPTIONS.items():
        if name in GROUPS:
            group = parser.add_argument_group(GROUPS[name])
        group.add_argument(
            f"--{name}", help=_sentence(option), metavar=option.kind.metavar, **absent
        )
    for name, (metavar, sentence) in HERE_ONLY.items():
        action: Any = {"metavar": metavar} if metavar else {"action": "store_true"}
        group.add_argument(f"--{name}", help=f"{sentence}.", **absent, **action)
    group.add_argument("-h", "--help", action="help", help="Print this and run nothing.")
    return parser


class _Help(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=24, width=100)


def _sentence(option: Setting) -> str:
    notes = [str(option.kind)]
    if option.default is MISSING:
        notes.append("required")
    elif option.default is not None:
        notes.append(f"default {option.default}")
    return f"{option.sentence} ({'; '.join(notes)})."
