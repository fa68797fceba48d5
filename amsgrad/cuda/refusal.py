"""Why a run cannot be computed on a GPU with the bits of this CPU, in a sentence."""

from amsgrad.engines.base import Setup
from amsgrad.rules.rule import Rule


class Refused(ValueError):
    """A run that the engine `cuda` does not take; the message is one sentence."""


def why_not(setup: Setup, rule: Rule) -> str | None:
    """Return why the engine `cuda` refuses such runs, or None where it takes them.

    The first call for a kind of runs compiles its functions, in seconds.
    """
    raise NotImplementedError
