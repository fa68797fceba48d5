"""The commands and the snippet that results/README.md shows for these numbers."""

import re
import shlex

import pytest

from experiments.config.arguments import parse
from tests.conftest import ROOT

SECTION = (ROOT / "results/README.md").read_text().split("### Numbers that others printed")[1]
COMMANDS = re.findall(r"`synthetic (.*?)`", SECTION)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_can_be_run(command: str) -> None:
    assert parse(shlex.split(command)).config is not None


@pytest.mark.slow
def test_the_snippet_prints_what_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    (snippet,) = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
    exec(snippet, {})
    printed = capsys.readouterr().out.split()
    assert printed == re.findall(r"^print.*# (.*)$", snippet, re.MULTILINE)
