"""The frame of all commands: help, suggestions, spelling, signals, exit statuses."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from amsgrad.field_types import Whole
from amsgrad.options import ConfigError, Option, Role
from experiments import command, terminal
from experiments.__main__ import COMMANDS, main
from experiments.command import Command, CommandError
from experiments.invocation import invocation
from tests.conftest import ROOT, Start

EXAMPLE = "--many_words 3 --loud_one"
TRY = Command(
    "try",
    "Try it.",
    EXAMPLE,
    {
        "many_words": Option(Whole(1), "How many", Role.LENGTH, default=2),
        "small": Option(Whole(-9), "Any", default=None),
    },
    {"loud_one": "Be loud"},
    words=("FILE", "Files."),
)
MODULES = {name: f"experiments.{name}" for name in COMMANDS}
SUBCOMMANDS = [("sweep", "status"), ("sweep", "merge"), ("dashboard", "import")]


def test_options_are_read_with_either_spelling() -> None:
    expected = {"many_words": 7, "small": -3, "loud_one": True, "words": ["a", "b"]}
    for line in (
        "a --many-words 7 b --small -3 --loud-one",
        "--many_words=7 --small=-3 --loud_one a b",
    ):
        assert TRY.values(line.split()) == expected
    assert TRY.values([]) == {"many_words": 2, "small": None, "loud_one": False, "words": []}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("--many_word 3", "unknown option --many_word; did you mean --many_words?"),
        ("--lod-one", "unknown option --lod_one; did you mean --loud_one?"),
        ("--zzz", "unknown option --zzz; --help lists what there is"),
        ("--many_words", "--many_words needs a value"),
        ("--loud_one=x", "--loud_one takes no value"),
        ("--many_words 0", "--many_words must be a whole number from 1 to 2**63 - 1, but 0 was"),
        ("-x", "-x belongs to no option; see --help"),
    ],
)
def test_bad_lines(line: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as error:
        TRY.values(line.split())
    assert str(error.value).startswith(sentence)


def test_help_ends_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        TRY.values(["a", "--help"])
    text = capsys.readouterr().out
    assert stopped.value.code == 0
    assert text.endswith(f"Example: {invocation('try')} {EXAMPLE}\n")
    assert "How many (a whole number from 1 to 2**63 - 1; default 2)." in " ".join(text.split())


def test_a_misspelt_subcommand_has_a_suggestion() -> None:
    assert command.choose(["", "status"], ["--x"]) == ("", ["--x"])
    assert command.choose(["", "status"], ["status", "a"]) == ("status", ["a"])
    with pytest.raises(ConfigError, match="statsu is not a subcommand; did you mean status"):
        command.choose(["", "status", "merge"], ["statsu"])
    with pytest.raises(ConfigError, match="there are status, merge"):
        command.choose(["", "status", "merge"], ["x"])


@pytest.mark.parametrize(
    ("raised", "status", "sentence"),
    [
        (CommandError("no such thing", status=7), 7, "try: error: no such thing\n"),
        (ConfigError("no such thing"), 2, "try: error: no such thing\n"),
        (OSError(28, "No space left on device"), 1, "try: error: a file cannot be read or written"),
        (KeyboardInterrupt(), 130, "try: error: interrupted\n"),
    ],
)
def test_an_error_is_a_sentence_and_a_status(
    raised: BaseException, status: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def body(arguments: list[str]) -> int:
        raise raised

    assert command.run("try", body, []) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(sentence)
    assert err.count("\n") == 1


def test_signals_are_given_back() -> None:
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]

    def body(arguments: list[str]) -> int:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(number)
        return 0

    assert command.run("try", body, []) == 0
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_an_ignored_signal_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert command.run("try", lambda _: signal.raise_signal(signal.SIGHUP) or 0, []) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_closed_standard_error_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError, match="No space left"), open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stderr", full)
        terminal.say("nobody reads this")
        # closing it writes what is left in its buffer
    monkeypatch.setattr(sys, "stderr", None)
    terminal.say("nor this")


def test_the_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    text = capsys.readouterr().out
    for name, sentence in COMMANDS.items():
        assert f"  {name:10} {sentence}\n" in text
        assert (ROOT / "experiments" / name).is_dir() or (ROOT / f"experiments/{name}.py").exists()
    assert main(["sweeep"]) == 2
    assert "sweeep is not a subcommand; did you mean sweep?" in capsys.readouterr().err
    assert main(["sweep"]) == 2
    assert f"{invocation('sweep')}, with a dot" in capsys.readouterr().err


@pytest.mark.parametrize("words", [*((name,) for name in COMMANDS), *SUBCOMMANDS], ids=" ".join)
def test_every_command_has_help_with_an_example(words: tuple[str, ...], tmp_path: Path) -> None:
    argv = [sys.executable, "-m", MODULES[words[0]], *words[1:], "--help"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        argv, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert done.stdout.startswith(f"usage: {sys.executable} -m experiments.{' '.join(words)} ")
    assert done.stdout.splitlines()[-1].startswith(f"Example: {sys.executable} -m experiments.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_misspelt_option_has_a_suggestion(name: str, tmp_path: Path) -> None:
    argv = [sys.executable, "-m", MODULES[name], "--halp"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == f"{name}: error: unknown option --halp; did you mean --help?\n"


INTERRUPTING = """
import importlib.abc, os, runpy, signal, sys

class Interrupting(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.{signal})
        return None

sys.meta_path.insert(0, Interrupting())
sys.argv = [{command!r}, *{arguments!r}]
runpy.run_module({command!r}, run_name="__main__", alter_sys=True)
"""
SWEEP = "base: {opt: adam, steps: 10}\naxes: {lr: [0.1, 0.2]}\n"


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("module", ["numpy", "yaml", "numba"])
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("synthetic", ["--opt", "adam", "--verify", "0"]),
        ("sweep", ["--config", "sweep.yaml"]),
        ("figures", ["theorem1"]),
    ],
)
def test_a_signal_during_the_imports_ends_in_a_sentence(
    name: str, arguments: list[str], module: str, number: str, tmp_path: Path
) -> None:
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    code = INTERRUPTING.format(
        module=module, signal=number, command=MODULES[name], arguments=arguments
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 130, done.stderr
    assert done.stderr.startswith(f"{name}: error: interrupted")
    assert done.stderr.count("\n") == 1
    assert [file.name for file in tmp_path.iterdir()] == ["sweep.yaml"]


def test_a_run_under_nohup_outlives_its_terminal(tmp_path: Path, start: Start) -> None:
    argv = ["--opt", "adam", "--verify", "0", "--engine", "reference", "--steps", "30000"]
    process = start(
        ["nohup", sys.executable, "-m", "experiments.synthetic", *argv, "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while not list(tmp_path.glob("*/provenance.json")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGHUP)
    assert process.wait(60) == 0
