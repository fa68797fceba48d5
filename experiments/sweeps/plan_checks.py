"""The kinds of cells, one per batch, and the checks that a sweep as a whole must pass."""

from math import prod
from typing import Any, NamedTuple

from amsgrad.config.build import CERTIFIED_FROM, build_setup
from amsgrad.config.run_config import RUN, Config
from amsgrad.cycles.certificate import why_no_cycle
from amsgrad.engines.kind import kind, numbers_of
from amsgrad.options import ConfigError
from amsgrad.schedules import BETA1_SCHEDULES, FORMULAS, SCHEDULES
from experiments.sweeps import torch_cells
from experiments.sweeps.quantities import OF_LAWS
from experiments.sweeps.sweep_file import Sweep
from experiments.sweeps.terms import why_without_terms
from experiments.sweeps.work import How

RATES = {
    "schedule_rate": ("schedule", SCHEDULES),
    "beta1_rate": ("beta1_schedule", BETA1_SCHEDULES),
}
MOST_SERIES = 200_000_000  # numbers in all, held in memory by `merge`
LONGEST_WINDOW = 100_000_000  # steps that are looked at one by one


class Kind(NamedTuple):
    """All that the cells of a chunk have in common."""

    functions: Any
    steps: int
    how: How
    numbers: int  # of the problem of each, in memory; 0 where problems may differ in that
    terms: bool = False  # whether a law says something of it
    torch: bool | None = None  # of a torch optimizer: whether the cells are lanes of one tensor


def kind_of(config: Config, sweep: Sweep) -> Kind:
    """Return the kind of a cell.

    Raises:
        ConfigError: a sweep cannot compute it.
    """
    if not config.foreign and (config.engine not in ("auto", "compiled") or config.device != "cpu"):
        raise ConfigError(
            "a sweep computes rules by --engine compiled and device cpu in base (its own option"
            " --device cuda takes a GPU), and torch optimizers by --engine torch, but --opt"
            f" {config.opt} --engine {config.engine} --device {config.device} was given"
        )
    setup = build_setup(config)
    p = setup.problem
    if not p.attained and "converged" in sweep.keep.variables:
        raise ConfigError(f"converged needs a best point x*, which {config.problem} does not have")
    if config.foreign:
        own = config.opt, *sorted(config.rule_options.items()), config.dtype, config.device
        lanes = torch_cells.tested(config).lanes
        return Kind(own, config.steps, "terms" if sweep.keep.of_laws else "steps", 0, False, lanes)
    rule = config.make_rule()
    why = why_no_cycle(setup, rule)
    if why is not None and config.certify == "yes":
        raise ConfigError(
            f"certify: yes was given, but the run is not guaranteed to be periodic: {why}"
        )
    limit = "limit" in sweep.keep.plain
    wanted = limit or (config.steps >= CERTIFIED_FROM and not sweep.keep.of_laws)
    how: How = "steps"
    if why is None and (config.certify == "yes" or (config.certify == "auto" and wanted)):
        how = "cycle"
    elif sweep.keep.of_laws:
        how = "terms"
    terms = why_without_terms(config) is None
    if how == "terms":  # a row of a period for each cell, and no steps
        return Kind(kind(setup, rule), 1, how, p.period, terms)
    return Kind(kind(setup, rule), config.steps, how, numbers_of(setup), terms)


def check_all(sweep: Sweep, configs: list[Config], kinds: list[Kind]) -> None:
    """Refuse an axis or a quantity that has no meaning in any cell."""
    keep, first = sweep.keep, configs[0]
    if not keep.variables and keep.series is None:
        raise ConfigError("keep must name a quantity")
    for name in sweep.axes:
        idle_with = _no_effect_with(name, first)
        if idle_with and all(_no_effect_with(name, config) for config in configs):
            raise ConfigError(f"the axis {name} has no effect with {idle_with}; leave it out")
    lawless = not any(kind.terms for kind in kinds)
    for name in OF_LAWS[1:]:
        if name in keep.plain and lawless:
            raise ConfigError(f"{name} needs a law, but {why_without_terms(first)}")
    if "limit" in keep.plain and lawless and not any(kind.how == "cycle" for kind in kinds):
        why: str | None
        if first.foreign or first.schedule != "constant":
            why = why_without_terms(first)
        else:
            why = why_no_cycle(build_setup(first), first.make_rule())
        raise ConfigError(
            f"limit needs a certificate or a law, but {'certify is no' if why is None else why}"
        )
    hindsight = "average_hindsight_regret"
    if hindsight in keep.plain and not any(c.make_problem().hindsight for c in configs):
        raise ConfigError(f"{hindsight} is not kept on problem {first.problem}")
    if keep.series is not None and "steps" in sweep.axes:
        raise ConfigError("a series needs one number of steps, so steps must not be an axis")
    numbers = (keep.series or 0) * prod(sweep.shape)
    if numbers > MOST_SERIES:
        raise ConfigError(f"series times cells must be at most {MOST_SERIES:,}, but is {numbers:,}")
    if keep.mean_log_distance is not None:
        longest = max(config.steps for config in configs) * keep.share
        if longest > LONGEST_WINDOW:
            raise ConfigError(
                f"mean_log_distance looks at {longest:,.0f} steps of a cell one by one, and at most"
                f" {LONGEST_WINDOW:,} are allowed; give converged: {{distance: ...}} instead"
            )


def _no_effect_with(name: str, config: Config) -> str:
    """Return with what this setting has no effect on the numbers; empty where it has one."""
    if name in RATES:
        setting, known = RATES[name]
        chosen = getattr(config, setting)
        return "" if "{rate" in FORMULAS[known[chosen]] else f"{setting} {chosen}"
    if name == "seed":
        draws = config.foreign and torch_cells.tested(config).verdict == "draws"
        effective = draws or config.make_problem().random
    else:
        effective = name in RUN or name in {**config.rule_options, **config.problem_options}
    return "" if effective else f"opt {config.opt} on problem {config.problem}"
