"""From the chunks to one data set: netCDF for maps, CSV and parquet with one row per cell."""

import io
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from experiments.extras import lacking
from experiments.files import provenance
from experiments.files.atomic import remove_leftovers, replacing, write_bytes, write_text
from experiments.files.regular import read_regular
from experiments.files.strict_json import to_json
from experiments.files.unwritten import why_unwritten
from experiments.invocation import invocation
from experiments.run.trace import SOURCE
from experiments.sweeps.axes import ALL
from experiments.sweeps.chunk_file import Status
from experiments.sweeps.gather import Cells, gather
from experiments.sweeps.origin import in_words
from experiments.sweeps.quantities import VARIABLES, series_steps
from experiments.sweeps.reporter import Report
from experiments.sweeps.store import RESULTS, StoreError
from experiments.terminal import say

if TYPE_CHECKING:
    import xarray


def merge(folder: Path) -> Report:
    """Write what is finished as `sweep.nc` and as tables.

    Raises:
        StoreError: the folder does not hold a sweep, or a fuller result; or it cannot be written.
    """
    cells = gather(folder)
    missing, file = cells.counts()["missing"], folder / RESULTS[0]
    again = "give the command of the sweep again, which computes them, and then merge again"
    before = _missing_in(file)
    if before is not None and before < missing:
        raise StoreError(
            f"{file} lacks {before:,} cells and is not replaced: the chunks lack {missing:,} now"
            f" (damaged chunks: {cells.damaged:,}); {again}, or move the file away",
            1,
        )
    remove_leftovers(folder)
    try:
        files = _write(folder, cells)
    except OSError as unwritten:
        same = f"{invocation('sweep merge')} {shlex.quote(str(folder))}"
        raise StoreError(why_unwritten(folder, unwritten, same), 1) from None
    gaps = f"; {missing:,} of them are missing" if missing else ""
    lines = [f"{cells.status.size:,} cells in {' '.join(map(str, files))}{gaps}"]
    origins = _origins(cells)
    if len(origins) > 1:
        lines.append(in_words(origins))
    summary = {
        "files": list(map(str, files)),
        "missing": missing,
        "damaged": cells.damaged,
        "origins": origins,
    }
    if not cells.damaged:
        return Report(lines, summary)
    error = f"damaged chunks, whose cells are missing: {cells.damaged:,}; {again}"
    return Report(lines, summary, 1, error)


def _missing_in(file: Path) -> int | None:
    """Return how many cells an earlier result lacks, or None where it cannot be read."""
    import h5py

    try:
        with h5py.File(io.BytesIO(read_regular(file)), "r") as data:
            return int(np.asarray(data.attrs["cells_missing"]).item())
    except Exception:  # of damaged bytes HDF5 makes errors of any class
        return None


def _write(folder: Path, cells: Cells) -> list[Path]:
    data = to_dataset(cells)
    table = to_table(cells, data)
    netcdf, csv, parquet, about = files = [folder / name for name in RESULTS]
    write_bytes(netcdf, _netcdf(data))
    with replacing(csv) as stream:
        table.to_csv(stream, index=False, lineterminator="\n")
    if hint := lacking("cells.parquet", "parquet"):
        files.remove(parquet)
        say(f"sweep: {hint}")
    else:
        with replacing(parquet) as stream:
            table.to_parquet(stream, index=False)
    write_text(about, to_json(_provenance(cells), indent=2) + "\n")
    return files


