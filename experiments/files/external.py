"""The origin of rules, optimizers and problems that are not ours: file and package."""

import hashlib
import sys
from functools import cache
from importlib.metadata import packages_distributions, version
from inspect import ismodule
from pathlib import Path
from typing import Any

from amsgrad.registry import is_path

OURS = ("amsgrad", "experiments")  # their digest is recorded beside


def source_digests(*names: str) -> dict[str, str]:
    """Return the SHA-256 of the source file of each of these names that is a path.

    It is empty where there is no file, as of a class that was typed in.
    """
    return {name: _source_digest(name) for name in names if is_path(name)}


def origin(path: str) -> dict[str, Any]:
    """Return the digest of the source, and the package with its version where there is one."""
    top = path.partition(":")[0].partition(".")[0]
    return {"packages": dict(_packages(top)), "source_sha256": _source_digest(path)}


@cache  # a tenth of a second or more, and a run asks three times
def _packages(top: str) -> dict[str, str]:
    return {package: version(package) for package in packages_distributions().get(top, [])}


def _source_digest(path: str) -> str:
    """Return a digest of the file, and of the files in its folder that it takes things from."""
    files: list[Path] = []
    left = [sys.modules.get(path.partition(":")[0])]
    while left:
        module = left.pop()
        file = Path(getattr(module, "__file__", None) or "")
        if file.suffix != ".py" or file in files or not _is_near(file, [*files, file][0].parent):
            continue
        files.append(file)
        for value in vars(module).values():
            name = value.__name__ if ismodule(value) else getattr(value, "__module__", None)
            if str(name).partition(".")[0] not in OURS:
                left.append(sys.modules.get(str(name)))
    contents = [file.read_bytes() for file in sorted(files)]
    return hashlib.sha256(b"".join(contents)).hexdigest() if files else ""


def _is_near(file: Path, folder: Path) -> bool:
    return folder in file.parents and "site-packages" not in file.relative_to(folder).parts[:-1]
