"""A disk that fails: one sentence, nothing lost, and the same command goes on to the same bits."""

import errno
import random
import signal
from typing import Any

import pytest

from tests.faults.commands import ALL, Small
from tests.faults.conftest import Prepare
from tests.marks import slow

FAULTS: dict[str, dict[str, Any]] = {
    "full": {"error": errno.ENOSPC, "sticky": True},
    "full for once": {"error": errno.ENOSPC},
    "broken": {"error": errno.EIO, "sticky": True},
    "broken for once": {"error": errno.EIO},
    "killed": {"error": -signal.SIGKILL},
}
EVERY = 120  # all calls take twenty minutes


@pytest.mark.parametrize("fault", ["full", "killed"])
@pytest.mark.parametrize(
    "small",
    [slow(small) if small.name == "figure" else small for small in ALL],
    ids=lambda small: small.name,
)
def test_one_call(small: Small, fault: str, prepare: Prepare) -> None:
    prepared = prepare(small)
    at = random.Random(f"{small.name} {fault}").randint(1, len(prepared.calls))
    problem = prepared.problem(at=at, **FAULTS[fault])
    assert not problem, problem


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("small", ALL, ids=lambda small: small.name)
def test_many_calls(small: Small, fault: str, prepare: Prepare) -> None:
    prepared = prepare(small)
    first = random.Random(f"{small.name} {fault}").randint(1, EVERY)
    numbers = range(first, len(prepared.calls) + 1, EVERY)
    problems = [prepared.problem(at=at, **FAULTS[fault]) for at in numbers]
    assert not any(problems), "".join(problems)
