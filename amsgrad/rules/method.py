"""A method: an update rule as it is published, with all its facts in its own file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from amsgrad.options import Option, options_of, resolve
from amsgrad.rules.form import Form
from amsgrad.rules.rule import Rule


class Counterpart(NamedTuple):
    """The torch optimizer that does the same as a rule.

    Args:
        path: `package.module:Class`.
        state: the name in the optimizer's state of each state variable of the rule; a variable that
            the optimizer does not keep is left out.
        keywords: the optimizer's names for options that have another name there.
        fixed: keyword arguments that are always given.
    """

    path: str
    state: Mapping[str, str]
    keywords: Mapping[str, str] = {}
    fixed: Mapping[str, Any] = {}


@dataclass(frozen=True, eq=False)
class Method:
    """An update rule with free hyper-parameters; a call with their values gives the `Rule`.

    Options that are not given have the defaults of the signature, which are the published ones.

    Args:
        make: the function from options to the rule; its name is the method's.
        formula: the update in one line of plain text.
        title: the name as papers write it, for pictures; by default that on the command line.
        second_moment: a function from the memory to the v_t of Gamma_t (`amsgrad/theory/gamma.py`);
            None where it is not known.
        form: a function from the options to the closed form of the steps (`form.py`), or to None
            where these options have none; None where no options have one.
        counterparts: the torch optimizers that do the same, by semantics; by None where the rule
            has no semantics.
    """

    make: Callable[..., Rule]
    formula: str
    title: str = ""
    second_moment: Callable[[Any], float] | None = None
    form: Callable[..., Form | None] | None = None
    counterparts: Mapping[str | None, Counterpart] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "__doc__", self.make.__doc__)
        object.__setattr__(self, "title", self.title or self.name)

    @property
    def name(self) -> str:
        """The name on the command line."""
        return self.make.__name__

    @property
    def options(self) -> dict[str, Option]:
        """The hyper-parameters, without lr, which is the run's."""
        return options_of(self.make)

    def resolve(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of all options: those given, and defaults for the others."""
        return resolve(self.options, given)

    def counterpart(self, options: Mapping[str, Any]) -> Counterpart | None:
        """Return the torch optimizer that does the same with these options, if there is one."""
        return self.counterparts.get(options.get("semantics"))

    def form_with(self, **given: Any) -> Form | None:
        """Return the closed form of the steps with these options, or None where there is none."""
        return None if self.form is None else self.form(**{**given, **self.resolve(given)})

    def __call__(self, **given: Any) -> Rule:
        """Return the rule with these hyper-parameters."""
        return self.make(**{**given, **self.resolve(given)})


def method(**facts: Any) -> Callable[[Callable[..., Rule]], Method]:
    """Make a `Method` of the function below, with these facts."""
    return lambda make: Method(make, **facts)
