"""The command that searches: its answers, its file, what it refuses, and how it goes on."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from amsgrad.search.exhaustive import Exhausted
from amsgrad.search.find import Find, Minimal
from amsgrad.search.proof import prove
from amsgrad.search.shortest import Shortened
from amsgrad.theory.enclosure import Enclosure
from experiments.certify import main as certify
from experiments.config.arguments import parse
from experiments.finds import hunt, strategies
from experiments.finds.find_file import from_text
from experiments.finds.question import read
from experiments.finds.strategies import strategy
from experiments.search import main
from tests.conftest import ROOT, Start

pytestmark = pytest.mark.slow

KEYS = (
    *("slopes", "period", "largest", "sum", "mean_step", "price", "horizon", "minimal", "find"),
    *("status", "opt", "options", "order", "proved", "run", "shown", "seconds", "reason"),
)


@pytest.fixture
def search(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command in this process; return its status, its object of JSON, and its lines."""

    def run(*argv: str, runs: bool = False) -> tuple[int, dict[str, Any], str]:
        own = [] if runs else ["--no-run"]
        status = main([*argv, *own, "--out", str(tmp_path / "finds"), "--json"])
        out, err = capsys.readouterr()
        found = json.loads(out.splitlines()[-1]) if out else {}
        return status, found, err

    return run


def test_the_smallest_at_the_published_defaults_of_adam(search: Any) -> None:
    status, found, lines = search(
        "--opt=adam", "--beta2=0.999", "--eps=1e-8", "--period=3", "--smallest"
    )
    assert status == 0
    assert set(KEYS) <= set(found)
    assert found["status"] == "found"
    assert found["slopes"] == [37996, -18629, -19366]
    assert (found["period"], found["largest"], found["sum"]) == (3, 37996, 1)
    assert float(found["mean_step"]["lower"]) <= float(found["mean_step"]["upper"]) < 0
    minimal = found["minimal"]
    assert (minimal["claim"], minimal["first"], minimal["last"]) == ("smallest", 1, 37995)
    assert "no 3 slopes with a max |g| from 1 to 37,995 fail" in lines
    assert certify([found["find"]]) == 3  # proved anew; the search is not repeated
    file = from_text(Path(found["find"]).read_text())
    assert list(file.find.slopes) == found["slopes"]
    assert file.find.proved
    assert not list(Path(found["find"]).parent.glob("unfinished*"))
    assert "--steps 130000000000" in found["run"]  # which is long enough, and was not run


@pytest.mark.parametrize("opt", ["rmsprop", "adam", "adopt", "adashift", "acprop", "yogi"])
def test_a_find_by_default_is_proved_and_shown(search: Any, opt: str) -> None:
    status, found, lines = search("--opt", opt, runs=True)
    assert status == 0
    assert found["proved"]
    assert found["shown"], lines
    assert found["minimal"]["claim"] == "upper bound"
    words = shlex.split(found["run"])
    config = parse(words[words.index("experiments.synthetic") + 1 :]).config
    assert config is not None
    assert config.problem_options["order"] == "cyclic"
    assert from_text(Path(found["find"]).read_text()).confirmation is not None


def test_bounds_are_kept(search: Any) -> None:
    _, found, _ = search("--opt=rmsprop", "--period=30", "--largest=5")
    assert found["period"] == 30
    assert found["largest"] <= 5
    _, found, lines = search("--opt=rmsprop", "--smallest", "--largest=100")
    assert (found["period"], found["minimal"]["claim"]) == (5, "shortest")
    assert "no slopes with a max |g| up to" in lines


