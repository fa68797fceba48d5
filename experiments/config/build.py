"""The engine of a run, built while its terminal stays alive."""

import threading
from collections.abc import Callable
from typing import Any

from amsgrad.config import build
from amsgrad.config.run_config import Config
from amsgrad.engines.base import RunEngine
from amsgrad.engines.driver import run_to
from experiments.terminal import say

SECONDS_OF_PATIENCE = 6.0  # the first call compiles


def build_engine(config: Config) -> RunEngine:
    """Return the engine of the configuration, compiled where it is to be.

    Raises:
        ConfigError: there is no CUDA device, the optimizer cannot be run, or nothing to certify.
    """
    if config.engine_name != "compiled":
        return build.build_engine(config)
    engine = _answering_to_signals(lambda: build.build_engine(config))
    run_to(engine, 1)  # compiles, or reads numba's cache
    return engine


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
