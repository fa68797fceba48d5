"""A sweep file: YAML with `base`, `axes`, `seeds`, `keep` and `chunk`."""

from pathlib import Path
from typing import Any, NamedTuple

import yaml

from experiments.config.run_config import SETTINGS
from experiments.config.yaml_file import PLAIN, read_nodes, read_options
from experiments.config.field_types import ConfigError, Whole, closest, shown
from experiments.sweeps import axes
from experiments.sweeps import quantities as keep
from experiments.sweeps.quantities import Keep

KEYS = ("base", "axes", "seeds", "keep", "chunk")
SEEDS, CHUNK = Whole(1, 1_000_000), Whole(1, 65536)
# Of a run alone: a sweep is computed here, by the compiled engine, and keeps what `keep` says.
NOT_IN_BASE = ("out", "app", "every", "device")
DEEPEST, WIDEST = 3, 10  # of lists in lists, which nothing needs


class Sweep(NamedTuple):
    """What a sweep file asks for; all of it is read and checked, each value by itself."""

    base: dict[str, Any]  # settings that all cells share
    axes: dict[str, tuple[Any, ...]]  # in the order of the file; seeds are the last one
    keep: Keep
    chunk: int | None  # cells a chunk; None for a number that suits the steps

    def document(self) -> dict[str, Any]:
        """All of it as JSON can hold it."""
        return {
            "base": self.base,
            "axes": {name: list(values) for name, values in self.axes.items()},
            "keep": keep.to_document(self.keep),
            "chunk": self.chunk,
        }


def read_sweep(path: Path) -> Sweep:
    """The sweep of a YAML file.

    Raises:
        ConfigError: one sentence about what is wrong first.
    """
    parts: dict[str, yaml.Node] = {}
    for key, node in read_nodes(path):
        where = _place(path, key)
        name = _word(key, where)
        if name not in KEYS:
            hint = closest(name, KEYS) or f"; there are {', '.join(KEYS)}"
            raise ConfigError(f"{where}: {shown(name)} is no part of a sweep{hint}")
        if name in parts:
            raise ConfigError(f"{where}: {name} is given a second time")
        parts[name] = node
    for name in ("base", "axes"):
        if not isinstance(parts.get(name), yaml.MappingNode):
            raise ConfigError(f"--config {shown(str(path))} must hold {name}: with options below")
    base = _read_base(parts["base"].value, path)
    varied = _read_axes(parts["axes"].value, path)
    if "seeds" in parts:
        where = _place(path, parts["seeds"])
        number = _whole(SEEDS, parts["seeds"], f"{where}: seeds")
        if "seed" in varied:
            raise ConfigError(f"{where}: seeds and the axis seed are two axes of one name")
        first = base.pop("seed", SETTINGS["seed"].default)
        varied["seed"] = axes.from_list("seed", range(first, first + number), where)
    if not varied:
        raise ConfigError(f"--config {shown(str(path))} must vary something: axes is empty")
    for name in varied:
        if name in base:
            raise ConfigError(
                f"{_place(path, parts['base'])}: {name} is also an axis; give it once"
            )
    if "opt" not in base and "opt" not in varied:
        raise ConfigError(
            f"{_place(path, parts['base'])}: opt must be given: {SETTINGS['opt'].kind}"
        )
    kept = Keep(("x", "average_regret"))
    if "keep" in parts:
        kept = keep.from_document(_plain(parts["keep"], path), _place(path, parts["keep"]))
    size = None
    if "chunk" in parts:
        size = _whole(CHUNK, parts["chunk"], f"{_place(path, parts['chunk'])}: chunk")
    return Sweep(base, varied, kept, size)


def _read_base(nodes: list[tuple[yaml.Node, yaml.Node]], path: Path) -> dict[str, Any]:
    for key, _ in nodes:
        if key.value in NOT_IN_BASE:
            raise ConfigError(f"{_place(path, key)}: {key.value} has no place in a sweep")
    return {name: value for name, value in read_options(nodes, path).items() if value is not None}


def _read_axes(nodes: list[tuple[yaml.Node, yaml.Node]], path: Path) -> dict[str, tuple[Any, ...]]:
    varied: dict[str, tuple[Any, ...]] = {}
    for key, node in nodes:
        where = _place(path, key)
        name = _word(key, where)
        if name in varied:
            raise ConfigError(f"{where}: there are two axes of the name {name}")
        axes.check_name(name, where)
        given = _plain(node, path)
        if isinstance(given, list):
            varied[name] = axes.from_list(name, given, where)
        elif isinstance(given, dict) and len(given) == 1:
            ((form, numbers),) = given.items()
            numbers = numbers if isinstance(numbers, list) else [numbers]
            varied[name] = axes.from_form(name, form, numbers, where)
        else:
            raise ConfigError(
                f"{where}: the axis {name} must be a list of values, or {{linear: [a, b, n]}},"
                " {log: [a, b, n]} or {nines: [a, b, n]}"
            )
    return varied


def _plain(node: yaml.Node, path: Path, depth: int = 0) -> Any:
    """Lists, mappings and texts; no object is made, so no tag can run code."""
    if isinstance(node, yaml.ScalarNode):
        if not PLAIN.fullmatch(node.tag):
            raise ConfigError(f"{_place(path, node)}: {shown(node.value)} must be a plain value")
        return None if node.tag.endswith(":null") else node.value
    if depth >= DEEPEST:  # also what an alias that holds itself comes to
        raise ConfigError(f"{_place(path, node)}: lists must not be nested so deeply")
    if isinstance(node, yaml.SequenceNode):
        if depth and len(node.value) > WIDEST:
            raise ConfigError(f"{_place(path, node)}: an inner list must not be so long")
        return [_plain(entry, path, depth + 1) for entry in node.value]
    pairs: dict[str, Any] = {}
    for key, value in node.value:
        name = _word(key, _place(path, key))
        if name in pairs:
            raise ConfigError(f"{_place(path, key)}: {name} is given a second time")
        pairs[name] = _plain(value, path, depth + 1)
    return pairs


def _word(key: yaml.Node, where: str) -> str:
    if not isinstance(key, yaml.ScalarNode):
        raise ConfigError(f"{where}: a name must be one plain word")
    return str(key.value)


def _whole(kind: Whole, node: yaml.Node, label: str) -> int:
    try:
        return kind.read(node.value)
    except (TypeError, ValueError, ArithmeticError):
        raise ConfigError(f"{label} must be {kind}, but {shown(node.value)} was given") from None


def _place(path: Path, node: yaml.Node) -> str:
    return f"{shown(str(path))}, line {node.start_mark.line + 1}"
