"""The schemas of packets: what labml sends about a run or a computer, within bounds.

Entries beyond the fields are dropped.
"""

import math
import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    FiniteFloat,
    RootModel,
    model_validator,
)

from experiments.tracking.remotes import without_users

# Curves travel as float32; beyond it labml_app's answers are not JSON any more.
FLOAT32 = 3.4e38
# No run has more steps. labml_app goes once through a curve for each factor of 2 between the
# smallest and the largest distance of its steps.
FARTHEST = 2.0**63
# All requests wait while one is answered. These bound the work of one, and what a run leaves for
# each later request to go through.
MOST_PACKETS = 20
MOST_NAMES = 1000  # of hyper-parameters and the like
MOST_CURVES = 200  # of a run, and of all packets of a request together
MOST_POINTS = 100_000  # of all packets of a request together; labml sends 1024 of a curve at once
LONGEST_LINE = 10_000  # of a log: labml_app goes again through a line at each addition to it

Scalar = bool | int | FiniteFloat | str | None
Value = Scalar | list[Scalar] | dict[str, Scalar]
Names = list[str]
Some = Field(max_length=MOST_NAMES)


def _broken(log: str) -> str:
    return re.sub(rf"[^\r\n]{{{LONGEST_LINE}}}", r"\g<0>\n", log)


NullableText = Annotated[str, BeforeValidator(lambda given: "" if given is None else given)]
Step = Annotated[FiniteFloat, Field(ge=-FARTHEST, le=FARTHEST)]
Log = Annotated[str, AfterValidator(_broken)]


class Series(BaseModel):
    """A piece of one curve; labml sends NaN and infinity as they are."""

    step: Annotated[list[Step], Field(min_length=1)]
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


class ConfigEntry(BaseModel):
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


class RunStatus(BaseModel):
    """The status of a run or a computer."""

    rank: int = 0
    status: Literal["in progress", "completed", "crashed", "interrupted"]
    details: str | None = None
    time: FiniteFloat = 0.0


class Packet(BaseModel):
    """A part of what labml sends about a run or a computer."""

    name: NullableText = ""
    comment: NullableText = ""
    status: RunStatus | None = None
    track: dict[str, Series] = {}


class RunPacket(Packet):
    """A packet of a run."""

    tags: Names = []
    python_file: NullableText = ""
    repo_remotes: Annotated[Names, AfterValidator(without_users)] = []
    commit: NullableText = ""
    commit_message: NullableText = ""
    start_step: int = 0
    computer: NullableText = ""
    pid: int = 0
    main_rank: int = 0
    configs: Annotated[dict[str, ConfigEntry], Some] = {}
    favorite_configs: Names = []
    selected_configs: Names = []
    indicators: Annotated[dict[str, dict[str, Scalar]], Some] = {}
    wildcard_indicators: Annotated[dict[str, dict[str, Scalar]], Some] = {}
    stdout: Log | None = None
    stderr: Log | None = None
    logger: Log | None = None
    # ours alone, from `import`: the start of the run, and the uuids of runs that it replaces
    started: FiniteFloat | None = None
    replaces: Annotated[Names, Some] = []


class SessionPacket(Packet):
    """A packet of a computer, from `labml monitor`."""

    configs: Annotated[dict[str, Value], Some] = {}


def _listed(sent: Any) -> Any:
    return [sent] if isinstance(sent, dict) else sent


def _bounded(packets: list[Any]) -> list[Any]:
    curves = [series for packet in packets for series in packet.track.values()]
    if len(curves) > MOST_CURVES:
        raise ValueError(f"the packets of a request may have {MOST_CURVES} curves at most")
    if sum(len(series.step) for series in curves) > MOST_POINTS:
        raise ValueError(f"the packets of a request may have {MOST_POINTS:,} points at most")
    return packets


def _packets(kind: Any) -> type[BaseModel]:
    some = Field(max_length=MOST_PACKETS)
    return RootModel[
        Annotated[list[kind], some, BeforeValidator(_listed), AfterValidator(_bounded)]
    ]


RUN_PACKETS = _packets(RunPacket)
SESSION_PACKETS = _packets(SessionPacket)
