"""Compiled code kept on disk by numba, for many processes and machines at once.

numba trusts its cache: an empty, cut or changed file ends every later process, or runs. Here a
digest stands behind each file. A file without it is a miss; the code is compiled and written again.
A cache that cannot be written costs a warning.

numba's index file maps signatures and processors to data files. Of two processes that write an
index at once the last one wins, while both may have named their data alike: a machine would then
run code for another processor, unnoticed. Here there is no index. A file is named by a digest of
all that decides its code, the processor's name and features included, and holds them, too.

The first process that lacks a kernel compiles it; the others wait for its file.
"""

import hashlib
import pickle
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from numba.core.caching import FunctionCache, IndexDataCacheFile

DIGEST_BYTES = hashlib.sha256().digest_size
SECONDS_TO_WAIT = 300.0  # for a process that compiles: 3 to 12, and a minute on a crowded machine
PAUSE = 0.5  # seconds between two looks

_missing: ContextVar[set[str] | None] = ContextVar("missing", default=None)


class NotKept(Exception):
    """A kernel is not on disk, and must not be compiled now."""


@contextmanager
def nothing_compiled() -> Iterator[set[str]]:
    """Let a call of a kernel that is not on disk raise NotKept; yield the names of such kernels."""
    names: set[str] = set()
    token = _missing.set(names)
    try:
        yield names
    finally:
        _missing.reset(token)


def keep_on_disk(function: Any) -> Any:
    """Let a function that numba compiles be kept on disk; return it."""
    if not hasattr(function, "py_func"):  # NUMBA_DISABLE_JIT: nothing is compiled
        return function
    try:
        cache = _Cache(function.py_func)
    except RuntimeError as error:  # numba finds no folder that can be written
        warnings.warn(f"Compiled code cannot be kept ({error})", RuntimeWarning, stacklevel=2)
        return function
    function._cache = cache
    function.compile = cache.in_turn(function.compile)
    return function


class _Cache(FunctionCache):  # type: ignore[misc]  # it is Any here
    """numba's cache of one function; whatever cannot be loaded is compiled."""

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        base, stamp = self._impl.filename_base, self._impl.locator.get_source_stamp()
        self._cache_file = _Files(self.cache_path, base, stamp)
        self._keys: dict[Any, Any] = {}
        self._lock: FileLock | None = None

    def in_turn(self, compiled: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return numba's `compile`, which loads or compiles, and at its end gives the lock back."""

        def compile_in_turn(sig: Any) -> Any:
            try:
                return compiled(sig)
            finally:
                if self._lock is not None:
                    self._lock.release()

        return compile_in_turn

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the code, or None where this process is to compile it."""
        found = self._load(sig, target_context)
        if found is not None:
            return found
        name = self._cache_file.name(self._index_key(sig, target_context.codegen()))
        missing = _missing.get()
        if missing is not None:
            missing.add(name)
            raise NotKept(name)
        path = Path(self.cache_path, name)
        end = time.monotonic() + SECONDS_TO_WAIT
        while not (self._take_turn(f"{path}.lock") or path.exists() or time.monotonic() > end):
            time.sleep(PAUSE)
        return self._load(sig, target_context)

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        if sig not in self._keys:  # numba's takes 10 to 100 ms
            self._keys[sig] = super()._index_key(sig, codegen)
        return self._keys[sig]

    def _load(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # bytes of another origin may raise anything
            return None

    def _take_turn(self, path: str) -> bool:
        """Return whether no other process compiles this, as far as locks can tell."""
        try:
            # makes a file: a client of NFS then asks its server anew which files are there
            self._impl.locator.ensure_cache_path()
            self._lock = FileLock(path)
            self._lock.acquire(blocking=False)
        except Timeout:
            return False
        except OSError:  # a file system without locks
            return True
        return True

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
    """numba's data files without its index: each holds its key, and a digest stands behind it."""

    def __init__(self, path: str, base: str, stamp: Any) -> None:
        super().__init__(path, base, stamp)
        self._base = base

    def name(self, key: Any) -> str:
        """Return the name of the file of a key: signature, processor, digests of the function."""
        signature, *others = key
        text = repr((self._version, self._source_stamp, str(signature), others))
        return f"{self._base}.{hashlib.sha256(text.encode()).hexdigest()[:24]}.nbc"

    def load(self, key: Any) -> Any:
        try:
            found, data = self._load_data(self.name(key))
        except OSError:
            return None
        return data if found == key else None

    def save(self, key: Any, data: Any) -> None:
        self._save_data(self.name(key), (key, data))

    def _dump(self, obj: Any) -> bytes:
        data: bytes = super()._dump(obj)
        return data + hashlib.sha256(data).digest()

    def _load_data(self, name: str) -> Any:
        with open(self._data_path(name), "rb") as file:
            content = file.read()
        data, digest = content[:-DIGEST_BYTES], content[-DIGEST_BYTES:]
        if hashlib.sha256(data).digest() != digest:
            raise OSError  # as if the file were missing
        return pickle.loads(data)
