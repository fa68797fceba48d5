"""The trace of a run: its records as a labelled data set in netCDF."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from amsgrad.tracked import TRACKED, netcdf_attributes

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
    columns: dict[str, Any] = {"step": records.step, "t": records.step + (first_t - 1)}
    columns["tracked"] = tracked
    columns |= {name: getattr(records, name) for name in ("x", "regret", "average_regret")}
    if records.in_hindsight:
        columns["average_hindsight_regret"] = records.average_hindsight_regret
    return {name: _Column(values, TRACKED[name]) for name, values in columns.items()}


def _global(attributes: Attributes) -> dict[str, str | int | float]:
    return {
        "title": "Trace of an optimizer on the synthetic problem of Reddi, Kale and Kumar (2018)",
        "Conventions": "CF-1.11",
        "references": SOURCE,
        **netcdf_attributes(attributes),
    }
