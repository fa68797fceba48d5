"""The run that another one is compared with, before a person has chosen one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from experiments.dashboard.run_settings import settings_of


def partner(tracked: Any, others: Iterable[Any]) -> Any | None:
    """Return the run of another optimizer on the same problem that differs least otherwise.

    Of those that differ in as few settings it is the latest; None where there is none.

    Args:
        tracked: labml_app's model of the run.
        others: those of other runs.
    """
    found = [other for other in others if _comparable(settings_of(tracked), settings_of(other))]
    nearest = ((-differences(tracked, other), other.start_time, other) for other in found)
    return max(nearest, key=lambda near: near[:2], default=(0, 0, None))[2]


def differences(one: Any, other: Any) -> int:
    """Return in how many settings that both runs have they differ, the optimizer left out."""
    here, there = settings_of(one), settings_of(other)
    return sum(here[name] != there[name] for name in here.keys() & there.keys() - {"opt"})


def _comparable(one: dict[str, Any], other: dict[str, Any]) -> bool:
    if not one or not other:
        return False
    return bool(one["opt"] != other["opt"] and one["problem"] == other["problem"])