def to_dataset(cells: Cells) -> "xarray.Dataset":
    """Return the cells as a grid over the axes.

    It holds what decides its numbers. Who computed them and when is in `provenance.json`, so that
    the same sweep gives the same bytes.
    """
    import xarray

    kept, shape = cells.keep, cells.shape
    dims = tuple(cells.axes)
    variables: dict[str, Any] = {}
    for name in kept.variables:
        about = {"long_name": VARIABLES[name], "units": "1"}
        if name == "converged":
            about["criterion"] = kept.criterion
        variables[name] = (dims, cells.arrays[name].reshape(shape), about)
    coordinates: dict[str, Any] = {
        name: _coordinate(name, values) for name, values in cells.axes.items()
    }
    if kept.series is not None:
        about = {"long_name": "number of the step; the first one is 1", "units": "1"}
        coordinates["step"] = ("step", series_steps(cells.steps, kept.series), about)
        for name in ("x", "average_regret"):
            about = {"long_name": f"{name} at the step, before its update", "units": "1"}
            array = cells.arrays[f"series_{name}"].reshape(-1, *shape)
            variables[f"series_{name}"] = (("step", *dims), array, about)
    flags: dict[str, Any] = {
        "long_name": "status of the cell",
        "flag_values": np.array(list(Status), np.int8),
        "flag_meanings": " ".join(status.name for status in Status),
    }
    variables["status"] = (dims, cells.status.reshape(shape), flags)
    return xarray.Dataset(variables, coordinates, _attributes(cells))


def to_table(cells: Cells, data: "xarray.Dataset") -> Any:
    """Return one row per cell: its values on the axes, what was kept, its status and its error."""
    table = data.drop_dims("step", errors="ignore").to_dataframe().reset_index()
    table["status"] = np.array([status.name for status in Status], object)[
        cells.status - Status.missing
    ]
    errors = np.full(cells.status.size, "", object)
    errors[list(cells.errors)] = list(cells.errors.values())
    table["error"] = errors
    return table


def _netcdf(data: "xarray.Dataset") -> bytes:
    """Return the file, made in memory: on a full disk HDF5 ends the process by a segfault."""
    packed = {"zlib": True, "complevel": 4, "shuffle": True}
    numeric = {n: packed for n, entry in data.variables.items() if entry.dtype.kind in "fi"}
    stream = io.BytesIO()
    data.to_netcdf(stream, engine="h5netcdf", encoding=numeric)
    return stream.getvalue()


def _coordinate(name: str, values: list[Any]) -> tuple[str, NDArray[Any], dict[str, str]]:
    sentences = dict.fromkeys(option.sentence for option in ALL.options(name))
    about = {"long_name": "; ".join(sentences)}
    if not isinstance(values[0], str):
        about["units"] = "1"
    return name, np.array(values), about


def _attributes(cells: Cells) -> dict[str, Any]:
    about, counts, origins = cells.about, cells.counts(), _origins(cells)
    # of one origin nothing is said, so that the same sweep has the same bytes on any machine
    mixed = {"origins": [to_json(each) for each in origins]} if len(origins) > 1 else {}
    return {
        "title": "Sweep of optimizers on the synthetic problem of Reddi, Kale and Kumar (2018)",
        "Conventions": "CF-1.11",
        "references": SOURCE,
        "base": to_json(about["sweep"]["base"]),
        "first_cell": to_json(about["first_cell"]),
        "kernels": about["kernels"],
        "versions": to_json(about["versions"]),
        "cells_missing": counts["missing"],
        "cells_diverged": counts["diverged"],
        "cells_failed": counts["failed"],
        **mixed,
    }


def _origins(cells: Cells) -> list[dict[str, Any]]:
    """Return the origins of the cells in an order that does not depend on when they came."""
    return [cells.origins[key] for key in sorted(cells.origins)]


def _provenance(cells: Cells) -> dict[str, Any]:
    merged = provenance.collect(
        engine="none",
        verification={"chunks": "each against its checksum"},
        arguments=sys.argv[1:],
        started=datetime.now(UTC),
        finished=datetime.now(UTC),
    )
    of_others = {name: cells.about[name] for name in ("optimizers",) if name in cells.about}
    return {
        "sweep": cells.about["sweep"],
        **of_others,
        "begun": cells.begun,
        "origins": _origins(cells),
        "merged": merged,
    }
