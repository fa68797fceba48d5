"""Two numbers between which the mean step D of a rule lies: a proof of where x goes.

Theorem (ours: the lemma of `drift.py`, for every rule with a `Form`). Let

- the losses be f_t(x) = g_{t mod P} x on F = [l, u], with S = sum_i g_i;
- the rule be computed in real arithmetic, with constant betas, and all divisors of its form be
  positive: eps > 0, or no w_i = 0; where signs are taken, no n_i be 0 (of such a sign the bounds
  below say that it lies between -1 and 1);
- the step sizes alpha_k > 0 never increase, tend to 0, and have an infinite sum: alpha / sqrt(k),
  alpha / k.

If D = sum_i d_i < 0, then x_k -> u; if D > 0, then x_k -> l. So if S and D have opposite signs, x
goes to the worse end of F, and the average regret to |S| (u - l) / P.

Proof. (1) The steps of the rule at alpha = 1 come to periodic ones: e_k = |d_k - d_{k mod P}| -> 0.
Moving averages forget their start as beta1^k and beta2^k do. A window of gradients is full after so
many steps. Bias corrections 1 - beta^k tend to 1, and eps times their roots to eps. The divisor is
continuous, and positive in the limit; a sign is that of the limit, if that is not 0. The quotients
g_k / max(sqrt(v_{k-1}), eps) of ADOPT converge in the same way and so are bounded, while its clip
(k - 1)^(1/4) is not: from some step on it clips nothing. ADOPT's steps are the moving average of
the quotients, with the same sum over a period.
(2) Without the ends of F, the P steps from k on move x by -alpha_k D + r_k. In |r_k| there is at
most P max|d| times the decrease of alpha within the period: summed over all periods this is finite.
The rest is at most alpha_k P max e, which in the end is below alpha_k |D| / 2.
(3) Let D < 0 and eta > 0. From some step on the former parts of all r_k sum to less than eta, and
the latter are below half of alpha_k |D|. So without the ends of F the moves of x over any number of
periods sum to more than -eta, over any number of steps to more than -eta - alpha P max|d|, with the
first alpha among them, and over all steps to infinity. The end l only raises x. With the end u
alone, x is the lesser of two numbers: where it was then plus the sum of all moves since, which
passes u; and u plus the least sum of the moves since some later step. So in the end x > u - 2 eta,
for every eta. For D > 0 mirror x.

At a constant alpha, where alpha_k P max e -> 0 is all that remains of r_k, the same argument brings
x to within alpha A of u, A the largest sum of consecutive d. It says something if alpha A < u - l.

If every step has the same divisor (`never_fails`), D = factor S / divisor has the sign of S: x goes
to x*. If its w is the mean of all squares, read alpha_k as the rule's own step size: alpha_k /
sqrt(k) for adagrad. With error feedback the steps do not come to periodic ones, and the theorem
says nothing: D is what a period takes in the mean of many.

The theorem is about real numbers. A float stands for the decimal that Python prints, 0.999 for
999/1000. The program, which rounds, is another matter: at a constant step a certificate proves its
way (`cycles/certificate.py`), and any run shows some of it.

The bounds are found by interval arithmetic (`intervals.py`) from these decimals and from exact
slopes. Nothing is estimated: if the bounds have one sign, that is the sign of D.
"""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import NamedTuple

from amsgrad.rules.form import Form
from amsgrad.theory.intervals import Interval, Intervals, Number, Undecided, exactly
from amsgrad.theory.signs import exact_signs

HALF = Fraction(1, 2)
DIGITS = 20  # of the decimals
FIRST_BITS, MOST_BITS = 192, 3_072


class Enclosure(NamedTuple):
    """Decimals with lower <= D <= upper, for D per period at alpha = 1."""

    lower: str
    upper: str

    @property
    def sign(self) -> int:
        """The sign of D, -1 or 1; 0 where the enclosure does not decide it."""
        return (Fraction(self.lower) > 0) - (Fraction(self.upper) < 0)


def enclose(form: Form, slopes: Sequence[Number], digits: int = DIGITS) -> Enclosure:
    """Return bounds of D per period at alpha = 1, proved.

    Where |D| is below about 2^-3,000, or 0, they have 0 between them: the sign is undecided.

    Args:
        form: of the rule; its floats stand for the decimals that Python prints.
        slopes: of one period, not none; a float stands for its decimal, too.
        digits: in which the bounds agree otherwise, but for the last.

    Raises:
        ValueError: a divisor is 0, or so small that it may be; or its power is no root.

    >>> from amsgrad.rules import RULES
    >>> adam = RULES["adam"].form_with(beta1=0.9, beta2=0.999, eps=1e-8)
    >>> enclose(adam, [37996, -18650, -19345]).upper
    '-2.5132809479031162221E-11'
    """
    exact = [exactly(g) for g in slopes]
    bits = max(FIRST_BITS, 8 * digits)
    while True:
        try:
            low, high = _bounds(form, exact, Intervals(bits))
        except Undecided:
            # a beta near 1 is not the cause: of a float below 1 it is at most 1 - 2^-53
            if bits >= MOST_BITS:
                raise ValueError("eps is 0 and some v is 0, or so small that it may be") from None
        else:
            least = 0 if low <= 0 <= high else min(abs(low), abs(high))
            if (high - low) * 10 ** (digits + 2) <= least or bits >= MOST_BITS:
                return decimals((low, high), exactly(form.factor) / (1 << bits), digits)
        bits *= 2


