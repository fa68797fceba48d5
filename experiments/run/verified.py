"""An engine whose first steps were checked against the real optimizer, or against plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from amsgrad.config.build import build_setup, build_torch_loop
from amsgrad.config.caption import caption
from amsgrad.config.run_config import Config
from amsgrad.engines.base import RunEngine
from amsgrad.engines.driver import run_to
from amsgrad.engines.reference import Reference
from amsgrad.options import ConfigError
from amsgrad.registry import is_path
from amsgrad.rules import RULES
from amsgrad.verification import Disagreement, tolerance, verify, verify_to_the_bit
from experiments.command import CommandError
from experiments.config.build import build_engine
from experiments.run import picture, trace
from experiments.run.real_optimizer import path_beside
from experiments.tracking import labml_tracker

if TYPE_CHECKING:
    from amsgrad.engines.torch_loop import TorchLoop


def build_verified(config: Config) -> tuple[RunEngine, Mapping[str, object]]:
    """Return the engine, and the result of the comparison of its first `config.verify` steps.

    The compiled engine is compared with the real optimizer, or, where torch has no such optimizer,
    with the definition in plain Python, to the bit. A real optimizer on a GPU is compared with that
    definition, within the same tolerance; on the CPU it is itself what others are compared with.

    Raises:
        ConfigError: as `build_engine`.
        CommandError: the engine left the path of the other one, or that ended in an error.
    """
    chosen = {"opt": config.opt, "problem": config.problem}
    others = [f"--{name} {value}" for name, value in chosen.items() if is_path(value)]
    if not others:
        return _build_verified(config)
    try:
        caption(config)
        if not config.foreign:  # numba's reports are harder to read than Python's
            run_to(Reference(build_setup(config), config.make_rule()), 2)
        return _build_verified(config)
    except (CommandError, ConfigError):
        raise
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise ConfigError(f"{' or '.join(others)} cannot be run ({reason})") from error


def _build_verified(config: Config) -> tuple[RunEngine, Mapping[str, object]]:
    if config.engine_name == "torch" and config.device == "cuda" and not config.foreign:
        loop = build_torch_loop(config)
        return loop, verify_torch(loop, config)
    if config.engine_name != "compiled" or config.verify == 0:
        return build_engine(config), {"steps": 0}
    setup, rule = build_setup(config), config.make_rule()
    steps = min(config.verify, config.steps)
    counterpart = RULES[config.opt].counterpart(config.rule_options)
    try:
        if counterpart is None or config.memory0 is not None:  # torch's begin with no memory
            engine = build_engine(config)
            definition = Reference(setup, rule)
            found = verify_to_the_bit(engine, definition, steps, piece=lambda: 1)
            return engine, asdict(found)
        with path_beside(config) as path_of:
            engine = build_engine(config)
            for module in (trace, picture, labml_tracker):
                module.import_ahead()
            path = path_of()
        allowed = tolerance(rule, setup.dtype, steps)
        return engine, asdict(verify(engine, path, counterpart.state, allowed))
    except Disagreement as error:
        raise CommandError(error, status=1) from None


def verify_torch(loop: TorchLoop, config: Config) -> Mapping[str, object]:
    """Compare the first `config.verify` steps of the real optimizer of a rule with its definition.

    Raises:
        CommandError: they differ by more than rounding explains.
    """
    steps = min(config.verify, config.steps)
    counterpart = RULES[config.opt].counterpart(config.rule_options)
    if steps == 0 or counterpart is None:
        return {"steps": 0}
    definition = Reference(build_setup(config), config.make_rule())
    allowed = tolerance(definition.rule, definition.setup.dtype, steps)
    try:
        found = verify(definition, loop.follow(steps), counterpart.state, allowed)
    except Disagreement as error:
        raise CommandError(error, status=1) from None
    return asdict(replace(found, against="the reference engine"))
