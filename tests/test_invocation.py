"""A command is named in the form in which it was started: a sentence can be typed as it is."""

import sys
from pathlib import Path

import pytest

from experiments import invocation as module
from experiments.invocation import invocation


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the script and with python, a link as in a virtual environment."""
    folder = tmp_path / "my env"
    folder.mkdir()
    for name in ("amsgrad", "python"):
        (folder / name).symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.setattr(module, "_script", "")
    return folder


def test_python_is_named_as_the_shell_finds_it(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "python").symlink_to(programs / "python")  # the same file, another environment
    monkeypatch.setenv("PATH", str(programs))
    assert invocation("synthetic") == "python -m experiments.synthetic"
    monkeypatch.setenv("PATH", f"{other}:{programs}")
    monkeypatch.chdir(other)
    assert invocation("synthetic") == f"'{programs}/python' -m experiments.synthetic"
    monkeypatch.chdir(tmp_path)
    assert invocation("sweep merge") == "'my env/python' -m experiments.sweep merge"
    monkeypatch.chdir(programs)
    assert invocation("figures") == "./python -m experiments.figures"


def test_the_script_has_words_of_its_own(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module.started_by(str(programs / "amsgrad"))
    monkeypatch.setenv("PATH", str(programs))
    assert invocation("synthetic") == "amsgrad run"
    assert invocation("sweep merge") == "amsgrad sweep merge"
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert invocation("synthetic") == "'my env/amsgrad' run"
