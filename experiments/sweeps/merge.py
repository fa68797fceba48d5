"""From the chunks to one data set: netCDF for maps, CSV and parquet with one row a cell."""

import io
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from experiments.files import provenance
from experiments.files.atomic import replacing, write_text
from experiments.config.run_config import SETTINGS
from experiments.files.strict_json import to_json
from experiments.sweeps.gather import MISSING, STATUS, Gathered, gather
from experiments.sweeps.quantities import VARIABLES, series_steps
from experiments.sweeps.tables import Columns, has_parquet, write_csv, write_parquet
from experiments.run.trace import SOURCE

if TYPE_CHECKING:
    import xarray


def run(folder: Path, json: bool) -> int:
    """Merge what is finished; return the exit status.

    Raises:
        StoreError: the folder holds no sweep.
        OSError: it cannot be written.
    """
    found = gather(folder)
    data = to_dataset(found)
    files = [folder / "sweep.nc", folder / "cells.csv"]
    with replacing(files[0]) as part:
        part.write_bytes(_netcdf(data))
    columns = rows(found)
    write_csv(files[1], columns)
    if has_parquet():
        files.append(folder / "cells.parquet")
        write_parquet(files[2], columns)
    else:
        print("sweep: no parquet without pyarrow: install the extra parquet", file=sys.stderr)
    files.append(folder / "provenance.json")
    write_text(files[-1], to_json(_provenance(found), indent=2) + "\n")
    missing = found.count("missing")
    told = f"{found.manifest['cells']:,} cells in {' '.join(map(str, files))}"
    gaps = f"; {missing:,} of them are missing" if missing else ""
    print(told + gaps, file=sys.stderr if json else sys.stdout)
    if json:
        print(to_json({"files": list(map(str, files)), "missing": missing}))
    return 0


def to_dataset(found: Gathered) -> "xarray.Dataset":
    """The cells as a grid over the axes.

    It holds what decides its numbers, and not who computed them and when (`provenance.json` does),
    so that the same sweep gives the same bytes.
    """
    import xarray

    kept, axes, shape = found.kept, found.axes, found.shape
    dims = tuple(axes)
    variables: dict[str, Any] = {}
    for name in kept.variables:
        about = {"long_name": VARIABLES[name], "units": "1"}
        if name == "converged":
            about["criterion"] = kept.criterion
        variables[name] = (dims, found.arrays[name].reshape(shape), about)
    coordinates: dict[str, Any] = {name: _coordinate(name, axes[name]) for name in axes}
    if kept.series is not None:
        steps = series_steps(found.manifest["first_cell"]["steps"], kept.series)
        about = {"long_name": "number of the step; the first one is 1", "units": "1"}
        coordinates["step"] = ("step", steps, about)
        for name in ("x", "average_regret"):
            about = {"long_name": f"{name} at the step, before its update", "units": "1"}
            array = found.arrays.get(f"series_{name}", np.full((steps.size, *shape), np.nan))
            variables[f"series_{name}"] = (("step", *dims), array.reshape(-1, *shape), about)
    flags: dict[str, Any] = {
        "long_name": "what became of the cell",
        "flag_values": np.array(list(STATUS), np.int8),
        "flag_meanings": " ".join(STATUS.values()),
    }
    variables["status"] = (dims, found.status.reshape(shape), flags)
    return xarray.Dataset(variables, coordinates, _attributes(found))


def _netcdf(data: "xarray.Dataset") -> bytes:
    """The file, made in memory: on a full disk HDF5 ends the process by a segmentation fault."""
    packed = {"zlib": True, "complevel": 4, "shuffle": True}
    numeric = {n: packed for n, entry in data.variables.items() if entry.dtype.kind in "fi"}
    stream = io.BytesIO()
    data.to_netcdf(stream, engine="h5netcdf", encoding=numeric)
    return stream.getvalue()


def rows(found: Gathered) -> Columns:
    """One row a cell: where it stands, what was kept, what became of it."""
    cells = found.status.size
    columns: Columns = {}
    for places, (name, values) in zip(
        np.unravel_index(np.arange(cells), found.shape), found.axes.items(), strict=True
    ):
        kind = object if isinstance(values[0], str) else None
        columns[name] = np.array(values, kind)[places]
    columns |= {name: found.arrays[name] for name in found.kept.variables}
    columns["status"] = np.array(list(STATUS.values()), object)[found.status - MISSING]
    columns["error"] = np.full(cells, "", object)
    for cell, error in found.errors.items():
        columns["error"][cell] = error
    return columns


def _coordinate(name: str, values: list[Any]) -> tuple[str, NDArray[Any], dict[str, str]]:
    about = {"long_name": SETTINGS[name].sentence}
    if not isinstance(values[0], str):
        about["units"] = "1"
    return name, np.array(values), about


def _attributes(found: Gathered) -> dict[str, Any]:
    manifest = found.manifest
    return {
        "title": "Sweep of optimizers on the synthetic problem of Reddi, Kale and Kumar (2018)",
        "Conventions": "CF-1.11",
        "references": SOURCE,
        "base": to_json(manifest["sweep"]["base"]),
        "first_cell": to_json(manifest["first_cell"]),
        "kernels": manifest["kernels"],
        "versions": to_json(manifest["versions"]),
        "cells_missing": found.count("missing"),
        "cells_diverged": found.count("diverged"),
        "cells_failed": found.count("failed"),
    }


def _provenance(found: Gathered) -> dict[str, Any]:
    merged = provenance.collect(
        engine="none",
        verification={"chunks": "every one against its checksum"},
        arguments=sys.argv[1:],
        started=datetime.now(UTC),
        finished=datetime.now(UTC),
    )
    computed = found.manifest["provenance"]
    return {"sweep": found.manifest["sweep"], "begun": computed, "merged": merged}
