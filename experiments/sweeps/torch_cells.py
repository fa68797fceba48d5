"""Cells of torch optimizers: whether they can be lanes, and how many make a chunk."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from amsgrad.config.build import build_torch_loop, lanes_of, torch_class
from amsgrad.config.run_config import Config
from amsgrad.config.torch_options import decay_left_out
from experiments.files.external import origin
from experiments.sweeps.work import Work

if TYPE_CHECKING:
    from amsgrad.optimizers.elementwise import Elementwise

SECONDS_A_CHUNK = 30.0
MOST_LANES = 16_384  # in a chunk
OF_A_GROUP = ("lr", "schedule", "schedule_rate", "beta1_schedule", "beta1_rate")

_tested: dict[Any, "Elementwise"] = {}


def tested(config: Config) -> "Elementwise":
    """Return whether the cells with these settings can be lanes; the optimizer is tried out.

    A test takes seconds: here one stands for all keywords that differ in the size of a number
    alone. When a chunk is computed, its own keywords are tested.

    Raises:
        ConfigError: the optimizer cannot be run, or ignores lr.
    """
    plain = [
        (name, value if isinstance(value, str | bool) else value == 0)
        for name, value in sorted(config.rule_options.items())
    ]
    key = config.opt, *plain, config.dtype, config.device, config.schedule
    if key not in _tested:
        build_torch_loop(config)
        _tested[key] = lanes_of(config)
    return _tested[key]


def described(configs: Sequence[Config]) -> dict[str, dict[str, Any]]:
    """Return of each torch optimizer its package, source, resolved defaults and version of torch.

    The defaults are those of the first of its sets of settings.
    """
    first = {config.opt: config for config in reversed(configs) if config.foreign}
    return {
        opt: {
            **origin(opt),
            "defaults": dict(build_torch_loop(config).defaults),
            "torch": version("torch"),
        }
        for opt, config in sorted(first.items())
    }


def remarks(configs: Sequence[Config], works: Iterable[Work]) -> list[str]:
    """Return what a user has to know of the torch optimizers, in sentences.

    Args:
        configs: all shared settings of a sweep.
        works: its chunks.
    """
    found: dict[str, None] = {}  # in order, each once
    for config in configs:
        if config.foreign:
            cls, keywords = torch_class(config)
            if sentence := decay_left_out(cls, keywords):
                found[sentence] = None
            verdict = tested(config)
            if not verdict.lanes:
                found[f"{config.opt} {verdict.reason}; each of its cells is run alone"] = None
    if any(config.foreign and config.device == "cuda" for config in configs):
        total = sum(seconds(work) for work in works if work.torch)
        found[
            f"the cells of torch optimizers may take {total:,.0f} s on one GPU (an estimate of"
            " 150 us per step and step size, not measured)"
        ] = None
    return list(found)


def verdicts(configs: Sequence[Config]) -> dict[str, Any]:
    """Return how far the lanes of each torch optimizer are the runs that they would be alone."""
    found: dict[str, Any] = {}
    for config in configs:
        if config.foreign:
            from amsgrad.optimizers.elementwise import LIMITS

            verdict = tested(config)
            alone = f"each cell is run alone, since it {verdict.reason}"
            lanes = f"lanes are equal to the torch loop, {verdict.verdict}"
            found |= {config.opt: lanes if verdict.lanes else alone, "not excluded": LIMITS}
    return found


def cut(
    configs: Sequence[Config],
    free: Mapping[str, NDArray[Any]],
    lanes: bool,
    most: int,
    size: int | None,
) -> Iterator[NDArray[np.int64]]:
    """Yield the cells of each chunk, by their number among those given, of one number of steps.

    Cells with one step size lie beside one another: they are one parameter group, in one chunk.

    Args:
        configs: the shared settings of each cell.
        free: what stands for the value of each cell on the free axes.
        lanes: whether the cells of a chunk are computed together.
        most: cells of a chunk, for their memory.
        size: of a chunk; None for one that takes about SECONDS_A_CHUNK.
    """
    groups = _groups(configs, free)
    order = np.argsort(groups, kind="stable")
    begin = 0
    for end in range(1, order.size + 1):
        if end < order.size:
            chunk = order[begin : end + 1]
            whole = end + 1 - begin
            # from its first group to its last one; to cut a group would save no time
            calls = int(groups[chunk[-1]] - groups[chunk[0]]) + 1 if lanes else whole
            fits = _seconds(configs[0], calls, whole) <= SECONDS_A_CHUNK
            fits |= lanes and bool(groups[chunk[-1]] == groups[chunk[-2]])
            if whole <= (size or (min(most, MOST_LANES) if fits else 0)):
                continue
        yield order[begin:end]
        begin = end


def seconds(work: Work) -> float:
    """Return about how long a chunk takes."""
    lanes = work.cells.size
    groups = _groups([work.configs[i] for i in work.of], work.numbers)
    together = tested(work.configs[0]).lanes
    return _seconds(work.configs[0], np.unique(groups).size if together else lanes, lanes)


def _groups(configs: Sequence[Config], free: Mapping[str, NDArray[Any]]) -> NDArray[np.int64]:
    """Return the number of the parameter group of each cell."""
    shared: dict[Any, int] = {}
    keys = [tuple(getattr(config, name) for name in OF_A_GROUP) for config in configs]
    columns = [np.array([shared.setdefault(key, len(shared)) for key in keys], np.float64)]
    columns += [free[name] for name in OF_A_GROUP if name in free]
    return np.unique(np.array(columns), axis=1, return_inverse=True)[1].ravel()


def _seconds(config: Config, calls: int, lanes: int) -> float:
    from amsgrad.engines.torch_lanes import step_seconds

    return config.steps * step_seconds(calls, lanes, config.device)
