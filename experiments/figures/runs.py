"""The runs of figures: set up as any run, checked against the reference engine, on all cores."""

import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import product
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amsgrad.config.build import SEARCHED_DECAYING, build_setup
from amsgrad.config.run_config import Config
from amsgrad.cycles import certificate as cycles
from amsgrad.cycles.certificate import Certificate
from amsgrad.cycles.engine import Certified
from amsgrad.engines.base import State
from amsgrad.engines.batch import Batch
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.reference import Reference
from amsgrad.laws.certificate import certificate_of
from amsgrad.laws.check import refutation, unreached
from amsgrad.laws.engine import Lawful
from amsgrad.verification import VERIFIED, Disagreement, verify_to_the_bit
from experiments.sweeps.threads import cores


def compiled(config: Config, start: State | None = None) -> Compiled:
    """Return the compiled engine of a run, after a check of its first steps.

    Args:
        config: the settings of the run.
        start: the state before the first step; None takes the one of the settings.

    Raises:
        Disagreement: the engine leaves the path of the reference engine.
    """
    engine = Compiled(build_setup(config), config.make_rule())
    verify_to_the_bit(engine, Reference(engine.setup, engine.rule), VERIFIED, start=start)
    return engine


def lawful(config: Config) -> Lawful:
    """Return the engine of a run that jumps by its law, after a check of that law's certificate.

    Raises:
        Disagreement: as `compiled`; or there is no law, or its certificate is refuted.
    """
    setup, rule = build_setup(config), config.make_rule()
    engine = Lawful(setup, rule, SEARCHED_DECAYING)
    verify_to_the_bit(engine, Reference(setup, rule), VERIFIED)
    if engine.law is None:
        raise Disagreement(f"the run has no law: {engine.no_law}")
    certificate = certificate_of(engine.law)
    why = refutation(certificate, setup, rule) or unreached(certificate, setup, rule)
    if why is not None:
        raise Disagreement(f"the certificate of the law is refuted: {why}")
    return engine


def certified(config: Config, most_steps: int) -> Certificate | None:
    """Return the checked certificate of a run, or None where no cycle begins within these steps.

    Raises:
        Disagreement: the reference engine refutes the certificate.
    """
    setup, rule = build_setup(config), config.make_rule()
    certificate = Certified(setup, rule, most_steps).certificate
    refuted = None if certificate is None else cycles.refutation(certificate, setup, rule)
    if refuted is not None:
        raise Disagreement(f"a certificate is refuted: {refuted}")
    return certificate


def batch(config: Config, seeds: int) -> Batch:
    """Return the engine of the same run with the seeds 0, 1, ..., after a check of two of them.

    Raises:
        Disagreement: as `compiled`, for the first or the last seed.
    """
    configs = [config.with_numbers({"seed": seed}) for seed in range(seeds)]
    engine = Batch([build_setup(one) for one in configs], [one.make_rule() for one in configs])
    for i in (0, seeds - 1):
        definition = Reference(engine.setups[i], engine.rules[i])
        verify_to_the_bit(engine, definition, VERIFIED, run=i)
    return engine


def on_grid(function: Callable[..., Any], *axes: Iterable[Any]) -> NDArray[Any]:
    """Return the results of `function` for every combination of values, on all cores.

    Compiled code runs side by side in threads.

    Args:
        function: takes one value from each axis and returns numbers, always as many, or an object.
        axes: the values.

    Returns:
        An array with a dimension per axis, before those of a result.
    """
    values = [list(axis) for axis in axes]
    with ThreadPoolExecutor(cores()) as pool:
        found = list(pool.map(lambda case: function(*case), product(*values)))
    return np.reshape(found, (*map(len, values), *np.shape(found[0])))


def in_processes(function: Callable[..., Any], cases: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Return the results of `function` for some cases, from as many processes as there are cores.

    For many small steps of linear algebra, whose own threads would wait for one another: each
    process has one.

    Args:
        function: at the top of a module, as its arguments and results must be fit for pickle.
        cases: the arguments.
    """
    with (
        _one_thread_each(),
        ProcessPoolExecutor(
            min(cores(), len(cases)),
            get_context("spawn"),
            signal.signal,
            (signal.SIGINT, signal.SIG_IGN),
        ) as pool,
    ):
        try:
            return list(pool.map(function, *zip(*cases, strict=True)))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def _one_thread_each() -> Iterator[None]:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
