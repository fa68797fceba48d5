"""What labml and its page may send: checked here, since labml_app's handlers check nothing."""

import math
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, FiniteFloat, RootModel, model_validator

# Curves travel as float32; beyond it labml_app's answers are not JSON any more.
FLOAT32 = 3.4e38

Scalar = bool | int | FiniteFloat | str | None
Value = Scalar | list[Scalar] | dict[str, Scalar]
Names = list[str]
Text = Annotated[str, BeforeValidator(lambda given: "" if given is None else given)]


# Each name is a curve that every later request must go through.
MOST_CURVES = 200


class Form(BaseModel):
    """A JSON object; what it has beyond its fields is dropped."""


class Series(Form):
    """A piece of one curve; labml sends NaN and infinity as they are."""

    step: Annotated[list[FiniteFloat], Field(min_length=1)]
    value: list[float]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.step) != len(self.value):
            raise ValueError("as many steps as values are needed")
        self.value = [_clip(v) if math.isfinite(v) else v for v in self.value]
        return self


def _clip(value: float) -> float:
    return max(-FLOAT32, min(FLOAT32, value))


class ConfigEntry(Form):
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


class RunStatus(Form):
    """How the run is."""

    rank: int = 0
    status: Literal["in progress", "completed", "crashed", "interrupted"]
    details: str | None = None
    time: FiniteFloat = 0.0


class RunPacket(Form):
    """What labml tells of a run, a part at a time."""

    name: Text = ""
    comment: Text = ""
    tags: Names = []
    python_file: Text = ""
    repo_remotes: Names = []
    commit: Text = ""
    commit_message: Text = ""
    start_step: int = 0
    computer: Text = ""
    pid: int = 0
    main_rank: int = 0
    configs: dict[str, ConfigEntry] = {}
    favorite_configs: Names = []
    selected_configs: Names = []
    indicators: dict[str, dict[str, Scalar]] = {}
    wildcard_indicators: dict[str, dict[str, Scalar]] = {}
    status: RunStatus | None = None
    track: Annotated[dict[str, Series], Field(max_length=MOST_CURVES)] = {}
    stdout: str | None = None
    stderr: str | None = None
    logger: str | None = None
    # ours alone, from `import`: when the run began, and the runs that it takes the place of
    started: FiniteFloat | None = None
    replaces: Names = []


class SessionPacket(Form):
    """What `labml monitor` tells of a computer."""

    name: Text = ""
    comment: Text = ""
    configs: dict[str, Value] = {}
    status: RunStatus | None = None
    track: Annotated[dict[str, Series], Field(max_length=MOST_CURVES)] = {}


class RunPackets(RootModel[list[RunPacket] | RunPacket]):
    """One packet or several."""


class SessionPackets(RootModel[list[SessionPacket] | SessionPacket]):
    """One packet or several."""


class Runs(Form):
    """The runs to archive, to bring back or to delete."""

    run_uuids: Names


class Sessions(Form):
    """The computers to delete."""

    session_uuids: Names


class Edit(Form):
    """What a person may change of a run or a computer."""

    name: str = ""
    comment: str = ""
    note: str = ""
    favourite_configs: Names = []
    selected_configs: Names = []


class Theme(Form):
    """How the page looks."""

    theme: str = ""


class User(Form):
    """The settings of the local user."""

    user: Theme


class Anything(Form):
    """An object of which nothing is used."""


class WhichMetrics(Form):
    """Whether to send curves that are not shown, too."""

    get_all: bool


class Preferences(Form):
    """How a chart looks; of a comparison, what it compares with."""

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


class NewMetric(Form):
    """A chart of the user's own."""

    name: str
    description: str = ""


class Metric(Form):
    """A change of such a chart."""

    id: str
    name: str = ""
    description: str = ""
    preferences: Preferences | None = None


class LogPage(Form):
    """Which page of a log."""

    page: int = -1


class Wrapping(Form):
    """Whether to wrap the lines of a log."""

    wrap_logs: bool = True


_BODIES: Mapping[str, type[BaseModel]] = {
    "POST {labml_token}/track": RunPackets,
    "POST {labml_token}/computer": SessionPackets,
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


def form_of(method: str, path: str) -> type[BaseModel] | None:
    """What the body of such a request must be; None for one that has none.

    Args:
        method: of HTTP, such as POST.
        path: the pattern of the path, below /api/v1/.
    """
    if method == "GET":
        return None
    if "/preferences/" in path:
        return Preferences
    if path.startswith("logs/"):
        return Wrapping if path.endswith("/opt") else LogPage
    return _BODIES.get(f"{method} {path}", Anything)
