"""Two numbers between which the mean step D of a rule lies, from exact arithmetic."""

from fractions import Fraction
from typing import NamedTuple


class Enclosure(NamedTuple):
    """Decimals with lower <= D <= upper."""

    lower: str
    upper: str

    @property
    def sign(self) -> int:
        """The sign of D, -1 or 1; 0 where the enclosure does not decide it."""
        return (Fraction(self.lower) > 0) - (Fraction(self.upper) < 0)
