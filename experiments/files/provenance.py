"""Provenance of numbers: code, versions, machine, threads, engine, verification.

Nothing in it tells who ran it: no name of a host or a user, no path.
"""

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

from experiments.invocation import program

ROOT = Path(__file__).parents[2]
GIT_SECONDS = 1.0
CPU: Mapping[str, str] = {"name": "cpu"}
NVIDIA = Path("/proc/driver/nvidia/version")
# Those whose arithmetic, compiler or update rule a run goes through.
PACKAGES = (
    *("amsgrad", "numpy", "torch", "labml-nn", "labml", "numba", "llvmlite", "numba-cuda"),
    *("scipy", "xarray", "h5netcdf", "matplotlib"),
)
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
# From a root or a home directory on, at the start of a word or of a value.
ABSOLUTE_PATH = re.compile(r"""(?<![^\s=:,;'"(\[{])[~/].*""", re.DOTALL)


def collect(
    *,
    engine: str,
    device: Mapping[str, str] = CPU,
    verification: Mapping[str, object],
    arguments: Sequence[str],
    started: datetime,
    finished: datetime | None,
) -> dict[str, object]:
    """Describe this process and what it has run.

    Args:
        engine: the engine's name.
        device: what it ran on: its name, `cpu` or that of a GPU; of a GPU all else that is known.
        verification: what the comparison with the torch optimizer found.
        arguments: the command line after the program's name; paths in it are left out.
        started: the start of the run, with its time zone.
        finished: its end; None while it runs.
    """
    commit, dirty = _commit(ROOT)
    return {
        "command": [program(), *map(_without_paths, arguments)],
        "commit": commit,
        "dirty": dirty,
        "sources_sha256": sources_digest(ROOT),
        "engine": engine,
        "device": device["name"],
        **({} if device == CPU else {"gpu": {**device, "driver": nvidia_driver()}}),
        "verification": dict(verification),
        "started": _utc(started),
        "finished": None if finished is None else _utc(finished),
        "versions": _versions(),
        "machine": machine(),
        "threads": _threads(),
    }


@cache
def sources_digest(root: Path) -> str:
    """Return a digest of the sources of both packages, the same in a checkout and in a wheel.

    SHA-256 over all files `amsgrad/**/*.py` and `experiments/**/*.py` in the order of their names:
    the name from `root` on with / between its parts, a zero byte, the content, a zero byte.
    """
    digest = hashlib.sha256()
    files = (file for wing in ("amsgrad", "experiments") for file in root.glob(f"{wing}/**/*.py"))
    for name, file in sorted((file.relative_to(root).as_posix(), file) for file in files):
        digest.update(name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _commit(root: Path) -> tuple[str, bool | None]:
    """Return the commit, or `unknown`, and whether any file differs from it or is new."""
    unknown = "unknown", None
    # an installed package may lie inside a repository that is not its own
    if not (root / ".git").exists():
        return _installed_commit(root), None
    # git sets variables for its hooks that point to another repository
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    git = ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-C", str(root)]
    try:
        status = subprocess.run(
            [*git, "status", "--porcelain=v2", "--branch"],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=GIT_SECONDS,
        ).stdout.decode(errors="replace")
    except (OSError, subprocess.SubprocessError):
        return unknown
    commit = re.search(r"^# branch\.oid ([0-9a-f]+)$", status, re.MULTILINE)
    if commit is None:  # nothing committed yet
        return unknown
    return commit[1], any(not line.startswith("#") for line in status.splitlines())


def _installed_commit(root: Path) -> str:
    """Return the commit from which pip has installed (`pip install git+...`), or `unknown`."""
    with suppress(PackageNotFoundError, OSError, ValueError, LookupError, TypeError):
        installed = distribution("amsgrad")
        if os.path.samefile(str(installed.locate_file("")), root):
            origin = json.loads(installed.read_text("direct_url.json") or "{}")
            return str(origin["vcs_info"]["commit_id"])
    return "unknown"


def _without_paths(argument: str) -> str:
    return ABSOLUTE_PATH.sub("<path>", argument)


def _utc(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds")


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def machine() -> dict[str, object]:
    """Return the system, the processor and the C library of this machine."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    return {
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "processor": _processor(),
        "libc": " ".join(platform.libc_ver()).strip() or None,
        "cores": os.cpu_count(),
        "usable_cores": usable,
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    model = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return model[1].strip() if model else platform.machine()


def nvidia_driver() -> str | None:
    """Return the version of NVIDIA's driver, or None where it does not say it."""
    try:
        text = NVIDIA.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    version = re.search(r"^NVRM version:.*?\s(\d+(?:\.\d+)+)\s", text, re.MULTILINE)
    return version and version[1]


def _threads() -> dict[str, object]:
    """Return the settings of the libraries in use; this imports nothing and starts no threads."""
    threads: dict[str, object] = {k: os.environ[k] for k in THREAD_VARIABLES if k in os.environ}
    if torch := sys.modules.get("torch"):
        threads["torch"] = torch.get_num_threads()
        threads["torch_vector_instructions"] = torch.backends.cpu.get_cpu_capability()
    if numba := sys.modules.get("numba"):
        threads["numba"] = numba.config.NUMBA_NUM_THREADS
    return threads
