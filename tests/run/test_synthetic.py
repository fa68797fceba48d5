"""The command from end to end: real runs, in process where that is the same thing."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from amsgrad.rules import RULES
from amsgrad.rules.adam import adam
from experiments.invocation import invocation
from experiments.run import loop, trace
from experiments.synthetic import main
from tests import naive
from tests.conftest import Start
from tests.marks import slow

ROOT = Path(__file__).parents[2]
FILES = {
    "config.yaml",
    "trace.nc",
    "summary.json",
    "provenance.json",
    "picture.png",
    "checkpoint.npz",
    "labml",
    "lock",
}


def run(capsys: pytest.CaptureFixture[str], out: Path, *argv: str) -> tuple[int, dict[str, Any]]:
    """Exit status and summary of an in-process run without verification."""
    status = main([*argv, "--out", str(out), "--verify", "0", "--json"])
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1, "standard output holds the summary and nothing else"
    return status, json.loads(printed)


def fails(capsys: pytest.CaptureFixture[str], out: Path, *argv: str) -> str:
    """The one sentence with which bad input is refused."""
    try:
        status = main([*argv, "--out", str(out)])
    except SystemExit as end:
        status = end.code
    printed = capsys.readouterr()
    assert status == 2
    assert printed.out == ""
    assert printed.err.startswith("synthetic: error: ")
    assert printed.err.count("\n") == 1
    return printed.err


def test_a_run_leaves_its_files_and_one_line_of_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["--opt", "amsgrad", "--steps", "3e3", "--json", "--out", str(tmp_path)])
    printed = capsys.readouterr()
    assert status == 0
    summary = json.loads(printed.out.splitlines()[-1])
    folder = Path(summary["run"])
    assert {file.name for file in folder.iterdir()} == FILES
    assert json.loads((folder / "summary.json").read_text()) == summary
    assert (folder / "summary.json").read_text().endswith("}\n")
    session = json.loads((folder / "provenance.json").read_text())["sessions"][0]
    assert session["verification"]["steps"] == 1000
    assert session["verification"]["against"] == "amsgrad.optimizers.amsgrad.AMSGrad"
    assert "agree with amsgrad.optimizers.amsgrad.AMSGrad" in printed.err
    log = next((folder / "labml").rglob("log.jsonl")).read_text()
    assert {"x", "regret", "average_regret"} == set(json.loads(log.splitlines()[0])["track"])


@pytest.mark.parametrize("opt", ["adam", "amsgrad"])
@pytest.mark.parametrize("engine", ["compiled", "torch", "reference"])
def test_every_engine_tells_the_same_story(
    opt: str, engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = 2000
    status, summary = run(
        capsys, tmp_path, "--opt", opt, "--engine", engine, f"--steps={steps}", "--every=100"
    )
    assert status == 0
    assert (summary["engine"], summary["status"]) == (engine, "finished")
    told = naive.run(
        amsgrad=opt == "amsgrad",
        semantics="labml",
        lr=0.01,
        beta1=0.9,
        beta2=0.99,
        eps=1e-16,
        steps=steps,
    )
    records = trace.from_bytes((Path(summary["run"]) / "trace.nc").read_bytes())
    assert records.step.values[records.tracked].tolist() == list(range(100, steps + 1, 100))
    assert records.step.values[:100].tolist() == list(range(1, 101))  # for the picture
    expected = [told[k - 1] for k in records.step.values]
    # single precision: an ulp of x a step, and of the regret's size, 2020, in its mean
    np.testing.assert_allclose(records.x, [row["x"] for row in expected], atol=2e-5)
    np.testing.assert_allclose(
        records.average_regret, [row["average_regret"] for row in expected], atol=1e-3
    )
    assert summary["x"] == pytest.approx(told[-1]["x_after"], abs=2e-5)
    assert summary["average_regret"] == records.average_regret[-1]


def test_the_seed_program_ends_where_it_is_known_to_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, adam = run(capsys, tmp_path, "--opt", "adam")
    assert adam["steps"] == 10_000_000
    assert adam["x"] == 1
    assert adam["average_regret"] == pytest.approx(0.4979, abs=5e-5)
    _, amsgrad = run(capsys, tmp_path, "--opt", "amsgrad")
    assert amsgrad["x"] == pytest.approx(-0.9543, abs=5e-5)
    assert amsgrad["average_regret"] == pytest.approx(0.3300, abs=5e-5)


def test_the_stochastic_problem_keeps_both_regrets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["--opt=amsgrad", "--problem=stochastic", "--steps=20000", "--every=10", "--seed=5"]
    _, summary = run(capsys, tmp_path, *argv)
    _, again = run(capsys, tmp_path, *argv)
    _, other = run(capsys, tmp_path, *argv[:-1], "--seed=6")
    assert again["x"] == summary["x"] != other["x"]
    records = trace.from_bytes((Path(summary["run"]) / "trace.nc").read_bytes())
    assert (records.average_hindsight_regret >= records.average_regret).all()
    log = next((Path(summary["run"]) / "labml").rglob("log.jsonl")).read_text()
    assert set(json.loads(log.splitlines()[0])["track"]) == set(records.data_vars)


def test_any_torch_optimizer_can_be_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, summary = run(
        capsys, tmp_path, "--opt", "torch.optim:SGD", "--lr=1e-4", "--steps=101", "--first_t=1"
    )
    assert status == 0
    assert summary["engine"] == "torch"
    # one big step down, a hundred small ones up: 0 - .101 + .1
    assert summary["x"] == pytest.approx(-0.001, abs=1e-6)


@pytest.mark.parametrize(
    ("opt", "sentence"),
    [
        (("no_such_module:Thing",), "No module named 'no_such_module'"),
        (("torch.optim:Adamm",), "has no attribute 'Adamm'"),
        (("torch:Tensor",), "is neither a torch.optim.Optimizer nor a rule"),
        (("torch.optim:LBFGS",), "closure"),
        (
            ("torch.optim:SGD", "--eps", "1e-3"),
            "--eps has no effect with --opt torch.optim:SGD, which has",
        ),
        (("torch.optim:SGD", "--beta1", "0.5", "--beta2", "0.9"), "--beta1 has no effect with"),
        (("torch.optim:Adam", "--beta1", "0.5"), "--beta1 and --beta2 go together"),
        (("torch.optim:Adam", "--semantics", "torch"), "--semantics is for adam and amsgrad"),
        (("torch.optim:Optimizer",), "torch.optim:Optimizer needs --defaults"),
        (("torch.optim:SparseAdam",), "torch.optim:SparseAdam cannot be run"),
        (("tests.optimizers_of_others:Boom",), "boom"),
        (("tests.optimizers_of_others:NeedsMore",), "NeedsMore"),
        (("tests.optimizers_of_others:Leaves",), "cannot be stepped or saved"),
        (("tests.optimizers_of_others:Counter",), "keeps something outside its state_dict"),
        (("tests.optimizers_of_others:Deque",), "cannot be stepped or saved"),
        (("adam", "--lr", "1e300"), "--lr must be at most 3.4e+38 in size with --dtype float32"),
        (("adam", "--big", "-1e300"), "--big must be at most 3.4e+38 in size with --dtype float32"),
        (("adam", "--device", "cuda"), "finds no CUDA device"),
    ],
)
def test_what_only_torch_knows_is_refused_before_anything_is_written(
    opt: tuple[str, ...], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    if "cuda" in opt and torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    out = tmp_path / "runs"
    assert sentence in fails(capsys, out, "--opt", *opt, "--steps", "10")
    assert not out.exists()


def test_a_place_that_cannot_be_written_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    fails(capsys, file, "--opt", "adam", "--steps", "10", "--verify", "0")
    assert file.read_text() == "mine"


def test_a_rule_that_leaves_the_real_optimizer_is_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    @wraps(adam.make)
    def forgetful(**options: Any) -> Any:
        return replace(adam.make(**options), beta1=0.8)

    monkeypatch.setitem(RULES, "adam", replace(adam, make=forgetful))
    out = tmp_path / "runs"
    status = main(["--opt", "adam", "--steps", "1000", "--out", str(out)])
    printed = capsys.readouterr()
    assert status == 1
    assert printed.err.startswith("synthetic: error: After step 1 our rule has m = ")
    assert not out.exists()


def test_a_diverged_run_says_so_and_keeps_its_trace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, summary = run(capsys, tmp_path, "--opt=adam", "--big=1e30", "--steps=1e6", "--every=10")
    assert status == 1
    assert labml_status(Path(summary["run"])) == "crashed"
    assert (summary["status"], summary["verdict"]["place"]) == ("diverged", "diverged")
    records = trace.from_bytes((Path(summary["run"]) / "trace.nc").read_bytes())
    assert records.step.values.tolist() == list(range(1, summary["steps"] + 1))
    assert summary["steps"] < 10  # every of the first steps is recorded, and so is looked at
    assert "is diverged" in fails(capsys, tmp_path, "--resume", Path(summary["run"]).name)


def stop_after(monkeypatch: pytest.MonkeyPatch, chunks: int, number: signal.Signals) -> None:
    """Send a signal to this process when so many chunks have been tracked."""
    track, calls = loop.track, 0

    def counting(*arguments: Any) -> None:
        nonlocal calls
        track(*arguments)
        calls += 1
        if calls == chunks:
            signal.raise_signal(number)

    monkeypatch.setattr(loop, "track", counting)


def identical(one: Path, other: Path) -> None:
    xr.testing.assert_identical(
        trace.from_bytes((one / "trace.nc").read_bytes()),
        trace.from_bytes((other / "trace.nc").read_bytes()),
    )
    with np.load(one / "checkpoint.npz") as a, np.load(other / "checkpoint.npz") as b:
        assert set(a) == set(b)
        for name in a:
            if name != "state/memory" or a[name].dtype != np.uint8:
                np.testing.assert_array_equal(a[name], b[name], strict=True)


def labml_status(folder: Path) -> str:
    last = max((folder / "labml").rglob("run_log.jsonl"), key=lambda log: log.stat().st_mtime)
    return json.loads(last.read_text().splitlines()[-1])["status"]


@pytest.mark.parametrize("number", [signal.SIGINT, slow(signal.SIGTERM), slow(signal.SIGHUP)])
@pytest.mark.parametrize(
    ("engine", "steps"), [("compiled", "20000"), ("reference", "5000"), ("torch", "3000")]
)
def test_an_interrupted_run_resumes_to_the_same_bits(
    engine: str,
    steps: str,
    number: signal.Signals,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    argv = ["--opt", "amsgrad", "--engine", engine, "--steps", steps, "--every", "70"]
    _, undisturbed = run(capsys, tmp_path, *argv)
    with monkeypatch.context() as patched:
        stop_after(patched, 1, number)
        status, summary = run(capsys, tmp_path, *argv)
    assert status == 130
    assert summary["status"] == "interrupted"
    assert 0 < summary["steps"] < int(steps)
    folder = Path(summary["run"])
    kept = trace.from_bytes((folder / "trace.nc").read_bytes())
    assert kept.step.values[-1] > summary["steps"] - 70
    assert labml_status(folder) == "interrupted"

    status = main(["--resume", folder.name, "--out", str(tmp_path), "--json"])
    resumed = json.loads(capsys.readouterr().out)
    assert status == 0
    for name in ("status", "steps", "x", "average_regret"):
        assert resumed[name] == undisturbed[name]
    identical(folder, Path(undisturbed["run"]))
    assert labml_status(folder) == "completed"
    assert len(json.loads((folder / "provenance.json").read_text())["sessions"]) == 2
    assert "is finished" in fails(capsys, tmp_path, "--resume", folder.name)


def command(*argv: str) -> list[str]:
    return [sys.executable, "-m", "experiments.synthetic", *argv]


def test_a_killed_run_resumes_from_its_last_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], start: Start
) -> None:
    argv = ["--opt=adam", "--engine=reference", "--steps=800000", "--every=100"]
    process = start(command(*argv, "--out", str(tmp_path)), stderr=-3)
    try:
        deadline = time.monotonic() + 60
        while not saved_steps(tmp_path):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.1)
        (folder,) = tmp_path.glob("*-*")
        assert "is in use" in fails(capsys, tmp_path, "--resume", folder.name)
    finally:
        process.kill()
        process.wait()
    reached = saved_steps(tmp_path)
    assert 0 < reached < 800_000
    assert not (folder / "summary.json").exists()
    assert main(["--resume", folder.name, "--out", str(tmp_path), "--json"]) == 0
    printed = capsys.readouterr()
    resumed = json.loads(printed.out)
    assert resumed["resumed_after_step"] == reached
    assert f"{reached:,} of them before" in printed.err
    # the reference engine's bits are the compiled engine's
    _, undisturbed = run(capsys, tmp_path, "--opt=adam", "--steps=800000", "--every=100")
    one, other = (
        trace.from_bytes((Path(s["run"]) / "trace.nc").read_bytes()) for s in (resumed, undisturbed)
    )
    xr.testing.assert_equal(one, other)


def saved_steps(out: Path) -> int:
    checkpoints = list(out.glob("*/checkpoint.npz"))
    if not checkpoints:
        return 0
    with np.load(checkpoints[0]) as arrays:
        return int(arrays["state/steps"])


def interrupted(
    capsys: pytest.CaptureFixture[str], out: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The folder of a run that Ctrl-C has ended."""
    with monkeypatch.context() as patched:
        stop_after(patched, 1, signal.SIGINT)
        status, summary = run(capsys, out, "--opt=adam", "--steps=20000", "--every=70")
    assert status == 130
    return Path(summary["run"])


