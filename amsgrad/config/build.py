"""From a configuration to the engine that runs it."""

from collections.abc import Sequence
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np

from amsgrad.config.own_options import parameters
from amsgrad.config.run_config import RUN, Config
from amsgrad.config.torch_options import keyword_arguments
from amsgrad.cycles.certificate import why_no_cycle
from amsgrad.engines.base import Engine, RunEngine, ScalarEngine, Setup, State
from amsgrad.options import ConfigError
from amsgrad.problems import PROBLEMS
from amsgrad.problems.problem import Problem
from amsgrad.registry import load
from amsgrad.schedules import BETA1_SCHEDULES, SCHEDULES, constant
from amsgrad.verification import verify_lane

if TYPE_CHECKING:
    from amsgrad.engines.torch_lanes import TorchLanes
    from amsgrad.engines.torch_loop import TorchLoop
    from amsgrad.optimizers.catalog import MakeOptimizer
    from amsgrad.optimizers.elementwise import Elementwise

# From here on a scalar run to its cycle costs at most as much as a lane of a batch: measured,
# 0.75 ms for Adam and 4.1 ms for AMSGrad up to beta2 = 0.999 (26 ms up to 0.99999) against 4.3 ms
# (74 ms).
CERTIFIED_FROM = 10_000_000  # steps
SEARCHED = 200_000_000  # steps, within a second or two
SEARCHED_DECAYING = 20_000_000  # steps of the plain loop, within a quarter of a second
LONG = 1_000_000_000  # steps, in some seconds: a run without a law then says why


def device_of(config: Config) -> dict[str, str]:
    """Return the name of what the torch engine computes on: cpu, or that of a GPU.

    Of a GPU, its compute capability and the version of CUDA that torch was built with, too.
    """
    if config.device == "cpu":
        return {"name": "cpu"}
    import torch

    major, minor = torch.cuda.get_device_capability()
    cuda = str(torch.version.cuda)
    return {"name": torch.cuda.get_device_name(), "capability": f"{major}.{minor}", "cuda": cuda}


def take_gpu(number: int) -> None:
    """Let the torch engines of this thread compute on the GPU of this number, counted in turns."""
    import torch

    torch.cuda.set_device(number % torch.cuda.device_count())


def build_setup(config: Config, problem: Problem | None = None) -> Setup:
    """Return all but the rule that decides the numbers of a run.

    Args:
        config: of the run.
        problem: that of the run, where it was made before; it takes half of the time.
    """
    return Setup(
        problem=config.make_problem() if problem is None else problem,
        lr=config.lr,
        schedule=SCHEDULES[config.schedule],
        schedule_rate=config.schedule_rate,
        beta1_schedule=BETA1_SCHEDULES[config.beta1_schedule],
        beta1_rate=config.beta1_rate,
        first_t=config.first_t,
        x0=config.x0,
        dtype={"float32": np.float32, "float64": np.float64}[config.dtype],
    )


def settings_of_problem(config: Config) -> set[str]:
    """Return the names of all settings that decide the problem."""
    cls: Any = PROBLEMS[config.problem]
    return {*config.problem_options, *(parameters(cls) & RUN.keys())}


def build_engine(config: Config) -> RunEngine:
    """Return the engine of the configuration.

    A compiled one may look first for the cycle of a run at a constant step, or for the law of a
    run at a decaying one.

    Raises:
        ConfigError: there is no CUDA device, the optimizer cannot be run, or nothing to certify.
    """
    if config.engine_name == "compiled":
        return _compiled(config)
    if config.engine_name == "reference":
        from amsgrad.engines.reference import Reference

        return Reference(build_setup(config), config.make_rule())
    return build_torch_loop(config)


