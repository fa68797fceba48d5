"""What is not a certificate, and the numbers of steps in those that are."""

from fractions import Fraction
from typing import Any

from amsgrad.options import shown


class NoCertificate(ValueError):
    """A text is not a certificate; the message says why."""


def whole(number: Any, below: int = 2**63) -> int:
    """Return a number of steps.

    Raises:
        NoCertificate: it is not a whole number from 0 on, or not below the bound.
    """
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < below:
        raise NoCertificate(f"{shown(number)} is not a number of steps")
    return number


def real(number: Any, name: str) -> float:
    """Return a number in hexadecimal.

    Raises:
        NoCertificate: it is none.
    """
    try:
        return float.fromhex(number)
    except (TypeError, ValueError, OverflowError):
        raise NoCertificate(
            f"its {name} must be a number in hexadecimal such as 0x1.8p+1, but it is"
            f" {shown(number)}"
        ) from None


def fraction(text: Any, name: str) -> Fraction:
    """Return a fraction of whole numbers.

    Raises:
        NoCertificate: it is none.
    """
    try:
        above, _, below = text.partition("/")
        return Fraction(int(above), int(below or 1))
    except (AttributeError, ValueError, ZeroDivisionError):
        raise NoCertificate(
            f"its {name} must be a fraction such as 20/101, but it is {shown(text)}"
        ) from None
