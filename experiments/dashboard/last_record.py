"""The end of a curve as it was recorded: labml_app's means of neighbours would hide it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from experiments.dashboard.labml_parts import comparison, metrics, series, series_collection


def keep_last_records() -> None:
    """Let each curve keep its last record beside its means, and be sent with it at its end."""
    series_collection.Series = metrics.Series = _Series
    metrics.get_metrics_tracking_util = comparison.get_metrics_tracking_util = _sent


class _Series(series.Series):  # type: ignore[misc]  # labml_app has no types
    """labml_app's curve of at most 1024 means, and its last record: the step and the value."""

    last: tuple[float, float] | None = None  # None: kept before there were last records

    def update(self, step: Sequence[float], value: Sequence[float]) -> None:
        finite = [v for v in value if math.isfinite(v)]
        if finite or self.last is None:
            # as labml_app, which repeats the value before for NaN and infinity, and begins at 0
            before = float(self.value[-1]) if len(self.value) else 0.0
            self.last = float(step[-1]), finite[-1] if finite else before
        else:
            self.last = float(step[-1]), self.last[1]
        super().update(step, value)

    def to_data(self) -> dict[str, Any]:
        return {**super().to_data(), "last": self.last}

    def load(self, data: dict[str, Any]) -> _Series:
        super().load(data)
        self.last = data.get("last")
        return self


def _sent(
    curves: Sequence[dict[str, Any]], preferences: Sequence[int], get_all: bool
) -> list[dict[str, Any]]:
    """Return the curves as the page gets them: those not shown as their last record alone.

    labml_app takes means of the means once more here, so that their number is another one.
    """
    return [
        _encoded(curve, whole=get_all or preference != -1)
        for curve, preference in zip(curves, preferences, strict=False)
    ]


def _encoded(curve: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    sent = _Series().load(curve)
    if sent.last is not None:
        # in the place of the mean of the last few, of which it is one
        sent.step[-1], sent.value[-1] = sent.last
    if not whole:
        sent.step, sent.value, sent.last_step = sent.step[-1:], sent.value[-1:], sent.last_step[-1:]
    return {**sent.detail, "is_summary": not whole, "name": curve["name"]}
