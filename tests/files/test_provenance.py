"""Provenance names the code and the machine, never the person, and costs next to nothing."""

import getpass
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.files import provenance
from experiments.files.strict_json import to_json

ROOT = Path(__file__).parents[2]
STARTED = datetime(2026, 11, 23, 17, 15, 30, 250_000, tzinfo=timezone(timedelta(hours=9)))

LOADED = """
import sys
from datetime import datetime, UTC
from experiments.files.provenance import collect
before = set(sys.modules)
collect(engine="compiled", verification={}, arguments=[], started=datetime.now(UTC), finished=None)
print(sorted({"numpy", "torch", "numba", "labml", "git"} & set(sys.modules)))
"""


def collect(arguments: Sequence[str] = (), finished: datetime | None = None) -> dict[str, Any]:
    return provenance.collect(
        engine="compiled",
        verification={"steps": 2000, "largest_difference": np.float64(1e-7)},
        arguments=arguments,
        started=STARTED,
        finished=finished,
    )


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        ["git", *who, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, which stands for the project's."""
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "rule.py").write_text("a = 1\n")
    (folder / ".gitignore").write_text("results/\n")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "First")
    monkeypatch.setattr(provenance, "ROOT", folder)
    return folder


# The commit


def test_commit_and_clean_tree(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the project's repository, wherever the user stands
    (repository / "results").mkdir()
    (repository / "results" / "run.json").write_text("ignored by git")
    found = collect()
    assert found["commit"] == git(repository, "rev-parse", "HEAD")
    assert found["dirty"] is False


@pytest.mark.parametrize("name", ["rule.py", "new.py"])
def test_changed_or_new_file_is_dirty(repository: Path, name: str) -> None:
    (repository / name).write_text("a = 2\n")
    found = collect()
    assert found["commit"] == git(repository, "rev-parse", "HEAD")
    assert found["dirty"] is True


def test_hook_of_another_repository_does_not_mislead(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    assert collect()["commit"] == git(repository, "rev-parse", "HEAD")


def test_package_installed_inside_another_repository(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = repository / "venv" / "site-packages"
    site.mkdir(parents=True)
    monkeypatch.setattr(provenance, "ROOT", site)
    assert (collect()["commit"], collect()["dirty"]) == ("unknown", None)


@pytest.mark.parametrize(
    ("origin", "commit"),
    [
        ('{"url": "u", "vcs_info": {"vcs": "git", "commit_id": "0a1b"}}', "0a1b"),
        ('{"url": "file:///home/alice/amsgrad", "dir_info": {}}', "unknown"),
        ("[", "unknown"),
        ("[]", "unknown"),
        (None, "unknown"),
    ],
)
def test_commit_that_pip_has_installed(
    origin: str | None, commit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = tmp_path / "amsgrad-9.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: amsgrad\nVersion: 9\n")
    if origin is not None:
        (about / "direct_url.json").write_text(origin)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    assert (collect()["commit"], collect()["dirty"]) == (commit, None)
    (tmp_path / "other").mkdir()  # not the one that was installed there
    monkeypatch.setattr(provenance, "ROOT", tmp_path / "other")
    assert collect()["commit"] == "unknown"


def test_digest_of_the_sources(tmp_path: Path) -> None:
    files = {"amsgrad/a.py": b"a = 1\n", "experiments/b/c.py": b"", "experiments/b/note.txt": b"."}
    for place in ("one", "two", "three"):
        for name, content in files.items():
            path = tmp_path / place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    (tmp_path / "two" / "experiments" / "b" / "note.txt").write_text("no source")
    (tmp_path / "three" / "amsgrad" / "a.py").write_text("a = 2\n")
    one, two, three = (provenance.sources_digest(tmp_path / n) for n in ("one", "two", "three"))
    assert one == two != three
    by_hand = b"amsgrad/a.py\0a = 1\n\0experiments/b/c.py\0\0"
    assert one == hashlib.sha256(by_hand).hexdigest()
    assert collect()["sources_sha256"] == provenance.sources_digest(ROOT)


@pytest.mark.usefixtures("repository")
def test_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (collect()["commit"], collect()["dirty"]) == ("unknown", None)


def test_repository_without_a_commit_or_broken(repository: Path) -> None:
    git(repository, "update-ref", "-d", "HEAD")
    assert (collect()["commit"], collect()["dirty"]) == ("unknown", None)
    (repository / ".git" / "HEAD").write_text("broken")
    assert (collect()["commit"], collect()["dirty"]) == ("unknown", None)


@pytest.mark.usefixtures("repository")
def test_git_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "git"
    script.write_text("#!/bin/sh\nexec sleep 30\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(provenance, "GIT_SECONDS", 0.2)
    start = time.perf_counter()
    assert collect()["commit"] == "unknown"
    assert time.perf_counter() - start < 5


# The person


@pytest.mark.parametrize(
    ("argument", "kept"),
    [
        ("--opt", "--opt"),
        ("torch.optim:SGD", "torch.optim:SGD"),
        ("1e-2", "1e-2"),
        ("configs/seed.yaml", "configs/seed.yaml"),
        ("--config=configs/seed.yaml", "--config=configs/seed.yaml"),
        ("/home/alice/runs", "<path>"),
        ("/home", "<path>"),
        ("~alice/runs", "<path>"),
        ("--out=/home/alice/my runs", "--out=<path>"),
        ("--out=~/runs", "--out=<path>"),
        ("a,/home/alice", "a,<path>"),
    ],
)
def test_paths_in_the_command_line_are_left_out(argument: str, kept: str) -> None:
    assert collect([argument])["command"][1:] == [kept]


def test_nothing_tells_who_ran_it() -> None:
    text = json.dumps(json.loads(to_json(collect(["--out", str(Path.home() / "runs")]))))
    for path in (Path.home(), Path.cwd(), ROOT, sys.prefix):
        assert str(path) not in text
    for name in (platform.node(), getpass.getuser()):
        assert not re.search(rf"\b{re.escape(name)}\b", text)
    assert not re.search(r'[" =]/', text)


# The rest


def test_times_are_utc() -> None:
    assert collect()["started"] == "2026-11-23T08:15:30.250+00:00"
    assert collect()["finished"] is None
    assert collect(finished=STARTED.astimezone(UTC))["finished"] == collect()["started"]


def test_versions_machine_engine_and_verification() -> None:
    found = collect()
    assert found["versions"]["python"] == platform.python_version()
    assert found["versions"]["numpy"] == np.__version__
    assert "torch" in found["versions"]
    assert found["machine"]["architecture"] == platform.machine()
    assert found["machine"]["processor"]
    assert 1 <= found["machine"]["usable_cores"] <= found["machine"]["cores"]
    assert (found["engine"], found["device"]) == ("compiled", "cpu")
    assert json.loads(to_json(found))["verification"] == {"steps": 2000, "largest_difference": 1e-7}


def test_threads_of_libraries_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from numba.core import config

    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    threads = collect()["threads"]
    assert threads["torch"] == torch.get_num_threads()
    assert threads["numba"] == vars(config)["NUMBA_NUM_THREADS"]
    assert threads["OMP_NUM_THREADS"] == "3"
    monkeypatch.delitem(sys.modules, "numba")
    assert "numba" not in collect()["threads"]


def test_imports_nothing() -> None:
    command = [sys.executable, "-W", "error", "-c", LOADED]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.usefixtures("repository")
def test_is_quick() -> None:
    durations = []
    for _ in range(5):
        start = time.perf_counter()
        collect()
        durations.append(time.perf_counter() - start)
    assert min(durations) < 0.05  # measured: 0.008
