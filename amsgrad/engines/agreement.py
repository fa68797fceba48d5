"""The agreement of two states to the bit: every engine is compared with another by it."""

from typing import Any

import numpy as np

from amsgrad.engines.base import State


def first_difference(found: State, expected: State, *, sums: bool = True) -> str | None:
    """Return in words the first variable that differs in a bit, or None if the states agree.

    0 and -0 differ. An engine may return numbers of the same value in another type, so all are
    compared as doubles, which hold every value of both precisions.

    Args:
        found, expected: of one run each (`State.run` takes one from a batch).
        sums: whether the sums of regrets and slopes are compared, too.
    """
    named = zip(expected.memory._fields, found.memory, expected.memory, strict=True)
    pairs: list[tuple[str, Any, Any]] = [("x", found.x, expected.x), *named]
    if sums:
        pairs += [
            (f"{name}.{part}", getattr(getattr(found, name), part), entry)
            for name in ("regret", "slopes")
            for part, entry in getattr(expected, name)._asdict().items()
        ]
    for name, ours, theirs in pairs:
        if np.float64(ours).tobytes() != np.float64(theirs).tobytes():
            return f"{name} is {float(ours)!r}, not {float(theirs)!r}"
    return None
