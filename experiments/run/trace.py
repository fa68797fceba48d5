"""The trace of a run: its records as a labelled data set in netCDF."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import xarray
    from numpy.typing import NDArray

    from amsgrad.engines.base import Records

SOURCE = "Reddi, Kale and Kumar, On the Convergence of Adam and Beyond, ICLR 2018, arXiv:1904.09237"
# Fastest level: higher ones gain a few percent on these columns and take several times longer.
DEFLATE = 1

COORDINATES = ("step", "t", "tracked")

Attributes = Mapping[str, str | int | float]


class _Column(NamedTuple):
    values: Any
    attributes: dict[str, str]


def import_ahead() -> None:
    """Import what `to_bytes` needs, while there is time."""
    import h5netcdf
    import h5py

    assert h5netcdf, h5py


def to_dataset(
    records: Records,
    *,
    first_t: int,
    attributes: Attributes,
    tracked: NDArray[np.bool_] | None = None,
) -> xarray.Dataset:
    """Return the records as an xarray data set with one dimension, `step`.

    Coordinates: `step` = 1, 2, ..., the paper's time t = first_t + step - 1, and whether a step was
    `tracked`, or recorded for the picture alone. Variables: `x`, `regret` and `average_regret`, all
    at x_t, before the update of that step.

    Args:
        records: what an engine has recorded.
        first_t: the problem's time at the first step.
        attributes: the resolved configuration, flat; it joins the title and the reference.
        tracked: for each record; by default all are.
    """
    import xarray

    columns = {
        name: ("step", column.values, column.attributes)
        for name, column in _columns(records, first_t, tracked).items()
    }
    coordinates = {name: columns.pop(name) for name in COORDINATES}
    return xarray.Dataset(columns, coordinates, _global(attributes))


def to_bytes(
    records: Records,
    *,
    first_t: int,
    attributes: Attributes,
    tracked: NDArray[np.bool_] | None = None,
) -> bytes:
    """Return the records as a netCDF-4 file; `from_bytes` returns the same data set.

    The same records and attributes give the same bytes, under the same versions of h5py and
    h5netcdf. xarray stays out of it: its import takes longer than all of the writing.

    Args: as `to_dataset`.
    """
    import h5netcdf

    columns = _columns(records, first_t, tracked)
    memory = io.BytesIO()
    with h5netcdf.File(memory, "w") as file:
        file.attrs.update(_global(attributes))
        file.dimensions = {"step": len(records.step)}
        for name, column in columns.items():
            truth = column.values.dtype == bool  # which netCDF lacks; xarray's way to write it
            values = column.values.view("i1") if truth else column.values
            variable = file.create_variable(
                name,
                ("step",),
                values.dtype,
                data=values,
                compression="gzip",
                compression_opts=DEFLATE,
                shuffle=True,
            )
            variable.attrs.update(column.attributes)
            if truth:
                variable.attrs["dtype"] = "bool"
            if name not in COORDINATES:  # the CF convention's mark of those that are
                variable.attrs["coordinates"] = " ".join(COORDINATES[1:])
    return memory.getvalue()


def from_bytes(content: bytes) -> xarray.Dataset:
    """Return the data set in a file's content: equal to that of `to_dataset`.

    Raises:
        Exception: of any class, where the content is not a netCDF file.
    """
    import xarray

    return xarray.load_dataset(io.BytesIO(content), engine="h5netcdf")


def _columns(
    records: Records, first_t: int, tracked: NDArray[np.bool_] | None
) -> dict[str, _Column]:
    import numpy as np

    if tracked is None:
        tracked = np.ones(records.step.size, np.bool_)
    before = "taken at x_t, before the update of the step"
    columns = {
        "step": _column(records.step, "number of the step", "the first step is 1"),
        "t": _column(
            records.step + (first_t - 1),
            "time t of the problem",
            f"the problem's losses are f_t; the first step is at t = {first_t}",
        ),
        "tracked": _column(
            tracked,
            "tracked step",
            "a multiple of `every`, or the last; the others are recorded for the picture alone",
        ),
        "x": _column(records.x, "iterate x_t", before),
        "regret": _column(
            records.regret, "regret of this step, f_t(x_t) - f_t(x*)", f"not a sum; {before}"
        ),
        "average_regret": _column(
            records.average_regret,
            "average regret R_t / t",
            f"sum of the regrets of all steps so far, this one included, over their number; "
            f"{before}",
        ),
    }
    if records.in_hindsight:
        columns["average_hindsight_regret"] = _column(
            records.average_hindsight_regret,
            "average regret against the best fixed point in hindsight",
            f"as average_regret, with the best x for all losses so far instead of x*; {before}",
        )
    return columns


def _column(values: Any, long_name: str, description: str) -> _Column:
    attributes = {"long_name": long_name, "units": "1", "description": description}
    return _Column(values, attributes)


def _global(attributes: Attributes) -> dict[str, str | int | float]:
    return {
        "title": "Trace of an optimizer on the synthetic problem of Reddi, Kale and Kumar (2018)",
        "Conventions": "CF-1.11",
        "references": SOURCE,
        # netCDF has no truth values
        **{k: int(v) if isinstance(v, bool) else v for k, v in attributes.items()},
    }
