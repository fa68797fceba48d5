"""Step sizes fitted to the curves of Figure 1, online, by the terms of their law."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amsgrad.config.build import build_setup
from amsgrad.config.run_config import Config
from amsgrad.fit import fit_step_size, fit_terms
from amsgrad.laws.leading import leading
from amsgrad.problems.online import Online
from amsgrad.whole_periods import over_periods
from experiments.figures.readings import Readings, readings
from experiments.figures.runs import compiled

OPTIMIZERS = ("adam", "amsgrad")
ARRIVED = 0.95  # x below +1 by more than the mean of its teeth
SEEN = 39_000  # t at which the line through the readings of x over sqrt(t) passes ARRIVED
BASE = {
    **Online.published[0].settings,
    "semantics": "paper",
    "eps": 0.0,
    "schedule": "inverse_sqrt",
    "first_t": 1,
    "x0": 0.0,
}
ONLINE = {"problem": "online", "steps": 7_000_000, "dtype": "float64"}


def config(
    opt: str, lr: float, settings: Mapping[str, Any], variant: str | None = None, **more: Any
) -> Config:
    """Return a run of the online panels; `more` replaces settings.

    Args:
        opt: adam or amsgrad.
        lr: alpha.
        settings: of the figure.
        variant: a rule of `amsgrad/variants.py`, which takes the divisor of that optimizer.
        more: settings of the run.
    """
    if variant is not None:
        more |= {"divisor": "v" if opt == "adam" else "vmax"}
        opt = f"amsgrad.variants:{variant}"
    return Config(**{**settings["base"], **settings["online"], **more, "opt": opt, "lr": lr})


def online(
    opt: str, lr: float, at: NDArray[np.int64], settings: Mapping[str, Any], **more: Any
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the average regret and x_t around these steps, means over a period."""
    return over_periods(compiled(config(opt, lr, settings, **more)), at)


def read(opt: str, settings: Mapping[str, Any], quantity: str = "average_regret") -> Readings:
    """Return the readings of a curve, up to the last step that is run."""
    last = settings["online"]["steps"]
    return readings(settings["readings"], "online", opt, quantity, last)


def level(opt: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return level and constant of a curve, its alpha, and what else would meet the readings."""
    points, one = read(opt, settings), config(opt, 1.0, settings)
    form = one.make_form()
    assert form is not None
    law = leading(build_setup(one), form, 1.0)
    limit, kappa = float(law.limit), float(law.kappa)
    terms = fit_terms(*points, limit)
    powers = [
        p
        for p in np.arange(*settings["powers"])
        if np.isfinite(fit_terms(*points, limit, p).kappa.least)
    ]
    return {
        "law_limit": limit,
        "law_kappa": kappa,
        "kappa": terms.kappa,
        "constant": terms.constant,
        "lr": np.array(terms.kappa) / kappa,
        "free_limit": fit_terms(*points).limit,
        "power": (powers[0], powers[-1]) if powers else (np.nan, np.nan),
    }


def off(
    opt: str, lr: float, limit: float, settings: Mapping[str, Any], **more: Any
) -> tuple[float, float]:
    """Return the constant of a run, and its largest difference from the readings."""
    points = read(opt, settings)
    curve, _ = online(opt, lr, points.t, settings, **more)
    constant = fit_terms(points.t, curve, points.accuracy, limit).constant.best
    return constant, float(np.abs(curve - points.value).max())


def met(opt: str, settings: Mapping[str, Any]) -> float:
    """Return the largest difference over accuracy of the run that `meets` names.

    Below 1 it meets all readings.
    """
    points = read(opt, settings)
    curve, _ = online(opt, at=points.t, settings=settings, **settings["meets"][opt])
    return float((np.abs(curve - points.value) / points.accuracy).max())


def joint(
    settings: Mapping[str, Any], between: tuple[float, float], **more: Mapping[str, Any]
) -> tuple[float, float, float]:
    """Fit one step size to both curves at once.

    Args:
        settings: of the figure.
        between: least and largest step size.
        more: settings of each optimizer that replace those.

    Returns:
        The step size, and the largest difference of Adam and of AMSGrad.
    """
    points = [read(opt, settings) for opt in OPTIMIZERS]
    wanted, accuracy = (np.concatenate([p[i] for p in points]) for i in (1, 2))

    def curves(lr: float) -> NDArray[np.float64]:
        pairs = zip(OPTIMIZERS, points, strict=True)
        parts = [online(opt, lr, p.t, settings, **more[opt])[0] for opt, p in pairs]
        scaled: NDArray[np.float64] = np.concatenate(parts) / accuracy
        return scaled

    fit = fit_step_size(curves, wanted / accuracy, *between)
    differences = np.abs(curves(fit.lr) * accuracy - wanted)
    adam, amsgrad = np.split(differences, [points[0].t.size])
    return fit.lr, float(adam.max()), float(amsgrad.max())


def arrival(lr: float, until: int, settings: Mapping[str, Any], **more: Any) -> float:
    """Return about the t from which on Adam's x, a mean over a period, is above ARRIVED, or NaN."""
    at = np.unique(np.geomspace(1000, until, 400).astype(np.int64))
    _, x = online("adam", lr, at, settings, **more)
    above = np.flatnonzero(x > ARRIVED)
    return float(at[above[0]]) if above.size else np.nan


def about(t: float) -> int | None:
    """Return an arrival in the two digits that its grid of t gives; None for NaN.

    >>> about(6153.0), about(6194.0)
    (6200, 6200)
    """
    return None if np.isnan(t) else int(float(f"{t:.1e}"))
