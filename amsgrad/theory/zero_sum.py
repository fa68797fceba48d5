"""Whether a rule can fail at all on periodic linear losses: the test on slopes that sum to zero.

A rule fails on a sequence of slopes if its mean step D (`mean_step.py`) has not the sign of their
sum S: S > 0 > D, or S < 0 < D. With step sizes that never increase, fall to 0 and are not summable
x then goes to the end of F that is farther from x*.

Statement (ours). If D is a continuous function of the slopes, and not 0 on some sequence with
S = 0, the rule fails on a periodic problem. Proof. Let D < 0 there. Raise one slope by e > 0: then
S = e > 0, and for e small enough D is still below 0. If D > 0, lower it. (D of every rule here is
odd, too, D(-g) = -D(g): mirrored, the second case is the first.) So a rule fails on some periodic
problem unless its D vanishes whenever S does. Conversely, a rule with D = S / constant never fails:
`Form.never_fails` says of which rules this is proved.

The test evaluates D on fixed sequences that sum to zero exactly: small whole numbers of periods 3,
4, 6 and 12, mirrored and scaled. For "fails" continuity is not assumed: one slope of the worst
sequence is raised or lowered, by less and less, until D has the wrong sign; that sequence is the
example. That D vanishes on all of them proves nothing: none was found.

Searched for the statement in excerpts of Reddi, Kale and Kumar (ICLR 2018), Wang and Klabjan (arXiv
2210.05607), Toint (arXiv 2308.00720), Dereich and Jentzen (arXiv 2511.04622), and Goujaud,
Dieuleveut and Taylor (arXiv 2303.10503): not found.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from amsgrad.rules.form import Form
from amsgrad.rules.rule import Rule
from amsgrad.theory.mean_step import MeanStep, mean_step
from amsgrad.theory.periodic import Floats

PERIODS = (3, 4, 6, 12)
DRAWN = 3  # sequences of each period
LARGEST = 9  # of the numbers drawn, before one of them is changed so that the sum is zero
SCALES = (1.0, 2.0**-7, 2.0**7)  # powers of 2 keep the sum at zero
VANISHES = 1e-8  # |D| / sum |d| that counts as zero
HALVINGS, AT_ONCE = 40, 5

MeanSteps = Callable[[Sequence[Floats]], Sequence[MeanStep]]


class ZeroSum(NamedTuple):
    """What the test found."""

    sequences: int
    worst: Floats  # the sequence with the largest |D| / sum |d|
    ratio: float  # of it
    unknown: int  # sequences on which windows disagree
    proved: bool  # D = S / constant
    example: Floats | None  # slopes on which the rule fails
    step: MeanStep  # on the example; where there is none, on the worst sequence

    @property
    def verdict(self) -> str:
        """The answer in words; a proof is named as one."""
        if self.proved:
            return "cannot fail (proved)"
        if self.example is not None:
            return "fails"
        if self.unknown:
            return f"undecided: windows disagree on {self.unknown} of {self.sequences} sequences"
        if self.ratio > VANISHES:
            return "D does not vanish, but no sequence on which the rule fails was found"
        return f"D vanishes on {self.sequences} sequences: none found"


def sequences() -> list[Floats]:
    """Return the sequences of the test; each sums to zero exactly.

    >>> len(sequences()), sequences()[0].tolist()
    (84, [-2.0, -1.0, 3.0])
    """
    generator = np.random.default_rng(0)
    base = [np.array([-2.0, -1.0, 3.0]), np.array([11.0] + 11 * [-1.0])]
    for period in PERIODS:
        while len(base) < 2 + DRAWN * (PERIODS.index(period) + 1):
            g = generator.integers(-LARGEST, LARGEST + 1, period).astype(float)
            g[0] -= g.sum()
            if g.all():  # a zero is a gradient that some rules without eps divide by
                base.append(g)
    return [sign * scale * g for g in base for scale in SCALES for sign in (1, -1)]


def zero_sum(mean_steps: MeanSteps, proved: bool = False, at_once: int = AT_ONCE) -> ZeroSum:
    """Return what the test finds of any optimizer.

    Args:
        mean_steps: returns D for each of some sequences.
        proved: whether D = S / constant is known.
        at_once: how many changed sequences are evaluated in one call.
    """
    tested = sequences()
    steps = mean_steps(tested)
    known = [math.isfinite(step.error) for step in steps]
    ratios = [
        abs(step.total) / step.size if fine and abs(step.total) > step.error else 0.0
        for step, fine in zip(steps, known, strict=True)
    ]
    i = int(np.argmax(ratios))
    worst, step, example = tested[i], steps[i], None
    if ratios[i] > VANISHES and not proved:
        sign, place = step.goes_to, int(np.argmax(np.abs(worst)))
        changed = np.tile(worst, (HALVINGS, 1))
        changed[:, place] += sign * abs(worst[place]) * 0.5 ** np.arange(1, HALVINGS + 1)
        for some in np.split(changed, HALVINGS // at_once):
            wrong = [
                (g, found)
                for g, found in zip(some, mean_steps(list(some)), strict=True)
                if found.goes_to == sign  # the sign of the sum, too
            ]
            if wrong:
                example, step = wrong[0]
                break
    return ZeroSum(len(tested), worst, ratios[i], known.count(False), proved, example, step)


def zero_sum_of_rule(rule: Rule, form: Form | None = None) -> ZeroSum:
    """Return what the test finds of a rule.

    Args:
        rule: any.
        form: the closed form of the same rule; None simulates.

    Raises:
        ValueError: the rule takes a step that is not finite.

    >>> from amsgrad.rules import RULES
    >>> found = zero_sum_of_rule(RULES["adam"](), RULES["adam"].form_with())
    >>> found.verdict, bool(found.example.sum() * found.step.total < 0)
    ('fails', True)
    """
    return zero_sum(
        lambda many: [mean_step(rule, g, form) for g in many],
        proved=form is not None and form.never_fails,
    )
