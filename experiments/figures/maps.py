"""Maps over betas, evenly in the decades of 1 - beta."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import xarray
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures import layout, style

LEAST = 1.6  # inches of a panel


def betas(last: float, number: int) -> list[float]:
    """Return betas from 0 to 1 - 10^-last.

    >>> betas(2, 3)
    [0.0, 0.9, 0.99]
    """
    return [float(1 - 10.0**-decade) for decade in np.linspace(0, last, number)]


def draw(
    figure: Figure, values: xarray.DataArray, label: str, **colors: Any
) -> Iterator[tuple[Axes, tuple[Any, Any]]]:
    """Draw a map for each combination of the first two coordinates, and one bar of colours.

    Args:
        values: the third coordinate goes across, the fourth upwards.
        label: of the bar.
        colors: limits or norm of the colours.

    Returns:
        The panels, each with its two values.
    """
    rows, columns, across, up = (values[dim] for dim in values.dims)
    cases, wide = list(product(rows.values, columns.values)), columns.size
    if figure.get_figwidth() < wide * LEAST:  # then a row of panels becomes a column
        cases, wide = [(row, column) for column in columns.values for row in rows.values], rows.size
    panels = layout.panels(figure, len(cases), wide, LEAST, 2.5, sharex=True, sharey=True)
    for axes, (row, column) in zip(panels, cases, strict=True):
        one = values.sel({rows.name: row, columns.name: column})
        image = axes.pcolormesh(
            _scale(across), _scale(up), one.T, cmap="PuOr_r", rasterized=True, **colors
        )
        for axis, coordinate in ((axes.xaxis, across), (axes.yaxis, up)):
            if coordinate.name == "period":
                axis.set_label_text("$P$ (steps)")
            else:
                style.beta_axis(axis, int(str(coordinate.name)[-1]), float(_scale(coordinate)[-1]))
        axes.label_outer()
    layout.color_bar(figure, image, panels, label)
    return zip(panels, cases, strict=True)


def contour(axes: Axes, values: xarray.DataArray, level: float) -> None:
    """Draw the line on which values over two coordinates have this level."""
    across, up = (_scale(values[dim]) for dim in values.dims)
    axes.contour(across, up, values.T, levels=[level], colors=style.BLACK, linewidths=1.3)


def _scale(coordinate: xarray.DataArray) -> xarray.DataArray:
    return coordinate if coordinate.name == "period" else style.decades(coordinate)
