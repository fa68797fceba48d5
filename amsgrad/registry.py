"""Things by name: ours, and those of others as `package.module:Name`, imported when asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from types import FunctionType
from typing import Any, TypeVar

from amsgrad.field_types import OneOf
from amsgrad.options import ConfigError

T = TypeVar("T")


class Registry(dict[str, T]):
    """A mapping of names to objects of one type, which also finds those of others.

    `registry["package.module:Name"]` imports the module and keeps what it finds. A module is
    imported as Python does it: from the working folder, too, where that is on `sys.path`.

    Args:
        entries: ours.
        kind: in words, for errors.
        holds: whether an object is of the type.
    """

    def __init__(self, entries: Iterable[tuple[str, T]], kind: str, holds: Any) -> None:
        super().__init__(entries)
        _registries.append(self)
        self.kind = kind
        self.holds = holds

    def __missing__(self, name: str) -> T:
        """Return the object that a path names.

        Raises:
            KeyError: the name is not a path.
            ConfigError: there is no such object, or it is of another type.
        """
        if not is_path(name):
            raise KeyError(name)
        found: T = load(name)
        if not self.holds(found):
            raise ConfigError(f"{name} is not {self.kind}")
        self[name] = found
        return found


@dataclass(frozen=True)
class Named(OneOf):
    """A name in a registry, or a path; only the form of the latter is checked."""

    what: str  # a path may lead to, in words

    def __str__(self) -> str:
        return f"{', '.join(self.names)} or package.module:Name of {self.what}"

    def read(self, given: object) -> str:
        return given if isinstance(given, str) and is_path(given) else super().read(given)

    def hint(self, given: object) -> str:
        path = ":".join(str(given).rsplit(".", 1))
        return f"; did you mean {path}?" if is_path(path) else super().hint(given)


def is_path(text: str) -> bool:
    """Return whether a text has the form `package.module:Name`."""
    module, _, name = text.partition(":")
    return all(part.isidentifier() for part in [*module.split("."), *name.split(".")])


def name_of(thing: Any) -> Any:
    """Return the name of a class or of a rule that was made by @method; anything else as it is.

    Of one that is not ours it is the path, under which `load` finds this very object from now on: a
    notebook may define it anew.

    Raises:
        ConfigError: it was made inside a function, where no other process finds it.
    """
    for registry in _registries:
        for name, entry in registry.items():
            if entry is thing:
                return name
    made = getattr(thing, "make", thing)  # of a rule, its function
    if not isinstance(made, type | FunctionType):
        return thing
    path = f"{made.__module__}:{made.__qualname__}"
    if not is_path(path):
        raise ConfigError(f"{path} must stand at the top of a module or notebook")
    for registry in _registries:
        registry.pop(path, None)
    _given[path] = thing
    return path


_given: dict[str, Any] = {}
_registries: list[Registry[Any]] = []


def load(path: str) -> Any:
    """Return the object at `package.module:Name`.

    Raises:
        ConfigError: it cannot be imported.
    """
    if path in _given:
        return _given[path]
    module, _, name = path.partition(":")
    try:
        found: Any = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (Exception, SystemExit) as error:  # another's code may fail in any way
        reason = " ".join(str(error).split())[:200]
        raise ConfigError(f"{path} cannot be imported ({reason})") from error
    return found
