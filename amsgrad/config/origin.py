"""The origin of rules, optimizers and problems that are not ours: file and package."""

import hashlib
import inspect
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

from amsgrad.registry import is_path, load


def source_digests(*names: str) -> dict[str, str]:
    """Return the SHA-256 of the source file of each of these names that is a path.

    It is empty where there is no file, as of a class that was typed in.
    """
    return {name: _source_digest(name) for name in names if is_path(name)}


def origin(path: str) -> dict[str, Any]:
    """Return the digest of the source, and the package with its version where there is one."""
    top = path.partition(":")[0].partition(".")[0]
    packages = packages_distributions().get(top, [])
    found = {package: version(package) for package in packages}
    return {"packages": found, "source_sha256": _source_digest(path)}


def _source_digest(path: str) -> str:
    found = load(path)
    try:
        file = Path(inspect.getfile(getattr(found, "make", found)))
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except (OSError, TypeError):
        return ""
