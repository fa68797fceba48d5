"""From a sweep to its chunks: every cell is checked, and cells of one kind come together."""

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from amsgrad.code_digest import versions
from experiments.command import ConfigError
from experiments.config.run_config import Config
from experiments.sweeps.plan_checks import Kind, check_all, kind_of
from experiments.sweeps.sweep_file import Sweep
from experiments.sweeps.work import Work, cell_code

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
    numbers: dict[str, NDArray[Any]]  # the values of each free axis
    configs: list[Config]  # one per set of values of the other axes, in C order
    works: list[tuple[NDArray[np.int64], bool]]  # the cells of each chunk, whether certified

    @property
    def cells(self) -> int:
        """Number of cells."""
        return prod(self.shape)

    @property
    def cost(self) -> int:
        """Steps of all cells together."""
        return sum(config.steps for config in self.configs) * (self.cells // len(self.configs))

    def work(self, number: int) -> Work:
        """Return the work of a chunk."""
        return self._work(*self.works[number])

    def identity(self) -> dict[str, Any]:
        """Return all that decides what the chunks hold, as JSON can hold it."""
        return {
            "sweep": self.sweep.document(),
            "first_cell": self._work(np.zeros(1, np.int64), False).config(0).settings(),
            "cells": self.cells,
            "chunks": len(self.works),
            "kernels": cell_code(),
            "versions": versions(),
        }

    def values(self, cell: int) -> dict[str, Any]:
        """Return the value of a cell on each axis."""
        places = np.unravel_index(cell, self.shape)
        axes = self.sweep.axes.items()
        return {name: values[i] for (name, values), i in zip(axes, places, strict=True)}

    def _work(self, cells: NDArray[np.int64], certified: bool) -> Work:
        places = _places(self.sweep, self.shape, cells)
        numbers = {name: values[places[name]] for name, values in self.numbers.items()}
        shared, of = np.unique(_shared_number(self.sweep, self.shape, cells), return_inverse=True)
        configs = [self.configs[i] for i in shared]
        return Work(cells, configs, of.astype(np.int64), numbers, self.sweep.keep, certified)


def make_plan(sweep: Sweep) -> Plan:
    """Check all cells and cut them into chunks.

    Raises:
        ConfigError: some cell is not possible, or what is to be kept has no meaning.
    """
    shape = tuple(map(len, sweep.axes.values()))
    if prod(shape) > MOST_CELLS:
        raise ConfigError(
            f"a sweep must have at most {MOST_CELLS:,} cells, but the axes make {prod(shape):,}"
        )
    fixed = {name: values for name, values in sweep.axes.items() if name not in sweep.free}
    # the values of a free axis are checked one by one, and their largest with all others
    free = {name: max(values, key=abs) for name, values in sweep.axes.items() if name in sweep.free}
    configs, kinds = [], []
    for values in product(*fixed.values()):
        own = dict(zip(fixed, values, strict=True))
        try:
            config = Config(**{**sweep.base, **free, **own})
        except ConfigError as error:
            at = ", ".join(f"{name} = {value}" for name, value in own.items())
            raise ConfigError(f"{error} (where {at})" if at else error) from None
        configs.append(config)
        kinds.append(kind_of(config, sweep))
    check_all(sweep, configs, kinds, shape)
    indices: dict[Kind, int] = {}
    of_config = np.array([indices.setdefault(kind, len(indices)) for kind in kinds])
    numbers = {name: np.array(sweep.axes[name]) for name in sweep.axes if name in sweep.free}
    works = list(_cut(sweep, shape, numbers, of_config, list(indices)))
    return Plan(sweep, shape, numbers, configs, works)


def _cut(
    sweep: Sweep,
    shape: tuple[int, ...],
    numbers: dict[str, NDArray[Any]],
    of_config: NDArray[np.int64],
    kinds: list[Kind],
) -> Iterator[tuple[NDArray[np.int64], bool]]:
    everything = np.arange(prod(shape), dtype=np.int64)
    of_cell = of_config[_shared_number(sweep, shape, everything)]
    for number, kind in enumerate(kinds):
        cells = everything[of_cell == number]
        # Betas near 1 keep the coefficients changing for long: such cells are slow together.
        places = _places(sweep, shape, cells)
        betas = [numbers[name][places[name]] for name in ("beta1", "beta2") if name in numbers]
        slowest = np.max([np.zeros(cells.size), *betas], axis=0)
        cells = cells[np.argsort(slowest, kind="stable")]
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


def _places(
    sweep: Sweep, shape: tuple[int, ...], cells: NDArray[np.int64]
) -> dict[str, NDArray[np.int64]]:
    """Return for each axis the index of each cell on it."""
    return dict(zip(sweep.axes, np.unravel_index(cells, shape), strict=True))


def _shared_number(
    sweep: Sweep, shape: tuple[int, ...], cells: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return for each cell the number, in C order, of its values on the axes that are not free."""
    number = np.zeros(cells.size, np.int64)
    for name, place in _places(sweep, shape, cells).items():
        if name not in sweep.free:
            number = number * len(sweep.axes[name]) + place
    return number
