"""How this process was started, as help texts, sentences and provenance spell it."""

import os
import shlex
import shutil
import sys
from pathlib import Path

WORDS = {"synthetic": "run"}  # modules for which the script `amsgrad` has another word

_script = ""  # its path, where it has started this process


def started_by(script: str) -> None:
    """Note that the script `amsgrad` has started this process; `script` is its path."""
    global _script
    _script = script


def invocation(command: str) -> str:
    """Return how a shell starts a command in the form in which this process was started.

    `amsgrad run` by the script, otherwise `python -m experiments.synthetic`. A program that the
    shell does not find by its name is given by its path: `.venv/bin/python -m experiments.sweep`.

    Args:
        command: the name of the module below `experiments`, and the subcommand if there is one:
            `synthetic`, `sweep merge`.
    """
    module, *subcommand = command.split(" ")
    if _script:
        words = [_spelled(_script), WORDS.get(module, module)]
    else:
        words = [python(), "-m", f"experiments.{module}"]
    return " ".join([*words, *subcommand])


def word(command: str) -> str:
    """Return the name of a command as it was typed: `run` of the script is `synthetic`."""
    return WORDS.get(command, command) if _script else command


def python() -> str:
    """Return how a shell starts the interpreter of this process."""
    return _spelled(sys.executable)


def program() -> str:
    """Return the command of this process without any path: `python -m experiments.synthetic`."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is None:
        return Path(sys.argv[0]).name
    module = spec.name.removesuffix(".__main__")
    if not _script:
        return f"python -m {module}"
    name = module.removeprefix("experiments.")
    return f"amsgrad {WORDS.get(name, name)}"


def from_here(path: str) -> str:
    """Return a path from the working folder on where it lies in that, else as it is."""
    try:
        near = os.path.relpath(path)
    except (OSError, ValueError):  # the working folder is gone, or on another drive of Windows
        return path
    return path if near.startswith(os.pardir) else near


def _spelled(path: str) -> str:
    """Return the name of a program where the shell finds this one by it, else its path."""
    folder, name = os.path.split(path)
    found = shutil.which(name)
    # The links are followed for the folders only: python in a virtual environment is a link, too.
    if found and os.path.realpath(os.path.dirname(found)) == os.path.realpath(folder):
        return shlex.quote(name)
    near = from_here(path)
    return shlex.quote(near if os.path.dirname(near) else os.path.join(os.curdir, near))
