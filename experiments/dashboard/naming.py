"""The names of runs: what differs among those of one optimizer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from experiments.dashboard.run_settings import settings_of


def has_own_name(tracked: Any) -> bool:
    """Return whether a person has named the run; experiments.synthetic sends its problem's name."""
    settings = settings_of(tracked)
    if not settings:
        return True
    sent = settings["problem"]
    # the second: an automatic name of this dashboard before it named runs by what differs
    return tracked.name not in (sent, f"{settings['opt']}, {sent}")


def automatic_names(runs: Iterable[Any]) -> dict[str, str]:
    """Return names for the runs that nobody has named, by uuid.

    A run is named by its optimizer; by its problem where that optimizer has runs on several; and by
    the settings in which its runs on this problem differ: "adam, beta2 0.999". Of equal ones the
    second is "adam (2)".

    Args:
        runs: labml_app's models of all runs.
    """
    groups: dict[tuple[str, str], list[Any]] = {}
    for tracked in sorted(runs, key=lambda tracked: tracked.start_time):
        if not has_own_name(tracked):
            settings = settings_of(tracked)
            groups.setdefault((settings["opt"], settings["problem"]), []).append(tracked)
    problems = Counter(opt for opt, _ in groups)
    return {
        uuid: name
        for (opt, problem), group in groups.items()
        for uuid, name in _named(opt if problems[opt] == 1 else f"{opt}, {problem}", group)
    }


def _named(beginning: str, group: list[Any]) -> Iterable[tuple[str, str]]:
    settings = [settings_of(tracked) for tracked in group]
    names = dict.fromkeys(name for one in settings for name in one)
    told = [name for name in names if len({repr(one.get(name)) for one in settings}) > 1]
    used: Counter[str] = Counter()
    for tracked, one in zip(group, settings, strict=True):
        words = [_words(name, one[name]) for name in told if one.get(name) is not None]
        name = ", ".join([beginning, *words])
        used[name] += 1
        yield tracked.run_uuid, name if used[name] == 1 else f"{name} ({used[name]})"


def _words(name: str, value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{name} {value:,}"
    return f"{name} {value}".removesuffix(".0")
