"""Settings of a figure that the command line changes: `--set NAME=VALUE`."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from difflib import get_close_matches
from typing import Any

from amsgrad.config.run_config import names
from amsgrad.field_types import INT64, FieldType, Real, Whole
from amsgrad.options import ConfigError, Option, shown
from experiments.config.reading import Given, read_setting

FIXED = ("opt", "problem", "keep")  # a figure is about these
MOST_SEEDS = 4096  # their paths are in memory
LONGEST_NAME = 80  # of a file, without its ending


def read_changes(figure: str, settings: Mapping[str, Any], texts: str) -> dict[str, Any]:
    """Return the settings that differ from those of the figure, by their path, in its order.

    Args:
        figure: its name.
        settings: its own, nested.
        texts: "NAME=VALUE,NAME=VALUE"; a NAME is a path ("base.lr"), or an end of one alone ("lr");
            a VALUE is a number, a list of numbers, or a name.

    Raises:
        ConfigError: a name is unknown or stands for several settings, or a value is not allowed.
    """
    known, changes = dict(_leaves(settings)), {}
    for text in re.split(r",(?=\s*[A-Za-z_][\w.]*\s*=)", texts):
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not value:
            raise ConfigError(f"--set needs NAME=VALUE, but {shown(text)} was given")
        path = _path(figure, name, known)
        changes[path] = _read(f"--set {path}", path.rpartition(".")[2], value, known[path])
    return {path: changes[path] for path in known if changes.get(path, known[path]) != known[path]}


def with_changes(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with these in place of their own."""
    changed = deepcopy(dict(settings))
    for path, value in changes.items():
        *parts, last = path.split(".")
        inner = changed
        for part in parts:
            inner = inner[part]
        inner[last] = value
    return changed


def in_words(changes: Mapping[str, Any]) -> str:
    """Return changes as they stand in a sentence."""
    return ", ".join(f"{path} = {_text(value)}" for path, value in changes.items())


def file_name(figure: str, changes: Mapping[str, Any]) -> str:
    """Return the name of a figure's files, without ending: the published name for no changes.

    >>> file_name("theorem1", {"base.lr": 0.25, "C": [2.5, 3.0]})
    'theorem1-base.lr-0.25-C-2.5,3.0'
    """
    name = "-".join([figure, *(f"{path}-{_text(value)}" for path, value in changes.items())])
    if len(name) > LONGEST_NAME:
        name = f"{figure}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"
    return re.sub(r"[\[\] ]", "", name)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _leaves(settings: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every setting that may be changed: numbers, lists of numbers, names of a kind."""
    for name, value in settings.items():
        first = value
        while isinstance(first, list):
            first = first[0]
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{at}{name}.")
        elif name not in FIXED and (
            not isinstance(first, str) or (first is value and name in names())
        ):
            yield f"{at}{name}", value


def _path(figure: str, name: str, known: Mapping[str, Any]) -> str:
    """Return the path of the one setting that a name stands for."""
    found = [path for path in known if path == name or path.endswith(f".{name}")]
    if name in found or len(found) == 1:
        return name if name in found else found[0]
    if found:
        raise ConfigError(f"--set {name} may mean {' or '.join(found)} of {figure}; give one")
    near = [
        path
        for path in known
        if get_close_matches(name.lower(), [path.lower(), path.lower().rpartition(".")[2]])
    ]
    hint = f"; did you mean {' or '.join(near[:3])}?" if near else f"; it has {', '.join(known)}"
    raise ConfigError(f"{figure} has no setting {shown(name)}{hint}")


def _read(label: str, name: str, given: Any, present: Any) -> Any:
    """Return the value of `given`, of the type of the present one."""
    if isinstance(present, list):
        entries = given
        if isinstance(given, str):
            text = given if given.startswith("[") else f"[{given}]"
            try:  # numbers stay texts, which their types read
                entries = json.loads(text, parse_int=str, parse_float=str)
            except ValueError:
                entries = []
        if not isinstance(entries, list) or not entries:
            raise ConfigError(
                f"{label} must be a list like {present[:3]}, but {shown(given)} was given"
            )
        return [_read(label, name, entry, present[0]) for entry in entries]
    if name in names():
        return read_setting(name, Given(given, label))
    most = MOST_SEEDS if name.endswith("seeds") else INT64
    kind: FieldType = Whole(1, most) if isinstance(present, int) else Real()
    return Option(kind, "").read(given, label)
