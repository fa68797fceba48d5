"""One cell of a card: its runs and its mean step, and what follows from them."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from amsgrad.cell_verdict import Drift, Judgement, Run, judge, moves_away
from amsgrad.config.build import build_setup
from amsgrad.config.run_config import Config
from amsgrad.exponent import regret_exponent
from amsgrad.rules.rule import NEVER
from amsgrad.schedules import constant
from amsgrad.theory.mean_step import FADING, MeanStep, mean_step
from amsgrad.verdict import verdict
from experiments.cards.plan import FACTORS, PlannedCell
from experiments.cards.runs import Runs, run_rule
from experiments.sweeps.work import Stopped

NOT_LINEAR = "the losses are not linear"
POINTS = 60  # of a path in the picture
STEPS_FOR_D = {"cyclic": (0,), "shuffled": (2**22, 2**25), "drawn": (2**22, 2**25, 2**28)}
SURE = 1.5  # errors; an error is four standard errors of a random order


class Cell(NamedTuple):
    """The numbers of one optimizer on one problem.

    Args:
        facts: verdict, by, reason; D with error, size, source and horizon; what each run says, and
            why, of the first seed; and `shown`, the number of the step size of tables and pictures.
        arrays: of the runs, with a row per step size and a column per seed: x_last, average_regret,
            exponent; and at `step` the lowest, median and highest x over the seeds, and the median
            of average_regret.
    """

    facts: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


def compute_rule(cell: PlannedCell, stop: Callable[[], bool]) -> Cell:
    """Return the cell of a rule.

    Raises:
        Disagreement: the batch leaves the path of the reference engine.
        Stopped: `stop` returned True.
    """
    step = _mean_step(cell, stop) if cell.column.order else NOT_LINEAR
    return assemble(cell, run_rule(cell, stop), step)


def _mean_step(cell: PlannedCell, stop: Callable[[], bool]) -> MeanStep:
    """Return D; of a random order from more and more steps, until its sign is known.

    If the coefficients never settle and may send x anywhere, only the longest walk says something:
    ADOPT's clip acts on `stochastic` for 10^8 steps.
    """
    rule, form, column = cell.config.make_rule(), cell.config.make_form(), cell.column
    walks = STEPS_FOR_D[column.order]
    if rule.settled == NEVER and not (form and form.never_fails):
        walks = walks[-1:]
    for steps in walks:
        if stop():
            raise Stopped
        step = mean_step(rule, column.numbers, form, column.order, steps=steps)
        if abs(step.total) > SURE * step.error:
            break
    return step


def assemble(cell: PlannedCell, runs: Runs, step: MeanStep | str) -> Cell:
    """Return the cell with its verdict.

    Args:
        cell: as it was planned.
        runs: in the order of `cell.runs`.
        step: the mean step, or why there is none.
    """
    ends = [_end(config, runs, i) for i, config in enumerate(cell.runs)]
    if isinstance(step, str):
        drift: Drift | str = step
    else:
        fades, drawn = FADING in step.source, cell.column.order == "drawn"
        drift = Drift(step, cell.column.numbers, drawn, fades, cell.beta1)
    found = judge(ends, drift, cell.config.lr)
    return Cell(_facts(cell, ends, drift, found), _arrays(cell, runs))


def _end(config: Config, runs: Runs, i: int) -> Run:
    setup = build_setup(config)
    at_end = verdict(
        runs.step,
        runs.x[:, i],
        setup.problem,
        x0=config.x0,
        constant_step=setup.schedule is constant,
        finite=bool(runs.finite[i]),
    )
    return Run(at_end, setup, config.steps, moves_away(runs.step, runs.x[:, i], setup))


def _facts(
    cell: PlannedCell, ends: list[Run], drift: Drift | str, found: Judgement
) -> dict[str, Any]:
    if isinstance(drift, str):
        numbers: dict[str, Any] = dict.fromkeys(("D", "error", "size", "horizon"), np.nan)
        numbers["source"] = ""
    else:
        total, error, size, source = drift.step
        numbers = {"D": total, "error": error, "size": size, "source": source}
        numbers["horizon"] = drift.horizon
    says = np.reshape([run.says for run in ends], (len(cell.lrs), len(cell.seeds)))
    why = [run.verdict.reason for run in ends[:: len(cell.seeds)]]
    shown = _shown(np.count_nonzero(says == found.verdict, axis=1))
    runs = {"runs": says.tolist(), "reasons": why, "shown": shown}
    return {**found._asdict(), **numbers, **runs}


def _shown(agree: NDArray[np.int64]) -> int:
    """Return the number of the step size with most runs that say the verdict.

    Of several it is the one nearest to the published one.
    """
    apart = np.abs(np.log(FACTORS))
    return int(np.lexsort((apart, -agree))[0])


def _arrays(cell: PlannedCell, runs: Runs) -> dict[str, NDArray[Any]]:
    shape = len(cell.lrs), len(cell.seeds)

    def by_run(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(runs.finite, values, np.nan).reshape(shape)

    spread = np.linspace(0, runs.step.size - 1, POINTS)
    drawn = np.unique(spread.round().astype(int))
    x, average = (
        series[drawn].reshape(drawn.size, *shape) for series in (runs.x, runs.average_regret)
    )
    return {
        "x_last": by_run(runs.x_last),
        "average_regret": by_run(runs.average_regret[-1]),
        "exponent": by_run(regret_exponent(runs.step, runs.average_regret)),
        "step": runs.step[drawn],
        "x": np.moveaxis(np.quantile(x, (0, 0.5, 1), axis=-1), 2, 0),
        "average_regret_path": np.median(average, axis=-1).T,
    }
