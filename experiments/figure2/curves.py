"""The runs of a panel as a data set, and what it shows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray

from experiments.figure2.panels import OPTIMIZERS, Reading
from experiments.figure2.plan import Cell, record_at
from experiments.figure2.question import Asked
from experiments.figure2.runs import Run
from experiments.figures.netcdf import variable

LOSSES = ("train_loss", "test_loss")
AXES = ("optimizer", "beta2", "alpha", "seed")
EARLY = 1_000  # iterations, where the paper's two curves are apart
# Names of findings. The two differences have the numbers of iterations as keys.
LOWEST = "lowest train loss at the end"
NEAREST = "nearest to the paper's points"
EQUAL = "Adam minus AMSGrad, train loss, equal settings"
PAPER = "the paper's Adam minus AMSGrad, train loss"


def to_dataset(asked: Asked, runs: Mapping[Cell, Run], points: Sequence[Reading]) -> xarray.Dataset:
    """Return the losses over the axes and the iterations, and the paper's points.

    Args:
        asked: the panel.
        runs: all of it.
        points: read off the paper's figure; none where the data are not the paper's.
    """
    grid = (OPTIMIZERS, asked.betas2, asked.alphas, range(asked.seeds))
    at = record_at(asked)
    table = np.array([np.array(run.records, float)[:, 1:].T for run in runs.values()])
    # the order of the cells: seed, alpha, beta2, optimizer
    sizes = [len(axis) for axis in reversed(grid)]
    table = table.reshape(*sizes, len(LOSSES), len(at)).transpose(3, 2, 1, 0, 4, 5)
    return xarray.Dataset(
        {
            **{
                name: variable((*AXES, "iteration"), table[..., i, :],
                               f"mean {name.replace('_', ' ')} over all images, cross entropy")
                for i, name in enumerate(LOSSES)
            },
            "paper_loss": variable("point", [p.value for p in points],
                                   "loss read off the paper's figure, accurate to about 0.003"),
            "paper_iteration": variable("point", np.array([p.iteration for p in points], int),
                                        "iteration of that point", "iterations"),
            "paper_optimizer": ("point", np.array([p.optimizer for p in points], str)),
            "paper_quantity": ("point", np.array([p.quantity for p in points], str)),
        },
        {
            "optimizer": list(OPTIMIZERS),
            "beta2": variable("beta2", list(asked.betas2), "decay rate of v"),
            "alpha": variable("alpha", list(asked.alphas), "step size alpha"),
            "seed": variable("seed", list(grid[3]), "seed of the batches and the weights"),
            "iteration": variable("iteration", at, "iterations done", "iterations"),
        },
        {"panel": asked.panel},
    )  # fmt: skip


def findings(data: xarray.Dataset) -> dict[str, Any]:
    """Return the best and the nearest settings, and how far the two are apart at equal ones."""
    read = sorted({*data.paper_iteration.values.tolist()} & {*data.iteration.values.tolist()})
    gaps = {at: _gap(data, at) for at in read or [int(data.iteration[-1])]}
    return {
        LOWEST: {opt: _levels(data, opt, best(data, opt)) for opt in OPTIMIZERS},
        NEAREST: {opt: found for opt in OPTIMIZERS if (found := _nearest(data, opt)) is not None},
        "one setting for both, nearest": _joint(data),
        EQUAL: gaps,
        PAPER: _paper_gaps(data),
    }


def best(data: xarray.Dataset, optimizer: str) -> dict[str, float]:
    """Return beta2 and alpha with the lowest mean train loss over the seeds at the end."""
    return _least(
        data.train_loss.sel(optimizer=optimizer).isel(iteration=-1).mean("seed", skipna=False)
    )


def nearest(data: xarray.Dataset, optimizer: str) -> dict[str, float] | None:
    """Return beta2 and alpha at which the mean curves are nearest to the paper's points."""
    off = _differences(data, optimizer)
    return None if off is None else _least((off**2).mean("point", skipna=False))


def _least(table: xarray.DataArray) -> dict[str, float]:
    where = table.fillna(np.inf).argmin(["beta2", "alpha"])
    found = table.isel(where)
    return {name: float(found[name]) for name in ("beta2", "alpha")}


def _levels(data: xarray.Dataset, optimizer: str, where: Mapping[str, float]) -> dict[str, Any]:
    """Return mean, least and largest loss over the seeds at the paper's iterations."""
    own = data.sel({"optimizer": optimizer, **where})
    at = {EARLY, *data.paper_iteration.values.tolist(), int(data.iteration[-1])}
    shown = sorted(at & set(data.iteration.values.tolist()))
    return {
        **where,
        **{
            f"{name} after {t} iterations": _spread(own[name].sel(iteration=t))
            for name in LOSSES
            for t in shown
        },
    }


def _spread(values: xarray.DataArray) -> list[float]:
    return [round(float(v), 4) for v in (values.mean(), values.min(), values.max())]


def _differences(data: xarray.Dataset, optimizer: str) -> xarray.DataArray | None:
    """Return the mean curves minus the paper's points, over beta2, alpha and point."""
    own = [
        data[str(data.paper_quantity.values[i])]
        .sel(optimizer=optimizer, iteration=int(data.paper_iteration[i]), drop=True)
        .mean("seed", skipna=False)
        - data.paper_loss[i]
        for i in range(data.sizes["point"])
        if data.paper_optimizer.values[i] == optimizer
        and int(data.paper_iteration[i]) in data.iteration.values
    ]
    return xarray.concat(own, "point", coords="minimal", compat="override") if own else None


def _nearest(data: xarray.Dataset, optimizer: str) -> dict[str, Any] | None:
    off, where = _differences(data, optimizer), nearest(data, optimizer)
    if off is None or where is None:
        return None
    own = off.sel(where)
    return {
        **_levels(data, optimizer, where),
        "rms": round(float(np.sqrt((own**2).mean())), 4),
        "largest": round(float(abs(own).max()), 4),
    }


def _joint(data: xarray.Dataset) -> dict[str, Any] | None:
    """Return the setting nearest to the points of both optimizers."""
    found = [off for opt in OPTIMIZERS if (off := _differences(data, opt)) is not None]
    if len(found) < len(OPTIMIZERS):
        return None
    both = xarray.concat(found, "point", coords="minimal", compat="override")
    where = _least((both**2).mean("point", skipna=False))
    own = both.sel(where)
    return {
        **where,
        "rms": round(float(np.sqrt((own**2).mean())), 4),
        "largest": round(float(abs(own).max()), 4),
    }


def _gap(data: xarray.Dataset, at: int) -> dict[str, float]:
    """Return the difference of the means over the seeds for each beta2 and alpha."""
    mean = data.train_loss.sel(iteration=at).mean("seed", skipna=False)
    gap = mean.sel(optimizer="adam") - mean.sel(optimizer="amsgrad")
    return {
        f"beta2 = {float(beta2):g}, alpha = {float(alpha):g}":
            round(float(gap.sel(beta2=beta2, alpha=alpha)), 4)
        for beta2 in data.beta2 for alpha in data.alpha
    }  # fmt: skip


def _paper_gaps(data: xarray.Dataset) -> dict[int, float]:
    train = {
        (str(opt), int(t)): float(loss)
        for opt, t, what, loss in zip(
            data.paper_optimizer.values, data.paper_iteration.values,
            data.paper_quantity.values, data.paper_loss.values, strict=True,
        )
        if what == "train_loss"
    }  # fmt: skip
    times = sorted({t for _, t in train})
    return {t: round(train["adam", t] - train["amsgrad", t], 4) for t in times}
