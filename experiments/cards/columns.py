"""The columns of a card: problems at their published settings, in four groups.

Where a paper states betas, a horizon or a step size, the column has them; the rest are our
choices, and `source` says which. A linear column is a `sequence` (`amsgrad/problems/sequence.py`):
the slopes of one period and their order. So one compiled loop for each order serves all of them,
and the mean step has its slopes. A drawn column has the law of the published problem, and draws of
its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amsgrad.problems.adafom import AdaFom
from amsgrad.problems.adopt import Adopt
from amsgrad.problems.online import Online
from amsgrad.problems.polynomial import Polynomial
from amsgrad.problems.sequence import numbers_of
from amsgrad.problems.stochastic import Stochastic
from amsgrad.problems.theorem2 import Theorem2
from amsgrad.problems.zhang import Zhang

CYCLIC, SHUFFLED, DRAWN, NONLINEAR = "cyclic", "reshuffled", "independent", "non-linear"
GROUPS = (CYCLIC, SHUFFLED, DRAWN, NONLINEAR)
ORDERS = {CYCLIC: "cyclic", SHUFFLED: "shuffled", DRAWN: "drawn"}
ROOT = {"schedule": "inverse_sqrt"}
OURS = {**ROOT, "lr": 1.0, "steps": 10_000_000}


@dataclass(frozen=True)
class Column:
    """One problem with the settings of its runs.

    Args:
        name: on the command line and in files.
        title: in the picture, in lines.
        group: one of GROUPS.
        source: the paper, and which settings are ours, without a full stop.
        settings: of the runs, as `Config` takes them; beta1 and beta2 only where the paper states
            them.
        slopes: of a linear problem, as `sequence` takes them.
    """

    name: str
    title: str
    group: str
    source: str
    settings: Mapping[str, Any]
    slopes: str = ""

    @property
    def order(self) -> str:
        """The order, as `sequence` names it; empty where the losses are not linear."""
        return ORDERS.get(self.group, "")

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """The slopes of one period."""
        return np.array(numbers_of(self.slopes), float)

    @property
    def price(self) -> float:
        """S / (P max|g|), the mean loss in units of the largest; NaN if the losses are not linear.

        It is how unlevel the losses are: an optimizer that is wrong at a higher price is worse.
        """
        if not self.slopes:
            return np.nan
        g = self.numbers
        return abs(float(g.sum())) / (g.size * float(np.abs(g).max()))

    def about(self) -> dict[str, Any]:
        """Return what a file says of the column."""
        known: dict[str, Any] = {"title": self.title.replace("\n", " "), "group": self.group}
        known |= {"source": self.source, "settings": {**self.settings, **self.problem}}
        if self.slopes:
            total = float(self.numbers.sum())
            known |= {"period": self.numbers.size, "sum": total, "price": self.price}
        return known

    @property
    def problem(self) -> dict[str, Any]:
        """The settings that make the problem, for `Config`."""
        if not self.slopes:
            return {}
        return {"problem": "sequence", "slopes": self.slopes, "order": self.order}


def _stated(published: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: published[name] for name in names}


_ONLINE = Online.published[0].settings
_SHI = Theorem2.published[0].settings
_STOCHASTIC = Stochastic.published[0].settings
_ADOPT = Adopt.published[0].settings
_ZHANG = Zhang.published[0].settings
_ADAFOM = AdaFom.published[0].settings
_POLYNOMIAL = Polynomial.published[0].settings

_COLUMNS = (
    Column(
        "online", "Figure 1\nonline", CYCLIC,
        "Reddi, Kale and Kumar, ICLR 2018, Figure 1: 1010 once, -10 one hundred times, its betas;"
        " step size and horizon read off the figure",
        {**_ONLINE, **ROOT, "lr": 0.5, "steps": 7_000_000}, "1010,-10x100",
    ),
    Column(
        "theorem2", "Theorem 2\nC = 150", CYCLIC,
        "Reddi, Kale and Kumar, ICLR 2018, Theorem 2: C once, -1 C - 1 times, with the step size"
        " and the horizon of Shi et al., ICLR 2021; C is ours",
        _stated(_SHI, "schedule", "lr", "steps"), "150,-1x149",
    ),
    Column(
        "period3", "period 3", CYCLIC,
        "ours: -2, -1, 3 + 1e-5 in whole numbers; all settings ours",
        {**OURS, "lr": 100.0}, "-200000,-100000,300001",
    ),
    Column(
        "mirrored", "-400 once\n401 times +1", CYCLIC,
        "ours: Theorem 2 mirrored; all settings ours", OURS, "-400,1x401",
    ),
    Column(
        "zeros", "-1, +1, 0\nP = 568", CYCLIC,
        "ours: no slope above 1 in size; all settings ours", OURS, "-1x141,1x142,0x285",
    ),
    Column(
        "theorem2-shuffled", "150 once\n149 times -1", SHUFFLED,
        "ours: the losses of theorem2, each once an epoch in a fresh random order",
        _stated(_SHI, "schedule", "lr", "steps"), "150,-1x149",
    ),
    Column(
        "mirrored-shuffled", "-400 once\n401 times +1", SHUFFLED,
        "ours: the losses of mirrored, each once an epoch in a fresh random order",
        {**OURS, "steps": 2_000_000}, "-400,1x401",  # a shuffled step costs ten of another order
    ),
    Column(
        "stochastic", "Figure 1\nstochastic", DRAWN,
        "Reddi, Kale and Kumar, ICLR 2018, Figure 1: 1010 with probability 0.01, else -10, its"
        " betas; step size and horizon read off the figure",
        {**_STOCHASTIC, **ROOT, "lr": 0.5, "steps": 10_000_000}, "1010,-10x99",
    ),
    Column(
        "adopt", "ADOPT's toy\nk = 50", DRAWN,
        "Taniguchi et al., NeurIPS 2024, Figure 1, from memory: 2500 with probability 1/50, else"
        " -50, beta2 the largest of its four; the horizon is ours",
        {
            **_stated(_ADOPT, "beta1", "lr", "schedule", "schedule_rate", "x0"),
            "beta2": max(_ADOPT["beta2"]),
            "steps": 10_000_000,
        },
        "2500,-50x49",
    ),
    Column(
        "mirrored-drawn", "-400 once\n401 times +1", DRAWN,
        "ours: the losses of mirrored, drawn independently", OURS, "-400,1x401",
    ),
    Column(
        "zhang", "Zhang\nn = 50", NONLINEAR,
        "Zhang et al., NeurIPS 2022, first author's thesis: 50 batches in cyclic order, its step"
        " size; a = 1 and the horizon are ours: after its 50,000 steps most are still on their way",
        {
            "problem": "zhang",
            "order": "cyclic",
            "period": max(_ZHANG["period"]),
            **_stated(_ZHANG, "schedule", "lr"),
            "steps": 10_000_000,
        },
    ),
    Column(
        "adafom", "AdaFom\n11 functions", NONLINEAR,
        "Chen, Liu, Sun and Hong, ICLR 2019, from memory; the horizon is ours, and its beta1 = 0"
        " is left out: ACProp and AdaBelief divide by the deviation of g from m, then 0",
        {"problem": "adafom", **_stated(_ADAFOM, "schedule", "lr"), "steps": 10_000_000},
    ),
    Column(
        "rare", "rare gradient\nN = 1000", NONLINEAR,
        "Kar, arXiv 2609.37535, from a summary: its constant step, in another coordinate; N, the"
        " step size, its horizon and eps are ours: so small a step tells 1/N from what is 5% away",
        {
            "problem": "rare",
            "period": 1000,
            "schedule": "constant",
            "lr": 2e-6,
            "steps": 10_000_000,
        },
    ),
    Column(
        "quadratic", "quadratic\nBernoulli(.01)", NONLINEAR,
        "Dereich et al., arXiv 2511.06675, from its abstract: random targets; the law, beta2, the"
        " constant step, the start and the horizon are ours",
        {
            "problem": "quadratic",
            "targets": "1,0x99",
            "beta2": 0.99,
            "x0": 0.02,  # right is what is within 5% of x* = 0.01
            "schedule": "constant",
            "lr": 1e-6,
            "steps": 10_000_000,
        },
    ),
    Column(
        "polynomial", "x^4 / 4\nconstant step", NONLINEAR,
        "Bai et al., ICML 2026, from a summary: its betas, step size and horizon, but not its"
        " memory at first; gradient descent is slow where the curvature vanishes",
        {
            "problem": "polynomial",
            **_stated(_POLYNOMIAL, "degree", "beta1", "beta2", "lr", "x0", "steps"),
        },
    ),
)  # fmt: skip

COLUMNS: dict[str, Column] = {column.name: column for column in _COLUMNS}
