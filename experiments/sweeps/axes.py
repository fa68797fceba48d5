"""The axes of a sweep: the setting that varies along each, and its values."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from amsgrad.field_types import Whole, closest
from amsgrad.options import Option, Role, shown
from experiments.command import ConfigError
from experiments.config.own_options import problems_with, rules_with
from experiments.config.reading import Given, read_setting
from experiments.config.run_config import RUN, names

MOST_VALUES = 1_000_000
ROLES = (Role.NUMBERS, Role.LENGTH)  # of a setting that may be an axis


class InForce(NamedTuple):
    """The rules and the problems of a sweep: a setting is read as their options say."""

    opts: Collection[str]
    problems: Collection[str]

    def read(self, name: str, value: object, label: str) -> Any:
        """Return the value of a setting; ConfigError where it is not allowed."""
        return read_setting(name, Given(value, label), self.opts, self.problems)

    def options(self, name: str) -> list[Option]:
        """Return the options of this name that are in force, or all of them where none is."""
        if name in RUN:
            return [RUN[name]]
        rules, problems = rules_with().get(name, {}), problems_with().get(name, {})
        in_force = [rules[opt] for opt in self.opts if opt in rules]
        in_force += [problems[problem] for problem in self.problems if problem in problems]
        return in_force or [*rules.values(), *problems.values()]

    def is_free(self, name: str) -> bool:
        """Return whether the runs of one batch may differ in this setting."""
        return all(option.free for option in self.options(name))


ALL = InForce((), ())


def linear(a: float, b: float, share: float) -> float:
    """Return a point between a and b; equal shares give equal steps."""
    return a + (b - a) * share


def log(a: float, b: float, share: float) -> float:
    """Return a point between a and b, both above zero; equal shares give equal ratios.

    Powers of ten come out exactly.
    """
    if a <= 0 or b <= 0:
        raise ValueError
    return float(10 ** linear(math.log10(a), math.log10(b), share))


def nines(a: float, b: float, share: float) -> float:
    """Return 1 - 10^-k for k between a and b: 0.9, 0.99, 0.999 for [1, 3, 3]."""
    return 1 - float(10 ** -linear(a, b, share))


FORMS: dict[str, Callable[[float, float, float], float]] = {
    "linear": linear,
    "log": log,
    "nines": nines,
}


def check_name(name: object, where: str) -> None:
    """Refuse an axis that is not a setting, or on which no number of a run depends."""
    possible = [known for known in names() if ALL.options(known)[0].role in ROLES]
    if name in possible:
        return
    if name in names():
        raise ConfigError(f"{where}: {name} cannot be an axis: no number of a run depends on it")
    raise ConfigError(f"{where}: {shown(name)} is not a setting{closest(name, possible)}")


def read_axis(name: str, given: Any, where: str, in_force: InForce) -> tuple[Any, ...]:
    """Return the values of an axis, each read as the setting is.

    Args:
        name: of the setting.
        given: a list of values, or `{form: [first, last, number]}`, rounded where the setting is
            a whole number.
        where: the place of the axis, in words.
        in_force: the rules and problems of the sweep.

    Raises:
        ConfigError: a value is not allowed or given twice, or there are none or too many.
    """
    if isinstance(given, Mapping) and len(given) == 1:
        ((form, numbers),) = given.items()
        return _from_form(name, form, numbers, where, in_force)
    if isinstance(given, Sequence) and not isinstance(given, str):
        return _from_list(name, given, where, in_force)
    raise ConfigError(
        f"{where}: the axis {name} must be a list of values, or {{linear: [a, b, n]}},"
        " {log: [a, b, n]} or {nines: [a, b, n]}"
    )


def _from_list(name: str, given: Sequence[Any], where: str, in_force: InForce) -> tuple[Any, ...]:
    if not given:
        raise ConfigError(f"{where}: the axis {name} is empty; give it values")
    _check_number(name, len(given), where)
    label = f"{where}: a value of the axis {name}"
    if None in given:
        raise ConfigError(f"{label} must be a value, but null was given")
    values = tuple(in_force.read(name, value, label) for value in given)
    seen = set()
    for value in values:
        if value in seen:
            raise ConfigError(f"{where}: the axis {name} has the value {value} twice")
        seen.add(value)
    return values


def _from_form(
    name: str, form: object, numbers: Any, where: str, in_force: InForce
) -> tuple[Any, ...]:
    if form not in FORMS:
        allowed = ", ".join(FORMS)
        raise ConfigError(f"{where}: {shown(form)} must be one of {allowed}{closest(form, FORMS)}")
    try:
        first, last, number = numbers
        first, last, number = float(first), float(last), Whole(0).read(number)
        if not math.isfinite(first) or not math.isfinite(last):
            raise ValueError
    except (ValueError, TypeError, ArithmeticError):
        raise ConfigError(
            f"{where}: {form} needs [first, last, how many], but {shown(numbers)} was given"
        ) from None
    _check_number(name, number, where)
    try:
        point = FORMS[str(form)]
        spread = [point(first, last, i / max(number - 1, 1)) for i in range(number)]
    except ArithmeticError:
        raise ConfigError(f"{where}: {form} from {first:g} to {last:g} is too far") from None
    except ValueError:
        raise ConfigError(
            f"{where}: log needs two numbers above zero, but {first:g} and {last:g} were given"
        ) from None
    if all(isinstance(option.type, Whole) for option in in_force.options(name)):
        spread = [round(value) for value in spread]
        if any(a == b for a, b in pairwise(spread)):
            raise ConfigError(
                f"{where}: there are fewer than {number} whole numbers in {form} from {first:g} to"
                f" {last:g}"
            )
    return _from_list(name, spread, where, in_force)


def _check_number(name: str, number: int, where: str) -> None:
    if number > MOST_VALUES:
        raise ConfigError(f"{where}: the axis {name} must have at most {MOST_VALUES:,} values")