def _compiled(config: Config) -> ScalarEngine:
    from amsgrad.cycles.engine import Certified
    from amsgrad.engines.compiled import Compiled
    from amsgrad.laws.engine import Lawful
    from amsgrad.laws.why_no_law import why_no_law

    setup, rule = build_setup(config), config.make_rule()
    decays = setup.schedule is not constant
    reason = why_no_law(setup, rule) if decays else why_no_cycle(setup, rule)
    if config.certify == "yes" and reason is not None:
        lacks = "has no law" if decays else "is not guaranteed to be periodic"
        raise ConfigError(f"--certify yes was given, but the run {lacks}: {reason}")
    if config.certify == "no" or reason is not None:
        plain = Compiled(setup, rule)
        if decays and config.certify == "auto" and config.steps > LONG:
            plain.no_law = reason
        return plain
    limit = config.steps
    if config.certify == "auto":  # a search that finds nothing must not double the time of a run
        limit = min(limit, max(SEARCHED_DECAYING if decays else SEARCHED, config.steps // 10))
    if decays:
        return Lawful(setup, rule, limit, config.make_form())
    return Certified(setup, rule, limit)


def build_torch_loop(config: Config) -> "TorchLoop":
    """Return the real optimizer in the torch engine; a compiled rule is checked against it, too.

    Raises:
        ConfigError: as `build_engine`.
    """
    from amsgrad.engines.torch_loop import TorchLoop

    _check_device(config)
    try:
        loop = TorchLoop(build_setup(config), optimizer_of(config), config.device, config.seed)
        if config.foreign:
            loop.rehearse()
    except (Exception, SystemExit) as error:  # another's code may fail in any way
        reason = " ".join(str(error).split())[:200]
        raise ConfigError(f"--opt {config.opt} cannot be run: {reason}") from error
    return loop


def build_lanes(configs: Sequence[Config]) -> "TorchLanes":
    """Return runs of one torch optimizer, with the same keywords, as lanes of one engine.

    A class that does not act on each element by itself gets an optimizer for each lane.

    Raises:
        ConfigError: as `build_engine`; or the class ignores lr, or cannot be tested.
    """
    from amsgrad.engines.torch_lanes import TorchLanes

    _check_device(configs[0])
    for config in {config.schedule: config for config in configs}.values():
        found = lanes_of(config)
    make = optimizer_of(configs[0])
    setups, seeds = map(build_setup, configs), [config.seed for config in configs]
    return TorchLanes(list(setups), make, configs[0].device, together=found.lanes, seeds=seeds)


def verify_lanes(engine: Engine[State], config: Config, steps: int) -> None:
    """Compare the first of these lanes, which has this configuration, with the torch loop.

    Raises:
        ConfigError: as `build_engine`.
        Disagreement: their first steps differ.
    """
    # the optimizer was tested on the CPU
    to_the_bit = lanes_of(config).verdict != "to rounding" and config.device == "cpu"
    verify_lane(engine, build_torch_loop(config), steps, lane=0, to_the_bit=to_the_bit)


def lanes_of(config: Config) -> "Elementwise":
    """Return whether the runs of a torch optimizer can be lanes of one tensor; it is tested.

    Raises:
        ConfigError: the class ignores lr, or its changes, or cannot be tested.
    """
    from amsgrad.optimizers.elementwise import elementwise

    cls, keywords = torch_class(config)
    found = elementwise(cls, **keywords)
    if found.verdict == "refused":
        raise ConfigError(f"--opt {config.opt} cannot be run in lanes: it {found.reason}")
    if config.schedule != "constant" and not found.scheduled:
        raise ConfigError(
            f"--schedule {config.schedule} needs an optimizer that follows lr from step to step,"
            f" but --opt {config.opt} does not; --schedule constant is allowed"
        )
    return found


def torch_class(config: Config) -> tuple[Any, dict[str, Any]]:
    """Return the class of torch optimizers that is run, and its keyword arguments but lr."""
    from amsgrad.optimizers.catalog import counterpart

    if config.foreign:
        cls = load(config.opt)
        return cls, keyword_arguments(cls, config.rule_options)
    return counterpart(config.opt, **config.rule_options)


def optimizer_of(config: Config) -> "MakeOptimizer":
    """Return what makes the optimizer of a run, of its parameters.

    On a GPU torch's classes step all parameters together (foreach) unless they are told not to, and
    on the CPU one by one. Here both step one by one, so that they round alike.

    Raises:
        ValueError: as `foreign_optimizer`.
    """
    from amsgrad.optimizers.catalog import foreign_optimizer

    cls, keywords = torch_class(config)
    chosen = {"foreach", "fused"} & keywords.keys()
    if config.device == "cuda" and not chosen and "foreach" in signature(cls).parameters:
        keywords["foreach"] = False
    return foreign_optimizer(cls, lr=config.lr, **keywords)


def _check_device(config: Config) -> None:
    import torch

    if config.device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("--device cuda was given, but torch finds no CUDA device; use cpu")