def test_the_sentence_tells_what_was_tried(
    search: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    way = strategy(read(["--opt=adam", "--smallest", "--largest=1"]))
    assert way.answer(Shortened(4, True, 4), ended=True).effort.endswith(
        "structured slopes found none"
    )
    g = 600 * (1,)
    for missed, words in (
        (20, "annealing with seed 0 found none at P = 20;"),
        (4, "stopped early;"),
    ):
        assert words in way.answer(Shortened(4, True, missed, g), ended=missed == 20).minimal.method
    assert "found none" not in way.answer(Shortened(4, True, 599, g), ended=True).minimal.method
    looks = iter(4 * [False] + [True])
    monkeypatch.setattr(hunt, "_late", lambda asked, began: next(looks))
    _, found, _ = search("--opt=adam", "--largest=1", "--period=20")
    assert found["reason"] == "structured slopes, with |g| up to 1"
    (kept,) = (tmp_path / "finds").glob("unfinished-adam-*.json")
    assert json.loads(kept.read_text())["state"]["tries"] == 3  # annealing stops after any try


def test_slopes_without_a_sign_are_not_excluded(search: Any) -> None:
    """At beta2 = eps = 0 v is 0 after a slope of 0, and on slopes such as 3, -1, 1, -1 D is 0."""
    zeros = ["--opt=rmsprop", "--beta2=0", "--eps=0", "--smallest"]
    _, found, lines = search(*zeros, "--period=3")
    assert (found["largest"], found["minimal"]["claim"]) == (3, "upper bound")
    assert "on which D may be 0 or is not defined" in lines
    way = strategy(read([*zeros, "--period=3", "--largest=2"]))
    answer = way.answer(Exhausted(2, undecided=1), ended=True)
    assert answer.none == ""  # nothing is proved


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (
            ["--opt=amsgrad"],
            "amsgrad: proved: none exists: in any order every step has the same",
        ),
        (["--opt=sgd", "--order=shuffled"], "sgd: proved: none exists: in any order"),
        (["--opt=adopt", "--order=drawn"], "adopt: proved: none exists: where slopes are drawn"),
        (["--opt=adagrad", "--smallest"], "adagrad: proved: none exists: in any order"),
        (["--opt=adam", "--period=2"], "adam: proved: none exists: no 2 slopes give D and S"),
        (
            ["--opt=adam", "--beta1=0", "--beta2=0", "--eps=0", "--period=2", "--smallest"],
            "adam: proved: none exists: no 2 slopes",  # D = 0 on all of them
        ),
        (
            ["--opt=rmsprop", "--period=3", "--smallest", "--largest=225"],
            "rmsprop: proved: no 3 slopes with a max|g| up to 225 fail",
        ),
    ],
)
def test_that_none_exists_is_an_answer(search: Any, argv: list[str], words: str) -> None:
    status, found, lines = search(*argv)
    assert status == 0
    assert words in lines
    assert found["status"] == "none exists"
    assert found["slopes"] is found["mean_step"] is found["find"] is None


def test_none_found_proves_nothing(search: Any) -> None:
    status, found, lines = search("--opt=adam", "--period=20", "--largest=1")
    assert status == 1
    assert "adam: none found, which proves nothing: structured slopes and annealing" in lines
    assert found["status"] == "none found"


def test_random_order_is_measured(search: Any) -> None:
    status, found, lines = search("--opt=adam", "--order=drawn", "--period=100")
    assert status == 0
    assert not found["proved"]
    assert "measured, not proved" in lines
    assert found["order"] == "drawn"


