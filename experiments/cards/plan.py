"""From the command line to the cells of a card: the settings of each, checked, and its key.

A cell takes the settings of its column. Of the optimizer's own options it takes the betas that the
problem's paper states, where the optimizer has betas; all else is as the optimizer is published:
`PUBLISHED`, and beside that the defaults of the rule or class. The weight decay of a class is 0.
"""

import hashlib
import shlex
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple

import amsgrad
from amsgrad.code_digest import code_digest
from amsgrad.config.own_options import is_foreign
from amsgrad.config.run_config import Config
from amsgrad.config.torch_options import BETAS
from amsgrad.options import Role
from amsgrad.registry import is_path, load
from experiments.cards.columns import Column
from experiments.files.external import origin
from experiments.files.strict_json import to_json

FACTORS = (0.2, 1.0, 5.0)  # of the published step size
# Where the command's own defaults are those of the seed program.
_ADAM = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "semantics": "torch"}
PUBLISHED: Mapping[str, Mapping[str, Any]] = {
    "adam": _ADAM,
    "amsgrad": _ADAM,
    "adamx": {"beta2": 0.999},
}
FOREIGN_STEPS = 20_000  # an eager step of all columns takes some 1.5 ms


class PlannedCell(NamedTuple):
    """One optimizer on one problem.

    Args:
        column: the problem.
        config: of the run with the published step size and the first seed.
        lrs: all step sizes.
        seeds: all seeds.
    """

    column: Column
    config: Config
    lrs: tuple[float, ...]
    seeds: tuple[int, ...]

    @property
    def beta1(self) -> float:
        """The decay of the first moment, 0 where there is none; of a class perhaps its default."""
        own = self.config.beta1
        if own is None and self.config.foreign:
            own = _default_betas(self.config.opt).get("beta1")
        return own or 0.0

    @property
    def runs(self) -> list[Config]:
        """The settings of all runs, the seeds of a step size beside one another."""
        own = ({"lr": lr, "seed": seed} for lr in self.lrs for seed in self.seeds)
        return [self.config.with_numbers(numbers) for numbers in own]

    @property
    def settings(self) -> dict[str, Any]:
        """All that decides the numbers, but for the code."""
        return {**self._deciding, "lr": list(self.lrs), "seed": list(self.seeds)}

    @property
    def _deciding(self) -> dict[str, Any]:
        return self.config.settings(Role.NUMBERS, Role.LENGTH)

    @property
    def command(self) -> str:
        """The command that takes the run with the published step size and the first seed."""
        named = (f"--{name} {shlex.quote(str(value))}" for name, value in self._deciding.items())
        return " ".join(["python -m experiments.synthetic", *named])

    @property
    def key(self) -> str:
        """A digest of the settings and of every source and package on which the numbers depend."""
        opt = self.config.opt
        of_others = {**origin(opt), "torch": version("torch")} if is_path(opt) else {}
        decided = to_json({"settings": self.settings, **of_others})
        return hashlib.sha256((decided + _code()).encode()).hexdigest()[:16]


def plan_cell(opt: str, column: Column, steps: int | None, seeds: int) -> PlannedCell:
    """Return the cell of an optimizer in a column.

    Args:
        opt: a rule, or package.module:Class of a torch optimizer.
        column: the problem.
        steps: of each run, at most; None is the column's horizon, and FOREIGN_STEPS for a class.
        seeds: of a random problem.

    Raises:
        ConfigError: the optimizer cannot be run so.
    """
    foreign = is_foreign(opt)
    given = {**PUBLISHED.get(opt, {}), **column.settings, **column.problem}
    if steps is None and foreign:
        steps = FOREIGN_STEPS
    given["steps"] = min(given["steps"], steps or given["steps"])
    if foreign:
        given |= _betas(opt, given)
    config = Config(opt=opt, dtype="float64", **given)
    random = config.make_problem().random
    lrs = tuple(float(f"{factor * config.lr:.12g}") for factor in FACTORS)
    return PlannedCell(column, config, lrs, tuple(range(seeds if random else 1)))


def _betas(opt: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return both betas of a class of torch optimizers, None where its defaults are to stay."""
    default = _default_betas(opt)
    betas = {name: given.get(name, value) for name, value in default.items()}
    return dict.fromkeys(BETAS) if betas == default else betas


def _default_betas(opt: str) -> dict[str, float]:
    """Return the betas of a class by name; nothing where it has none, or more than two."""
    parameter = signature(load(opt)).parameters.get("betas")
    default = parameter.default if parameter else ()
    pair = isinstance(default, tuple | list) and len(default) == len(BETAS)
    return dict(zip(BETAS, default, strict=True)) if pair else {}


@cache
def _code() -> str:
    """Return a digest of all code that computes a cell, and of the versions that it runs on."""
    science = Path(amsgrad.__file__).parent
    rooms = ("config", "theory", "optimizers")
    files = [file for room in rooms for file in (science / room).glob("*.py")]
    own = [science / f"{name}.py" for name in ("verdict", "cell_verdict", "exponent")]
    names = ("cell", "columns", "plan", "runs", "torch_row")
    here = [Path(__file__).with_name(f"{name}.py") for name in names]
    return code_digest(*sorted([*files, *own, *here]))
