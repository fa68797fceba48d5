"""The axes of a sweep: the setting that varies along each, and its values."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal, localcontext
from itertools import accumulate, pairwise, repeat
from operator import mul
from typing import Any, NamedTuple

from amsgrad.config.own_options import problems_with, rules_with
from amsgrad.config.run_config import RUN, names
from amsgrad.field_types import Whole, closest
from amsgrad.options import ConfigError, Option, Role, shown
from experiments.config.reading import Given, read_setting

MOST_VALUES = 1_000_000
DIGITS = 40  # of a point of a form; a float64 is rounded once from it
ROLES = (Role.NUMBERS, Role.LENGTH)  # of a setting that may be an axis

Form = Callable[[Decimal, Decimal, int], list[Decimal]]


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


def linear(a: Decimal, b: Decimal, number: int) -> list[Decimal]:
    """Return numbers from a to b with equal steps."""
    last = max(number - 1, 1)
    return [(a * (last - i) + b * i) / last for i in range(number)]


def log(a: Decimal, b: Decimal, number: int) -> list[Decimal]:
    """Return numbers from a to b, both above zero, with equal ratios."""
    if a <= 0 or b <= 0:
        raise ValueError
    return _geometric(a, b, number)


def nines(a: Decimal, b: Decimal, number: int) -> list[Decimal]:
    """Return 1 - 10^-k for k from a to b with equal steps: 0.9, 0.99, 0.999 for [1, 3, 3]."""
    return [1 - power for power in _geometric(10**-a, 10**-b, number)]


FORMS: dict[str, Form] = {"linear": linear, "log": log, "nines": nines}


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
    if any(option.type.is_one(given) for option in in_force.options(name)):
        raise ConfigError(
            f"{where}: {shown(given)} is one value of the axis {name}; put each value in quotes or"
            " in brackets of its own"
        )
    values = tuple(in_force.read(name, value, label) for value in given)
    seen = set()
    for value in values:
        if value in seen:
            raise ConfigError(f"{where}: the axis {name} has the value {shown(value)} twice")
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
        first, last, number = Decimal(str(first)), Decimal(str(last)), Whole(0).read(number)
        if not math.isfinite(float(first)) or not math.isfinite(float(last)):
            raise ValueError
    except (ValueError, TypeError, ArithmeticError):
        raise ConfigError(
            f"{where}: {form} needs [first, last, how many], but {shown(numbers)} was given"
        ) from None
    _check_number(name, number, where)
    try:
        spread = _spread(FORMS[str(form)], first, last, number)
    except ArithmeticError:
        raise ConfigError(f"{where}: {form} from {first:g} to {last:g} is too far") from None
    except ValueError:
        raise ConfigError(
            f"{where}: log needs two numbers above zero, but {first:g} and {last:g} were given"
        ) from None
    if not all(isinstance(option.type, Whole) for option in in_force.options(name)):
        return _from_list(name, list(map(float, spread)), where, in_force)
    whole = list(map(round, spread))
    if any(a == b for a, b in pairwise(whole)):
        raise ConfigError(
            f"{where}: there are fewer than {number} whole numbers in {form} from {first:g} to"
            f" {last:g}"
        )
    return _from_list(name, whole, where, in_force)


def _spread(form: Form, first: Decimal, last: Decimal, number: int) -> list[Decimal]:
    """Return the points of a form, correctly rounded, and exact where they have no more digits.

    Floats would give 0.7000000000000001 in nine points from 0.1 to 0.9.
    """
    with localcontext(prec=2 * DIGITS):  # a million ratios one after another cost six digits
        points = form(first, last, number)
    with localcontext(prec=DIGITS):
        return [+point for point in points]


def _geometric(a: Decimal, b: Decimal, number: int) -> list[Decimal]:
    ratio = ((b / a).ln() / max(number - 1, 1)).exp()
    return list(accumulate(repeat(ratio, number - 1), mul, initial=a))[:number]


def _check_number(name: str, number: int, where: str) -> None:
    if number > MOST_VALUES:
        raise ConfigError(f"{where}: the axis {name} must have at most {MOST_VALUES:,} values")
