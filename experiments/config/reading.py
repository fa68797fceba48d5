"""From texts to the values of settings, for a line, a file and a sweep in the same way."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from amsgrad.config.own_options import (
    options_of_problem,
    options_of_rule,
    problems_with,
    rules_with,
)
from amsgrad.config.run_config import RUN, names
from amsgrad.field_types import closest
from amsgrad.options import ConfigError, Option, shown
from amsgrad.problems import PROBLEMS
from amsgrad.problems.slope_text import SlopeText
from amsgrad.registry import is_path
from experiments.config.slope_file import read_slopes


class Given(NamedTuple):
    """A value as it was given, and the name under which a sentence speaks of it."""

    value: object
    label: str


def meet(given: Mapping[str, Given]) -> None:
    """Import a rule, an optimizer and a problem of others, so that their options are known.

    Raises:
        ConfigError: one cannot be imported, or is of another kind.
    """
    for name, options in (("opt", options_of_rule), ("problem", options_of_problem)):
        value, label = given.get(name, Given(None, name))
        if isinstance(value, str) and is_path(value):
            try:
                options(value)
                if name == "problem":
                    PROBLEMS[value]().in_words  # noqa: B018  # for --help
            except ConfigError as error:
                raise ConfigError(f"{label} {error}") from error
            except Exception as error:  # another's code may fail in any way
                PROBLEMS.pop(value, None)
                raise ConfigError(f"{label} {value} cannot be made ({error!r})") from error


def read_settings(given: Mapping[str, Given]) -> dict[str, Any]:
    """Return the values of these settings of one run; a null in a file is left out.

    Raises:
        ConfigError: one sentence about the first value that is not allowed.
    """
    first = {name: read_setting(name, given[name]) for name in ("opt", "problem") if name in given}
    opts = [first["opt"]] if first.get("opt") is not None else []
    problems = [first.get("problem", RUN["problem"].default)]
    values = {name: read_setting(name, entry, opts, problems) for name, entry in given.items()}
    return {name: value for name, value in values.items() if value is not None}


def read_setting(
    name: str, given: Given, opts: Collection[str] = (), problems: Collection[str] = ()
) -> Any:
    """Return the value of one setting.

    An option of a rule or problem is read as each of those in force declares it. Where none of them
    has it, one of its owners must take it: it then has no effect.

    Args:
        name: one of `names()`.
        given: the value.
        opts, problems: the rules and problems in force.

    Raises:
        ConfigError: the value is not allowed.
    """
    if name in RUN:
        return RUN[name].read(*given)
    if given.value is None:
        return None
    declared = [options_of_rule(opt).get(name) for opt in opts]
    declared += [options_of_problem(problem).get(name) for problem in problems]
    in_force = [option for option in declared if option is not None]
    if in_force:
        values = [_read(option, given) for option in in_force]
        return values[0]
    owners = {**rules_with(), **problems_with()}[name]
    refusals = []
    for option in owners.values():
        try:
            return _read(option, given)
        except ConfigError as error:
            refusals.append(error)
    raise refusals[0]


def _read(option: Option, given: Given) -> Any:
    if isinstance(option.type, SlopeText) and isinstance(given.value, str):
        return read_slopes(given.value, given.label, option.type)
    return option.read(*given)


def unknown_setting(name: str) -> str:
    """Return the sentence about a setting that does not exist."""
    hint = closest(name, [*names(), "out", "app"]) or "; --help lists what there is"
    return f"unknown option {shown(name)}{hint}"
