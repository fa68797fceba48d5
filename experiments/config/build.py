"""The engine of a run, built while its terminal stays alive."""

import threading
from collections.abc import Callable
from typing import Any

from amsgrad.config import build
from amsgrad.config.run_config import Config
from amsgrad.engines.base import RunEngine
from amsgrad.engines.driver import run_to
from experiments.terminal import say

TICK = 0.1  # seconds
TICKS_OF_PATIENCE = {
    True: (20, "compiling this rule and problem, once on this machine: about 10 s"),
    False: (40, "looking for the cycle or the law of the run; --certify no does without"),
}


def build_engine(config: Config) -> RunEngine:
    """Return the engine of the configuration, compiled where it is to be.

    Raises:
        ConfigError: there is no CUDA device, the optimizer cannot be run, or nothing to certify.
    """
    if config.engine_name != "compiled":
        return build.build_engine(config)

    def ready() -> RunEngine:
        engine = build.build_engine(config)
        run_to(engine, 1)  # compiles, or reads numba's cache
        return engine

    return _answering_to_signals(ready)


def _answering_to_signals(build: Callable[[], RunEngine]) -> RunEngine:
    """Build in a thread: this one, which Ctrl-C comes to, waits in Python and not in a loop."""
    from amsgrad.engines.jit import is_compiling

    found: list[Any] = []

    def work() -> None:
        try:
            found.append(build())
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    ticks = {True: 0, False: 0}
    while thread.is_alive():
        thread.join(TICK)
        compiling = is_compiling()
        ticks[compiling] += 1
        patience, sentence = TICKS_OF_PATIENCE[compiling]
        if ticks[compiling] == patience:
            say(sentence)
    if isinstance(found[0], BaseException):
        raise found[0]
    engine: RunEngine = found[0]
    return engine
