"""Signals at random moments: nothing recorded is lost, and the same bits come in the end."""

import random
import signal

import pytest

from tests.faults.commands import ALL, Small
from tests.faults.conftest import Prepare

MOMENTS = 6  # per command
SIGNALS = (signal.SIGKILL,) * 4 + (signal.SIGTERM, signal.SIGHUP)


@pytest.mark.slow
@pytest.mark.parametrize("small", ALL, ids=lambda small: small.name)
def test_a_signal_at_any_moment(small: Small, prepare: Prepare) -> None:
    prepared, draw = prepare(small), random.Random(small.name)
    problems = [
        prepared.problem(
            signal=int(SIGNALS[i % len(SIGNALS)]), after=draw.uniform(0, prepared.seconds)
        )
        for i in range(MOMENTS if small.name != "figure" else MOMENTS // 3)
    ]
    assert not any(problems), "".join(problems)


@pytest.mark.slow
@pytest.mark.parametrize("small", [s for s in ALL if s.name != "figure"], ids=lambda s: s.name)
def test_a_signal_from_the_first_import_on(small: Small, prepare: Prepare) -> None:
    """A figure of these processes has as many steps as it is published with."""
    prepared, draw = prepare(small), random.Random(f"{small.name} from its start")
    seconds = prepared.run(forked=False).seconds
    problems = [
        prepared.problem(signal=int(number), after=draw.uniform(0, seconds), forked=False)
        for number in SIGNALS[::2]
    ]
    assert not any(problems), "".join(problems)
