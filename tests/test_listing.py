"""`--list` and the generated page name every rule, problem and figure, with its paper."""

import importlib.util
import re
import subprocess
import sys

import pytest

from amsgrad.problems import PROBLEMS
from amsgrad.rules import RULES
from experiments import listing, synthetic
from experiments.__main__ import main
from experiments.figures import FIGURES
from experiments.figures.descriptions import descriptions
from tests.conftest import ROOT


def test_every_line_names_its_paper() -> None:
    assert list(listing.rules()) == list(RULES)
    assert list(listing.problems()) == list(PROBLEMS)
    assert list(descriptions()) == list(FIGURES)
    for line in [
        *listing.rules().values(),
        *listing.problems().values(),
        *descriptions().values(),
    ]:
        assert re.search(r"\b(19|20)\d\d\b", line), line


def test_each_command_lists_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    everything = capsys.readouterr().out
    assert synthetic.main(["--list"]) == 0
    assert everything.startswith(capsys.readouterr().out)
    command = [sys.executable, "-m", "experiments.figures", "--list"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert everything.endswith(done.stdout)
    assert done.stdout.startswith("figures:\n  fig1 ")


def test_the_page_is_the_one_that_the_files_give() -> None:
    spec = importlib.util.spec_from_file_location("tables", ROOT / "docs" / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    assert tables.PAGE.read_text(encoding="utf-8") == tables.page()
