"""A sweep as it is described: by a YAML file, or by the same document in Python.

The document has the parts `base`, `axes`, `seeds`, `keep` and `chunk`; only `axes` must be there.
"""

from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from numpy.typing import NDArray

from amsgrad.config.run_config import RUN, names
from amsgrad.field_types import Whole, closest
from amsgrad.options import REQUIRED, ConfigError, Option, Role, shown
from experiments.config.reading import Given, meet, read_setting, unknown_setting
from experiments.config.yaml_file import BESIDE, PLAIN, place, read_nodes
from experiments.sweeps.axes import ALL, InForce, check_name, read_axis
from experiments.sweeps.quantities import Keep, keep_from

PARTS = ("base", "axes", "seeds", "keep", "chunk")
SEEDS = Option(Whole(1, 1_000_000), "Number of seeds")
CHUNK = Option(Whole(1, 65536), "Cells per chunk")

Where = Callable[..., str]  # from the names of a part to its place, in words


class Sweep(NamedTuple):
    """A sweep; each value is checked by itself."""

    base: dict[str, Any]  # settings that all cells share
    axes: dict[str, tuple[Any, ...]]  # in the order of the document; seeds are the last one
    free: frozenset[str]  # the axes in which the runs of one batch may differ
    keep: Keep
    chunk: int | None  # cells per chunk; None for a number that suits the steps

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of values on each axis."""
        return tuple(map(len, self.axes.values()))

    def places(self, cells: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
        """Return for each axis the index of each cell on it."""
        return dict(zip(self.axes, np.unravel_index(cells, self.shape), strict=True))

    def values(self, cell: int) -> dict[str, Any]:
        """Return the value of a cell on each axis."""
        places = self.places(np.array(cell))
        return {name: self.axes[name][place] for name, place in places.items()}

    def at(self, cell: int) -> str:
        """Return the same in words."""
        return in_words(self.values(cell))

    def document(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        return {
            "base": self.base,
            "axes": {name: list(values) for name, values in self.axes.items()},
            "keep": self.keep._asdict(),
            "chunk": self.chunk,
        }


def in_words(values: Mapping[str, Any]) -> str:
    """Return values on axes as they stand in a sentence."""
    texts = {n: shown(value) if isinstance(value, str) else value for n, value in values.items()}
    return ", ".join(f"{name} = {text}" for name, text in texts.items())


def read_sweep(path: Path) -> Sweep:
    """Return the sweep of a YAML file.

    Raises:
        ConfigError: one sentence about the first thing that is wrong.
    """
    places: dict[tuple[str, ...], str] = {(): f"--config {shown(str(path))}"}
    document: dict[str, Any] = {}
    made: dict[int, Any] = {}
    for key, node in read_nodes(path):
        name = _new_name(key, document, path)
        document[name] = _plain(node, path, made)
        places[(name,)] = place(path, key)
        if isinstance(node, yaml.MappingNode):
            places |= {(name, inner.value): place(path, inner) for inner, _ in node.value}
    return from_document(document, lambda *part: places[part])


def from_document(document: Mapping[str, Any], where: Where) -> Sweep:
    """Return the sweep of a document of plain values, numbers or their texts.

    Args:
        document: the parts by name.
        where: names the place of a part, and without a part that of the document.

    Raises:
        ConfigError: as `read_sweep`.
    """
    for name in document:
        if name not in PARTS:
            hint = closest(name, PARTS) or f"; there are {', '.join(PARTS)}"
            raise ConfigError(f"{where(name)}: {shown(name)} is not a part of a sweep{hint}")
    if document.get("base") is None:  # left out, or with nothing below it
        document = {**document, "base": {}}
    for name in ("base", "axes"):
        if not isinstance(document.get(name), Mapping):
            raise ConfigError(f"{where()} must hold {name}: with options below")
    for part, name in product(("base", "axes"), ("opt", "problem")):
        chosen = document[part].get(name)
        for value in chosen if isinstance(chosen, list | tuple) else [chosen]:
            meet({name: Given(value, f"{where(part, name)}: {name}" if chosen else name)})
    for name in document["base"]:
        _check_base(name, where("base", name))
    for name in document["axes"]:
        check_name(name, where("axes", name))
    in_force = InForce(*(_chosen(name, document, where) for name in ("opt", "problem")))
    base = {
        name: in_force.read(name, value, f"{where('base', name)}: {name}")
        for name, value in document["base"].items()
        if value is not None
    }
    axes = {
        name: read_axis(name, given, where("axes", name), in_force)
        for name, given in document["axes"].items()
    }
    if "seeds" in document:
        if "seed" in axes:
            at = where("seeds")
            raise ConfigError(f"{at}: seeds and the axis seed are two axes of one name")
        number = SEEDS.read(document["seeds"], f"{where('seeds')}: seeds")
        first = base.pop("seed", RUN["seed"].default)
        axes["seed"] = read_axis("seed", range(first, first + number), where("seeds"), in_force)
    if not axes:
        raise ConfigError(f"{where()} must vary something: axes is empty")
    for name in base:
        if name in axes:
            raise ConfigError(f"{where('base', name)}: {name} is also an axis; give it once")
    kept = Keep(("x", "average_regret"))
    if "keep" in document:
        kept = keep_from(document["keep"], where("keep"))
    size = None
    if "chunk" in document:
        size = CHUNK.read(document["chunk"], f"{where('chunk')}: chunk")
    return Sweep(base, axes, frozenset(filter(in_force.is_free, axes)), kept, size)


def _check_base(name: str, where: str) -> None:
    """Refuse what is not a setting, or only watches a run: a sweep keeps what `keep` says."""
    if name in BESIDE or (name in RUN and RUN[name].role is Role.WATCHES):
        raise ConfigError(f"{where}: {name} cannot be set in a sweep, which keeps what keep lists")
    if name not in names():
        raise ConfigError(f"{where}: {unknown_setting(name)}")


def _chosen(name: str, document: Mapping[str, Any], where: Where) -> tuple[Any, ...]:
    """Return the rules or the problems of the sweep."""
    base, axes = document["base"], document["axes"]
    if name in axes:
        return read_axis(name, axes[name], where("axes", name), ALL)
    if base.get(name) is not None:
        return (read_setting(name, Given(base[name], f"{where('base', name)}: {name}")),)
    if RUN[name].default is REQUIRED:
        raise ConfigError(f"{where()}: {name} must be given in base or axes: {RUN[name].type}")
    return (RUN[name].default,)


def _plain(node: yaml.Node, path: Path, made: dict[int, Any]) -> Any:
    """Return lists, mappings and texts; no object is made, so that a tag cannot run code.

    Args:
        made: what nodes have become: an alias is the same object again, and costs nothing.
    """
    if id(node) in made:
        return made[id(node)]
    if isinstance(node, yaml.ScalarNode):
        if not PLAIN.fullmatch(node.tag):
            raise ConfigError(f"{place(path, node)}: {shown(node.value)} must be a plain value")
        return None if node.tag.endswith(":null") else node.value
    if isinstance(node, yaml.SequenceNode):
        entries = made[id(node)] = []
        entries.extend(_plain(entry, path, made) for entry in node.value)
        return entries
    pairs: dict[str, Any] = {}
    made[id(node)] = pairs
    for key, value in node.value:
        pairs[_new_name(key, pairs, path)] = _plain(value, path, made)
    return pairs


def _new_name(key: yaml.Node, others: Mapping[str, Any], path: Path) -> str:
    if not isinstance(key, yaml.ScalarNode):
        raise ConfigError(f"{place(path, key)}: a name must be one plain word")
    name = str(key.value)
    if name in others:
        raise ConfigError(f"{place(path, key)}: {name} is given a second time")
    return name
