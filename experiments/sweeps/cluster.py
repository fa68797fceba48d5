"""Compute chunks in a cluster: the only module that imports dask.

The scheduler holds few chunks at a time. A worker gets a chunk as plain data, imports what computes
it, and returns the bytes of its file, which this process alone writes: no disk has to be shared.
"""

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import resource_tracker
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from amsgrad.options import ConfigError, shown
from experiments.extras import lacking
from experiments.sweeps.groups import Group
from experiments.sweeps.work import Work, cell_code

SECONDS_TO_ANSWER = 10
CHUNKS_PER_THREAD = 3  # one computed, one waiting, one on its way
DEATHS = 10  # of workers under one chunk, before the chunk is given up


class ByCode(Protocol):
    """Work that says which code is to compute it."""

    @property
    def code(self) -> str: ...

    @property
    def torch(self) -> bool: ...


W = TypeVar("W", bound=ByCode)


class SchedulerLost(Exception):
    """The scheduler no longer answers."""


class OtherSources(RuntimeError):
    """A worker has another version of this project."""


def on_this_machine(work: Work) -> bytes:
    """Return a chunk as its file holds it; workers share torch's GPUs among them."""
    from experiments.sweeps.chunk import computed_bytes

    if work.torch and work.configs[0].device == "cuda":
        from amsgrad.config.build import take_gpu

        take_gpu(_number())
    return computed_bytes(work)


def on_any_machine(work: Work) -> bytes:
    """Return the same on a machine of a cluster.

    Raises:
        OtherSources: this machine does not compute the same bits as the client.
    """
    from experiments.sweeps.chunk import computed_bytes

    _check_sources(work)
    return computed_bytes(work)


def group_on_this_machine(group: Group) -> list[bytes]:
    """Return the chunks of a group; each worker of this machine has the GPU of its number."""
    from experiments.sweeps.gpu import usable
    from experiments.sweeps.gpu_chunk import computed_group

    return computed_group(group, device=usable()[_number()].number)


def group_on_any_machine(group: Group) -> list[bytes]:
    """Return the chunks of a group; a worker of a cluster has the first GPU that it sees.

    Raises:
        OtherSources: this machine does not compute the same bits as the client.
    """
    from experiments.sweeps.gpu import usable
    from experiments.sweeps.gpu_chunk import computed_group

    _check_sources(group)
    return computed_group(group, device=usable()[0].number)


@contextmanager
def connected(address: str | None, workers: int | None) -> Iterator[Any]:
    """Yield a client of the scheduler at `address`, or of `workers` processes on this machine.

    Raises:
        ConfigError: dask is not installed, or the scheduler does not answer in 10 s.
    """
    if hint := lacking("a cluster (--scheduler, --workers)", "cluster"):
        raise ConfigError(hint)
    import dask
    import distributed

    dask.config.set(
        {
            "distributed.comm.timeouts.connect": f"{SECONDS_TO_ANSWER}s",
            "distributed.scheduler.allowed-failures": DEATHS,
        }
    )
    for logger in ("", ".client", ".core", ".comm", ".scheduler", ".worker", ".nanny"):
        # this module reports what happens, in one sentence
        logging.getLogger(f"distributed{logger}").setLevel(logging.CRITICAL)
    untyped: Any = distributed
    with ExitStack() as stack:
        server = address
        if address is None:
            with _deaf_children():
                server = untyped.LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address=None,
                    memory_limit=0,
                    silence_logs=logging.CRITICAL,
                )
                stack.callback(_close, server)
        client = _client(untyped, address, server)
        stack.callback(_close, client)
        yield client


def in_cluster(
    client: Any,
    compute: Callable[[W], Any],
    works: Iterable[W],
    stop: Callable[[], bool],
    warn: Callable[[str], None],
) -> Iterator[tuple[W, Any]]:
    """Yield each work with its finished future, as they end, until `stop` returns True.

    Raises:
        SchedulerLost: the scheduler is gone, and with it what the workers had.
    """
    import distributed

    wait: Any = distributed.wait
    waiting: dict[Any, W] = {}
    supply = iter(works)
    more, warned, idle_since = True, False, time.monotonic()
    while more or waiting:
        if stop():
            _asked(client.cancel, list(waiting), force=True)
            return
        threads = sum(_asked(client.nthreads).values())
        if threads:
            idle_since = time.monotonic()
        elif not warned and time.monotonic() - idle_since > SECONDS_TO_ANSWER:
            warned = True
            warn("the scheduler has no workers; waiting for them")
        while more and len(waiting) < max(CHUNKS_PER_THREAD * threads, 1):
            work = next(supply, None)
            if work is None:
                more = False
            else:
                # dask takes equal keys of two clients for one task, and cancels both
                future = _asked(client.submit, compute, work, key=uuid4().hex, pure=False)
                waiting[future] = work
        if not waiting:
            return
        try:
            done = wait(list(waiting), 0.5, "FIRST_COMPLETED").done
        except TimeoutError:
            done = set()
        except Exception:  # cancelled futures, closed streams: of many classes
            raise SchedulerLost from None
        for future in done:
            if future.status in ("lost", "cancelled"):
                raise SchedulerLost
            yield waiting.pop(future), future


def _number() -> int:
    """Return the number of this worker among those of its machine."""
    import distributed

    worker: Any = distributed.get_worker()
    return int(worker.name)


def _check_sources(work: ByCode) -> None:
    if cell_code(work.torch) != work.code:
        raise OtherSources("a worker has another version of this project, numba, numpy or torch")


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Let the processes started here, and by threads started here, ignore a terminal's signals.

    A terminal sends Ctrl-C and its end to all processes; this one stops the others.
    """
    if sys.platform == "win32":  # it has no such signals to keep from them
        yield
        return
    deaf = {signal.SIGINT, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, deaf)
    try:
        resource_tracker.ensure_running()  # where it starts it lets SIGINT through again
        signal.pthread_sigmask(signal.SIG_BLOCK, deaf)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _client(distributed: Any, address: str | None, server: Any) -> Any:
    """Return a client; a thread waits for it, since dask may never return from a wrong answer."""
    made: list[Any] = []

    def connect() -> None:
        try:
            made.append(distributed.Client(server, timeout=SECONDS_TO_ANSWER))
        except Exception as error:  # dask's own, of sockets, of TLS, of addresses it cannot read
            made.append(error)

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(SECONDS_TO_ANSWER)
    answer = made[0] if made else TimeoutError("it is silent")
    if isinstance(answer, Exception):
        reason = " ".join(f"{type(answer).__name__}: {answer}".split())[:120]
        where = "here" if address is None else f"at --scheduler {shown(address)}"
        raise ConfigError(f"no scheduler answers {where} within {SECONDS_TO_ANSWER} s ({reason})")
    return answer


def _asked(question: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    try:
        return question(*arguments, **named)
    except Exception:  # of many classes, too
        raise SchedulerLost from None


def _close(part: Any) -> None:
    """Leave within a moment, also where the scheduler is gone."""
    try:
        part.close(timeout=2)
    except Exception as error:  # nothing of ours is lost by it
        logging.getLogger(__name__).debug("%r", error)
