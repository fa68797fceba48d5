"""From a sweep to its chunks: every cell is checked, and a chunk holds cells of one kind."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amsgrad.code_digest import versions
from amsgrad.config.build import build_setup
from amsgrad.config.run_config import Config
from amsgrad.engines.kind import numbers_of
from amsgrad.options import ConfigError
from experiments.files.external import source_digests
from experiments.sweeps import torch_cells
from experiments.sweeps.plan_checks import Kind, check_all, kind_of
from experiments.sweeps.progress import Line
from experiments.sweeps.quantities import OF_LAWS
from experiments.sweeps.sweep_file import Sweep, in_words
from experiments.sweeps.terms import why_without_terms
from experiments.sweeps.work import FORM, How, Work, cell_code, sweep_digest

MOST_CELLS = 10_000_000

CHUNK_COST = 2_000_000_000  # cells x steps: a second or two
FEWEST, MOST = 64, 4096  # cells of a chunk: full vectors; a batch that fits the caches
FEWEST_CHUNKS, WORTHWHILE = 16, 256  # for many cores, unless chunks get so small
CERTIFIED_CHUNK = 16  # cells of some milliseconds
MOST_IN_A_CHUNK = 4_000_000  # numbers of a series, or of the problems of all cells


@dataclass(frozen=True)
class Plan:
    """A sweep whose cells are all known to be possible; cells are numbered in C order.

    Args:
        sweep: its description.
        numbers: the values of each free axis.
        configs: the settings of each set of values of the other axes, in C order.
        chunks: the cells of each chunk, and how they are computed.
    """

    sweep: Sweep
    numbers: dict[str, NDArray[Any]]
    configs: list[Config]
    chunks: list[tuple[NDArray[np.int64], How]]

    @property
    def cells(self) -> int:
        """Number of cells."""
        return prod(self.sweep.shape)

    @property
    def lawless(self) -> Iterator[str]:
        """A line for each reason why cells at a decaying step have no law."""
        if not set(OF_LAWS) & set(self.sweep.keep.plain):
            return
        decaying = [config for config in self.configs if config.schedule != "constant"]
        reasons = Counter(filter(None, map(why_without_terms, decaying)))
        for reason, times in reasons.items():
            cells = self.cells // len(self.configs) * times
            yield f"{cells:,} of {self.cells:,} cells have no law: {reason}"

    @property
    def cost(self) -> int:
        """Steps of all cells together; those of a cycle are not taken one by one."""
        return sum(self.work(number).cost for number in range(len(self.chunks)))

    @cached_property
    def identity(self) -> dict[str, Any]:
        """All that decides what the chunks hold, as JSON can hold it."""
        chosen = {name for config in self.configs for name in (config.opt, config.problem)}
        first = {name: values[0].item() for name, values in self.numbers.items()}
        digests = source_digests(*sorted(chosen))
        optimizers = torch_cells.described(self.configs)
        return {
            "form": FORM,
            "sweep": self.sweep.document(),
            "first_cell": self.configs[0].with_numbers(first).settings(),
            "cells": self.cells,
            "chunks": len(self.chunks),
            "kernels": cell_code(bool(optimizers)),
            "versions": versions(),
            **({"sources": digests} if digests else {}),
            **({"optimizers": optimizers} if optimizers else {}),
        }

    @cached_property
    def digest(self) -> str:
        """A digest of the identity."""
        return sweep_digest(self.identity)

    def work(self, number: int) -> Work:
        """Return the work of a chunk."""
        cells, how = self.chunks[number]
        places = self.sweep.places(cells)
        numbers = {name: values[places[name]] for name, values in self.numbers.items()}
        shared, of = np.unique(_shared_number(self.sweep, cells), return_inverse=True)
        configs = [self.configs[i] for i in shared]
        keep, code = self.sweep.keep, cell_code(configs[0].foreign)
        return Work(self.digest, code, cells, configs, of.astype(np.int64), numbers, keep, how)


def make_plan(sweep: Sweep) -> Plan:
    """Check all cells and cut them into chunks.

    Raises:
        ConfigError: some cell is not possible, or what is to be kept has no meaning.
    """
    cells = prod(sweep.shape)
    if cells > MOST_CELLS:
        raise ConfigError(
            f"a sweep must have at most {MOST_CELLS:,} cells, but the axes make {cells:,}"
        )
    fixed = {name: values for name, values in sweep.axes.items() if name not in sweep.free}
    # the values of a free axis are checked one by one, and their largest with all others
    largest = {n: max(values, key=abs) for n, values in sweep.axes.items() if n in sweep.free}
    configs, kinds = [], []
    line, number = Line(), prod(map(len, fixed.values()))
    for values in product(*fixed.values()):
        own = {**largest, **dict(zip(fixed, values, strict=True))}
        try:
            config = Config(**{**sweep.base, **own})
        except ConfigError as error:
            at = in_words({name: own[name] for name in sweep.axes})
            raise ConfigError(f"{error} (in the cell {at})") from None
        configs.append(config)
        kinds.append(kind_of(config, sweep))
        line.show(lambda: f"planning: {len(configs):,} of {number:,} sets of settings are checked")
    line.close()
    check_all(sweep, configs, kinds)
    indices: dict[Kind, int] = {}
    of_config = np.array([indices.setdefault(kind, len(indices)) for kind in kinds])
    numbers = {name: np.array(sweep.axes[name]) for name in sweep.axes if name in sweep.free}
    chunks = list(_cut(sweep, numbers, configs, of_config, list(indices)))
    return Plan(sweep, numbers, configs, chunks)


def _cut(
    sweep: Sweep,
    numbers: dict[str, NDArray[Any]],
    configs: list[Config],
    of_config: NDArray[np.int64],
    kinds: list[Kind],
) -> Iterator[tuple[NDArray[np.int64], How]]:
    everything = np.arange(prod(sweep.shape), dtype=np.int64)
    of_cell = of_config[_shared_number(sweep, everything)]
    by_kind = np.split(np.argsort(of_cell, kind="stable"), np.cumsum(np.bincount(of_cell))[:-1])
    for kind, cells in zip(kinds, by_kind, strict=True):
        if kind.torch is not None:
            places = {n: p for n, p in sweep.places(cells).items() if n in sweep.free}
            shared = _shared_number(sweep, cells)
            own = [configs[i] for i in shared]
            widest = max(numbers_of(build_setup(configs[i])) for i in np.unique(shared))
            most = MOST_IN_A_CHUNK // max(sweep.keep.series or 1, widest)
            for part in torch_cells.cut(own, places, kind.torch, most, sweep.chunk):
                yield np.sort(cells[part]), kind.how
            continue
        # Betas near 1 keep the coefficients changing for long: such cells are slow together.
        places = sweep.places(cells)
        betas = [numbers[name][places[name]] for name in ("beta1", "beta2") if name in numbers]
        slowest = np.max([np.zeros(cells.size), *betas], axis=0)
        cells = cells[np.argsort(slowest, kind="stable")]
        size = _chunk_size(sweep, kind, cells.size)
        for start in range(0, cells.size, size):
            yield np.sort(cells[start : start + size]), kind.how


def _chunk_size(sweep: Sweep, kind: Kind, cells: int) -> int:
    if sweep.chunk is not None:
        return sweep.chunk
    if kind.how == "cycle":
        return CERTIFIED_CHUNK
    most = min(MOST, MOST_IN_A_CHUNK // (sweep.keep.series or 1))
    size = max(FEWEST, min(most, CHUNK_COST // kind.steps))
    size = min(size, max(WORTHWHILE, -(-cells // FEWEST_CHUNKS)))
    return max(1, min(size, MOST_IN_A_CHUNK // kind.numbers))


def _shared_number(sweep: Sweep, cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each cell the number, in C order, of its values on the axes that are not free."""
    number = np.zeros(cells.size, np.int64)
    for name, place in sweep.places(cells).items():
        if name not in sweep.free:
            number = number * len(sweep.axes[name]) + place
    return number
