"""Run optimizers from Python: one run, or many at once, as one labelled data set."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from amsgrad.config.build import (
    CERTIFIED_FROM,
    LONG,
    build_engine,
    build_lanes,
    build_setup,
    verify_lanes,
)
from amsgrad.config.own_options import parameters, problems_with
from amsgrad.config.run_config import RUN, Config
from amsgrad.cycles.certificate import Certificate, why_no_cycle
from amsgrad.dataset import to_dataset
from amsgrad.engines.base import Engine, Records, State
from amsgrad.engines.batch import Batch
from amsgrad.engines.driver import drive
from amsgrad.engines.kind import kind, numbers_of
from amsgrad.engines.reference import Reference
from amsgrad.field_types import Whole
from amsgrad.laws.law import Law
from amsgrad.laws.why_no_law import why_no_law
from amsgrad.options import ConfigError, Option, shown
from amsgrad.problems.problem import Problem
from amsgrad.registry import name_of
from amsgrad.schedules import record_steps
from amsgrad.verification import VERIFIED, verify_to_the_bit

if TYPE_CHECKING:
    import xarray

LAWFUL_FROM = 1_000_000_000  # steps: from here on a run is looked at alone for its law
RECORDS = 1000  # evenly over the logarithm of the step
SEEDS = Option(Whole(1), "Number of seeds")
MOST_NUMBERS = 50_000_000  # of the problems of a batch, in memory
# Many runs of a torch optimizer go together once it is tested, in some 3 s; by itself a run takes
# some 0.1 ms per step.
WORTH_A_TEST = 100_000  # runs x steps


def run(opt: Any, *, seeds: int | None = None, **settings: Any) -> "xarray.Dataset":
    """Run optimizers on a problem; return x_t and the regret at some steps, and what follows.

    A setting is given one value, or a list (a tuple, an array) of values: then every combination is
    run, and the data set has a dimension of this name. Runs that differ in numbers alone are
    computed as one batch. The first steps of each batch are checked against plain Python. Many runs
    of a torch optimizer are the lanes of one tensor, if it acts on each element by itself
    (`amsgrad/optimizers/elementwise.py`), and are checked against the torch loop.

    Args:
        opt: the name of a rule (`amsgrad.RULES`), a rule of your own, a class of torch optimizers,
            or `package.module:Name` of one.
        seeds: this many runs of a random problem, with the seeds 0, 1, ...; or from `seed` on.
        settings: `steps`, `lr`, `schedule`, `problem` and all other options of the command line;
            `problem` may be an object, too. Without `every`, about 1000 steps are recorded, evenly
            over the logarithm.

    Returns:
        A data set with a dimension for each list, `seed` and `step`. Variables: `x`, `regret` and
        `average_regret` at x_t, before the update of the step (on random losses on a bounded F
        `average_hindsight_regret`, too); `x_last`, after the last update;
        `limit` of the average regret, where the exact cycle of a constant-step run or the law of a
        decaying one was found, else NaN. Attributes: the settings that all runs share, F, x* and,
        of a single run, its limit and its cycle, or its law: R_T / T is limit + kappa T^-exponent +
        constant / T, and what falls faster.

    Raises:
        ConfigError: a setting is not allowed; a ValueError.
        Disagreement: a fast engine leaves the path of plain Python.

    Warns:
        UserWarning: a run of more than 1,000,000,000 steps at a decaying step has no law, so that
            all its steps are taken.

    Example:
        >>> found = run(["adam", "amsgrad"], steps=1e6, lr=0.5, schedule="inverse_sqrt")
        >>> found.x_last.sel(opt="adam").item()
        1.0
        >>> found.sizes["opt"]
        2
    """
    shared, axes = _axes({"opt": opt, **settings}, seeds)
    cases = [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]
    configs = [Config(**shared, **case) for case in cases]
    _refuse_idle({**shared, **axes}, configs)
    steps = min(config.steps for config in configs)  # the default of torch's engine is shorter
    if any(config.steps != steps for config in configs):
        configs = [Config(**{**shared, "steps": steps}, **case) for case in cases]
    axes = {name: _values(name, axes[name], cases, configs) for name in axes}
    at = record_steps(steps, configs[0].every if "every" in shared else None, RECORDS)
    columns = np.full((len(Records._fields) - 1, len(configs), at.size), np.nan)
    x_last, limit = np.full((2, len(configs)), np.nan)
    for engine, lanes in _engines(configs):
        if engine.no_law is not None and steps > LONG:
            text = f"no law is known: {engine.no_law}; all {steps:,} steps are taken, one by one"
            warnings.warn(text, stacklevel=2)
        last, records = _advance(engine, steps, at, len(lanes))
        here = np.searchsorted(at, records.step)
        for whole, part in zip(columns, records[1:], strict=True):
            whole[np.ix_(np.array(lanes), here)] = part.T.reshape(len(lanes), -1)
        x_last[lanes] = last.x
        if engine.certificate is not None or engine.law is not None:
            limit[lanes] = float((engine.certificate or engine.law).limit)
    found = to_dataset(configs, axes, at, columns, x_last, limit)
    if len(configs) == 1 and engine.certificate is not None:
        found.attrs |= _cycle(engine.certificate)
    if len(configs) == 1 and engine.law is not None:
        found.attrs |= _law(engine.law)
    return found.assign_attrs(verified_steps=VERIFIED)


def _axes(
    settings: Mapping[str, Any], seeds: int | None
) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Return the settings with one value, and the values of the others."""
    shared: dict[str, Any] = {}
    axes: dict[str, list[Any]] = {}
    for name, value in settings.items():
        if isinstance(value, Problem):
            cls: Any = type(value)
            own = {entry: getattr(value, entry) for entry in parameters(cls)}
            if "seed" in settings or seeds is not None:
                own.pop("seed", None)
            for twice in own.keys() & settings:
                raise ConfigError(f"{twice} is given twice: alone, and by the problem {value}")
            shared |= {**own, name: name_of(cls)}
            continue
        given = np.asarray(value, object)
        if given.ndim == 0:
            shared[name] = name_of(value)
            continue
        entries = [e.tolist() if isinstance(e, np.ndarray) else e for e in given.tolist()]
        if not entries:
            raise ConfigError(f"{name} must have at least one value, but the list is empty")
        owners = problems_with().get(name, {}).values()
        if any(option.type.is_one(entries) for option in owners):
            shared[name] = entries
        else:
            axes[name] = list(map(name_of, entries))
            if any(isinstance(entry, Problem) for entry in axes[name]):
                raise ConfigError(f"a list of {name}s must hold names or classes, not objects")
    if seeds is not None:
        if "seed" in axes:
            raise ConfigError("seeds is a number of runs from one seed on, but seed is a list")
        number = SEEDS.read(seeds, "seeds")
        first = RUN["seed"].read(shared.pop("seed", 0), "seed")
        axes["seed"] = list(range(first, first + number))
    for name in ("steps", "every", "engine"):
        if name in axes:
            raise ConfigError(f"{name} must be one value for all runs, not a list")
    return shared, axes


