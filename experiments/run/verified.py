"""An engine that was checked against the real optimizer, which works in a process of its own.

torch takes as long to import as all the rest of a run. Beside the import of numba and matplotlib
it costs half of that on two cores, and a run of the compiled engine never loads it.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from typing import Any

from amsgrad.engines.base import RunEngine, Trajectory
from amsgrad.engines.reference import Reference
from amsgrad.rules import RULES
from amsgrad.verification import Disagreement, tolerance, verify, verify_to_the_bit
from experiments.command import CommandError
from experiments.config.build import build_engine, build_setup, build_torch_loop, engine_name
from experiments.config.run_config import Config
from experiments.run import picture, trace
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
        with _real_optimizer(config) as path_of:
            engine = build_engine(config)
            for module in (trace, picture, labml_tracker):
                module.import_ahead()
            path = path_of()
        allowed = tolerance(rule, setup.dtype, steps)
        return engine, asdict(verify(engine, path, counterpart.state, allowed))
    except Disagreement as error:
        raise CommandError(error, status=1) from None


@contextmanager
def _real_optimizer(config: Config) -> Iterator[Callable[[], Trajectory]]:
    """Start the other process; yield a function that waits for its path; end it in any case."""
    context = get_context("spawn")
    answer, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send_path, args=(config, sender), daemon=True)
    process.start()
    sender.close()

    def path_of() -> Trajectory:
        try:
            path: Any = answer.recv()
        except EOFError:
            path = RuntimeError("its process ended early")
        if isinstance(path, Exception):
            raise Disagreement(f"the real optimizer cannot be followed: {path}")
        found: Trajectory = path
        return found

    try:
        yield path_of
    finally:
        process.kill()
        process.join()
        answer.close()


def _send_path(config: Config, sender: Connection) -> None:
    # Ctrl-C reaches every process of a terminal: the one that was started by hand will end this.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _spare_torchs_compiler()
    try:
        answer: Any = build_torch_loop(config).follow(min(config.verify, config.steps))
    except Exception as error:  # reported by the process that was started by hand
        answer = error
    with suppress(BrokenPipeError):  # that process was ended
        sender.send(answer)


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, even by kill -9."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _spare_torchs_compiler() -> None:
    """Keep torch from importing torch._dynamo (1 to 2 s), which would exempt these methods.

    In a process that steps one optimizer and ends, nothing is ever compiled by torch.
    """
    import torch

    for method in vars(torch.optim.Optimizer).values():
        plain = getattr(method, "__wrapped__", None)
        if plain is not None:
            plain.__dynamo_disable = plain
