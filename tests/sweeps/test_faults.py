"""Faults that a sweep survives, with real processes: afterwards the merged bytes are the same.

Processes of their own run without the compiler (see `start`), the undisturbed sweep with it.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from experiments.invocation import invocation
from tests.sweeps.small import merged, start, start_sweep, sweep, write

TEXT = """
base: {opt: amsgrad, semantics: paper, first_t: 1, steps: 6000, verify: 20}
axes:
  lr: {log: [0.01, 1, 12]}
  beta2: [0.9, 0.99]
keep: [x, average_regret, {series: 1500}]
chunk: 1
"""
CHUNKS = 24
PATIENCE = 60  # seconds, on a busy machine


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("undisturbed")
    assert sweep(write(folder, TEXT), folder / "out") == 0
    return merged(folder / "out")


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that a test starts: they and their children end with the test."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        family = []
        if process.poll() is None:
            family = psutil.Process(process.pid).children(recursive=True)
            process.kill()
        for child in family:
            if child.is_running():
                child.kill()
        process.communicate()


def until(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Wait for something to come true while the process lives."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end
        time.sleep(0.02)


def chunks(out: Path) -> int:
    return len(list(out.glob("chunks/*.npz")))


def end_of(process: subprocess.Popen[str]) -> tuple[int, str]:
    printed, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, printed


def test_kill_of_the_client(
    undisturbed: dict[str, bytes], tmp_path: Path, processes: list[subprocess.Popen[str]]
) -> None:
    path, out = write(tmp_path, TEXT), tmp_path / "out"
    processes.append(start_sweep(path, out, "--threads", 1))
    until(lambda: chunks(out) >= 2, processes[0])
    processes[0].kill()
    processes[0].wait()
    assert 2 <= chunks(out) < CHUNKS
    assert sweep(path, out) == 0
    assert merged(out) == undisturbed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_cleanly_and_the_same_command_goes_on(
    number: signal.Signals,
    undisturbed: dict[str, bytes],
    tmp_path: Path,
    processes: list[subprocess.Popen[str]],
) -> None:
    path, out = write(tmp_path, TEXT), tmp_path / "out"
    processes.append(start_sweep(path, out, "--threads", 1))
    until(lambda: chunks(out) >= 1, processes[0])
    processes[0].send_signal(number)
    status, printed = end_of(processes[0])
    assert status == 130
    assert f"go on with: {invocation('sweep')} --config {path} --out {out}" in printed
    assert "Traceback" not in printed
    assert not list(out.rglob(".*.part"))
    assert 1 <= chunks(out) < CHUNKS
    assert sweep(path, out) == 0
    assert merged(out) == undisturbed


@pytest.mark.parametrize(
    ("gone", "sentence"),
    [
        ("", "the folder {} is gone, and what was in it; begin again"),
        ("chunks", "{} cannot be written (No such file or directory); mend that, then go on with"),
    ],
)
def test_a_folder_that_is_removed_in_mid_sweep(
    gone: str,
    sentence: str,
    undisturbed: dict[str, bytes],
    tmp_path: Path,
    processes: list[subprocess.Popen[str]],
) -> None:
    path, out = write(tmp_path, TEXT), tmp_path / "out"
    processes.append(start_sweep(path, out, "--threads", 1))
    until(lambda: chunks(out) >= 1, processes[0])
    (out / gone).rename(tmp_path / "elsewhere")
    status, printed = end_of(processes[0])
    assert status == 1
    assert f"sweep: error: {sentence.format(out / gone)}" in printed
    assert "Traceback" not in printed
    assert out.exists() == bool(gone)
    assert sweep(path, out) == 0
    assert merged(out) == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_terminal_signals_the_workers_too(
    number: signal.Signals, tmp_path: Path, processes: list[subprocess.Popen[str]]
) -> None:
    path, out = write(tmp_path, TEXT), tmp_path / "out"
    processes.append(start_sweep(path, out, "--workers", 2, start_new_session=True))
    until(lambda: chunks(out) >= 1, processes[0])
    family = psutil.Process(processes[0].pid).children(recursive=True)
    os.killpg(processes[0].pid, number)
    status, printed = end_of(processes[0])
    assert status == 130
    first, second, last = printed.splitlines()
    assert "stopping" in first
    assert "small interrupted in" in second
    assert f"go on with: {invocation('sweep')}" in last
    assert not psutil.wait_procs(family, timeout=PATIENCE)[1]


@pytest.mark.slow
def test_two_processes_fill_one_sweep_at_once(
    undisturbed: dict[str, bytes], tmp_path: Path, processes: list[subprocess.Popen[str]]
) -> None:
    path, out = write(tmp_path, TEXT), tmp_path / "out"
    for _ in range(2):
        processes.append(start_sweep(path, out, "--threads", 1))
    for process in processes:
        status, printed = end_of(process)
        assert status == 0, printed
        assert "small finished in" in printed
        assert "of 24 computed" in printed
    assert chunks(out) == CHUNKS
    assert not list(out.glob("chunks/.*.part"))
    assert merged(out) == undisturbed


def test_a_full_disk(
    undisturbed: dict[str, bytes], tmp_path: Path, processes: list[subprocess.Popen[str]]
) -> None:
    path, out = write(tmp_path, TEXT), tmp_path / "out"
    largest_file = 6000  # bytes: the manifest fits, a chunk does not
    code = (
        f"import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({largest_file},) * 2);"
        "from experiments.sweep import main; sys.exit(main(sys.argv[1:]))"
    )
    processes.append(start("-c", code, "--config", path, "--out", out))
    status, printed = end_of(processes[0])
    assert status == 1, printed
    assert f"{out} cannot be written (File too large); make room, then go on with" in printed
    assert "Traceback" not in printed
    assert chunks(out) == 0
    assert not list(out.glob("chunks/.*.part"))
    assert sweep(path, out) == 0
    assert merged(out) == undisturbed


def test_a_full_disk_at_the_merge(
    undisturbed: dict[str, bytes], tmp_path: Path, processes: list[subprocess.Popen[str]]
) -> None:
    path, out = write(tmp_path, TEXT), tmp_path / "out"
    assert sweep(path, out) == 0
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000,) * 2);"
        "from experiments.sweep import main; sys.exit(main(sys.argv[1:]))"
    )
    processes.append(start("-c", code, "merge", out))
    status, printed = end_of(processes[0])
    assert status == 1, printed
    assert "File too large" in printed
    assert printed.count("\n") == 1
    assert not (out / "sweep.nc").exists()
    assert merged(out) == undisturbed


@pytest.mark.slow
def test_kill_of_a_worker_and_then_of_the_client(
    undisturbed: dict[str, bytes], tmp_path: Path, processes: list[subprocess.Popen[str]]
) -> None:
    path, out = write(tmp_path, TEXT), tmp_path / "out"
    processes.append(start_sweep(path, out, "--workers", 2))
    until(lambda: chunks(out) >= 1, processes[0])
    workers = [
        child
        for child in psutil.Process(processes[0].pid).children(recursive=True)
        if any("spawn_main" in word for word in child.cmdline())
    ]
    assert len(workers) == 2
    workers[0].kill()
    before = chunks(out)
    until(lambda: chunks(out) > before or chunks(out) == CHUNKS, processes[0])
    processes[0].kill()
    processes[0].wait()
    assert not psutil.wait_procs(workers, timeout=PATIENCE)[1], "no worker outlives its client"
    assert sweep(path, out) == 0
    assert merged(out) == undisturbed


@pytest.mark.slow
def test_kill_of_a_worker_of_a_cluster_and_then_of_its_scheduler(
    undisturbed: dict[str, bytes], tmp_path: Path, processes: list[subprocess.Popen[str]]
) -> None:
    path, out = write(tmp_path, TEXT), tmp_path / "out"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    port = address.rpartition(":")[2]
    dask = ("-m", "distributed.cli")
    place = ("--host", "127.0.0.1", "--no-dashboard")
    scheduler = start(f"{dask[0]}", f"{dask[1]}.dask_scheduler", "--port", port, *place)
    processes.append(scheduler)
    workers = [
        start(
            *dask[:1], f"{dask[1]}.dask_worker", address, "--nthreads", 1, "--no-nanny", *place[2:]
        )
        for _ in range(2)
    ]
    processes.extend(workers)
    client = start_sweep(path, out, "--scheduler", address)
    processes.append(client)
    until(lambda: chunks(out) >= 1, client)
    workers[0].kill()
    before = chunks(out)
    until(lambda: chunks(out) > before, client)
    scheduler.kill()
    status, printed = end_of(client)
    assert chunks(out) < CHUNKS
    assert status == 1
    again = f"start it again, then go on with {invocation('sweep')} --config"
    assert f"the scheduler no longer answers; {again}" in printed
    assert "Traceback" not in printed
    assert sweep(path, out) == 0
    assert merged(out) == undisturbed
