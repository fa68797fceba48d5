"""The data of a figure as a netCDF file: every variable says what it is and in which unit."""

import io
from typing import Any

import xarray


def variable(dims: str | tuple[str, ...], values: Any, long_name: str, units: str = "1") -> Any:
    """Return a variable or coordinate of a data set, with the attributes that CF asks for."""
    return (dims, values, {"long_name": long_name, "units": units})


def packed(data: xarray.Dataset) -> bytes:
    """Return the file, made in memory: on a full disk HDF5 ends the process."""
    packing = {"zlib": True, "complevel": 4, "shuffle": True}
    numeric = {name: packing for name, entry in data.variables.items() if entry.dtype.kind in "fiu"}
    stream = io.BytesIO()
    data.to_netcdf(stream, engine="h5netcdf", encoding=numeric)
    return stream.getvalue()


def unpacked(content: bytes) -> xarray.Dataset:
    """Return the data set that `packed` has packed."""
    return xarray.load_dataset(io.BytesIO(content), engine="h5netcdf")
