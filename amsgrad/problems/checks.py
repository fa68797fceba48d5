"""What the numbers of a problem may be; an error names the field, what is allowed and was given."""

import math
from numbers import Integral
from typing import Any


def check(allowed: bool, field: str, given: object, kind: str) -> None:
    """Refuse the value of a field that is not of its kind.

    Raises:
        ValueError: the value is not allowed.
    """
    if not allowed:
        raise ValueError(f"{field} must be {kind}, but {given} was given")


def whole(field: str, given: Any, least: int) -> None:
    """Ask for a whole number in [least, 2^63), which fits an int64."""
    fits = isinstance(given, Integral) and least <= int(given) < 2**63
    check(fits, field, given, f"a whole number from {least} to 2**63 - 1")


def real(field: str, given: float, above: float = -math.inf) -> None:
    """Ask for a finite number above this one."""
    bound = f" above {above:g}" if above > -math.inf else ""
    check(above < given < math.inf, field, given, f"a finite number{bound}")
