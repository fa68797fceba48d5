"""Which of our functions take powers, and of which numbers, read from their code."""

import dis
import inspect
from collections.abc import Callable
from typing import Any


def takes_power(function: Callable[..., Any]) -> bool:
    """Return whether a function, or one that it calls, has a power in its code."""
    if any("**" in i.argrepr or "pow" in str(i.argval) for i in dis.get_instructions(function)):
        return True
    outside = inspect.getclosurevars(function)
    inside = [*outside.globals.values(), *outside.nonlocals.values()]
    return any(map(takes_power, filter(inspect.isfunction, inside)))


def constants_of(function: Callable[..., Any]) -> set[float]:
    """Return the real numbers in the code of a function that takes a power, but for 0 and 1."""
    if not takes_power(function):
        return set()
    outside = inspect.getclosurevars(function)
    inside = [*outside.globals.values(), *outside.nonlocals.values()]
    found = {c for c in (*inside, *function.__code__.co_consts) if isinstance(c, float)}
    for callee in filter(inspect.isfunction, inside):
        found |= constants_of(callee)
    return found - {0.0, 1.0}
