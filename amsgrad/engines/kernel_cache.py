"""Compiled code kept on disk by numba, each file with a digest behind it.

numba trusts its cache: an empty, cut or changed file ends every later process, or runs. Here a file
without its digest is a miss; the code is compiled and written again. A cache that cannot be written
costs a warning.
"""

import hashlib
import pickle
import warnings
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile

DIGEST_BYTES = hashlib.sha256().digest_size


def keep_on_disk(function: Any) -> Any:
    """Let a function that numba compiles be kept on disk; return it."""
    if not hasattr(function, "py_func"):  # NUMBA_DISABLE_JIT: nothing is compiled
        return function
    try:
        function._cache = _Cache(function.py_func)
    except RuntimeError as error:  # numba finds no folder that can be written
        warnings.warn(f"Compiled code cannot be kept ({error})", RuntimeWarning, stacklevel=2)
    return function


class _Cache(FunctionCache):  # type: ignore[misc]  # it is Any here
    """numba's cache of one function; whatever cannot be loaded is compiled."""

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        base, stamp = self._impl.filename_base, self._impl.locator.get_source_stamp()
        self._cache_file = _Files(self.cache_path, base, stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # bytes of another origin may raise anything
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except OSError as error:
            warnings.warn(
                f"Compiled code cannot be kept in {self.cache_path} ({error.strerror}); it is"
                " compiled again the next time",
                RuntimeWarning,
                stacklevel=2,
            )


class _Files(IndexDataCacheFile):  # type: ignore[misc]
    """numba's index file and data files; a digest stands behind what each of them holds."""

    def _dump(self, obj: Any) -> bytes:
        data: bytes = super()._dump(obj)
        return data + hashlib.sha256(data).digest()

    def _load_index(self) -> Any:
        head = pickle.dumps(self._version, protocol=-1)
        content = _content(self._index_path)
        if not content.startswith(head) or not _is_whole(content[len(head) :]):
            return {}
        return super()._load_index()

    def _load_data(self, name: str) -> Any:
        if not _is_whole(_content(self._data_path(name))):
            raise OSError  # for numba as if the file were missing
        return super()._load_data(name)


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _is_whole(content: bytes) -> bool:
    data, digest = content[:-DIGEST_BYTES], content[-DIGEST_BYTES:]
    return hashlib.sha256(data).digest() == digest
