"""What a run becomes once its coefficients no longer act on its bits.

Two coefficients change for ever, and from some step on leave no trace:

- beta1_k = beta1 rate^(k-1): once beta1_k <= 2^-54, 1 - beta1_k is rounded to 1, and
  beta1_k m + g to g where g is not too small beside m.
- A clip that opens (`Rule.later`): once it is above all that it might clip.

Both act less from step to step, and rounding is monotone. So if they change no bit over a cycle of
the memory, then none over the next one, and so for ever. `memory.turn` looks at each step of one.
"""

from dataclasses import replace

from amsgrad.engines.base import Setup
from amsgrad.rules.rule import NEVER, Rule
from amsgrad.schedules import constant, exponential


def later(setup: Setup, rule: Rule) -> tuple[Setup, Rule]:
    """Return a run with settled coefficients and a constant beta1, to which this one may come.

    It is the run itself where these are so from the beginning.
    """
    rule = rule.later or rule
    if setup.beta1_schedule is exponential and setup.beta1_rate < 1:
        return replace(setup, beta1_schedule=constant), replace(rule, beta1=0.0)
    return setup, rule


def why_never(setup: Setup, rule: Rule) -> str | None:
    """Return why a run does not come to one with settled coefficients, or None."""
    setup, rule = later(setup, rule)
    if setup.beta1_schedule is not constant:
        return "its beta1 decays too slowly to leave its bits"
    if rule.settled == NEVER:
        return f"the coefficients of {rule.name} change at every step"
    return None
