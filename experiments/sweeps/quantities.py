"""The quantities that a sweep keeps of each cell."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from amsgrad.field_types import Real, Whole, closest
from amsgrad.options import ConfigError, Option, shown

VARIABLES = {
    "x": "x after the last step",
    "average_regret": "average regret over all steps, R_T / T",
    "average_hindsight_regret": "average regret against the best fixed point in hindsight",
    "limit": "limit of the average regret for T to infinity: at a constant step from the"
    " certificate, at a decaying one by its law; NaN without one",
    "kappa": "R_T / T is limit + kappa T^-p, or kappa ln(T) / T for p = 1, plus O(1 / T), by its"
    " law; NaN without one",
    "arrival": "steps until x comes to its end of F, to leading order; inf if it rests inside or if"
    " that is beyond 1e308, NaN without a law",
    "mean_log_distance": "mean of log10|x_t - x*| over those of the last share of the steps with"
    " x_t != x*; -inf where there is none",
    "converged": "1 where the criterion is met, 0 where not",
}
OF_LAWS = ("limit", "kappa", "arrival")
PLAIN = ("x", "average_regret", "average_hindsight_regret", *OF_LAWS)
NAMES = (*PLAIN, "converged", "series")
CRITERIA = {
    "mean_log_distance": Option(Real(), "The mean of log10|x_t - x*| must be below this"),
    "distance": Option(Real(0), "|x - x*| after the last step must be below this"),
    "share": Option(Real(above=0, most=1), "The last part of the steps over which the mean is"),
}
SHARE = 0.25
SERIES = Option(Whole(1, 10_000), "Number of records")


class Keep(NamedTuple):
    """The quantities; the criterion of convergence is one of two, or none."""

    plain: tuple[str, ...]
    mean_log_distance: float | None = None  # mean of log10|x_t - x*| over `share` is below this
    distance: float | None = None  # |x - x*| after the last step is below this
    share: float = SHARE  # of the steps, the last ones
    series: int | None = None  # number of records of x and average_regret, even in log step

    @property
    def variables(self) -> list[str]:
        """The names of the quantities that are one number per cell."""
        names = list(self.plain)
        if self.mean_log_distance is not None:
            names.append("mean_log_distance")
        if self.mean_log_distance is not None or self.distance is not None:
            names.append("converged")
        return names

    def arrays(self, steps: int, cells: int) -> dict[str, NDArray[np.float64]]:
        """Return an array of NaN per quantity, for so many cells of so many steps."""
        shapes: dict[str, tuple[int, ...]] = dict.fromkeys(self.variables, (cells,))
        if self.series is not None:
            records = series_steps(steps, self.series).size
            shapes |= dict.fromkeys(("series_x", "series_average_regret"), (records, cells))
        return {name: np.full(shape, np.nan) for name, shape in shapes.items()}

    @property
    def of_laws(self) -> bool:
        """True if a law alone gives all of them, and no run at a decaying step is needed."""
        return self.series is None and set(self.variables) <= set(OF_LAWS)

    @property
    def criterion(self) -> str:
        """The criterion of convergence in words."""
        if self.mean_log_distance is not None:
            return (
                f"mean of log10|x_t - x*| over those of the last {self.share:g} of the steps with"
                f" x_t != x* is below {self.mean_log_distance:g}"
            )
        return "" if self.distance is None else f"|x - x*| after the last step < {self.distance:g}"


def keep_from(given: Any, where: str) -> Keep:
    """Return the quantities that a list of names and of `name: value` asks for.

    Raises:
        ConfigError: it asks for none, or for one that does not exist.
    """
    entries: dict[str, Any] = {}
    if not isinstance(given, list) or not given:
        raise ConfigError(f"{where}: keep must be a list of quantities such as [x, average_regret]")
    for entry in given:
        pairs = list(entry.items()) if isinstance(entry, Mapping) else [(entry, None)]
        for name, value in pairs:
            if not isinstance(name, str) or name not in NAMES:
                hint = closest(name, NAMES) or f"; there are {', '.join(NAMES)}"
                raise ConfigError(f"{where}: {shown(name)} cannot be kept{hint}")
            if name in entries:
                raise ConfigError(f"{where}: {name} is kept twice")
            if value is not None and name in PLAIN:
                raise ConfigError(f"{where}: {name} takes no value, but {shown(value)} was given")
            entries[name] = value
    options: dict[str, Any] = {}
    if "converged" in entries:
        options |= _criterion(entries["converged"], where)
    if "series" in entries:
        options["series"] = SERIES.read(entries["series"], f"{where}: series")
    return Keep(tuple(name for name in PLAIN if name in entries), **options)


def series_steps(steps: int, number: int) -> NDArray[np.int64]:
    """Return at most `number` steps, evenly over the logarithm, with the first and the last."""
    spread = [round(steps ** (i / max(number - 1, 1))) for i in range(number)]
    return np.array(sorted({*spread[:-1], steps}), np.int64)


def _criterion(given: Any, where: str) -> dict[str, float]:
    wanted = "converged needs {mean_log_distance: -2, share: 0.25} or {distance: 0.01}"
    if not isinstance(given, Mapping):
        raise ConfigError(f"{where}: {wanted}")
    for name in given:
        if name not in CRITERIA:
            raise ConfigError(f"{where}: {wanted}, but {shown(name)} was given")
    values = {name: CRITERIA[name].read(given[name], f"{where}: {name}") for name in given}
    if ("distance" in values) == ("mean_log_distance" in values) or (
        "distance" in values and "share" in values
    ):
        raise ConfigError(f"{where}: {wanted}")
    return values