@pytest.mark.parametrize(
    ("file", "damage", "sentence"),
    [
        ("summary.json", "{", "is not what the run has written"),
        ("config.yaml", "opt: amsgrad\n", "is not what the run has written"),
        ("provenance.json", "[]", "is not the provenance"),
        ("provenance.json", '{"sessions": [1]}', "is not the provenance"),
        ("checkpoint.npz", "PK", "is not what the run has written"),
    ],
)
def test_a_damaged_run_is_not_resumed(
    file: str,
    damage: str,
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = interrupted(capsys, tmp_path, monkeypatch)
    (folder / file).write_text(damage)
    assert sentence in fails(capsys, tmp_path, "--resume", folder.name)


def test_a_run_that_cannot_be_begun_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    for name in ("checkpoint.save", "RunFolder.save_provenance", "RunFolder.save"):
        with monkeypatch.context() as patched:
            patched.setattr(f"experiments.run.session.{name}", full_disk)
            argv = ["--opt", "adam", "--verify", "0", "--steps", "100", "--out", str(tmp_path)]
            assert main(argv) == 1
        assert "(No space left on device)" in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []


def test_a_folder_that_goes_in_mid_run_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    track = loop.track

    def removing(tracker: Any, records: Any) -> None:
        track(tracker, records)
        for folder in tmp_path.glob("*-*"):
            shutil.rmtree(folder)

    monkeypatch.setattr(loop, "track", removing)
    argv = ["--opt", "adam", "--verify", "0", "--steps", "20000", "--out", str(tmp_path)]
    assert main(argv) == 1
    *_, last = capsys.readouterr().err.splitlines()
    assert last.endswith("is gone, and what was in it; begin again")


def test_other_versions_and_sources_are_told_at_a_resumption(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = interrupted(capsys, tmp_path, monkeypatch)
    provenance = folder / "provenance.json"
    kept = json.loads(provenance.read_text())
    kept["sessions"][0]["versions"]["numba"] = "0.0.1"
    kept["sessions"][0]["sources_sha256"] = "0" * 64
    provenance.write_text(json.dumps(kept))
    assert main(["--resume", folder.name, "--out", str(tmp_path), "--json"]) == 0
    printed = capsys.readouterr().err
    for other in ("other versions", "other sources"):
        assert f"warning: this run began with {other}" in printed
    assert "another machine" not in printed


@pytest.mark.slow
def test_dense_records_do_not_delay_ctrl_c(tmp_path: Path, start: Start) -> None:
    argv = ["--opt=adam", "--verify=0", "--steps=1e7", "--every=1", "--out", str(tmp_path)]
    process = start(command(*argv), stdout=-3, stderr=-3)
    while not saved_steps(tmp_path):
        assert process.poll() is None
        time.sleep(0.1)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert time.monotonic() - began < 10  # measured: 1.5; 16 when chunks ignored the tracker


def test_an_optimizer_that_fails_in_mid_run_loses_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "SECONDS_A_PIECE", 0.01)
    monkeypatch.setattr(loop, "FIRST_PIECE", 100)
    argv = ["--opt=tests.optimizers_of_others:Fails", "--steps=1000", "--every=10"]
    assert main([*argv, "--out", str(tmp_path)]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert "ArithmeticError('at step 501'); the run stands at its last checkpoint" in last
    assert saved_steps(tmp_path) >= 100


def test_a_closed_pipe_is_told_without_a_traceback(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        argv = command("--opt=adam", "--verify=0", "--steps=1e4", "--json", "--out", str(tmp_path))
        done = subprocess.run(argv, cwd=ROOT, stdout=full, stderr=-1, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(
        "is written, but it cannot be reported (No space left on device)"
    )
    assert "Traceback" not in done.stderr


def test_what_an_optimizer_prints_stays_out_of_the_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, summary = run(capsys, tmp_path, "--opt=tests.optimizers_of_others:Chatty", "--steps=3")
    assert summary["status"] == "finished"


@pytest.mark.skipif(sys.platform != "linux", reason="needs RLIMIT_FSIZE's error")
def test_a_full_disk_is_told_and_keeps_the_checkpoint(tmp_path: Path) -> None:
    argv = command("--opt=adam", "--verify=0", "--steps=1e6", "--every=100", "--out", str(tmp_path))
    limited = ["bash", "-c", 'ulimit -f 100; trap "" XFSZ; exec "$@"', "-", *argv]
    done = subprocess.run(limited, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    again = f"go on with {invocation('synthetic')} --resume"
    assert f"cannot be written (File too large); make room, then {again}" in last
    assert saved_steps(tmp_path) == 0  # the checkpoint that was made first, whole


@pytest.mark.slow
def test_it_runs_from_anywhere_and_without_a_home(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    before = set(ROOT.iterdir())
    done = subprocess.run(
        command("--opt", "adam", "--steps", "5000", "--json"),
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr
    summary = json.loads(done.stdout)
    assert {path.name for path in tmp_path.iterdir()} == {"results"}
    assert (tmp_path / summary["run"] / "picture.png").exists()
    assert set(ROOT.iterdir()) == before


@pytest.mark.slow
def test_ctrl_c_before_the_first_step_writes_nothing(tmp_path: Path, start: Start) -> None:
    process = start(
        command("--opt=adam", "--verify=1e6", "--out", str(tmp_path / "runs")),
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    time.sleep(4)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    # that it compiles comes first, if it does
    assert said.endswith("synthetic: error: interrupted before the first step\n")
    assert "Traceback" not in said
    assert not (tmp_path / "runs").exists()


def test_a_dashboard_that_does_not_answer_costs_one_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["--opt=adam", "--steps=5000", "--verify=0", "--app=http://127.0.0.1:9"]
    assert main([*argv, "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().err.count("warning") == 1


def test_printed_configuration_is_a_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--opt", "amsgrad", "--lr", "0.3", "--print_config"]) == 0
    printed = capsys.readouterr().out
    file = tmp_path / "config.yaml"
    file.write_text(printed)
    assert main(["--config", str(file), "--print_config"]) == 0
    assert capsys.readouterr().out == printed
    assert "eps: 1.0e-16" in printed


def test_where_every_x_is_best_no_optimum_is_claimed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rounded = ["--big=0.3", "--small=-0.1", "--period=4"]
    for problem in (["--period=102"], ["--problem=stochastic", "--big=990"], rounded):
        argv = ["--opt=adam", "--steps=5000", "--verify=0", "--out", str(tmp_path)]
        assert main([*argv, *problem]) == 0
        assert "(no optimum)" in capsys.readouterr().out
    for summary in tmp_path.glob("*-*/summary.json"):
        assert json.loads(summary.read_text())["x_star"] is None


def test_a_name_that_is_not_utf_8_costs_no_run(tmp_path: Path) -> None:
    out = os.fsencode(tmp_path / "b") + b"\xff"
    argv = command("--opt=adam", "--steps=5000", "--verify=0", "--json", "--out")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [*map(os.fsencode, argv), out], cwd=ROOT, env=environment, capture_output=True, check=True
    )
    run = json.loads(done.stdout)["run"]
    assert os.fsencode(run.encode("utf-8", "surrogateescape")).startswith(out)
    assert b"Traceback" not in done.stderr


SCRIPT = "from experiments.synthetic import main; print(main([{arguments}]))"
IN_A_THREAD = """
import threading
from experiments.synthetic import main
thread = threading.Thread(target=lambda: print(main([{arguments}])))
thread.start()
thread.join()
"""


@pytest.mark.parametrize("way", [slow("script without a guard"), "standard input", slow("thread")])
def test_main_may_be_called_from_anywhere(way: str, tmp_path: Path) -> None:
    line = ["--opt", "adam", "--steps", "2000", "--out", str(tmp_path / "runs")]
    form = IN_A_THREAD if way == "thread" else SCRIPT
    code = form.format(arguments=", ".join(map(repr, line)))
    (tmp_path / "script.py").write_text(code)
    argv = ["-"] if way == "standard input" else [str(tmp_path / "script.py")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *argv], cwd=tmp_path, env=environment, input=code,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "agree with labml_nn.optimizers.adam.Adam" in done.stdout
    assert done.stdout.endswith("\n0\n")
    assert done.stderr == ""
