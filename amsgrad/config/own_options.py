"""The options that rules and problems declare, by name, with their owners and defaults."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from inspect import signature
from typing import Any

from amsgrad.config.torch_options import Keyword, is_optimizer, torch_options
from amsgrad.field_types import FieldType, OneOf
from amsgrad.options import REQUIRED, ConfigError, Option, options_of
from amsgrad.problems import PROBLEMS
from amsgrad.registry import is_path, load
from amsgrad.rules import RULES

Owners = dict[str, dict[str, Option]]  # by option, by rule or problem


def is_foreign(opt: str) -> bool:
    """Return whether `opt` is a torch optimizer, `package.module:Class`, and not a rule."""
    return opt not in RULES and is_path(opt) and not RULES.holds(load(opt))


def options_of_rule(opt: str) -> dict[str, Option]:
    """Return the options of a rule, or the keywords of a torch optimizer.

    Raises:
        ConfigError: the path `opt` cannot be imported, or is neither of both.
    """
    if is_foreign(opt):
        return _torch_options(opt)
    plain = _plain_options(RULES[opt].make) if is_path(opt) else {}
    return {**plain, **RULES[opt].options}


def _plain_options(make: Any) -> dict[str, Option]:
    """Return the arguments with a default but without an `Option`, as options of its type."""
    return {
        name: Option(Keyword(p.default), f"The {name} of {make.__name__}", default=p.default)
        for name, p in signature(make).parameters.items()
        if p.default is not p.empty and not hasattr(p.annotation, "__metadata__")
    }


def _torch_options(path: str) -> dict[str, Option]:
    cls = load(path)
    if not is_optimizer(cls):
        raise ConfigError(f"{path} is neither a torch.optim.Optimizer nor {RULES.kind}")
    _met[path] = cls
    return torch_options(cls)


_met: dict[str, Any] = {}  # the torch optimizers whose options were asked for


def options_of_problem(problem: str) -> dict[str, Option]:
    """Return the options of a problem; its seed is the run's.

    Raises:
        ConfigError: the path `problem` cannot be imported, or is not a problem.
    """
    cls: Any = PROBLEMS[problem]
    options = {**(_plain_options(cls) if is_path(problem) else {}), **options_of(cls)}
    return {name: option for name, option in options.items() if name != "seed"}


def rules_with() -> Owners:
    """Return all options of rules and of known torch optimizers, each with those that have it."""
    return _owners([*RULES, *_met], options_of_rule)


def problems_with() -> Owners:
    """Return all options of problems, each with the problems that have it."""
    return _owners(PROBLEMS, options_of_problem)


@cache
def parameters(make: Any) -> frozenset[str]:
    """Return the names of all that a rule or a problem is made from."""
    return frozenset(signature(make).parameters)


@dataclass(frozen=True)
class AnyOf(FieldType):
    """The values that one owner or another allows, for --help."""

    types: tuple[FieldType, ...]
    metavar: str

    def __str__(self) -> str:
        return ", or ".join(dict.fromkeys(map(str, self.types)))


def shared_option(owners: Mapping[str, Option]) -> Option:
    """Return one option for --help that stands for those of all its owners."""
    options = list(owners.values())
    allowed = AnyOf(tuple(option.type for option in options), options[0].type.metavar)
    sentence = "; ".join(dict.fromkeys(option.sentence for option in options))
    return replace(options[0], type=allowed, sentence=sentence + _defaults(owners), default=None)


def _owners(named: Iterable[str], options: Callable[[str], dict[str, Option]]) -> Owners:
    owners: Owners = {}
    for owner in named:
        for name, option in options(owner).items():
            owners.setdefault(name, {})[owner] = option
    return owners


def _defaults(owners: Mapping[str, Option]) -> str:
    """Return the defaults in words, with those that have them."""
    by_text: dict[str, list[str]] = {}
    for owner, option in owners.items():
        if option.default_by is not None:
            for value, default in option.default_by[1].items():
                by_text.setdefault(_text(default), []).append(value)
        elif option.default not in (None, REQUIRED):
            by_text.setdefault(_text(option.default), []).append(owner)
    by_text = {text: list(dict.fromkeys(names)) for text, names in by_text.items()}
    if not by_text:
        return ""
    commonest = max(by_text, key=lambda text: len(by_text[text]))
    if len(by_text) == 1:
        return f", by default {commonest}"
    others = [f"{text} for {' '.join(by_text[text])}" for text in by_text if text != commonest]
    return f", by default {', '.join(others)} and {commonest} for the others"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def start_defaults(name: str) -> str:
    """Return where the problems start by default, in words."""
    starts = {
        problem: Option(OneOf(()), "", default=getattr(cls, name))
        for problem, cls in PROBLEMS.items()
    }
    return _defaults(starts)
