"""Many runs at once: all of each arrives, and the page stays quick."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Start
from tests.dashboard.served import Served
from tests.dashboard.test_runs import CURVES, numbers

PROCESSES = 4
RECORDS = 10_000

SENDER = """
import sys
from pathlib import Path
from experiments.tracking import dashboard_link
from experiments.tracking.labml_tracker import labml_tracker

# A machine that is busy with other tests, too, may need longer for its first answer than 1 s.
dashboard_link.PROBE_SECONDS = dashboard_link.PATIENCE_SECONDS = 60
address, folder, *numbers = sys.argv[1:]
for number in numbers:
    with labml_tracker(
        name=f"run {number}", comment="", tags=(), python_file=Path("nowhere/at/all.py"),
        defaults={"number": int(number)}, chosen={}, folder=Path(folder) / number, app=address,
        warn=lambda sentence: sys.exit(sentence),
    ) as tracker:
        slope = 1 + int(number)
        for step in range(1, RECORDS + 1):
            tracker.save(step, {"x": step * slope, "regret": -step, "average_regret": 2.0})
"""


def slowdown() -> float:
    """Return how much longer work takes now than on a machine that has nothing else to do."""
    began, worked = time.monotonic(), time.process_time()
    while time.process_time() < worked + 0.05:
        pass
    return (time.monotonic() - began) / 0.05


@pytest.mark.parametrize("runs", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_runs_of_four_processes_arrive_complete(
    start: Start, served: Served, tmp_path: Path, runs: int
) -> None:
    program = SENDER.replace("RECORDS", str(RECORDS))
    begun = [
        start(
            [sys.executable, "-B", "-c", program, served.address, str(tmp_path / "labml")]
            + [str(number) for number in range(first, runs, PROCESSES)],
            stderr=subprocess.PIPE,
        )
        for first in range(PROCESSES)
    ]
    for process in begun:
        _, printed = process.communicate(timeout=300)
        assert process.returncode == 0, printed
        assert all(line.startswith("this run on the dashboard: ") for line in printed.splitlines())

    began = time.monotonic()
    listed = served.runs()
    assert time.monotonic() - began < 1 * max(1, slowdown())
    assert {run["name"] for run in listed} == {f"run {number}" for number in range(runs)}
    assert {run["run_status"]["status"] for run in listed} == {"completed"}
    slowest = 0.0
    for run in listed:
        began = time.monotonic()
        curves = served.curves(run["run_uuid"])
        slowest = max(slowest, time.monotonic() - began)
        assert curves.keys() == CURVES
        for name, slope in (("x", 1 + int(run["name"].split()[1])), ("regret", -1)):
            step, value, last = (numbers(curves[name], c) for c in ("step", "value", "last_step"))
            assert last[-1] == step[-1] == RECORDS
            assert np.all(np.diff(last) > 0)
            # a mean of records on a line is on the line, so none is lost and none comes twice
            assert np.allclose(value, slope * step, rtol=1e-5)
    assert slowest < 2 * max(1, slowdown())
