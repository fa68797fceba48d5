"""Bad input: one sentence, status 2, nothing written."""

import socket
import time
from pathlib import Path

import pytest

from experiments.invocation import invocation
from experiments.sweep import main
from tests.sweeps.small import fails, start_sweep, write

BASE = "base: {opt: amsgrad, steps: 100}\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("axes: {lrr: [1]}", "line 2: lrr is not a setting; did you mean lr?"),
        ("axes: {verify: [1]}", "verify cannot be an axis"),
        ("axes: {lr: []}", "the axis lr is empty"),
        ("axes: {lr: {linear: [0, 1, 0]}}", "the axis lr is empty"),
        ("axes: {}", "must vary something: axes is empty"),
        ("seeds: 2", "must hold axes: with options below"),
        ("axes: {lr: [0.1, -1]}", "a value of the axis lr must be a finite number, 0 or more"),
        ("axes: {beta2: {linear: [0, 1, 5]}}", "must be a number in [0, 1), but 1.0 was given"),
        ("axes: {beta1: {nines: [-1, 2, 4]}}", "must be a number in [0, 1), but -9.0 was given"),
        ("axes: {lr: [0.1, 0.2, 0.1]}", "the axis lr has the value 0.1 twice"),
        ("axes: {lr: [0.1, null]}", "but null was given"),
        ("axes: {lr: [[1]]}", "a value of the axis lr must be a finite number"),
        ("axes: {lr: 0.1}", "the axis lr must be a list of values, or {linear: [a, b, n]}"),
        ("axes: {lr: {log: [0, 1, 5]}}", "log needs two numbers above zero, but 0 and 1"),
        ("axes: {lr: {cubic: [0, 1, 5]}}", "cubic must be one of linear, log, nines"),
        ("axes: {lr: {log: [1, 5]}}", "log needs [first, last, how many], but ['1', '5']"),
        ("axes: {lr: {log: [1, 5, 1.5]}}", "log needs [first, last, how many]"),
        ("axes: {lr: {log: [1, x, 5]}}", "log needs [first, last, how many]"),
        ("axes: {period: {linear: [2, 4, 9]}}", "there are fewer than 9 whole numbers in linear"),
        ("axes:\n  lr: [1]\n  lr: [2]", "line 4: lr is given a second time"),
        ("axes: {steps: [10]}", "steps is also an axis; give it once"),
        ("axes: {seed: [1]}\nseeds: 2", "seeds and the axis seed are two axes of one name"),
        ("axes: {lr: [1]}\nseeds: 0", "seeds must be a whole number from 1"),
        ("axes: {power: [0.1]}", "the axis power has no effect with opt amsgrad on problem online"),
        ("axes: {lr: [1]}\nseeds: 3", "the axis seed has no effect with opt amsgrad on problem"),
        ("axes: {seed: [1, 2]}", "the axis seed has no effect with opt amsgrad on problem online"),
        ("axes: {order: [cyclic], problem: [zhang], seed: [1]}", "the axis seed has no effect"),
        ("axes: {schedule_rate: [1]}", "schedule_rate has no effect with schedule constant; leave"),
        ("axes: {beta1_rate: [1]}", "beta1_rate has no effect with beta1_schedule constant"),
        ("axes: {semantics: [torch, labl]}", "but labl was given; did you mean labml?"),
        ("axes: {x0: [0, 2]}", "--x0 must be a number in [-1, 1]"),
        ("axes: {lr: [1, 1e39]}", "3.4e+38 in size with --dtype float32, but 1e+39 was given (in"),
        ("axes: {lr: [1, 1e39, 2], beta1: [0]}", "(in the cell lr = 1e+39, beta1 = 0.0)"),
        ("axes: {eps: [1e39], dtype: [float64, float32]}", "(in the cell eps = 1e+39, dtype = fl"),
        ("axes: {big: [-1e39, 1]}", "--big must be at most 3.4e+38 in size with --dtype float32"),
        ("axes: {schedule_rate: [1e39], schedule: [shifted_inverse_sqrt]}", "--schedule_rate must"),
        ("axes: {lr: [1]}\nkeep: [y]", "y cannot be kept; there are x, average_regret"),
        ("axes: {lr: [1]}\nkeep: []", "keep must be a list of quantities"),
        ("axes: {lr: [1]}\nkeep: [x, x]", "x is kept twice"),
        ("axes: {lr: [1]}\nkeep: [converged]", "converged needs {mean_log_distance: -2"),
        (
            "axes: {lr: [1]}\nkeep: [{converged: {distance: -1}}]",
            "distance must be a finite number",
        ),
        ("axes: {lr: [1]}\nkeep: [{series: 0}]", "series must be a whole number from 1 to 10000"),
        (
            "axes: {problem: [stochastic], schedule: [inverse_sqrt]}\nkeep: [limit]",
            "limit needs a certificate or a law, but its losses are random",
        ),
        ("axes: {lr: [1]}\nchunks: 5", "chunks is not a part of a sweep; did you mean chunk?"),
        ("axes: {lr: [1]}\nchunk: 0", "chunk must be a whole number from 1"),
        ("axes: {opt: ['torch.optim:SGD']}", "opt is also an axis; give it once"),
        ("axes: {lr: &a [*a]}", "a value of the axis lr must be a finite number, 0 or more"),
        ("axes: [lr]", "must hold axes: with options below"),
        ("axes: {lr: !!python/name:os.system ''}", "must be a plain value"),
        ("axes: {lr: {linear: [0, 1, 20000]}, beta1: {linear: [0, 0.9, 20000]}}", "400,000,000"),
    ],
)
def test_a_sweep_that_cannot_be(
    text: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    path = write(tmp_path, BASE + text)
    assert sentence in fails(capsys, "--config", str(path), "--out", str(out))
    assert not out.exists()


@pytest.mark.parametrize(
    ("base", "sentence"),
    [
        ("{opt: amsgrad, lrr: 1}", "unknown option lrr; did you mean lr?"),
        ("{opt: amsgrad, lr: -1}", "lr must be a finite number, 0 or more"),
        ("{opt: amsgrad, out: x}", "out cannot be set in a sweep, which keeps what keep lists"),
        ("{lr: 1}", "opt must be given in base or axes: adam, "),
        ("", "opt must be given in base or axes: adam, "),
        ("{opt: amsgrad, engine: torch}", "a sweep computes rules by --engine compiled"),
        ("{opt: amsgrad, device: cuda}", "--engine auto --device cuda was given"),
        ("{opt: amsgrad, every: 5}", "every cannot be set in a sweep"),
        ("{opt: amsgrad, json: yes}", "unknown option json"),
        ("{opt: [amsgrad]}", "opt must be adam"),
        ("{opt: amsgrad, schedule: inverse_sqrt, certify: yes}", "certify"),
        ("5", "must hold base: with options below"),
    ],
)
def test_a_base_that_cannot_be(
    base: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, f"base: {base}\naxes: {{beta1: [0, 0.5]}}\n")
    assert sentence in fails(capsys, "--config", str(path), "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("", "--config must be given"),
        ("--config nowhere.yaml", "--config nowhere.yaml does not exist"),
        ("--config small.yaml --shard 2/2", "--shard must be i/N with i from 0 to N - 1, but 2/2"),
        ("--config small.yaml --shard x", "--shard must be i/N"),
        ("--config small.yaml --threads 0", "--threads must be a whole number from 1 to 4096"),
        ("--config small.yaml --workers x", "--workers must be a whole number from 1 to 4096"),
        ("--config small.yaml --workers 1 --threads 1", "--threads and --workers exclude"),
        ("--config small.yaml --outt x", "unknown option --outt; did you mean --out?"),
        ("--config small.yaml --out", "--out needs a value"),
        ("--config small.yaml --app nowhere", "--app must be http(s)://host[:port]"),
        ("--config small.yaml --out full", "full is not empty and does not hold a sweep"),
        ("--config small.yaml --out small.yaml", "small.yaml"),
        ("--config small.yaml --dry-runn", "unknown option --dry_runn; did you mean --dry_run?"),
        ("--config small.yaml more", "more belongs to no option"),
        ("statsu full", "statsu is not a subcommand; did you mean status?"),
        ("status full --jsn", "unknown option --jsn; did you mean --json?"),
        ("status", "status needs the folder of one sweep"),
        ("merge a b", "merge needs the folder of one sweep"),
        ("merge nowhere", "nowhere does not hold a sweep"),
        ("status full", "full does not hold a sweep"),
    ],
)
def test_a_line_that_cannot_be(
    line: str,
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path(), BASE + "axes: {lr: [1]}")
    Path("full").mkdir()
    Path("full", "mine").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    assert sentence in fails(capsys, *line.split())
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.slow  # it is waited for
def test_a_scheduler_that_does_not_answer(tmp_path: Path) -> None:
    path, out = write(tmp_path, BASE + "axes: {lr: [1]}"), tmp_path / "out"
    with socket.socket() as silent:  # takes the call, and says nothing
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        process = start_sweep(path, out, "--scheduler", address)
        printed, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert time.monotonic() - began < 20
    assert printed.startswith(
        f"sweep: error: no scheduler answers at --scheduler {address} within 10 s"
    )
    assert printed.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("line", "example"),
    [
        ("--help", "sweep --config configs/sweeps/example.yaml"),
        ("status --help", "sweep status results/sweeps/example"),
        ("merge nowhere -h", "sweep merge results/sweeps/example"),
    ],
)
def test_help(line: str, example: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(line.split())
    assert end.value.code == 0
    assert f"Example: {invocation(example)}" in (printed := capsys.readouterr().out)
    assert line != "--help" or "sweep merge FOLDER" in printed
