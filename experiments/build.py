"""From a configuration to the engine that runs it."""

import sys
import threading
from collections.abc import Callable
from functools import cache
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np

from amsgrad.certificate import why_no_cycle
from amsgrad.engines.contract import Engine, Setup
from amsgrad.rules import RULES, option_names
from amsgrad.rules.rule import Rule
from amsgrad.schedules import BETA1_SCHEDULES, SCHEDULES, record_steps
from experiments.config import Config
from experiments.kinds import ConfigError

if TYPE_CHECKING:
    from amsgrad.engines.torch_loop import TorchLoop

SEARCHED = 200_000_000  # steps, within a second or two
SECONDS_OF_PATIENCE = 6.0  # the first call compiles


def device_name(config: Config) -> str:
    """What the run computes on: cpu, or the name of the GPU."""
    if config.device == "cpu":
        return "cpu"
    import torch

    return torch.cuda.get_device_name()


def build_setup(config: Config) -> Setup:
    return Setup(
        problem=config.make_problem(),
        lr=config.lr,
        schedule=SCHEDULES[config.schedule],
        schedule_rate=config.schedule_rate,
        beta1_schedule=BETA1_SCHEDULES[config.beta1_schedule],
        beta1_rate=config.beta1_rate,
        first_t=config.first_t,
        x0=config.x0,
        dtype={"float32": np.float32, "float64": np.float64}[config.dtype],
    )


def build_rule(config: Config) -> Rule:
    make = RULES[config.opt]
    return make(**{name: getattr(config, name) for name in _parameters(make)})


@cache
def _parameters(make: Callable[..., Rule]) -> tuple[str, ...]:
    return tuple(signature(make).parameters)


def engine_name(config: Config) -> str:
    """What auto stands for: compiled where there is a rule and no GPU is asked for, else torch."""
    if config.engine != "auto":
        return config.engine
    return "torch" if config.foreign or config.device == "cuda" else "compiled"


def build_engine(config: Config) -> Engine[Any]:
    """The engine of the configuration.

    Raises:
        ConfigError: there is no CUDA device, no such optimizer, or nothing to certify.
    """
    name = engine_name(config)
    if name == "compiled":
        engine = _answering_to_signals(lambda: _compiled(config))
        engine.advance(engine.init(), 1, record_steps(1, 1))  # compiles, or reads numba's cache
        return engine
    if name == "reference":
        from amsgrad.engines.reference import Reference

        return Reference(build_setup(config), build_rule(config))
    return build_torch_loop(config)


def _answering_to_signals(build: Callable[[], Engine[Any]]) -> Engine[Any]:
    """Build in a thread: this one, which Ctrl-C comes to, waits in Python and not in a loop."""
    found: list[Any] = []

    def work() -> None:
        try:
            found.append(build())
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(SECONDS_OF_PATIENCE)
    if thread.is_alive():
        print("looking for the cycle of the run; --certify no does without", file=sys.stderr)
    while thread.is_alive():
        thread.join(0.1)
    if isinstance(found[0], BaseException):
        raise found[0]
    engine: Engine[Any] = found[0]
    return engine


def _compiled(config: Config) -> Engine[Any]:
    from amsgrad.engines.certified import Certified
    from amsgrad.engines.compiled import Compiled

    setup, rule = build_setup(config), build_rule(config)
    reason = why_no_cycle(setup, rule)
    if config.certify == "yes" and reason is not None:
        raise ConfigError(f"--certify yes was given, but the run need not be periodic: {reason}")
    if config.certify == "no" or reason is not None:
        return Compiled(setup, rule)
    limit = config.steps
    if config.certify == "auto":  # a search that finds nothing must not double the time of a run
        limit = min(limit, max(SEARCHED, config.steps // 10))
    return Certified(setup, rule, limit)


def build_torch_loop(config: Config) -> "TorchLoop":
    """The real optimizer in the torch engine; also what a compiled rule is verified against.

    Raises:
        ConfigError: as `build_engine`.
    """
    import torch

    from amsgrad.engines.torch_loop import TorchLoop
    from amsgrad.optimizers.catalog import foreign_optimizer, real_optimizer

    if config.device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("--device cuda was given, but torch finds no CUDA device; use cpu")
    if not config.foreign:
        options = {name: getattr(config, name) for name in option_names(config.opt)}
        make = real_optimizer(config.opt, lr=config.lr, **options)
        return TorchLoop(build_setup(config), make, config.device, config.seed)
    betas: Any = None if config.beta1 is None else (config.beta1, config.beta2)
    try:
        make = foreign_optimizer(config.opt, lr=config.lr, betas=betas, eps=config.eps)
        loop = TorchLoop(build_setup(config), make, config.device, config.seed)
        loop.rehearse()
    except (Exception, SystemExit) as error:  # another's code may fail in any way
        reason = " ".join(str(error).split())[:200]
        raise ConfigError(f"--opt {config.opt} cannot be run: {reason}") from error
    return loop
