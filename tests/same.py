"""The comparison of records to the bit."""

from collections.abc import Iterable
from typing import Any


def same(a: Iterable[Any], b: Iterable[Any]) -> bool:
    """Return True if all columns agree to the bit: 0 and -0 do not, and the same NaN does."""
    return all(p.dtype == q.dtype and p.tobytes() == q.tobytes() for p, q in zip(a, b, strict=True))
