"""What is not a certificate, and the numbers of steps in those that are."""

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