def decimals(interval: Interval, unit: Fraction, digits: int) -> Enclosure:
    """Return the interval times unit > 0 as decimals of so many digits around it."""
    ends = []
    for end, rounding in zip(interval, (ROUND_FLOOR, ROUND_CEILING), strict=True):
        context = Context(prec=digits, rounding=rounding)
        exact = end * unit
        ends.append(str(context.divide(Decimal(exact.numerator), Decimal(exact.denominator))))
    return Enclosure(*ends)


def _bounds(form: Form, slopes: list[Fraction], units: Intervals) -> Interval:
    """Return D / factor, in these units."""
    if form.sign:
        return _bounds_of_signs(form, slopes, units)
    gradients = [units.around(g) for g in slopes]
    momentum = units.averages(gradients, exactly(form.beta1))
    divisors = [_divisor(form, w, units) for w in _averages(form, slopes, momentum, units)]
    if form.never_fails:  # the numerators sum to S, whatever beta1 is
        return units.quotient(units.around(sum(slopes, Fraction())), divisors[0])
    if form.numerator == "window":
        numerators = [units.around(n) for n in _window_means(form, slopes)]
    elif form.numerator == "mixture":
        late_ones = [momentum[(i - form.late) % len(slopes)] for i in range(len(slopes))]
        numerators = list(map(units.mixture(exactly(form.share)), late_ones, gradients))
    else:
        numerators = momentum if form.numerator == "momentum" else gradients
    late = [divisors[(i - form.lag) % len(slopes)] for i in range(len(slopes))]
    steps = [units.quotient(n, divisor) for n, divisor in zip(numerators, late, strict=True)]
    return sum(low for low, _ in steps), sum(high for _, high in steps)


def _bounds_of_signs(form: Form, slopes: list[Fraction], units: Intervals) -> Interval:
    if form.feedback:
        period = Fraction(len(slopes))
        return units.around(min(max(sum(slopes, Fraction()), -period), period))
    sign, open_ones = exact_signs(form, slopes)
    total, either = sum(sign), sum(open_ones)
    return (total - either) * units.one, (total + either) * units.one


def _window_means(form: Form, slopes: list[Fraction]) -> list[Fraction]:
    weights = [exactly(form.beta1) ** age for age in range(form.window)]
    total = sum(weights, Fraction())
    return [
        sum((w * slopes[(i - age) % len(slopes)] for age, w in enumerate(weights)), Fraction())
        / total
        for i in range(len(slopes))
    ]


def _averages(
    form: Form, slopes: list[Fraction], momentum: list[Interval], units: Intervals
) -> list[Interval]:
    """Return w_i."""
    if form.average == "decayed maximum":
        sizes = [units.around(abs(g) + exactly(form.eps)) for g in slopes]
        return units.decayed(sizes, exactly(form.beta2))
    if form.of == "gradient":
        squares = [units.around(g * g) for g in slopes]
    elif form.beta1 == 0 or len(set(slopes)) == 1:  # g - m is 0, which no rounding must hide
        squares = [(0, 0)] * len(slopes)
    else:
        around = [units.around(g) for g in slopes]
        pairs = zip(around, momentum, strict=True)
        squares = [units.square((g[0] - m[1], g[1] - m[0])) for g, m in pairs]
    if form.average == "mean":
        return [units.around(sum((g * g for g in slopes), Fraction()) / len(slopes))]
    moving = units.averages(squares, exactly(form.beta2))
    if form.average == "moving":
        return moving
    if form.average == "corrected maximum":
        moving += units.corrected(squares, exactly(form.beta2))
    return [(max(low for low, _ in moving), max(high for _, high in moving))]


def _divisor(form: Form, w: Interval, units: Intervals) -> Interval:
    if form.divisor == "one":
        return units.one, units.one
    if form.divisor == "w":
        return w
    eps = units.around(exactly(form.eps))
    if form.divisor == "root of w + eps":
        return units.power((w[0] + eps[0], w[1] + eps[1]), HALF)
    if form.divisor == "root of w and eps, + eps":
        sum_of_eps = units.around(exactly(form.eps) / (1 - exactly(form.beta2)))
        w = w[0] + sum_of_eps[0], w[1] + sum_of_eps[1]
    root = units.power(w, HALF)
    if form.divisor == "max(root, eps)":
        return max(root[0], eps[0]), max(root[1], eps[1])
    return units.power((root[0] + eps[0], root[1] + eps[1]), exactly(form.power))
