"""A run that shows a find: its settings, from what is known of the find, and what it shows.

At a constant step alpha a period moves x by alpha |D| towards the worse end of F, and then x stays
within alpha A of it, where alpha A is the most that x goes back on its way (`enclosure.py`). The
verdict takes x for being at an end within 0.1 of it. So the largest step size that shows a find,
and with it the shortest run, is about

    alpha = 0.08 / A,    T = 2 P / (alpha |D|) = 25 P A / |D|

since x has at most 2 to go. A is of the order of P, hence T of that of T* = P^2 / |D|. A step size
that decays takes longer, since its last steps must be as small. A follows from the closed form of
the steps; without one it is measured at a tiny step, at which x meets no end of F. The run has 2 T
steps, after those in which the memory settles.

In double precision a step near x = 1 is rounded by up to 1.1e-16. What rounding may do to x in a
period must be far below alpha |D|, or a run may show the rounding.
"""

import numpy as np

from amsgrad.config.build import SEARCHED, build_engine, build_setup
from amsgrad.config.run_config import EVERY, Config
from amsgrad.cycles.certificate import why_no_cycle
from amsgrad.engines.base import Records, RunEngine, State
from amsgrad.engines.driver import drive
from amsgrad.problems.sequence import text_of
from amsgrad.schedules import record_steps
from amsgrad.search.find import Find
from amsgrad.theory import closed_form
from amsgrad.verdict import WORST, verdict
from experiments.finds.confirmation import Confirmation

BACK = 0.08  # alpha A: how far x may go back
TINY = 2.0**-60  # the step size of the pilot, at which x = 0 stays far from the ends of F
PILOT = 2**20  # steps, in which the memory settles
MOST_STEPS = {"compiled": 1_000_000_000, "torch": 100_000}  # in some 10 s
LOST = 100  # alpha |D| is at least so many times what rounding may do in a period
FEWEST, MOST_RECORDS = 100, 10**6  # records, from which the verdict reads where x is
PIECE = 50_000_000  # steps between two looks at Ctrl-C


class NotShown(ValueError):
    """No run within the limits shows the find; the message says why."""


def confirm(find: Find, most_steps: int | None = None) -> Confirmation:
    """Run what shows a find, to its end.

    Args:
        find: of a rule, or of a torch optimizer.
        most_steps: the longest run that is allowed; None is about 10 seconds of its engine.

    Raises:
        NotShown: a longer run is needed, or double precision does not suffice; or the run ended
            elsewhere.
        ConfigError: the optimizer cannot be run.
    """
    config = settings(find, most_steps)
    engine = build_engine(config)
    state, records = _run(engine, config)
    judged = verdict(
        records.step,
        records.x,
        config.make_problem(),
        x0=config.x0,
        constant_step=True,
        cycle=engine.certificate,
        finite=bool(state.finite),
    )
    if judged.place != WORST:
        raise NotShown(
            f"A run of {config.steps:,} steps of {config.lr:g} does not show it: {judged.place},"
            f" {judged.reason}"
        )
    return Confirmation(config, float(state.x), judged, engine.certificate)


def settings(find: Find, most_steps: int | None = None) -> Config:
    """Return the settings of the shortest run that shows a find at a constant step.

    Args, Raises: as for `confirm`.
    """
    slopes, order = text_of(find.slopes), find.order
    config = Config(
        opt=find.opt,
        **find.options,
        problem="sequence",
        slopes=slopes,
        order=order,
        dtype="float64",
    )
    most = MOST_STEPS[config.engine_name] if most_steps is None else most_steps
    pilot = min(max(PILOT, 8 * find.period), min(most, MOST_STEPS[config.engine_name]) // 20)
    size = find.period**2 / find.horizon  # |D|
    alpha = float(f"{BACK / _way_back(find, config, pilot):.1e}")
    if alpha * size < LOST * find.period * np.finfo(float).eps / 2:
        raise NotShown(
            f"A period moves x by {alpha * size:.1e} at the step size {alpha:g}: that is lost in"
            " the rounding of double precision"
        )
    steps = pilot + 4 * find.period / (alpha * size)
    if steps > most:
        raise NotShown(f"A run that shows it needs {steps:.1e} steps; {most:.1e} are allowed")
    steps = int(float(f"{steps:.1e}"))
    certify = "yes" if steps > SEARCHED and _may_repeat(config) else "auto"
    own = {
        "lr": alpha,
        "steps": steps,
        "certify": certify,
        "every": max(1, min(EVERY, steps // FEWEST), steps // MOST_RECORDS),
    }
    return Config(**{**config.settings(), **own})


def _may_repeat(config: Config) -> bool:
    return not config.foreign and why_no_cycle(build_setup(config), config.make_rule()) is None


def _way_back(find: Find, config: Config, pilot: int) -> float:
    """Return A: how far x goes back from the farthest place so far, at alpha = 1."""
    form = None if config.foreign or find.order != "cyclic" else config.make_form()
    if form is not None:
        step = closed_form.steps(form, np.array(find.slopes, float))
        x = -np.tile(step, 3).cumsum() * np.sign(find.sum)
        return float(np.max(np.maximum.accumulate(x) - x))
    tiny = {"lr": TINY, "steps": pilot, "every": 1, "certify": "no", "x0": 0.0}
    test = Config(**{**config.settings(), **tiny})
    _, records = _run(build_engine(test), test)
    x = records.x[records.step > pilot // 2] * np.sign(find.sum) / TINY
    return float(np.max(np.maximum.accumulate(x) - x))


def _run(engine: RunEngine, config: Config) -> tuple[State, Records]:
    at = record_steps(config.steps, config.every)
    piece = None if engine.certificate else lambda: PIECE
    pieces = list(drive(engine, engine.init(), config.steps, at, piece=piece))
    return pieces[-1][0], Records.join([records for _, records in pieces])
