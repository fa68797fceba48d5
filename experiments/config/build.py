"""From a configuration to the engine that runs it."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from amsgrad.cycles.certificate import why_no_cycle
from amsgrad.engines.base import RunEngine, ScalarEngine, Setup
from amsgrad.engines.driver import run_to
from amsgrad.schedules import BETA1_SCHEDULES, SCHEDULES
from experiments.command import ConfigError
from experiments.config.run_config import Config
from experiments.terminal import say

if TYPE_CHECKING:
    from amsgrad.engines.torch_loop import TorchLoop

SEARCHED = 200_000_000  # steps, within a second or two
SECONDS_OF_PATIENCE = 6.0  # the first call compiles


def device_name(config: Config) -> str:
    """Return cpu, or the name of the GPU that the run computes on."""
    if config.device == "cpu":
        return "cpu"
    import torch

    return torch.cuda.get_device_name()


def build_setup(config: Config) -> Setup:
    """Return all but the rule that decides the numbers of a run."""
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


def engine_name(config: Config) -> str:
    """Return the engine; auto is compiled where there is a rule and no GPU is asked for."""
    if config.engine != "auto":
        return config.engine
    return "torch" if config.foreign or config.device == "cuda" else "compiled"


def build_engine(config: Config) -> RunEngine:
    """Return the engine of the configuration.

    Raises:
        ConfigError: there is no CUDA device, no such optimizer, or nothing to certify.
    """
    name = engine_name(config)
    if name == "compiled":
        engine = _answering_to_signals(lambda: _compiled(config))
        run_to(engine, 1)  # compiles, or reads numba's cache
        return engine
    if name == "reference":
        from amsgrad.engines.reference import Reference

        return Reference(build_setup(config), config.make_rule())
    return build_torch_loop(config)


def _answering_to_signals(build: Callable[[], RunEngine]) -> RunEngine:
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
        say("looking for the cycle of the run; --certify no does without")
    while thread.is_alive():
        thread.join(0.1)
    if isinstance(found[0], BaseException):
        raise found[0]
    engine: RunEngine = found[0]
    return engine


def _compiled(config: Config) -> ScalarEngine:
    from amsgrad.cycles.engine import Certified
    from amsgrad.engines.compiled import Compiled

    setup, rule = build_setup(config), config.make_rule()
    reason = why_no_cycle(setup, rule)
    if config.certify == "yes" and reason is not None:
        raise ConfigError(
            f"--certify yes was given, but the run is not guaranteed to be periodic: {reason}"
        )
    if config.certify == "no" or reason is not None:
        return Compiled(setup, rule)
    limit = config.steps
    if config.certify == "auto":  # a search that finds nothing must not double the time of a run
        limit = min(limit, max(SEARCHED, config.steps // 10))
    return Certified(setup, rule, limit)


def build_torch_loop(config: Config) -> "TorchLoop":
    """Return the real optimizer in the torch engine; a compiled rule is checked against it, too.

    Raises:
        ConfigError: as `build_engine`.
    """
    import torch

    from amsgrad.engines.torch_loop import TorchLoop
    from amsgrad.optimizers.catalog import foreign_optimizer, real_optimizer

    if config.device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("--device cuda was given, but torch finds no CUDA device; use cpu")
    if not config.foreign:
        make = real_optimizer(config.opt, lr=config.lr, **config.rule_options)
        return TorchLoop(build_setup(config), make, config.device, config.seed)
    own = config.rule_options
    betas = None if config.beta1 is None else (config.beta1, own["beta2"])
    try:
        make = foreign_optimizer(config.opt, lr=config.lr, betas=betas, eps=own.get("eps"))
        loop = TorchLoop(build_setup(config), make, config.device, config.seed)
        loop.rehearse()
    except (Exception, SystemExit) as error:  # another's code may fail in any way
        reason = " ".join(str(error).split())[:200]
        raise ConfigError(f"--opt {config.opt} cannot be run: {reason}") from error
    return loop