def test_what_is_measured_of_a_torch_optimizer_is_what_is_proved_of_the_rule(search: Any) -> None:
    status, found, lines = search("--opt=torch.optim:RMSprop", "--period=30")
    assert status == 0
    assert not found["proved"]
    assert "measured, not proved (black box): torch.optim:RMSprop" in lines
    own = prove("rmsprop", {}, found["slopes"])
    low, high = (float(found["mean_step"][end]) for end in ("lower", "upper"))
    assert low <= float(own.lower) <= float(own.upper) <= high < 0


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "--opt must be given"),
        (["--opt=adamm"], "--opt must be"),
        (["--opt=adam", "--period=1"], "--period must be a whole number from 2 to 100000"),
        (["--opt=adam", "--largest=0"], "--largest must be a whole number from 1 to"),
        (["--opt=adam", "--window=3"], "--window has no effect with --opt adam, which has"),
        (["--opt=adam", "--order=random"], "--order must be cyclic, shuffled or drawn"),
        (["--opt=adam", "--time=0"], "--time must be a finite number above 0"),
        (
            ["--opt=adam", "--smallest", "--order=drawn"],
            "--smallest needs cyclic slopes, but --order drawn was given",
        ),
        (
            ["--opt=adam", "--smallest", "--period=31"],
            "--period must be a whole number from 2 to 30 with --smallest, but 31 was given",
        ),
        (
            ["--opt=acprop", "--beta1=0", "--eps=0", "--smallest"],
            "with eps = 0 and these betas D may be 0 or not defined on all slopes",
        ),
        (["--opt=yogi", "--smallest"], "--smallest needs the closed form of the steps, which yogi"),
        (
            ["--opt=torch.optim:Adam", "--smallest"],
            "--smallest needs the closed form of the steps, which torch.optim:Adam does not have",
        ),
        (["--opt=adam", "--smalest"], "unknown option --smalest; did you mean --smallest?"),
    ],
)
def test_bad_input_is_refused(
    argv: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "finds"
    assert main([*argv, "--out", str(out)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert words in printed.err
    assert len(printed.err.splitlines()) == 1
    assert not out.exists()


def test_a_folder_that_cannot_be_written(search: Any, tmp_path: Path) -> None:
    (tmp_path / "finds").write_text("")
    status, _, lines = search("--opt=rmsprop", "--smallest")
    assert status == 2
    assert "finds cannot be made (File exists)" in lines


def test_a_search_that_is_stopped_goes_on(
    search: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped again and again it comes further, and in the end to the answer of an unbroken one."""
    argv = ["--opt=rmsprop", "--beta2=0.9", "--period=4", "--smallest"]
    _, whole, _ = search(*argv)
    Path(whole["find"]).unlink()
    for stop in range(100):
        looks = iter(60 * [False] + [True])
        monkeypatch.setattr(hunt, "_late", lambda asked, began, looks=looks: next(looks))
        _, found, lines = search(*argv)
        assert (stop > 0) == ("going on where it was left" in lines)
        if found["status"] == "found" and found["minimal"]["claim"] == "smallest":
            break
        assert list((tmp_path / "finds").glob("unfinished-rmsprop-*.json"))
    assert stop > 1
    assert found["slopes"] == whole["slopes"]
    assert found["minimal"]["last"] == whole["minimal"]["last"]
    assert not list((tmp_path / "finds").glob("unfinished-*"))


def test_a_damaged_state_is_not_believed(search: Any, tmp_path: Path) -> None:
    argv = ["--opt=rmsprop", "--beta2=0.9", "--period=4", "--smallest"]
    search(*argv, "--time=0.001")
    (kept,) = (tmp_path / "finds").glob("unfinished-*")
    state = json.loads(kept.read_text())
    kept.write_text(kept.read_text()[:-9])
    _, found, lines = search(*argv)
    assert "going on" not in lines
    assert found["minimal"]["claim"] == "smallest"
    other = ["--opt=rmsprop", "--beta2=0.8", "--period=4", "--smallest", "--time=0.001"]
    search(*other)
    (kept,) = (tmp_path / "finds").glob("unfinished-*")
    kept.write_text(json.dumps(state))  # of another search, under the name of this one
    assert "going on" not in search(*other)[2]


def test_a_state_that_does_not_fit_is_not_believed(search: Any, tmp_path: Path) -> None:
    argv = ["--opt=rmsprop", "--period=3", "--smallest"]
    search(*argv, "--time=0.001")
    (kept,) = (tmp_path / "finds").glob("unfinished-*")
    whole = json.loads(kept.read_text())
    for state in ({"seen": 1}, {**whole["state"], "best": 5}):
        kept.write_text(json.dumps({**whole, "state": state}))
        status, _, lines = search(*argv, "--time=0.001")
        assert status in (0, 1)
        assert "going on" not in lines


def test_nothing_stays_of_a_search_without_a_find(search: Any, tmp_path: Path) -> None:
    argv = ["--opt=rmsprop", "--period=3", "--smallest", "--largest=100"]
    search(*argv, "--time=0.001")
    assert list((tmp_path / "finds").glob("unfinished-*"))
    assert search(*argv)[1]["status"] == "none exists"
    assert not any((tmp_path / "finds").iterdir())  # the folder was there before
    (tmp_path / "finds").rmdir()
    search(*argv)
    assert not (tmp_path / "finds").exists()


def test_a_run_that_is_stopped_does_not_lose_the_search(
    search: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    argv = ["--opt=rmsprop", "--period=3", "--smallest"]

    def stopped(find: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(hunt, "confirm", stopped)
        status, first, _ = search(*argv, runs=True)
        assert status == 130
    with monkeypatch.context() as patched:
        patched.setattr(strategies, "smallest", None)  # nothing more is searched
        status, found, _ = search(*argv, runs=True)
    assert (status, found["shown"], found["slopes"]) == (0, True, first["slopes"])
    assert not list((tmp_path / "finds").glob("unfinished-*"))


def test_an_upper_bound_does_not_replace_a_smallest_one() -> None:
    find = Find("adam", {}, (3, -1, -1), Enclosure("-0.02", "-0.01"), proved=True)
    smallest = replace(find, minimal=Minimal("smallest", "all", 1, 2))
    assert hunt._name(find) != hunt._name(smallest)


LONG = [sys.executable, "-m", "experiments.search", "--opt=rmsprop", "--period=6", "--smallest"]


def begun(start: Start, out: Path) -> "subprocess.Popen[str]":
    process = start([*LONG, "--out", str(out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    end = time.monotonic() + 60
    while not list(out.glob("unfinished-*.json")):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    return process


def test_ctrl_c_keeps_what_is_known(start: Start, tmp_path: Path) -> None:
    process = begun(start, tmp_path)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopping; Ctrl-C once more stops at once" in err
    assert "go on with: " in out
    assert list(tmp_path.glob("unfinished-*.json"))
    assert "Traceback" not in err


def test_a_killed_search_goes_on(start: Start, tmp_path: Path) -> None:
    process = begun(start, tmp_path)
    process.kill()
    process.wait()
    (kept,) = tmp_path.glob("unfinished-*.json")
    before = json.loads(kept.read_text())["state"]["empty_to"]
    again = subprocess.run(
        [*LONG, "--out", str(tmp_path), "--time=3", "--no-run"],
        cwd=ROOT,
        env={**os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "going on where it was left" in again.stderr
    assert json.loads(kept.read_text())["state"]["empty_to"] >= before > 0
