"""What a panel is asked for: the command line, read and checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from amsgrad.field_types import OneOf, Real, Whole
from amsgrad.options import ConfigError, Option, Role
from experiments.command import Command
from experiments.config.arguments import APP
from experiments.config.field_types import Formats, Place, Several
from experiments.figure2.panels import BETAS2, PANELS

MOST_SEEDS = 1_000
MOST_ITERATIONS = 10_000_000  # the paper's longest curves have 2.1 million
NAME = Option(OneOf(tuple(PANELS)), "Name of a panel")
COMMAND = Command(
    "figure2",
    "Train the network of one panel of the paper's Figure 2, with Adam and AMSGrad, over a grid.",
    "logistic --data data/mnist --alpha 0.01,0.1 --seeds 1",
    options={
        "data": Option(
            Place("folder"),
            "Folder of the data's files, by default data/mnist or data/cifar10",
            default=None,
        ),
        "alpha": Option(
            Several(Real(above=0)),
            "Step sizes alpha, by default a grid of the panel's own",
            default=None,
        ),
        "beta2": Option(Several(Real(0, below=1)), "Decay rates of v", default=BETAS2),
        "seeds": Option(
            Whole(1, MOST_SEEDS), "Number of seeds of the batches and of the weights", default=3
        ),
        "iterations": Option(
            Whole(1, MOST_ITERATIONS),
            "Iterations of a run, by default 5000, and 1000 of CIFARNET",
            Role.LENGTH, default=None,
        ),
        "every": Option(
            Whole(1), "Iterations between two records of the losses", Role.WATCHES, default=250
        ),
        "out": Option(
            Place("folder"), "Folder for the figure, and for a folder with its runs", Role.WATCHES,
            default=Path("results"),
        ),
        "format": Option(Formats(), "Picture files", Role.WATCHES, default="png,svg"),
        "width": Option(
            Real(3.2, 20), "Width of the figure in inches", Role.WATCHES, default=7.2
        ),
        "app": APP,
    },
    flags={
        "made": "Take small images made from a seed, and no data: a trial of the program",
        "json": "Print the findings as one JSON object, the last line of standard output",
    },
    words=("PANEL", str(NAME.type)),
    repeated=("alpha", "beta2"),
    epilog="After Ctrl-C or kill -9 the same command goes on.",
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """One panel. `data` is None for made images."""

    panel: str
    data: Path | None
    alphas: Sequence[float]
    betas2: Sequence[float]
    seeds: int
    iterations: int
    every: int
    out: Path
    formats: Sequence[str]
    width: float
    app: str | None
    json: bool


def read(arguments: Sequence[str]) -> Asked:
    """Return what the arguments ask for.

    Raises:
        ConfigError: one sentence about the first thing that is wrong.
        SystemExit: 0 after --help.
    """
    values = COMMAND.values(arguments)
    if len(values["words"]) != 1:
        raise ConfigError(f"the name of one panel must be given: {NAME.type}")
    name = NAME.read(values["words"][0], "the name of a panel")
    panel = PANELS[name]
    if values["made"] and values["data"] is not None:
        raise ConfigError("--made takes no data; give --data or --made")
    return Asked(
        name,
        None if values["made"] else values["data"] or Path("data", panel.images),
        sorted(values["alpha"] or panel.alphas),
        sorted(values["beta2"]),
        values["seeds"],
        values["iterations"] or panel.iterations,
        values["every"],
        values["out"],
        values["format"].split(","),
        values["width"],
        values["app"],
        values["json"],
    )
