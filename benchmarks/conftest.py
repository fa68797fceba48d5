"""The fixtures of the benchmarks, and the tables that they print (see benchmarks/README.md).

There are two sorts of bounds. A ratio to a peer, measured in turns in one run, hardly depends on
how fast or how busy the machine is: where it is missed, the test fails. A bound in seconds, or one
that needs idle cores, does depend on that: it is reported, and no test fails.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

NOT_MET = "not met: the machine was busy, or slower than the one that the bound was set on"

times: dict[str, dict[str, float]] = {}  # table -> name -> seconds per step
rates: dict[str, dict[str, float]] = {}  # table -> name -> steps of runs per second
ratios: list[tuple[str, str, float, float]] = []  # ours, theirs, ratio, at least
bounds: list[tuple[str, float, float]] = []  # name, measured, at most


@pytest.fixture
def one_core() -> Iterator[None]:
    """Keep the test, and the threads that it starts, on one core."""
    allowed, threads = os.sched_getaffinity(0), torch.get_num_threads()
    os.sched_setaffinity(0, {max(allowed)})
    torch.set_num_threads(1)
    yield
    os.sched_setaffinity(0, allowed)
    torch.set_num_threads(threads)


@pytest.fixture
def report_time() -> Callable[..., None]:
    """Return a function that adds a time to one of the tables; it has no bound."""

    def report(table: str, name: str, seconds: float) -> None:
        times.setdefault(table, {})[name] = seconds

    return report


@pytest.fixture
def report_rate() -> Callable[..., None]:
    """Return a function that adds a number per second to one of the tables; it has no bound."""

    def report(table: str, name: str, rate: float) -> None:
        rates.setdefault(table, {})[name] = rate

    return report


@pytest.fixture
def check_ratio() -> Callable[..., None]:
    """Return a function that prints theirs / ours, and fails where it is below `factor`."""

    def check(seconds: dict[str, float], ours: str, theirs: str, factor: float) -> None:
        ratio = seconds[theirs] / seconds[ours]
        ratios.append((ours, theirs, ratio, factor))
        assert ratio >= factor

    return check


@pytest.fixture
def report_bound() -> Callable[..., None]:
    """Return a function that prints whether measured <= bound, and never fails."""

    def report(name: str, measured: float, bound: float) -> None:
        bounds.append((name, measured, bound))

    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    def write(*rows: str) -> None:
        for row in rows:
            terminalreporter.write_line(row)

    for table, seconds in times.items():
        write("", f"| {table} | ns |", "|---|---:|")
        for name, value in sorted(seconds.items(), key=lambda item: item[1]):
            write(f"| {name} | {1e9 * value:,.2f} |")
    for table, found in rates.items():
        write("", f"| {table} | |", "|---|---:|")
        for name, rate in found.items():
            write(f"| {name} | {rate:.2g} |")
    if ratios:
        write("", "| ours | theirs | theirs / ours | at least |", "|---|---|---:|---:|")
        for ours, theirs, ratio, factor in ratios:
            write(f"| {ours} | {theirs} | {ratio:,.2f} | {factor:,.2f} |")
    if bounds:
        write("", "| reported | measured | at most | |", "|---|---:|---:|---|")
        for name, measured, bound in bounds:
            verdict = "met" if measured <= bound else NOT_MET
            write(f"| {name} | {measured:.3g} | {bound:.3g} | {verdict} |")
