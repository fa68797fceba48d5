"""Compute chunks in a cluster: the only module of the project that imports dask.

The scheduler holds few chunks at a time. A worker gets a chunk as plain data, imports what computes
it, and returns the bytes of its file, which this process alone writes: no disk need be shared.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from experiments.config.field_types import ConfigError, shown
from experiments.sweeps.task import Product, Task

SECONDS_TO_ANSWER = 10
CHUNKS_A_THREAD = 3  # one computed, one waiting, one on its way
DEATHS = 10  # of workers under one chunk, before the chunk is given up


class SchedulerLost(Exception):
    """The scheduler no longer answers."""


@contextmanager
def connected(address: str | None, workers: int | None) -> Iterator[Any]:
    """A client of the scheduler at `address`, or of a cluster of so many processes here.

    Raises:
        ConfigError: dask is not installed, or the scheduler does not answer in 10 s.
    """
    try:
        import dask
        import distributed
    except ImportError:
        raise ConfigError(
            "--scheduler and --workers need dask: install the extra cluster, as in"
            " pip install 'amsgrad[cluster]'"
        ) from None
    dask.config.set(
        {
            "distributed.comm.timeouts.connect": f"{SECONDS_TO_ANSWER}s",
            "distributed.scheduler.allowed-failures": DEATHS,
        }
    )
    for logger in ("", ".client", ".core", ".comm", ".scheduler", ".worker", ".nanny"):
        logging.getLogger(f"distributed{logger}").setLevel(logging.CRITICAL)  # we tell what happens
    dask_made: Any = distributed  # its functions say nothing of their types
    cluster = None
    if address is None:
        cluster = dask_made.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            memory_limit=0,
            silence_logs=logging.CRITICAL,
        )
    try:
        client = _client(dask_made, address, cluster)
    except BaseException:
        if cluster is not None:
            cluster.close()
        raise
    try:
        yield client
    finally:
        _close(client, cluster)


def in_cluster(
    client: Any,
    tasks: Iterable[Task],
    compute: Callable[[Task], Product],
    stop: Callable[[], bool],
    warn: Callable[[str], None],
) -> Iterator[tuple[Task, Any]]:
    """Each task with its finished future, as they end.

    Raises:
        SchedulerLost: the scheduler is gone, and with it what the workers had.
    """
    import distributed

    wait: Any = distributed.wait
    own = uuid4().hex  # dask takes equal keys of two clients for one task, and cancels both
    waiting: dict[Any, Task] = {}
    supply = iter(tasks)
    more, told, idle_since = True, False, time.monotonic()
    while more or waiting:
        if stop():
            _asked(client.cancel, list(waiting), force=True)
            return
        threads = sum(_asked(client.nthreads).values())
        if threads:
            idle_since = time.monotonic()
        elif not told and time.monotonic() - idle_since > SECONDS_TO_ANSWER:
            told = True
            warn("the scheduler has no workers; waiting for them")
        while more and len(waiting) < max(CHUNKS_A_THREAD * threads, 1):
            task = next(supply, None)
            if task is None:
                more = False
            else:
                future = _asked(client.submit, compute, task, key=f"{task.name}-{own}", pure=False)
                waiting[future] = task
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


def _client(distributed: Any, address: str | None, cluster: Any) -> Any:
    """A connected client; a thread waits for it, since what answers wrongly may hold dask."""
    made: list[Any] = []

    def connect() -> None:
        try:
            made.append(distributed.Client(cluster or address, timeout=SECONDS_TO_ANSWER))
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
    except Exception:  # likewise
        raise SchedulerLost from None


def _close(client: Any, cluster: Any) -> None:
    """Leave within a moment, also a scheduler that is gone."""
    for part in (client, cluster):
        if part is not None:
            try:
                part.close(timeout=2)
            except Exception as error:  # nothing of ours is lost by it
                logging.getLogger(__name__).debug("%r", error)
