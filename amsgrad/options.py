"""Options: each rule, problem and run declares its own, once, with type, sentence and role.

A rule's function or a problem's class declares them in its signature:

    def adam(*, beta1: Annotated[float, Option(Real(0, below=1), "Decay of m")] = 0.9) -> Rule

From there the command line, files, `--help`, captions, sweeps and the checks take them.
"""

import inspect
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from typing import Any, Final

from amsgrad.field_types import FieldType

REQUIRED: Final = inspect.Parameter.empty  # the default of an option that must be given


class ConfigError(ValueError):
    """A setting that cannot be; the sentence names it."""


class Role(Enum):
    """The effect of an option."""

    NUMBERS = "changes the numbers"
    LENGTH = "sets the length"
    WATCHES = "only watches"
    MACHINE = "only the machine"


@dataclass(frozen=True, eq=False)
class Option:
    """One option.

    Args:
        type: the values that it may have.
        sentence: what it is, for --help, without a full stop.
        role: what it has an effect on.
        free: True if the runs of one batch may differ in it.
        default: its value where none is given; REQUIRED where one must be.
        default_by: the name of another option and, for each value of that, the default of this.
    """

    type: FieldType
    sentence: str
    role: Role = Role.NUMBERS
    free: bool = False
    default: Any = REQUIRED
    default_by: tuple[str, Mapping[str, Any]] | None = None

    def read(self, given: object, label: str) -> Any:
        """Return the value of `given`.

        Raises:
            ConfigError: one sentence that calls the option `label`.
        """
        if given is None and self.default is None:
            return None
        try:
            return self.type.read(given)
        except (TypeError, ValueError, ArithmeticError):
            hint = self.type.hint(given)
            raise ConfigError(
                f"{label} must be {self.type}, but {shown(given)} was given{hint}"
            ) from None


@cache
def options_of(make: Any) -> dict[str, Option]:
    """Return the options that a function or a dataclass declares, with their defaults.

    Do not change what it returns: the next caller gets the same.

    Raises:
        TypeError: an option has no default.
    """
    found = {}
    for name, parameter in inspect.signature(make, eval_str=True).parameters.items():
        for part in getattr(parameter.annotation, "__metadata__", ()):
            if isinstance(part, Option):
                if parameter.default is REQUIRED and part.default_by is None:
                    raise TypeError(f"the option {name} of {make.__name__} needs a default")
                found[name] = replace(part, default=parameter.default)
    return found


def resolve(options: Mapping[str, Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of all options: those given, and defaults for the others.

    An option that must be given and is not is left out.
    """
    values = {
        name: given[name] if given.get(name) is not None else option.default
        for name, option in options.items()
    }
    for name, option in options.items():
        if option.default_by is not None and values[name] in (None, REQUIRED):
            other, defaults = option.default_by
            values[name] = defaults[values[other]]
    return {name: value for name, value in values.items() if value is not REQUIRED}


def check_options(instance: Any) -> None:
    """Refuse a dataclass's values that its options do not allow; call it in `__post_init__`.

    Raises:
        ValueError: one sentence with the name of the first such option.
    """
    cls: Any = type(instance)
    for name, option in options_of(cls).items():
        given = getattr(instance, name)
        if option.read(given, name) != given:  # here "0.9" is not a number
            raise ValueError(f"{name} must be {option.type}, but {shown(given)} was given")


def shown(given: object) -> str:
    """Return `given` as it stands in a sentence: short and on one line."""
    if given is None:
        return "null"
    plain = isinstance(given, str) and given.isprintable() and given.strip()
    text = str(given) if plain else " ".join(reprlib.repr(given).split())
    return text if len(text) <= 80 else text[:77] + "..."
