"""An engine whose first steps were checked against the real optimizer, or against plain Python."""

from collections.abc import Mapping
from dataclasses import asdict

from amsgrad.engines.base import RunEngine
from amsgrad.engines.reference import Reference
from amsgrad.rules import RULES
from amsgrad.verification import Disagreement, tolerance, verify, verify_to_the_bit
from experiments.command import CommandError
from experiments.config.build import build_engine, build_setup, engine_name
from experiments.config.run_config import Config
from experiments.run import picture, trace
from experiments.run.real_optimizer import path_beside
from experiments.tracking import labml_tracker


def build_verified(config: Config) -> tuple[RunEngine, Mapping[str, object]]:
    """Return the engine, and the result of the comparison of its first `config.verify` steps.

    Only the compiled engine is compared: with the real optimizer, or, where torch has no such
    optimizer, with the definition in plain Python, to the bit.

    Raises:
        ConfigError: as `build_engine`.
        CommandError: the engine left the path of the other one, or that ended in an error.
    """
    if engine_name(config) != "compiled" or config.verify == 0:
        return build_engine(config), {"steps": 0}
    setup, rule = build_setup(config), config.make_rule()
    steps = min(config.verify, config.steps)
    counterpart = RULES[config.opt].counterpart(config.rule_options)
    try:
        if counterpart is None:
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
