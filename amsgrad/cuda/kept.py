"""PTX kept on disk, where numba keeps compiled code: to make it takes 2 to 5 seconds.

As in `engines/kernel_cache.py` a digest stands behind the text; what cannot be read, or was cut or
changed, is made again, and a cache that cannot be written costs the time only.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from numba.core.caching import FunctionCache

_LINE = "\n// SHA-256 of all before: "  # a comment of PTX


def kept(function: Any, name: str, make: Callable[[], str]) -> str:
    """Return the text of this name, or make it and keep it.

    Args:
        function: beside whose file it is kept.
        name: with a digest of all that decides the text.
        make: returns it.
    """
    try:
        path = Path(FunctionCache(function).cache_path, f"{name}.ptx")
    except RuntimeError:  # numba finds no folder that can be written
        return make()
    try:
        text, _, digest = path.read_text().rpartition(_LINE)
        if digest == _digest(text):
            return text
    except (OSError, UnicodeDecodeError):
        pass
    text = make()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=path.parent, suffix=".tmp", delete=False) as file:
            try:
                file.write(text + _LINE + _digest(text))
                file.close()
                os.replace(file.name, path)
            except OSError:
                os.unlink(file.name)
    except OSError:
        pass
    return text


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
