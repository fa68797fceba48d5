"""The mean step D of a rule on linear losses whose slopes repeat, or are reshuffled or drawn.

D is what the rule takes from x in a period at alpha = 1, in the long run. With alpha_t that falls
to 0 and is not summable, x goes to the right end of F if D < 0, to the left end if D > 0
(`drift.py`). For the sum S > 0 of the slopes the left end is x*: a rule fails where S > 0 > D.

Three orders of the same P slopes:

    cyclic     g_0, ..., g_{P-1}, and again
    shuffled   each once an epoch of P steps, in an order that is drawn anew for every epoch
    drawn      each step shows one of them, independently; D is of P steps

Cyclic slopes. Where the rule has a closed form (`closed_form.py`), D is computed from it. Otherwise
the rule's own update is run, over windows of whole periods, each as long as everything before it.
They end when three windows agree. A rule whose coefficients have settled may be off by a tenth of D
by then; one whose coefficients always depend on k by 1e-5 of it, since a slow change, such as of
ADOPT's clip at k^(1/4), looks like agreement otherwise. Windows that never agree give no D: the
error is infinite.

Random orders. The rule's own update is run, D is the mean over blocks of epochs, and the error is
four standard errors of it; where slopes are drawn, after a regression on their sum, whose mean is
known. If the halves of the run differ by more than chance, four times their difference is added,
and the error is infinite if that is too much by the rule above.

A rule whose steps fade as 1 / sqrt(k) (AdaGrad) has D in units of that, and `source` says so.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from amsgrad.problems.draws import key
from amsgrad.problems.sequence import ORDERS, Shown
from amsgrad.rules.form import Form
from amsgrad.rules.rule import Rule
from amsgrad.theory.closed_form import total as total_of
from amsgrad.theory.periodic import LONGEST
from amsgrad.theory.simulated import Walk, begin, go_on

BURN_IN = 2**18  # steps, at least: ADOPT's clip acts on some slopes until 160,000
AWAITED = 2**24  # the last step at which the coefficients of a rule may settle in the burn-in
MOST = 2**26  # steps from which on no further window begins: about 0.5 s
LOOSE, STRICT = 0.1, 1e-5  # of D: the error at which windows agree
LEAST = 1e-9  # of sum |d|: an error that is always small enough
# of sum |d|: the rounding of the memory, which in double precision is 1e-16 / (1 - beta2) of it
ROUNDING = 1e-11
BLOCKS = 64
FADING = "in units of 1 / sqrt(k)"


class MeanStep(NamedTuple):
    """The mean step of a rule, or of any optimizer, on a sequence of slopes."""

    total: float  # D, what a period takes from x at alpha = 1
    error: float  # how far D may be off; infinite where D is not known
    size: float  # sum of |d_i| over a period
    source: str  # "closed form", "simulated" or "black box", and what else must be known

    @property
    def goes_to(self) -> int:
        """The end of F to which x goes, -1 or 1; 0 where the error is not below |D|."""
        if not abs(self.total) > self.error:
            return 0
        return -1 if self.total > 0 else 1


def mean_step(
    rule: Rule,
    slopes: ArrayLike,
    form: Form | None = None,
    order: str = "cyclic",
    seed: int = 0,
    steps: int = 2**22,
) -> MeanStep:
    """Return D of a rule on slopes g_0, ..., g_{P-1} in this order.

    Args:
        rule: any; a constant beta1 is taken, and alpha = 1.
        slopes: of one period, finite and not all zero.
        form: the closed form of the same rule, for cyclic slopes; None simulates.
        order: cyclic, shuffled or drawn.
        seed: of the random orders.
        steps: of a random order, after the burn-in.

    Raises:
        ValueError: an argument is not as described; or some step is not finite, which is what
            v = 0 with eps = 0 leads to.

    >>> from amsgrad.rules import RULES
    >>> adam = RULES["adam"]
    >>> found = mean_step(adam(), [1010] + 100 * [-10], form=adam.form_with())
    >>> found.goes_to, found.source
    (1, 'closed form')
    """
    g = np.asarray(slopes, float)
    if g.ndim != 1 or not np.isfinite(g).all() or not g.any():
        raise ValueError("slopes must be finite numbers, and not all zero")
    if g.size > LONGEST:
        raise ValueError(f"slopes must be at most {LONGEST:,}, but {g.size:,} were given")
    if order not in ORDERS:
        raise ValueError(f"order must be one of {', '.join(ORDERS)}, but {order} was given")
    if order == "cyclic" and form is not None:
        found = total_of(form, g)
        source = f"closed form, {FADING}" if form.fading else "closed form"
        step = MeanStep(float(found.total), float(found.rounding), float(found.size), source)
    else:
        shown = Shown(np.roll(g, 1), key(seed))  # it begins at t = 0
        step = _windows(rule, shown) if order == "cyclic" else _blocks(rule, shown, order, steps)
    if not (math.isfinite(step.total) and math.isfinite(step.size)):
        raise ValueError(
            f"{rule.name} takes steps that are not finite on these slopes: its divisor comes to 0;"
            " give it an eps above 0"
        )
    return step


def _windows(rule: Rule, shown: Shown) -> MeanStep:
    """Return D of periodic slopes by the rule's own update."""
    period = shown.slopes.size
    walk = _burnt_in(rule, shown, "cyclic")
    tolerance = LOOSE if rule.settled <= AWAITED else STRICT
    windows = [walk.sums[0]]
    while walk.done < MOST and np.isfinite(windows[-1]).all():
        walk = go_on(walk, rule, shown, "cyclic", 1, walk.done // period)
        windows.append(walk.sums[0])
        if len(windows) > 3:
            for column, source in ((0, "simulated"), (2, f"simulated, {FADING}")):
                last = np.array(windows[-3:])[:, column : column + 2]
                total, size = last[-1].tolist()
                error = 4 * float(np.abs(np.diff(last[:, 0])).max()) + ROUNDING * size
                if error <= max(tolerance * abs(total), LEAST * size):
                    return MeanStep(total, error, size, source)
    total, size = windows[-1][:2].tolist()
    return MeanStep(total, math.inf, size, "simulated, windows disagree")


def _blocks(rule: Rule, shown: Shown, order: str, steps: int) -> MeanStep:
    """Return D of slopes in random order by the rule's own update."""
    periods = max(1, steps // (BLOCKS * shown.slopes.size))
    sums = go_on(_burnt_in(rule, shown, order), rule, shown, order, BLOCKS, periods).sums
    spread = sums[:, :4].std(axis=0) / np.abs(sums[:, :4]).mean(axis=0)
    column, source = (0, "simulated") if spread[1] <= spread[3] else (2, f"simulated, {FADING}")
    totals, size = sums[:, column], float(sums[:, column + 1].mean())
    # the sum of the slopes that were drawn has a known mean; of equal ones it does not vary
    if order == "drawn" and np.ptp(shown.slopes):
        chance = sums[:, 4] - shown.slopes.sum()
        totals = totals - np.cov(totals, chance)[0, 1] / chance.var(ddof=1) * chance
    total, standard = float(totals.mean()), float(totals.std(ddof=1)) / math.sqrt(BLOCKS)
    error = 4 * standard + ROUNDING * size
    halves = totals.reshape(2, -1).mean(axis=1)
    apart = float(abs(halves[1] - halves[0]))
    if apart > 10 * standard + ROUNDING * size:  # five standard errors of this difference
        error += 4 * apart
        if error > (LOOSE if rule.settled <= AWAITED else STRICT) * abs(total):
            return MeanStep(total, math.inf, size, f"{source}, halves disagree")
    return MeanStep(total, error, size, source)


def _burnt_in(rule: Rule, shown: Shown, order: str) -> Walk:
    steps = max(BURN_IN, rule.settled if rule.settled <= AWAITED else 0)
    return go_on(begin(rule), rule, shown, order, 1, math.ceil(steps / shown.slopes.size))
