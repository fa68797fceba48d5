"""A run with a law, from its command to its certificate and its check."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from amsgrad.config.run_config import Config
from experiments.certify import main
from experiments.run import certificate_check
from experiments.run.certificate_file import from_text, to_text
from experiments.run.files import RunFiles
from experiments.synthetic import main as synthetic
from tests.run.test_certify import edit

SHORT = ["--verify", "0", "--lr", "0.525", "--schedule", "inverse_sqrt", "--first_t", "1"]
PAPER = [*SHORT, "--semantics", "paper", "--dtype", "float64"]


def run(out: Path, capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, Any]:
    status = synthetic([*argv, "--out", str(out), "--json"])
    printed = capsys.readouterr()
    assert status == 0, printed.err
    found: dict[str, Any] = json.loads(printed.out)
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    assert synthetic(["--opt", "adam", *PAPER, "--steps", "1e15", "--out", str(out)]) == 0
    (file,) = out.glob("*-*/certificate.json")
    return file


def test_a_run_writes_a_certificate_that_holds(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(made)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"{made}: verified: adam, slope 1010 if t mod 101 = 1, else -10;")
    assert "for ever in exact arithmetic, x goes to 1" in out
    assert "R_T/T -> 20/101 + 31.49/sqrt(T) + 49.14/T + ...; to the bit up to step 36,788," in out
    assert err == ""
    certificate, config = from_text(made.read_text())
    assert to_text(certificate, config) == made.read_text()


def test_the_summary_states_the_law(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    adam = run(tmp_path, capsys, "--opt=adam", *PAPER, "--steps=1e15")
    law = adam["law"]
    assert (adam["steps"], adam["x"], adam["cycle"], adam["no_law"]) == (10**15, 1.0, None, None)
    assert (law["limit"], law["exponent"], law["start"]) == (20 / 101, 0.5, 10_100)
    assert law["bits_to"] > 10**25
    three = law["limit"] + law["kappa"] / math.sqrt(1e15) + law["constant"] / 1e15
    assert adam["average_regret"] == pytest.approx(three, rel=1e-11)
    assert adam["verdict"]["place"] == "at the worst end"
    assert adam["verdict"]["levels_off"] == law["limit"]
    assert adam["nanoseconds_per_step"] is None
    amsgrad = run(tmp_path, capsys, "--opt=amsgrad", *PAPER, "--steps=1e15")
    assert amsgrad["verdict"]["place"] == "at the optimum"
    assert amsgrad["verdict"]["levels_off"] is None
    assert amsgrad["law"]["limit"] == 0
    assert amsgrad["law"]["kappa"] == pytest.approx(34.58241, abs=1e-5)


def test_the_terminal_states_the_law(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["--opt", "amsgrad", *PAPER, "--steps", "1e8", "--out", str(made.parents[1])]
    assert synthetic(argv) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (
        "R_T/T -> 0 + 34.58/sqrt(T) + 1830/T + ..., from step 112,029 on for ever in exact"
        " arithmetic; the program's bits up to 1.9e24"
    ) in lines
    assert (
        "x goes to x* = -1 for ever, and the average regret vanishes; R_T goes as 34.58 sqrt(T), no"
        " faster and no slower"
    ) in lines
    assert "verdict: at the optimum; by its law x goes to -1 for ever, in exact arithmetic" in lines
    assert not [line for line in lines if "exact arithmetic, not the program" in line]
    (near,) = [line for line in lines if line.startswith("x = ")]
    assert near == "x = -0.9998 (optimum -1), average regret = 0.003477"
    (run,) = [line.removeprefix("run: ") for line in lines if line.startswith("run: ")]
    assert f"experiments.certify {run}/certificate.json" in next(
        line for line in lines if "next, the law" in line
    )


def test_beyond_the_bits_exact_arithmetic_speaks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a step size of 1e-9 the steps are soon too small for the rounding of x."""
    argv = ["--opt=sgd", *PAPER[2:6], "--lr=1e-9", "--dtype=float64", "--verify=0", "--steps=1e15"]
    assert synthetic([*argv, "--x0=-1", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "this is exact arithmetic, not the program, whose rounding may lead elsewhere" in out
    law = json.loads((next(tmp_path.glob("*-*")) / "summary.json").read_text())["law"]
    assert f"beyond step {law['bits_to']:,} " in out


def test_no_is_the_plain_loop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = run(tmp_path, capsys, "--opt=adam", *PAPER, "--steps=1e6", "--certify=no")
    lawful = run(tmp_path, capsys, "--opt=adam", *PAPER, "--steps=1e6", "--certify=yes")
    assert plain["law"] is None
    assert not (Path(plain["run"]) / "certificate.json").exists()
    assert plain["x"] == lawful["x"]
    assert plain["average_regret"] == pytest.approx(lawful["average_regret"], rel=1e-12)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            "--dtype float32",
            "in float32 the law soon ends, since small steps are absorbed by rounding; take --dtype"
            " float64, or --certify no for the plain loop",
        ),
        ("--beta1_schedule harmonic", "its beta1 decays too slowly to leave its bits"),
        ("--problem stochastic", "its losses are random"),
        ("--problem zhang", "its losses are not linear"),
        ("--schedule shifted_inverse_sqrt --schedule_rate 0", "its step size does not decay"),
    ],
)
def test_a_law_that_cannot_be_is_refused(
    line: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = dict(zip(PAPER[::2], PAPER[1::2], strict=True))
    words = line.split()
    given |= dict(zip(words[::2], words[1::2], strict=True))
    argv = [word for pair in given.items() for word in pair]
    assert synthetic(["--opt=adam", *argv, "--certify=yes", "--out", str(tmp_path / "runs")]) == 2
    expected = f"--certify yes was given, but the run has no law: {reason}\n"
    assert capsys.readouterr().err == f"synthetic: error: {expected}"
    assert not (tmp_path / "runs").exists()


def test_yes_without_a_law_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["--opt=adam", *PAPER, "--lr=1e-5", "--steps=20000", "--certify=yes"]
    del argv[argv.index("0.525") - 1 : argv.index("0.525") + 1]
    assert synthetic([*argv, "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "no law was found: by exact arithmetic x comes to 1 after 7.059e+12 steps only" in out


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("--dtype=float32", "in float32 the law soon ends, since small steps are absorbed by"),
        ("--schedule=inverse_power --schedule_rate=1", "by exact arithmetic x comes to 1 after"),
        ("--beta1_schedule=harmonic", "its beta1 decays too slowly to leave its bits"),
    ],
)
def test_a_long_run_without_a_law_says_so_before_it_steps(
    line: str,
    reason: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    argv = ["--opt=adam", *PAPER, *line.split(), "--steps=30000", "--out", str(tmp_path), "--json"]
    for module in ("amsgrad.config.build", "experiments.run.execute"):
        monkeypatch.setattr(f"{module}.LONG", 10_000)
    assert synthetic(argv) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["no_law"].startswith(reason)
    (said,) = [said for said in err.splitlines() if said.startswith("synthetic: ")]
    assert said.startswith(f"synthetic: no law is known: {reason}")
    assert said.endswith("; all steps are taken, one by one")


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("state.x", "-0x1.0000000000000p+0", "101 steps later x is"),
        ("state.memory.m", "-0x1.3fe9ce20e6266p+3", "101 steps later m is"),
        ("state.memory.m", "inf", "m = inf is not a finite number"),
        ("regret", "0x1.453dab2acc859p+12", "constant is"),
        ("kappa", "0x1.f7e1fb2109570p+4", "kappa is 31.4926711359489"),
        ("kappa", 31.49, "its kappa must be a number in hexadecimal such as 0x1.8p+1, but it is"),
        ("state.memory.v", "x", "its v must be a number in hexadecimal such as"),
        ("constant", "nan", "constant = nan is not a finite number"),
        ("exponent", "0x1.0p-2", "its exponent is not what these numbers and settings give"),
        ("limit_average_regret", "20/102", "its limit_average_regret is not what"),
        ("limit_average_regret", "10/51", "the limit is 20/101, not 10/51"),
        ("limit_average_regret", "1/0", "must be a fraction such as 20/101, but it is 1/0"),
        ("limit_average_regret", "1e9", "must be a fraction such as 20/101, but it is 1e9"),
        ("clips", "85-101", "the steps that clip are 86, 87"),
        ("clips", "86-100,101", "its clips is not what"),
        ("clips", "86,85", "its clips are not increasing steps of a cycle"),
        ("clips", "1-99999999999", "its clips are not increasing steps of a cycle"),
        ("bits_to", 10**62, "is not a number of steps"),
        (
            "bits_to",
            10**20,
            "numbers and settings give: its bits_to is 100000000000000000000, but the",
        ),
        ("start", 10_101, "its start is 10101, but the claim says 10100"),
        ("length", 202, "its length is 202, but the claim says 101"),
        ("settings.dtype", "float32", "in float32 the law soon ends"),
        ("settings.schedule", "constant", "its step size does not decay"),
        ("settings.lr", 0.526, "kappa is"),
        ("settings.steps", 5, "its settings is not what these numbers and settings give"),
        ("form", "amsgrad certificate, form 1", "it lacks lowest_x"),
        ("more", 1, "it holds more"),
        ("length", 0, "its length is 0"),
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
    assert main([str(file)]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith(f"{file}: refuted: ")
    assert reason in out


def test_another_bits_to_is_refuted(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The claim, in words, has the number, too."""
    text = made.read_text()
    bits_to = json.loads(text)["bits_to"]
    file = tmp_path / "edited.json"
    file.write_text(text.replace(str(bits_to), str(2 * bits_to)))
    assert main([str(file)]) == 1
    assert f"the bits are not proved up to step {2 * bits_to}" in capsys.readouterr().out


def test_what_was_not_checked_is_said(
    made: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificate_check, "MOST_STEPS", 100)
    assert main([str(made)]) == 3
    sentence = f"{made}: the law holds; that the run reaches it was not checked: adam, "
    assert capsys.readouterr().out.startswith(sentence)


def test_a_run_that_does_not_come_to_it_is_refuted(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    certificate, config = from_text(made.read_text())
    file = tmp_path / "other.json"
    file.write_text(to_text(certificate, Config(**{**config.settings(), "x0": 0.5})))
    assert main([str(file)]) == 1
    assert "steps of the run the regret is" in capsys.readouterr().out
    assert main([str(file), "--cycle-only"]) == 3


def test_the_trace_is_that_of_the_law(made: Path) -> None:
    import h5netcdf

    law = json.loads((made.parent / "summary.json").read_text())["law"]
    with h5netcdf.File(RunFiles(made.parent).trace) as file:
        step, average = file["step"][:].astype(float), file["average_regret"][:]
    late = step > 1e9
    three = law["limit"] + law["kappa"] / step[late] ** 0.5 + law["constant"] / step[late]
    band = 2020 / step[late]  # a tooth of Adam's regret within a cycle
    assert (abs(average[late] - three) <= band).all()
    assert late.sum() > 1000
