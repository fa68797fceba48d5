"""The command that checks certificates, and the run that writes them."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from amsgrad.config.run_config import Config
from experiments.certify import main
from experiments.run import certificate_check
from experiments.run.certificate_file import from_text, to_text
from experiments.synthetic import main as synthetic
from tests.marks import slow

ROOT = Path(__file__).parents[2]
SHORT = ["--verify", "0", "--lr", "0.1"]


def run(out: Path, capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, Any]:
    status = synthetic([*argv, *SHORT, "--out", str(out), "--json"])
    printed = capsys.readouterr()
    assert status == 0, printed.err
    found: dict[str, Any] = json.loads(printed.out)
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    assert synthetic(["--opt", "amsgrad", *SHORT, "--out", str(out)]) == 0
    (file,) = out.glob("*-*/certificate.json")
    return file


def test_a_run_writes_a_certificate_that_holds(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(made)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"{made}: verified: amsgrad, slope 1010 if t mod 101 = 1, else -10;")
    assert "on all repeats every 101 steps" in out
    assert "not checked" not in out
    assert err == ""


def rewritten(made: Path, file: Path, settings: dict[str, Any], **numbers: Any) -> Path:
    """A certificate to the letter, with other settings or numbers."""
    certificate, config = from_text(made.read_text())
    other = Config(**{**config.settings(), **settings})
    file.write_text(to_text(replace(certificate, **numbers), other))
    return file


def test_a_state_that_the_run_does_not_reach_is_refuted(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    certificate, _ = from_text(made.read_text())
    early = certificate.start - 101 * (certificate.start // 101 - 50)
    later = certificate.start + 101
    assert main([str(rewritten(made, tmp_path / "later.json", {}, start=later))]) == 0
    for name, settings, numbers in (
        ("x0", {"x0": 0.5}, {}),
        ("early", {}, {"start": early}),
        ("lr", {"first_t": 1}, {}),
    ):
        file = rewritten(made, tmp_path / f"{name}.json", settings, **numbers)
        capsys.readouterr()
        assert main([str(file)]) == 1, name
        assert "refuted: " in capsys.readouterr().out
        cycle_only = main([str(file), "--cycle-only"])
        assert cycle_only in ((1,) if name == "lr" else (3,)), name


def test_what_was_not_checked_is_said(
    made: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert main([str(made), "--cycle_only"]) == 3
    sentence = f"{made}: the cycle holds; that the run reaches it was not checked: amsgrad, "
    assert capsys.readouterr().out.startswith(sentence)
    monkeypatch.setattr(certificate_check, "MOST_STEPS", 100)
    assert main([str(made)]) == 3
    assert capsys.readouterr().out.startswith(sentence)
    broken = tmp_path / "broken.json"
    broken.write_text("{}")
    assert main([str(made), str(broken)]) == 1


def test_sums_that_overflow_prove_nothing(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["--opt=sgd", "--lr=0", "--big=8e307", "--small=8e307", "--x0=1", "--dtype=float64"]
    assert synthetic([*argv, "--steps=1e4", "--verify=0", "--out", str(tmp_path)]) == 0
    assert not list(tmp_path.glob("*/certificate.json"))
    huge = {"opt": "sgd", "lr": 0.0, "big": 8e307, "small": 8e307, "x0": 1.0, "dtype": "float64"}
    state = {"x": 1.0, "memory": {"g": 8e307}, "lowest": 1.0, "highest": 1.0, "regret": 1e308}
    start = {"start": 101 - from_text(made.read_text())[1].first_t, "length": 101}
    file = rewritten(made, tmp_path / "huge.json", huge, **state, **start)
    capsys.readouterr()
    assert main([str(file)]) == 1
    assert "the sum of the regrets of the cycle overflows" in capsys.readouterr().out


def test_the_summary_tells_what_is_for_ever(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = run(tmp_path, capsys, "--opt=adam", "--steps=1e15")
    short = run(tmp_path, capsys, "--opt=adam", "--steps=1e5")
    assert long["steps"] == 10**15
    assert long["cycle"] == short["cycle"]
    assert long["cycle"]["length"] == 101
    assert long["average_regret"] == pytest.approx(long["cycle"]["limit_average_regret"], rel=1e-9)
    assert long["cycle"]["highest_x"] == 1.0


def test_no_is_the_plain_loop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = run(tmp_path, capsys, "--opt=adam", "--steps=1e5", "--certify=no")
    certified = run(tmp_path, capsys, "--opt=adam", "--steps=1e5", "--certify=yes")
    assert plain["cycle"] is None
    assert not (Path(plain["run"]) / "certificate.json").exists()
    assert plain["x"] == certified["x"]
    assert plain["average_regret"] == pytest.approx(certified["average_regret"], rel=1e-12)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("--problem stochastic", "its losses are random"),
        ("--opt adopt", "the coefficients of adopt change at every step"),
    ],
)
def test_a_certificate_that_cannot_be_is_refused(
    line: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["--opt", "adam", *line.split(), "--verify", "0", "--certify", "yes"]
    assert synthetic([*argv, "--out", str(tmp_path / "runs")]) == 2
    assert capsys.readouterr().err == (
        "synthetic: error: --certify yes was given, but the run is not guaranteed to be periodic: "
        + reason
        + "\n"
    )
    assert not (tmp_path / "runs").exists()


def edit(document: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for name in parents:
        document = document[name]
    if value is None:
        del document[last]
    else:
        document[last] = value


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("state.x", "-0x1.e000000000000p-1", "after 101 steps"),
        ("state.x", "x", "it is not a certificate: it cannot be read"),
        ("state.x", 0.5, "it is not a certificate: it cannot be read"),
        ("state.memory.m", "nan", "is not a finite number in float32"),
        ("state", [], "it is not a certificate"),
        ("settings", [], "it is not a certificate"),
        ("settings.lr", 0.2, "after 101 steps"),
        ("settings.lr", -1, "lr must be a finite number, 0 or more, but -1 was given"),
        ("settings.opt", "adem", "opt must be adam,"),
        ("settings", {"opt": "torch.optim:SGD"}, "its settings is not what"),
        ("settings.problem", "stochastic", "its settings is not what"),
        ("settings.schedule", "inverse_sqrt", "its step size decays"),
        ("settings.steps", 5, "its settings is not what these numbers and settings give"),
        ("settings.lr", "0.1", "its settings is not what"),
        ("settings.x0", None, "its settings is not what"),
        ("claim", "the regret tends to 0", "its claim is not what"),
        ("more", 1, "it holds more"),
        ("start", 1e5, "is not a number of steps"),
        ("start", -5, "-5 is not a number of steps"),
        ("length", 10**30, "is not a number of steps"),
        ("length", 0, "its length is 0"),
        ("length", 100, "its claim is not what"),
        ("length", 101 * 10**9, "its claim is not what"),
        ("limit_average_regret", 0.0, "its limit_average_regret is not what"),
        ("limit_average_regret", "\ud800", "its limit_average_regret is not what"),
        ("regret", None, "it lacks regret"),
        ("form", "another", "its form is not what"),
        ("form", None, "its form is not what"),
    ],
)
def test_an_edited_file_is_refuted(
    path: str,
    value: Any,
    reason: str,
    made: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = json.loads(made.read_text())
    edit(document, path, value)
    file = tmp_path / "edited.json"
    file.write_text(json.dumps(document))
    assert main([str(made), str(file)]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    first, second = out.splitlines()
    assert "verified" in first
    assert second.startswith(f"{file}: refuted: ")
    assert reason in second


def test_a_name_given_twice_is_refuted(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "twice.json"
    file.write_text(made.read_text().replace("{", '{"regret": "0x0p+0",', 1))
    assert main([str(file)]) == 1
    assert "it names something twice" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b"{}"])
def test_a_broken_file_is_refuted(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "broken.json"
    file.write_bytes(content)
    assert main([str(file)]) == 1
    assert capsys.readouterr().out.startswith(f"{file}: refuted: it is not a certificate: ")


def test_yes_without_a_cycle_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["--opt", "amsgrad", "--verify", "0", "--lr", "1e-5", "--steps", "20000"]
    assert synthetic([*argv, "--certify", "yes", "--out", str(tmp_path)]) == 0
    assert "no cycle begins within 20,000 steps" in capsys.readouterr().out


@pytest.mark.parametrize("number", [signal.SIGINT, slow(signal.SIGTERM)])
def test_a_long_search_answers_to_signals(number: signal.Signals, tmp_path: Path) -> None:
    argv = ["--opt", "amsgrad", "--verify", "0", "--lr", "1e-12", "--steps", "1e13"]
    command = [sys.executable, "-m", "experiments.synthetic", *argv, "--dtype", "float64"]
    with subprocess.Popen(
        [*command, "--out", str(tmp_path / "runs")], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            said = iter(process.stderr.readline, "")  # that it compiles comes first, if it does
            assert any("looking for the cycle or the law of the run" in line for line in said)
            process.send_signal(number)
            assert process.wait(20) == 130
            assert "interrupted before the first step" in process.stderr.read()
        finally:
            process.kill()
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_a_killed_certified_run_resumes_to_the_same_bits(tmp_path: Path) -> None:
    argv = ["--opt", "adam", "--verify", "0", "--lr", "0.1", "--steps", "2e6", "--every", "40"]
    command = [sys.executable, "-m", "experiments.synthetic", *argv]
    out = ["--out", str(tmp_path / "killed")]
    with subprocess.Popen([*command, *out], cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        (tmp_path / "killed").mkdir()
        while not list((tmp_path / "killed").glob("*/checkpoint.npz")):
            time.sleep(0.02)
        process.kill()
    (folder,) = (tmp_path / "killed").glob("*-*")
    resumed = [sys.executable, "-m", "experiments.synthetic", "--resume", folder.name, *out]
    subprocess.run(resumed, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    whole = [*command, "--out", str(tmp_path / "whole")]
    subprocess.run(whole, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    (other,) = (tmp_path / "whole").glob("*-*")
    for name in ("certificate.json", "trace.nc"):
        assert (folder / name).read_bytes() == (other / name).read_bytes(), name


def test_a_pipe_is_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert main([str(tmp_path / "pipe")]) == 2
    assert capsys.readouterr().err.startswith("certify: error: ")


@pytest.mark.parametrize("argv", [[], ["--lr"], ["missing.json"], ["."]])
def test_bad_input(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("certify: error: ")
    assert err.count("\n") == 1
