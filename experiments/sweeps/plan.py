"""From a sweep to its chunks: every cell checked, and cells of one kind brought together."""

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.config.run_config import Config, from_mapping
from experiments.config.field_types import ConfigError
from experiments.sweeps.plan_checks import Kind, check_all, kind_of
from experiments.sweeps.sweep_file import Sweep
from experiments.sweeps.work import Work

# Settings whose values are fit to go together with any others; of the rest all pairs are checked.
FREE = ("lr", "schedule_rate", "beta1", "beta2", "eps", "power", "final_lr", "gamma", "beta1_rate",
        "seed")  # fmt: skip
MOST_CELLS = 10_000_000

CHUNK_COST = 2_000_000_000  # cells x steps: a second or two
FEWEST, MOST = 64, 4096  # cells of a chunk: full vectors; a batch that fits the caches
FEWEST_CHUNKS, WORTHWHILE = 16, 256  # for many cores, unless chunks get so small
CERTIFIED_CHUNK = 16  # cells, each of which takes milliseconds
MOST_IN_A_CHUNK = 4_000_000  # numbers of a series


class Plan(NamedTuple):
    """A sweep whose cells are all known to be possible; cells are numbered in C order."""

    sweep: Sweep
    shape: tuple[int, ...]
    configs: list[Config]  # one for each set of values of the axes that are not free, in C order
    works: list[tuple[NDArray[np.int64], bool]]  # the cells of each chunk, whether certified

    @property
    def cells(self) -> int:
        """How many there are."""
        return prod(self.shape)

    @property
    def cost(self) -> int:
        """Steps of all cells together."""
        return sum(config.steps for config in self.configs) * (self.cells // len(self.configs))

    def work(self, number: int) -> Work:
        """Chunk `number` in full."""
        return self._work(*self.works[number])

    @property
    def first(self) -> Config:
        """The settings of cell 0."""
        return self._work(np.zeros(1, np.int64), False).config(0)

    def _work(self, cells: NDArray[np.int64], certified: bool) -> Work:
        names = list(self.sweep.axes)
        places = dict(zip(names, np.unravel_index(cells, self.shape), strict=True))
        numbers = {
            name: np.array(self.sweep.axes[name])[places[name]] for name in names if name in FREE
        }
        shared, of = np.unique(_shared_number(self.sweep, self.shape, cells), return_inverse=True)
        configs = [self.configs[i] for i in shared]
        return Work(cells, configs, of.astype(np.int64), numbers, self.sweep.keep, certified)

    def values(self, cell: int) -> dict[str, Any]:
        """Where a cell stands: its value on each axis."""
        places = np.unravel_index(cell, self.shape)
        axes = self.sweep.axes.items()
        return {name: values[i] for (name, values), i in zip(axes, places, strict=True)}


def make_plan(sweep: Sweep) -> Plan:
    """Check all cells and cut them into chunks.

    Raises:
        ConfigError: some cell cannot be, or what is to be kept has no meaning.
    """
    shape = tuple(map(len, sweep.axes.values()))
    if prod(shape) > MOST_CELLS:
        raise ConfigError(
            f"a sweep must have at most {MOST_CELLS:,} cells, but the axes make {prod(shape):,}"
        )
    fixed = {name: values for name, values in sweep.axes.items() if name not in FREE}
    # the values of a free axis are checked one by one, and their largest with all others
    free = {name: max(values, key=abs) for name, values in sweep.axes.items() if name in FREE}
    configs, kinds = [], []
    for values in product(*fixed.values()):
        own = dict(zip(fixed, values, strict=True))
        try:
            config = from_mapping({**sweep.base, **free, **own})
        except ConfigError as error:
            at = ", ".join(f"{name} = {value}" for name, value in own.items())
            raise ConfigError(f"{error} (where {at})" if at else str(error)) from None
        configs.append(config)
        kinds.append(kind_of(config, sweep))
    check_all(sweep, configs, kinds, shape)
    numbers: dict[Any, int] = {}
    of_config = np.array([numbers.setdefault(kind, len(numbers)) for kind in kinds])
    return Plan(sweep, shape, configs, list(_cut(sweep, shape, of_config, list(numbers))))


def _cut(
    sweep: Sweep, shape: tuple[int, ...], of_config: NDArray[np.int64], kinds: list[Kind]
) -> Iterator[tuple[NDArray[np.int64], bool]]:
    everything = np.arange(prod(shape), dtype=np.int64)
    of_cell = of_config[_shared_number(sweep, shape, everything)]
    for number, kind in enumerate(kinds):
        cells = everything[of_cell == number]
        # Betas near 1 keep the coefficients changing for long: such cells are slow together.
        cells = cells[np.argsort(_slowest_beta(sweep, shape, cells), kind="stable")]
        size = _chunk_size(sweep, kind, cells.size)
        for start in range(0, cells.size, size):
            yield np.sort(cells[start : start + size]), kind.certified


def _chunk_size(sweep: Sweep, kind: Kind, cells: int) -> int:
    if sweep.chunk is not None:
        return sweep.chunk
    if kind.certified:
        return CERTIFIED_CHUNK
    most = min(MOST, MOST_IN_A_CHUNK // (sweep.keep.series or 1))
    size = max(FEWEST, min(most, CHUNK_COST // kind.steps))
    return min(size, max(WORTHWHILE, -(-cells // FEWEST_CHUNKS)))


def _slowest_beta(
    sweep: Sweep, shape: tuple[int, ...], cells: NDArray[np.int64]
) -> NDArray[np.float64]:
    places = dict(zip(sweep.axes, np.unravel_index(cells, shape), strict=True))
    columns = [
        np.array(sweep.axes[name])[places[name]]
        for name in ("beta1", "beta2")
        if name in sweep.axes
    ]
    slowest: NDArray[np.float64] = np.max([np.zeros(cells.size), *columns], axis=0)
    return slowest


def _shared_number(
    sweep: Sweep, shape: tuple[int, ...], cells: NDArray[np.int64]
) -> NDArray[np.int64]:
    """For each cell the number of its values on the axes that are not free, in C order."""
    number = np.zeros(cells.size, np.int64)
    for name, place, size in zip(sweep.axes, np.unravel_index(cells, shape), shape, strict=True):
        if name not in FREE:
            number = number * size + place
    return number