def _refuse_idle(settings: Iterable[str], configs: Sequence[Config]) -> None:
    for name in settings:
        if name not in RUN and all(name not in config.settings() for config in configs):
            who = " and ".join(sorted({config.opt for config in configs}))
            where = " and ".join(sorted({config.problem for config in configs}))
            raise ConfigError(f"{name} has no effect with opt {who} on problem {where}")


def _values(
    name: str, given: list[Any], cases: Sequence[Mapping[str, Any]], configs: Sequence[Config]
) -> list[Any]:
    """Return the values along a dimension as the runs have them."""
    read = {}
    for case, config in zip(cases, configs, strict=True):
        if name in config.settings():
            read[given.index(case[name])] = config.settings()[name]
    values = [read.get(i) for i in range(len(given))]
    if None in values or len(set(values)) < len(values):
        raise ConfigError(f"{name} must have different values, but {shown(given)} was given")
    return values


def _engines(configs: Sequence[Config]) -> Iterable[tuple[Engine[State], list[int]]]:
    """Yield engines that run all of these, each with the numbers of its runs."""
    groups: dict[Any, list[int]] = {}
    for i, config in enumerate(configs):
        groups.setdefault(_group(config, i), []).append(i)
    for lanes in (part for group in groups.values() for part in _parts(group, configs)):
        config = configs[lanes[0]]
        if config.engine_name == "torch" and len(lanes) * config.steps < WORTH_A_TEST:
            yield from ((build_engine(configs[i]), [i]) for i in lanes)
            continue
        if len(lanes) == 1:
            engine: Engine[State] = build_engine(config)
            if config.engine_name == "compiled":
                _verify(engine, config, None)
        elif config.engine_name == "torch":
            engine = build_lanes([configs[i] for i in lanes])
            verify_lanes(engine, config, _verified(config))
        else:
            own = [(build_setup(configs[i]), configs[i].make_rule()) for i in lanes]
            engine = Batch(*zip(*own, strict=True))
            _verify(engine, config, 0)
        yield engine, lanes


def _parts(group: list[int], configs: Sequence[Config]) -> Iterable[list[int]]:
    """Yield the runs of a group, as many at once as a batch can hold in memory."""
    most = max(1, MOST_NUMBERS // numbers_of(build_setup(configs[group[0]])))
    return (group[start : start + most] for start in range(0, len(group), most))


def _group(config: Config, number: int) -> Any:
    """Return what the runs of a batch share; its own number for a run that goes alone."""
    if config.engine_name == "torch":
        return config.opt, *sorted(config.rule_options.items()), config.dtype, config.device
    if config.engine_name != "compiled":
        return number
    setup, rule = build_setup(config), config.make_rule()
    certified = config.certify == "yes" or (
        config.certify == "auto" and config.steps >= CERTIFIED_FROM
    )
    if certified and why_no_cycle(setup, rule) is None:
        return number
    lawful = config.certify == "yes" or (config.certify == "auto" and config.steps >= LAWFUL_FROM)
    if lawful and why_no_law(setup, rule) is None:
        return number
    return kind(setup, rule)


def _verify(engine: Engine[State], config: Config, run: int | None) -> None:
    definition = Reference(build_setup(config), config.make_rule())
    verify_to_the_bit(engine, definition, _verified(config), run=run)


def _verified(config: Config) -> int:
    return min(VERIFIED, config.steps, config.verify)


def _advance(
    engine: Engine[State], steps: int, at: NDArray[np.int64], lanes: int
) -> tuple[State, Records]:
    def piece() -> int:
        jumps = engine.certificate is not None or engine.law is not None
        return steps if jumps else engine.piece(lanes)

    pieces = list(drive(engine, engine.init(), steps, at, piece=piece))
    return pieces[-1][0], Records.join([records for _, records in pieces])


def _cycle(certificate: Certificate) -> dict[str, float]:
    return {
        "limit": certificate.limit,
        "cycle_start": certificate.start,
        "cycle_length": certificate.length,
        "cycle_lowest_x": certificate.lowest,
        "cycle_highest_x": certificate.highest,
    }


def _law(law: Law) -> dict[str, float]:
    return {
        "limit": float(law.limit),
        "kappa": law.kappa,
        "exponent": law.exponent,
        "constant": law.constant,
        "law_start": law.start,
        "bits_to": float(law.bits_to),  # it may be beyond 64 bits
    }
