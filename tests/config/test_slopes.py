"""Slopes on the command line and in files: texts, the names of files, and what an error says."""

import os
import re
from pathlib import Path

import pytest
import yaml

from amsgrad.config.run_config import Config
from amsgrad.options import ConfigError
from amsgrad.problems.slope_text import LONGEST_TEXT, SlopeText
from experiments.config import slope_file
from experiments.config.arguments import command, parse
from experiments.config.yaml_file import to_yaml
from experiments.synthetic import main

LINE = ("--opt", "adam", "--problem", "sequence")
SLOPES = SlopeText()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test runs in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def slopes(*argv: str) -> object:
    config = parse([*LINE, *argv]).config
    assert config is not None
    return config.settings()["slopes"]


def refusal(*argv: str) -> str:
    with pytest.raises(ConfigError) as error:
        parse([*LINE, *argv])
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--slopes", "1010,-10x100"], "1010,-10x100"),
        (["--slopes", "-1,-2,4"], "-1,-2,4"),
        (["--slopes", "-1 -2 4"], "-1,-2,4"),
        (["--slopes=-10x3, 31"], "-10x3,31"),
        (["--slopes", "7"], "7"),
    ],
)
def test_a_line_gives_slopes(words: list[str], text: str) -> None:
    assert slopes(*words) == text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("3,-1x2\n", "3,-1x2"),
        ("# the paper's\n1010,\n\n -10x50 -10x49,  # more\n-10\n", "1010,-10x100"),
        ("3\r\n-1\r\n-1", "3,-1x2"),
        ("\ufeff3\t-1\t-1\n\n", "3,-1x2"),
        ("0\n0 0\n1,", "0x3,1"),
    ],
)
def test_a_file_gives_slopes(folder: Path, content: str, text: str) -> None:
    (folder / "s.txt").write_bytes(content.encode())
    assert slopes("--slopes", "s.txt") == text
    assert slopes("--slopes", str(folder / "s.txt")) == text
    (folder / "c.yaml").write_text("problem: sequence\nslopes: s.txt\n")
    assert slopes("--config", "c.yaml") == text


def test_a_text_of_slopes_is_not_the_name_of_a_file(folder: Path) -> None:
    (folder / "3").write_text("4,-1")
    assert slopes("--slopes", "3") == "3"
    assert slopes("--slopes", "./3") == "4,-1"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"1,2\n3, abc, 4\n", f", line 2: abc is not a finite number; {slope_file.IN_A_FILE}"),
        (b"1,2\n,3\n", ", line 2: '' is not a finite number; allowed are numbers"),
        (b"1\n\n2x0", ", line 3: 2x0 comes no time; allowed are numbers"),
        (b"1 1e999", ", line 1: 1e999 is not a finite number; allowed are numbers"),
        (b"", f" must hold {SLOPES}, but there are none"),
        (b"# 1, 2\n", f" must hold {SLOPES}, but there are none"),
        (b"0 0x5", f" must hold {SLOPES}, but all of them are 0"),
        (b"1x1000000\n2", f" must hold {SLOPES}, but there are 1,000,001"),
        (b"\xff\xfe1", " must be text in UTF-8; allowed are numbers"),
        (b"1 2 3 4 5 6", " must not be larger than 10 bytes"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, sentence: str
) -> None:
    if "larger" in sentence:
        monkeypatch.setattr(slope_file, "LARGEST_FILE", 10)
    (folder / "s.txt").write_bytes(content)
    assert refusal("--slopes", "s.txt").startswith(f"--slopes s.txt{sentence}")
    (folder / "c.yaml").write_text("# a comment\nslopes: s.txt\n")
    found = refusal("--config", "c.yaml")
    assert found.startswith(f"c.yaml, line 2: slopes s.txt{sentence}")


@pytest.mark.parametrize("given", ["none.txt", "3,x", "", "a/b", "~nobody/x", "x" * 5000, "a\0b"])
def test_what_is_neither_slopes_nor_a_file_is_refused(given: str) -> None:
    wanted = re.escape(f"--slopes must be {SLOPES}, or the name of a file of them, but ")
    assert re.match(wanted, refusal("--slopes", given))


def test_what_is_not_a_plain_file_is_refused(folder: Path) -> None:
    assert refusal("--slopes", str(folder)).endswith(" cannot be read: Is a directory")
    os.mkfifo(folder / "pipe")
    assert refusal("--slopes", "pipe") == "--slopes pipe cannot be read: it is not a regular file"


def test_help_says_that_a_file_will_do() -> None:
    option = command().options["slopes"]
    assert option.sentence.endswith("; or a file of them")
    assert str(option.type) == str(SLOPES)


def test_the_settings_of_a_run_hold_the_slopes(folder: Path) -> None:
    (folder / "s.txt").write_text("3 -1 -1")
    config = parse([*LINE, "--slopes", "s.txt", "--order", "shuffled"]).config
    assert config is not None
    written = yaml.safe_load(to_yaml(config))
    assert (written["slopes"], written["order"]) == ("3,-1x2", "shuffled")
    assert Config(**written) == config


def test_the_longest_text_fits_a_configuration_file(folder: Path) -> None:
    longest = ",".join(["-1", "2"] * LONGEST_TEXT)[:LONGEST_TEXT].rstrip(",-")
    config = parse([*LINE, "--slopes", longest]).config
    assert config is not None
    (folder / "c.yaml").write_text(to_yaml(config))
    assert slopes("--config", "c.yaml") == longest


def test_a_run_from_a_file_can_be_run_again_without_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "s.txt").write_text("3\n-1\n-1\n")
    run = ("--steps", "500", "--lr", "0.1", "--engine", "reference", "--verify", "50")
    assert main([*LINE, "--slopes", "s.txt", *run]) == 0
    (folder / "s.txt").unlink()
    path = (folder / "results/runs/latest").resolve()
    assert "\nslopes: 3,-1x2\n" in (path / "config.yaml").read_text()
    out = capsys.readouterr().out
    assert "--slopes 3,-1x2" in out  # the next command
    assert main(["--config", str(path / "config.yaml"), "--out", "again"]) == 0
    again = (folder / "again/latest").resolve()
    assert (again / "trace.nc").read_bytes() == (path / "trace.nc").read_bytes()
