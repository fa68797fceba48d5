"""What a rule takes from x once its memory repeats: the closed form of its steps.

On linear losses whose slopes g_0, ..., g_{P-1} repeat, the memory of most rules comes to a periodic
state that does not depend on x, and at alpha = 1 a step takes

    d_i = factor n_i / divisor(w_{i - lag}),        indices modulo P

    n        the gradient g_i; its moving average m_i with beta1; a mixture of both, share m_{i -
             late} + (1 - share) g_i; or the mean of the last `window` gradients with weights 1,
             beta1, beta1^2, ...
    w        the squares g_i^2, or (g_i - m_i)^2: their moving average with beta2; the maximum of
             that over the period; the maximum of the corrected average over the run; or their plain
             mean. Or the largest of beta2^j (|g_{i - j}| + eps), j >= 0, a decayed maximum
    divisor  (sqrt(w) + eps)^power; sqrt(w + eps); sqrt(w + eps / (1 - beta2)) + eps, where eps is
             added to the average at every step; max(sqrt(w), eps); w; or 1

or the moving average of these d_i, whose sum over a period is the same. A rule that goes by signs
takes factor sign(n_i), the sign of 0 being 0.

With error feedback a step also has what the signs before left out: at alpha = 1, e_i = e_{i-1} +
n_i - sign(e_{i-1} + n_i). Then the steps do not repeat with the slopes, but what they take in the
mean of many periods is known (ours): D = S where |S| <= P, and else P sign(S). For if |S| <= P, the
e_i are bounded: above max |n| they are followed by steps of 1 as long as they stay above 0, and so
do not grow from period to period; and D is S less their change. If S > P, then e grows by S - P at
least in every period in which the steps are at most 1, so that it is above 0 in the end, and all
steps are 1.

The corrected average after k gradients is their weighted mean with weights beta2^j, j = 0 for the
newest. The run may begin anywhere in the period; the formula takes it to begin at g_0. Of the
averages that end at phase i, the one over the first period alone and the limit are the extremes:
with t = beta2^(k - i) each is a mean of these two, with a weight that falls with t. So the maximum
over the run is that of 2 P numbers.

A rule states its form in its own file (`method.py`). From there the mean step D = sum_i d_i is
computed in floating point, searched, and enclosed from exact integers.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

# averages that are one number in the long run
ONE_NUMBER = ("maximum", "corrected maximum", "mean")


@dataclass(frozen=True)
class Form:
    """The form of one rule with its hyper-parameters.

    Args:
        numerator: n_i.
        sign: whether the sign of n_i is taken; the divisor is then one.
        feedback: whether what the signs leave out is added to the next n_i.
        of: what is squared: the gradient g, or its deviation g - m from the moving average.
        average: how w follows from the squares.
        divisor: where eps stands: added to the root, to w, to both, or the least root; w itself,
            of a decayed maximum; or no divisor.
        beta1: of m, or of the weights of the window.
        share: of m in the mixture.
        late: how many steps m is late in the mixture.
        beta2: of the moving average w, or of the decayed maximum.
        eps: >= 0.
        lag: how many steps w is late.
        window: number of gradients, for that numerator.
        power: of the divisor, where eps is added to the root.
        factor: of every step, > 0; a fraction where it follows from two decimals.
        smoothing: decay of the moving average of the d_i; 0 is none.
        fading: True if the steps fade as 1 / sqrt(k), and d_i is in units of that.
    """

    numerator: Literal["gradient", "momentum", "mixture", "window"]
    of: Literal["gradient", "deviation"] = "gradient"
    average: Literal["moving", "maximum", "corrected maximum", "mean", "decayed maximum"] = "moving"
    divisor: Literal[
        "root + eps", "root of w + eps", "root of w and eps, + eps", "max(root, eps)", "w", "one"
    ] = "root + eps"
    beta1: float = 0.0
    share: float = 0.0
    late: int = 0
    beta2: float = 0.0
    eps: float = 0.0
    lag: int = 0
    window: int = 1
    power: float = 1.0
    factor: float | Fraction = 1.0
    smoothing: float = 0.0
    fading: bool = False
    sign: bool = False
    feedback: bool = False

    @property
    def never_fails(self) -> bool:
        """True if every step has the same divisor, or if error feedback corrects the signs.

        Then D = factor S / divisor with the sum S of the slopes: a moving average, a mixture, and a
        mean of a window, over a whole period sum to what the gradients sum to. D has the sign of S.
        In a random order the maximum and the mean come to one number, too, and D is an expectation.
        """
        if self.sign:
            return self.feedback
        if self.of == "deviation" and not np.any(self.beta1):
            return bool(np.all(self.eps))  # g - m is 0
        return self.average in ONE_NUMBER or self.divisor == "one"

    @property
    def smooth(self) -> bool:
        """True if w is a moving average, on which and on the n_i the steps depend smoothly."""
        return self.average == "moving" and self.divisor != "one"

    @property
    def independent(self) -> bool:
        """True if a gradient is no part of its own divisor: the divisor has earlier ones alone.

        Where slopes are drawn independently the expectation of n_i / divisor is then the product
        of two, and D = S E[factor / divisor] has the sign of S (as ADOPT's theorem assumes:
        Taniguchi et al., NeurIPS 2024; that it is enough for these rules, on linear losses, is
        ours).
        """
        newest = {"gradient": 1, "window": self.window}.get(self.numerator)
        return newest is not None and self.lag >= newest
