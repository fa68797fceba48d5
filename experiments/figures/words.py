"""Numbers and settings as findings and captions state them."""

from collections.abc import Mapping
from typing import Any

from amsgrad.schedules import FORMULAS, SCHEDULES


def step_size(base: Mapping[str, Any]) -> str:
    """Return the formula of the step size at step k, with the numbers of these settings.

    >>> step_size({"schedule": "inverse_sqrt", "lr": 0.5})
    '0.5 / sqrt(k)'
    """
    formula = FORMULAS[SCHEDULES[base["schedule"]]]
    return formula.format(start=base["lr"], rate=base.get("schedule_rate"))


def mean_and_range(values: Any, digits: int) -> list[float]:
    """Return the mean, the least and the largest of some values, rounded."""
    return [round(float(number), digits) for number in (values.mean(), values.min(), values.max())]


def two_digits(value: Any) -> float:
    """Return a number with two significant digits.

    >>> two_digits(0.01234)
    0.012
    """
    return float(f"{float(value):.1e}")
