"""A real device, where there is one: every case has the bits of the batch engine."""

import numpy as np
import pytest

from amsgrad.cuda.driver import NoDevice, devices
from amsgrad.cuda.engine import Cuda
from amsgrad.engines.batch import Batch
from amsgrad.engines.driver import run_to
from amsgrad.schedules import record_steps
from tests.cuda.cases import CASES, QUICK, Case
from tests.marks import slow
from tests.same import same


def reason() -> str:
    try:
        devices()
    except NoDevice as error:
        return str(error)
    return ""


pytestmark = [pytest.mark.device, pytest.mark.skipif(bool(reason()), reason=reason())]
STEPS, TIMES = 4200, 700  # past the last settling step; runs of each sort


@pytest.mark.parametrize(
    "case", [*QUICK, *(slow(case) for case in CASES if case not in QUICK)], ids=str
)
def test_a_device_has_the_bits_of_the_batch(case: Case) -> None:
    setups, rules = (TIMES * part for part in case.runs())
    at = record_steps(STEPS, 77)
    before = int(np.searchsorted(at, 3801, side="right"))
    device, batch = Cuda(setups, rules), Batch(setups, rules)
    middle, _ = run_to(device, 3801, at[:before])
    found, records = run_to(device, STEPS, at[before:], middle)
    expected, _ = run_to(batch, 3801, at[:before])
    expected, rows = run_to(batch, STEPS, at[before:], expected)
    for ours, theirs in ((records, rows), (found[1:2], expected[1:2])):
        assert same(ours, theirs)
    for ours, theirs in zip(found[2:5], expected[2:5], strict=True):
        assert same(ours, theirs)
    assert (found.finite == expected.finite).all()
