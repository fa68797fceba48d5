"""The schemas of the requests that labml and its page send; labml_app's handlers check nothing."""

import math
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, FiniteFloat, RootModel, model_validator

# Curves travel as float32; beyond it labml_app's answers are not JSON any more.
FLOAT32 = 3.4e38
# Each name is a curve that every later request must go through.
MOST_CURVES = 200

Scalar = bool | int | FiniteFloat | str | None
Value = Scalar | list[Scalar] | dict[str, Scalar]
Names = list[str]
NullableText = Annotated[str, BeforeValidator(lambda given: "" if given is None else given)]


class Schema(BaseModel):
    """A JSON object; entries beyond its fields are dropped."""


class Series(Schema):
    """A piece of one curve; labml sends NaN and infinity as they are."""

    step: Annotated[list[FiniteFloat], Field(min_length=1)]
    value: list[float]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.step) != len(self.value):
            raise ValueError("as many steps as values are needed")
        self.value = [
            max(-FLOAT32, min(FLOAT32, value)) if math.isfinite(value) else value
            for value in self.value
        ]
        return self


class ConfigEntry(Schema):
    """One hyper-parameter."""

    name: str
    type: str = ""
    value: Value
    computed: Value
    options: list[Scalar] = []
    order: int = -1
    is_hyperparam: bool = False
    is_meta: bool = False
    is_explicitly_specified: bool = False


class RunStatus(Schema):
    """The status of a run or a computer."""

    rank: int = 0
    status: Literal["in progress", "completed", "crashed", "interrupted"]
    details: str | None = None
    time: FiniteFloat = 0.0


class Packet(Schema):
    """A part of what labml sends about a run or a computer."""

    name: NullableText = ""
    comment: NullableText = ""
    status: RunStatus | None = None
    track: Annotated[dict[str, Series], Field(max_length=MOST_CURVES)] = {}


class RunPacket(Packet):
    """A packet of a run."""

    tags: Names = []
    python_file: NullableText = ""
    repo_remotes: Names = []
    commit: NullableText = ""
    commit_message: NullableText = ""
    start_step: int = 0
    computer: NullableText = ""
    pid: int = 0
    main_rank: int = 0
    configs: dict[str, ConfigEntry] = {}
    favorite_configs: Names = []
    selected_configs: Names = []
    indicators: dict[str, dict[str, Scalar]] = {}
    wildcard_indicators: dict[str, dict[str, Scalar]] = {}
    stdout: str | None = None
    stderr: str | None = None
    logger: str | None = None
    # ours alone, from `import`: the start of the run, and the uuids of runs that it replaces
    started: FiniteFloat | None = None
    replaces: Names = []


class SessionPacket(Packet):
    """A packet of a computer, from `labml monitor`."""

    configs: dict[str, Value] = {}


class Runs(Schema):
    """The runs to archive, to bring back or to delete."""

    run_uuids: Names


class Sessions(Schema):
    """The computers to delete."""

    session_uuids: Names


class Edit(Schema):
    """A person's changes of a run or a computer."""

    name: str = ""
    comment: str = ""
    note: str = ""
    favourite_configs: Names = []
    selected_configs: Names = []


class Theme(Schema):
    """The look of the page."""

    theme: str = ""


class User(Schema):
    """The settings of the local user."""

    user: Theme


class Anything(Schema):
    """An object without entries in use."""


class WhichMetrics(Schema):
    """The choice of curves to send: all, or only those that are shown."""

    get_all: bool


class Preferences(Schema):
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


class NewMetric(Schema):
    """A new chart of the user's own."""

    name: str
    description: str = ""


class Metric(Schema):
    """A change of a chart of the user's own."""

    id: str
    name: str = ""
    description: str = ""
    preferences: Preferences | None = None


class LogView(Schema):
    """The page of a log to show, or the choice to wrap its lines."""

    page: int = -1
    wrap_logs: bool = True


_BODIES: Mapping[str, type[BaseModel]] = {
    "POST {labml_token}/track": RootModel[list[RunPacket] | RunPacket],
    "POST {labml_token}/computer": RootModel[list[SessionPacket] | SessionPacket],
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
