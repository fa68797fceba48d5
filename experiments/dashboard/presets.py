"""The first look of a run's page, before anybody has clicked; labml_app leaves most of it out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from experiments.dashboard.labml_parts import comparison, custom_metrics, metrics, run, utils
from experiments.dashboard.partner import differences, partner

SHOWN, HIDDEN = 1, -1
# The regret of a single step jumps by 2,000, which flattens the others on one axis with it.
UNEVEN = "regret"

MOST_CHARTS = 16  # of their own: each is a request's work


def show_even_curves() -> None:
    """Let a chart begin with its even curves, not with the alphabetically first."""
    utils.get_default_series_preference = _even


def arrange(run_uuid: str, project: Any) -> None:
    """Set the page of a run up: its curves, its hyper-parameters, and its comparison.

    Args:
        run_uuid: a run that has just got its first curves.
        project: the project of the runs that it may be compared with.
    """
    names = _curves(run_uuid)
    tracked = run.get(run_uuid)
    tracked.selected_configs = tracked.selected_configs or list(tracked.configs)
    tracked.save()
    charts = metrics.MetricsPreferencesIndex.get(run_uuid).load()
    charts.smooth_value = 0.0
    charts.save()
    _add_charts(run_uuid, names)
    _compare(run_uuid, None)
    others = [other for uuid in project.runs if uuid != run_uuid and (other := run.get(uuid))]
    chosen = partner(tracked, others)
    if chosen is not None:
        _compare(run_uuid, chosen.run_uuid)
        if _is_nearer(tracked, chosen, others):
            _compare(chosen.run_uuid, run_uuid)


def _is_nearer(tracked: Any, chosen: Any, others: Sequence[Any]) -> bool:
    """Return whether the page of `chosen` may change to `tracked`: nobody has chosen for it."""
    key = comparison.ComparisonPreferencesIndex.get(chosen.run_uuid)
    if key is None:
        return False
    present = run.get(key.load().base_experiment)
    if present is None:
        return True
    automatic = partner(chosen, others)
    return (
        automatic is not None
        and automatic.run_uuid == present.run_uuid
        and differences(chosen, tracked) < differences(chosen, present)
    )


def has_curves(run_uuid: str) -> bool:
    """Return whether anything of the run is tracked yet."""
    known = metrics.MetricsAnalysis.get(run_uuid)
    return known is not None and bool(known.metrics.tracking)


def complete(body: dict[str, Any], run_uuid: str) -> None:
    """Choose curves in the settings of a comparison that has none, as the page sends at first."""
    for prefix, uuid in (("", run_uuid), ("base_", body.get("base_experiment", ""))):
        if not body.get(f"{prefix}series_preferences") and uuid:
            names = _curves(uuid)
            body[f"{prefix}series_names"] = names
            body[f"{prefix}series_preferences"] = _even(names)


def _curves(run_uuid: str) -> list[str]:
    known = metrics.MetricsAnalysis.get(run_uuid)
    return [] if known is None else [series["name"] for series in known.get_tracking()]


def _even(names: list[str]) -> list[int]:
    return [HIDDEN if name == UNEVEN and len(names) > 1 else SHOWN for name in names]


def _add_charts(run_uuid: str, names: list[str]) -> None:
    """Give each even curve a chart with an axis of its own; charts of an earlier import stay."""
    if custom_metrics.CustomMetricsListIndex.get(run_uuid) is not None:
        return
    charts = custom_metrics.CustomMetricsListModel()
    for name in reversed(names[:MOST_CHARTS]):
        if name != UNEVEN:
            chart = charts.create_custom_metric({"name": name})
            only = [SHOWN if other == name else HIDDEN for other in names]
            preferences = {"series_preferences": only, "smooth_value": 0.0}
            charts.update({"id": chart["id"], "preferences": preferences})
    charts.save()
    custom_metrics.CustomMetricsListIndex.set(run_uuid, charts.key)


def _compare(run_uuid: str, base_uuid: str | None) -> None:
    key = comparison.ComparisonPreferencesIndex.get(run_uuid)
    settings = comparison.ComparisonPreferencesModel() if key is None else key.load()
    settings.series_preferences = _even(_curves(run_uuid))
    settings.smooth_value = 0.0
    if base_uuid is not None:
        settings.base_experiment = base_uuid
        settings.base_series_preferences = _even(_curves(base_uuid))
    settings.save()
    comparison.ComparisonPreferencesIndex.set(run_uuid, settings.key)
