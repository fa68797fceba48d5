"""Numbers, settings and formulas as findings and captions state them."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from amsgrad.schedules import FORMULAS, SCHEDULES

# from matplotlib's mathtext to plain text, in this order
PLAIN = (
    (r"\\sqrt\{([^}]*)\}", r"sqrt(\1)"),
    (r"\\log_\{10\}", "log10 "),
    (r"\^\*", "*"),
    (r"([_^])\{([^}]*)\}", r"\1(\2)"),
    (r"[$\\]", ""),
)


class Caption(NamedTuple):
    """What a figure says of itself; formulas are mathtext between dollars."""

    drawn: str
    """What is drawn, and the settings that are needed to read it."""
    seen: str
    """What is to be seen, at the published settings; at most 80 words with `drawn`."""
    details: str
    """Choices, sources, fits, and what is unverified."""


def plain(text: str) -> str:
    r"""Return a caption without mathtext.

    >>> plain(r"$\\alpha_k = 0.5/\\sqrt{k}$, $x^*$, $x_{3k+1}$, $10^{-8}$")
    'alpha_k = 0.5/sqrt(k), x*, x_(3k+1), 10^(-8)'
    """
    for pattern, by in PLAIN:
        text = re.sub(pattern, by, text)
    return text


def step_size(base: Mapping[str, Any], step: str = "k") -> str:
    r"""Return the formula of the step size, with the numbers of these settings, as mathtext.

    Args:
        base: `schedule`, `lr` and, where the schedule has one, `schedule_rate`.
        step: the letter for the number of the step; t where the time is that number.

    >>> step_size({"schedule": "inverse_sqrt", "lr": 0.5})
    '$\\alpha_k = 0.5/\\sqrt{k}$'
    """
    formula = FORMULAS[SCHEDULES[base["schedule"]]]
    value = formula.format(start=base["lr"], rate=base.get("schedule_rate"))
    tex = re.sub(r" / sqrt\((.*)\)", r"/\\sqrt{\1}", value).replace("k", step)
    return rf"$\alpha_{step} = {tex}$" if tex != value else rf"$\alpha = {value}$"


def mean_and_range(values: Any, digits: int) -> list[float]:
    """Return the mean, the least and the largest of some values, rounded."""
    return [round(float(number), digits) for number in (values.mean(), values.min(), values.max())]


def two_digits(value: Any) -> float:
    """Return a number with two significant digits.

    >>> two_digits(0.01234)
    0.012
    """
    return float(f"{float(value):.1e}")
