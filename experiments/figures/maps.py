"""Maps over betas, evenly in the decades of 1 - beta."""

from typing import Any

import numpy as np
import xarray
from matplotlib.axes import Axes

from experiments.figures import style


def betas(last: float, number: int) -> list[float]:
    """Return betas from 0 to 1 - 10^-last.

    >>> betas(2, 3)
    [0.0, 0.9, 0.99]
    """
    return [float(1 - 10.0**-decade) for decade in np.linspace(0, last, number)]


def panel(axes: Axes, values: xarray.DataArray, **colors: Any) -> Any:
    """Draw a map of values over two coordinates, the first one across; return the image.

    An axis of betas is labelled by them.
    """
    across, up = values.dims
    image = axes.pcolormesh(
        _scale(values[across]), _scale(values[up]), values.T, cmap="PuOr_r", rasterized=True,
        **colors,
    )  # fmt: skip
    for axis, name in ((axes.xaxis, str(across)), (axes.yaxis, str(up))):
        if name.startswith("beta"):
            style.beta_axis(axis, int(name[-1]), float(_scale(values[name])[-1]))
    axes.label_outer()
    return image


def contour(axes: Axes, values: xarray.DataArray, level: float) -> None:
    """Draw the line on which values over two coordinates have this level."""
    across, up = (_scale(values[dim]) for dim in values.dims)
    axes.contour(across, up, values.T, levels=[level], colors=style.BLACK, linewidths=1.3)


def _scale(coordinate: xarray.DataArray) -> xarray.DataArray:
    return style.decades(coordinate) if str(coordinate.name).startswith("beta") else coordinate
