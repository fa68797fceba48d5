"""The quantities of a run as labelled data: what each is, in the words of its attributes."""

from collections.abc import Mapping
from typing import Any

_BEFORE = "taken at x_t, before the update of the step"


def _attributes(long_name: str, description: str) -> dict[str, str]:
    return {"long_name": long_name, "units": "1", "description": description}


TRACKED = {
    "step": _attributes("number of the step", "the first step is 1"),
    "t": _attributes("time t of the problem", "the problem's losses are f_t"),
    "tracked": _attributes(
        "tracked step",
        "a multiple of `every`, or the last; the others are recorded for the picture alone",
    ),
    "x": _attributes("iterate x_t", _BEFORE),
    "regret": _attributes("regret of this step, f_t(x_t) - f_t(x*)", f"not a sum; {_BEFORE}"),
    "average_regret": _attributes(
        "average regret R_t / t",
        "sum of the regrets of all steps so far, this one included, over their number; " + _BEFORE,
    ),
    "average_hindsight_regret": _attributes(
        "average regret against the best fixed point in hindsight",
        f"as average_regret, with the best x for all losses so far instead of x*; {_BEFORE}",
    ),
    "x_last": _attributes("x after the last step", "after its update"),
    "limit": _attributes(
        "limit of the average regret",
        "exact, for all later steps, where the cycle of the run was found; else NaN",
    ),
}


def netcdf_attributes(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as attributes of a data set: netCDF has no truth values."""
    return {n: int(v) if isinstance(v, bool) else v for n, v in values.items()}
