"""The schemas of the requests that labml and its page send; labml_app's handlers check nothing.

Entries beyond the fields are dropped.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, Field, FiniteFloat

from experiments.dashboard.packet_schemas import RUN_PACKETS, SESSION_PACKETS, Names


class Runs(BaseModel):
    """The runs to archive, to bring back or to delete."""

    run_uuids: Names


class Sessions(BaseModel):
    """The computers to delete."""

    session_uuids: Names


class Edit(BaseModel):
    """A person's changes of a run or a computer."""

    name: str = ""
    comment: str = ""
    note: str = ""
    favourite_configs: Names = []
    selected_configs: Names = []


class Theme(BaseModel):
    """The look of the page."""

    theme: str = ""


class User(BaseModel):
    """The settings of the local user."""

    user: Theme


class Anything(BaseModel):
    """An object without entries in use."""


class WhichMetrics(BaseModel):
    """The choice of curves to send: all, or only those that are shown."""

    get_all: bool


class Preferences(BaseModel):
    """The look of a chart, and the other run of a comparison."""

    series_preferences: list[int]
    series_names: Names = []
    chart_type: int | None = 0
    step_range: Annotated[list[FiniteFloat], Field(min_length=2, max_length=2)] = [-1, -1]
    focus_smoothed: bool = True
    smooth_value: FiniteFloat = 0.5
    smooth_function: str = ""
    base_series_preferences: list[int] = []
    base_series_names: Names = []
    base_experiment: str = ""


class NewMetric(BaseModel):
    """A new chart of the user's own."""

    name: str
    description: str = ""


class Metric(BaseModel):
    """A change of a chart of the user's own."""

    id: str
    name: str = ""
    description: str = ""
    preferences: Preferences | None = None


class LogView(BaseModel):
    """The page of a log to show, or the choice to wrap its lines."""

    page: int = -1
    wrap_logs: bool = True


_BODIES: Mapping[str, type[BaseModel]] = {
    "POST {labml_token}/track": RUN_PACKETS,
    "POST {labml_token}/computer": SESSION_PACKETS,
    "POST runs/archive": Runs,
    "POST runs/unarchive": Runs,
    "PUT runs": Runs,
    "PUT sessions": Sessions,
    "POST run/{run_uuid}": Edit,
    "POST session/{session_uuid}": Edit,
    "POST user": User,
    "POST metrics/{run_uuid}": WhichMetrics,
    "POST compare/metrics/{run_uuid}": WhichMetrics,
    "POST custom_metrics/{run_uuid}": Metric,
    "POST custom_metrics/{run_uuid}/create": NewMetric,
    "POST custom_metrics/{run_uuid}/delete": Metric,
}


def schema_of(method: str, path: str) -> type[BaseModel] | None:
    """Return the schema of the body of a request; None for a request without a body.

    Args:
        method: of HTTP, such as POST.
        path: the pattern of the path, below /api/v1/.
    """
    if method == "GET":
        return None
    if "/preferences/" in path:
        return Preferences
    if path.startswith("logs/"):
        return LogView
    return _BODIES.get(f"{method} {path}", Anything)
