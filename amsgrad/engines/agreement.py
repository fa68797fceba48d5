"""Whether two states agree to the bit: the one comparison of every engine with another."""

from typing import Any

import numpy as np

from amsgrad.engines.base import State


def first_difference(found: State, expected: State, *, sums: bool = True) -> str | None:
    """Return in words the first variable that differs in a bit; None where the states agree.

    0 and -0 differ. The expected variables decide the precision: a run of a batch hands back
    numbers of the same value in another type.

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
        entry = np.asarray(theirs)
        if np.asarray(ours, entry.dtype).tobytes() != entry.tobytes():
            return f"{name} is {float(ours)!r}, not {float(theirs)!r}"
    return None
