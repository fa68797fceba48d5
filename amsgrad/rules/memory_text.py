"""The memory before the first step as one text: state variables with their numbers, m=1,v=1."""

from collections.abc import Mapping
from dataclasses import replace

from amsgrad.field_types import FieldType, Real
from amsgrad.options import ConfigError
from amsgrad.rules.rule import Rule

REAL = Real()
# What cannot be negative, by the names that rules share: squares, their sums and maxima. NAdam's
# weight is 1 - a product of numbers in [0, 1], AdamX's rest1 is a 1 - beta1, by which it divides.
# First moments, gradients, what was left out, and the variables of a rule of your own are free.
RANGES = {
    **dict.fromkeys(("v", "vmax", "s", "u", "total", "peak"), Real(0)),
    "weight": Real(0, 1),
    "rest1": Real(above=0, most=1),
}


class MemoryText(FieldType):
    """Numbers for some state variables of a rule, as their shortest text.

    It reads texts and, from Python, mappings.

    >>> MemoryText().read("m = 1.0, v=1e-3")
    'm=1,v=0.001'
    >>> MemoryText().read({"v": 2.5})
    'v=2.5'
    """

    metavar = "m=X,v=X"

    def __str__(self) -> str:
        return "state variables of the rule with finite numbers, each once, such as m=1,v=1"

    def read(self, given: object) -> str:
        if isinstance(given, Mapping):
            pairs = [(str(name), number) for name, number in given.items()]
        elif isinstance(given, str):
            pairs = [
                (name, number) for name, _, number in (e.partition("=") for e in _parts(given))
            ]
        else:
            raise TypeError
        numbers = {name.strip(): REAL.read(number) for name, number in pairs}
        if not numbers or len(numbers) < len(pairs) or not all(map(str.isidentifier, numbers)):
            raise ValueError
        return ",".join(f"{name}={_shortest(number)}" for name, number in numbers.items())

    def size(self, value: str) -> float:
        return max(map(abs, memory_of(value).values()))


def memory_of(text: str) -> dict[str, float]:
    """Return the numbers of a text that `MemoryText` has read, by state variable."""
    return {name: float(number) for name, _, number in (e.partition("=") for e in _parts(text))}


def with_memory(rule: Rule, text: str) -> Rule:
    """Return the rule with these state variables before the first step; others keep their own.

    Args:
        rule: with any start.
        text: one that `MemoryText` has read.

    Raises:
        ConfigError: the rule has no state variable of such a name, or not with such a number.
    """
    numbers, fields = memory_of(text), rule.memory._fields
    unknown = [name for name in numbers if name not in fields]
    if unknown:
        raise ConfigError(
            f"--memory0 must name state variables of --opt {rule.name}, {', '.join(fields)}, but"
            f" {unknown[0]} was given"
        )
    for name, number in numbers.items():
        allowed = RANGES.get(name, REAL)
        try:
            allowed.read(number)
        except ValueError:
            raise ConfigError(
                f"--memory0 must have {allowed} for {name} of --opt {rule.name}, but"
                f" {name}={_shortest(number)} was given"
            ) from None
    start = rule.start or rule.memory(*(0.0 for _ in fields))
    return replace(
        rule,
        start=start._replace(**numbers),
        later=None if rule.later is None else with_memory(rule.later, text),
    )


def _parts(text: str) -> list[str]:
    return text.split(",")


def _shortest(number: float) -> str:
    short = f"{number:g}"
    return short if float(short) == number else repr(number)
