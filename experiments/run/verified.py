"""An engine that has been held to the real optimizer, which works in a process of its own.

torch takes as long to import as all the rest of a run. Beside the import of numba and matplotlib
it costs half of that on two cores, and a run of the compiled engine never loads it.
"""

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from typing import Any

from amsgrad.engines.base import Engine
from amsgrad.engines.reference import Reference
from amsgrad.rules import TORCH_RULES
from amsgrad.verification import Disagreement, follow, tolerance, verify
from experiments.run import picture
from experiments.run import trace
from experiments.tracking.labml_tracker import labml_tracker as tracking
from experiments.config.build import build_engine, build_rule, build_setup, build_torch_loop, engine_name
from experiments.config.run_config import Config


def build_verified(config: Config) -> tuple[Engine[Any], Mapping[str, object]]:
    """The engine, and what the comparison of its first `config.verify` steps has found.

    Only the compiled engine is compared: with the real optimizer, or with the definition in plain
    Python, to the bit, where torch has no such optimizer.

    Raises:
        ConfigError: as `build_engine`.
        Disagreement: the engine left the real optimizer's path, or that ended in an error.
    """
    if engine_name(config) != "compiled" or config.verify == 0:
        return build_engine(config), {"steps": 0}
    setup, rule = build_setup(config), build_rule(config)
    steps = min(config.verify, config.steps)
    if config.opt not in TORCH_RULES:
        definition = follow(Reference(setup, rule), "the reference engine", steps)
        engine = build_engine(config)
        return engine, asdict(verify(engine, rule, definition, 0.0))
    with _real_optimizer(config) as answer:
        engine = build_engine(config)
        for module in (trace, picture, tracking):
            module.import_ahead()
        try:
            path = answer.recv()
        except EOFError:
            path = RuntimeError("its process ended early")
    if isinstance(path, Exception):
        raise Disagreement(f"the real optimizer cannot be followed: {path}")
    allowed = tolerance(rule, setup.dtype, steps)
    return engine, asdict(verify(engine, rule, path, allowed))


@contextmanager
def _real_optimizer(config: Config) -> Iterator[Connection]:
    """Start the other process; yield where its answer comes from; end it in any case."""
    context = get_context("spawn")
    answer, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send_path, args=(config, sender), daemon=True)
    process.start()
    sender.close()
    try:
        yield answer
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
    except Exception as error:  # told by the process that was started by hand
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
    """Tell torch not to import torch._dynamo (1 to 2 s), which would exempt these methods from it.

    In a process that steps one optimizer and ends, nothing is ever compiled by torch.
    """
    import torch

    for method in vars(torch.optim.Optimizer).values():
        plain = getattr(method, "__wrapped__", None)
        if plain is not None:
            plain.__dynamo_disable = plain
