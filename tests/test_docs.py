"""Every command and every piece of Python that the README and docs/ show runs as it is shown."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from amsgrad.engines.base import Setup
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.reference import Reference
from amsgrad.problems import PROBLEMS
from amsgrad.problems.online import Online
from amsgrad.rules import RULES
from amsgrad.schedules import inverse_sqrt, record_steps
from experiments.config.arguments import parse
from tests.conftest import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PYTHON = ".venv/bin/python"
OWN = ROOT / "docs" / "adding-your-own.md"
# What another test runs: servers, clusters, and the tests themselves.
ELSEWHERE = re.compile(
    r"make |npm |mkdir |cd |cp |sbatch|dask |pip install|kubectl|\$JOB_COMPLETION_INDEX"
    r"|experiments\.dashboard|--scheduler|--resume|benchmarks/|experiments\.card --opt"
    r"|experiments\.search --opt torch\.|experiments\.figure2 "
    r"|experiments\.figures fig1 "
    r"|--opt torch\.\S+ --alpha 0\.9$"  # the same with fewer steps is shown, too
)


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)


def commands(page: Path) -> Iterator[str]:
    for block in blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            command = re.sub(r"\s+#.*", "", line).strip()
            if command and not command.startswith("#"):
                yield command


FIRST = [PYTHON, "-m", "experiments.synthetic", "--opt", "adam"]
COMMANDS = [command for page in PAGES for command in dict.fromkeys(commands(page))]
RUN = list(dict.fromkeys(c for c in COMMANDS if not ELSEWHERE.search(c)))


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_links_lead_somewhere() -> None:
    for page in [*PAGES, ROOT / "results" / "README.md"]:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if not link.startswith("http"):
                assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_make_knows_what_is_shown() -> None:
    shown = [c for c in COMMANDS if re.match(r"(\w+=\w+ )?make ", c)]
    assert shown
    for command in shown:
        words = [word for word in command.split() if "=" not in word]
        done = subprocess.run([*words, "--dry-run"], cwd=ROOT, capture_output=True, check=False)
        assert done.returncode == 0, command


@pytest.mark.parametrize("command", [c for c in RUN if "experiments.synthetic" in c])
def test_each_run_that_is_shown_can_be(command: str, work: Path) -> None:
    words = shlex.split(command)
    assert words[:3] == [PYTHON, "-m", "experiments.synthetic"]
    if "mine:" in command:
        pytest.skip("it is run below, in a process that finds the file")
    assert parse(words[3:]).config is not None or "--list" in words or "--help" in words


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder like a checkout, with a run of Adam, and the page's own rule and problem."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    rule, problem, _ = blocks(OWN, "python")
    (tmp_path / "mine.py").write_text(rule + problem)
    for i, text in enumerate(t for page in PAGES for t in blocks(page, "yaml")):
        (tmp_path / f"shown{i}.yaml").write_text(text)
    return tmp_path


@pytest.mark.slow
def test_every_command_that_is_shown_runs(work: Path) -> None:
    subprocess.run(FIRST, cwd=work, check=True, capture_output=True)
    (run_id,) = (p.parent.name for p in (work / "results" / "runs").glob("adam-*/lock"))
    shown_first = set(commands(PAGES[0]))
    for command in RUN:
        # the runs of the pages are read above, and take 3 s each
        if "experiments.synthetic" in command and not (
            "mine:" in command or command in shown_first
        ):
            continue
        line = shlex.split(re.sub(r"\bID\b|\badam-online-\d{8}-\d{6}\b", run_id, command))
        done = subprocess.run(line, cwd=work, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stderr}"


@pytest.mark.slow
def test_the_sweeps_that_are_shown_are_sweeps(work: Path) -> None:
    shown = sorted(work.glob("shown*.yaml"))
    assert shown
    for file in shown:
        line = [PYTHON, "-m", "experiments.sweep", "--config", file.name, "--dry-run"]
        done = subprocess.run(line, cwd=work, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{file.read_text()}\n{done.stderr}"


@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=lambda p: p.stem)
def test_the_python_that_is_shown_runs(page: Path, work: Path) -> None:
    (work / "page.py").write_text("\n".join(blocks(page, "python")))
    subprocess.run(FIRST, cwd=work, check=True, capture_output=True)
    subprocess.run([PYTHON, "page.py"], cwd=work, check=True, capture_output=True)


def test_the_rule_and_the_problem_of_the_page(work: Path) -> None:
    shown: dict[str, object] = {"__name__": "mine"}
    exec((work / "mine.py").read_text(), shown)
    setup, rule = Setup(Online(), 0.5, inverse_sqrt), shown["signsgd"]()  # type: ignore[operator]
    ends = []
    for engine in (Reference(setup, rule), Compiled(setup, rule)):
        ends.append(engine.advance(engine.init(), 500, record_steps(500, 50))[0])
    assert ends[0] == ends[1]
    theirs, ours = shown["Theorem2"](), PROBLEMS["theorem2"]()  # type: ignore[operator]
    assert [field.name for field in fields(theirs)] == [field.name for field in fields(ours)]
    engines = [Reference(Setup(p, 0.01), RULES["adam"](eps=1e-8)) for p in (theirs, ours)]
    first, second = (one.advance(one.init(), 200, record_steps(200, 1))[0] for one in engines)
    assert first == second
