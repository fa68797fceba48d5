"""The axes of a sweep: which setting varies, and over which values."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from experiments.config.run_config import SETTINGS
from experiments.config.field_types import ConfigError, Whole, closest, shown

MOST_VALUES = 1_000_000

# What says how a run is computed or watched, not what it does.
NO_AXES = {"every", "verify", "engine", "certify", "device"}
AXES = [name for name in SETTINGS if name not in NO_AXES]


def linear(a: float, b: float, share: float) -> float:
    """Equal steps from a to b."""
    return a + (b - a) * share


def log(a: float, b: float, share: float) -> float:
    """Equal ratios from a to b, both above zero; powers of ten come out exactly."""
    if a <= 0 or b <= 0:
        raise ValueError
    return float(10 ** linear(math.log10(a), math.log10(b), share))


def nines(a: float, b: float, share: float) -> float:
    """1 - 10^-k for k in equal steps from a to b: 0.9, 0.99, 0.999 for [1, 3, 3]."""
    return 1 - float(10 ** -linear(a, b, share))


FORMS: dict[str, Callable[[float, float, float], float]] = {
    "linear": linear,
    "log": log,
    "nines": nines,
}


def check_name(name: str, where: str) -> None:
    """Refuse an axis that is no setting, or that no number of a run depends on."""
    if name in NO_AXES:
        raise ConfigError(f"{where}: {name} cannot be an axis: it does not say what a run does")
    if name not in SETTINGS:
        raise ConfigError(f"{where}: {shown(name)} is no axis{closest(name, AXES)}")


def from_list(name: str, given: Sequence[Any], where: str) -> tuple[Any, ...]:
    """The values of the axis `name`, each read as the setting is."""
    if not given:
        raise ConfigError(f"{where}: the axis {name} is empty; give it values")
    if len(given) > MOST_VALUES:
        raise ConfigError(f"{where}: the axis {name} must have at most {MOST_VALUES:,} values")
    label = f"{where}: a value of the axis {name}"
    values = tuple(SETTINGS[name].read(_some(value, label, name), label) for value in given)
    seen = set()
    for value in values:
        if value in seen:
            raise ConfigError(f"{where}: the axis {name} has the value {value} twice")
        seen.add(value)
    return values


def from_form(name: str, form: str, numbers: Sequence[Any], where: str) -> tuple[Any, ...]:
    """The values that `form: [a, b, n]` stands for; whole numbers are rounded to."""
    if form not in FORMS:
        allowed = ", ".join(FORMS)
        raise ConfigError(f"{where}: {shown(form)} must be one of {allowed}{closest(form, FORMS)}")
    try:
        first, last, number = (*map(float, numbers[:2]), Whole(0).read(numbers[2]))
        if len(numbers) != 3 or not math.isfinite(first) or not math.isfinite(last):
            raise ValueError
    except (ValueError, TypeError, ArithmeticError, IndexError):
        raise ConfigError(
            f"{where}: {form} needs [first, last, how many], but {shown(list(numbers))} was given"
        ) from None
    if number > MOST_VALUES:
        raise ConfigError(f"{where}: the axis {name} must have at most {MOST_VALUES:,} values")
    try:
        spread = [FORMS[form](first, last, i / max(number - 1, 1)) for i in range(number)]
    except ArithmeticError:
        raise ConfigError(f"{where}: {form} from {first:g} to {last:g} is too far") from None
    except ValueError:
        raise ConfigError(
            f"{where}: log needs two numbers above zero, but {first:g} and {last:g} were given"
        ) from None
    if isinstance(SETTINGS[name].kind, Whole):
        spread = [round(value) for value in spread]
        if any(a == b for a, b in pairwise(spread)):
            raise ConfigError(
                f"{where}: {form} from {first:g} to {last:g} has no {number} whole numbers"
            )
    return from_list(name, spread, where)


def _some(value: Any, label: str, name: str) -> Any:
    if value is None:
        raise ConfigError(f"{label} must be {SETTINGS[name].kind}, but null was given")
    return value
