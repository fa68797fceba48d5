"""Many runs as one labelled data set: a dimension for each setting that varies."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from amsgrad.code_digest import code_digest, versions
from amsgrad.config.run_config import Config
from amsgrad.engines.base import Records
from amsgrad.options import Role
from amsgrad.tracked import TRACKED, netcdf_attributes

if TYPE_CHECKING:
    import xarray

DECIDING = (Role.NUMBERS, Role.LENGTH)  # the settings among the attributes


def to_dataset(
    configs: Sequence[Config],
    axes: Mapping[str, list[Any]],
    at: NDArray[np.int64],
    columns: NDArray[np.float64],
    x_last: NDArray[np.float64],
    limit: NDArray[np.float64],
) -> "xarray.Dataset":
    """Return the records of runs as one labelled data set.

    Args:
        configs: the settings of the runs, in C order over the axes.
        axes: the values along each dimension.
        at: the recorded steps.
        columns: the tracked quantities of `Records`, each by run and record.
        x_last, limit: of each run.
    """
    import xarray

    shape, dims = [len(values) for values in axes.values()], tuple(axes)
    t = np.array([at + (config.first_t - 1) for config in configs])
    same = (t == t[0]).all()
    variables = {
        name: ((*dims, "step"), column.reshape(*shape, at.size), TRACKED[name])
        for name, column in zip(Records._fields[1:], columns, strict=True)
        if name != "average_hindsight_regret" or not np.isnan(column).all()
    }
    ends = {"x_last": x_last, "limit": limit}
    coordinates = {
        "step": ("step", at, TRACKED["step"]),
        "t": ("step", t[0], TRACKED["t"])
        if same
        else ((*dims, "step"), t.reshape(*shape, at.size), TRACKED["t"]),
    }
    problems = [config.make_problem() for config in configs]
    facts = [
        {
            **{n: v for n, v in config.settings(*DECIDING).items() if n not in axes},
            **{name: getattr(problem, name) for name in ("lower", "upper")},
            "x_star": problem.x_star if problem.attained else math.nan,
        }
        for config, problem in zip(configs, problems, strict=True)
    ]
    common = {n: v for n, v in facts[0].items() if len({repr(f.get(n)) for f in facts}) == 1}
    return xarray.Dataset(
        {
            **variables,
            **{name: (dims, end.reshape(shape), TRACKED[name]) for name, end in ends.items()},
        },
        {**coordinates, **axes},
        {**netcdf_attributes(common), "code": code_digest(), **versions()},
    )
