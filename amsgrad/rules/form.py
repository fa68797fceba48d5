"""What a rule takes from x once its memory repeats: the closed form of its steps.

On linear losses whose slopes g_0, ..., g_{P-1} repeat, the memory of most rules comes to a periodic
state that does not depend on x, and at alpha = 1 a step takes

    d_i = factor n_i / divisor(w_{i - lag}),        indices modulo P

    n        the gradient g_i; its moving average m_i with beta1; or the mean of the last `window`
             gradients with weights 1, beta1, beta1^2, ...
    w        the squares g_i^2, or (g_i - m_i)^2: their moving average with beta2; the maximum of
             that over the period; the maximum of the corrected average over the run; or their plain
             mean
    divisor  (sqrt(w) + eps)^power; sqrt(w + eps); max(sqrt(w), eps); or 1

or the moving average of these d_i, whose sum over a period is the same.

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


@dataclass(frozen=True)
class Form:
    """The form of one rule with its hyper-parameters.

    Args:
        numerator: n_i.
        of: what is squared: the gradient g, or its deviation g - m from the moving average.
        average: how w follows from the squares.
        divisor: where eps stands: added to the root, added to w, or the least root; or no divisor.
        beta1: of m, or of the weights of the window.
        beta2: of the moving average w.
        eps: >= 0.
        lag: how many steps w is late.
        window: number of gradients, for that numerator.
        power: of the divisor, where eps is added to the root.
        factor: of every step, > 0; a fraction where it follows from two decimals.
        smoothing: decay of the moving average of the d_i; 0 is none.
        fading: True if the steps fade as 1 / sqrt(k), and d_i is in units of that.
    """

    numerator: Literal["gradient", "momentum", "window"]
    of: Literal["gradient", "deviation"] = "gradient"
    average: Literal["moving", "maximum", "corrected maximum", "mean"] = "moving"
    divisor: Literal["root + eps", "root of w + eps", "max(root, eps)", "one"] = "root + eps"
    beta1: float = 0.0
    beta2: float = 0.0
    eps: float = 0.0
    lag: int = 0
    window: int = 1
    power: float = 1.0
    factor: float | Fraction = 1.0
    smoothing: float = 0.0
    fading: bool = False

    @property
    def never_fails(self) -> bool:
        """True if every step has the same divisor.

        Then D = factor S / divisor with the sum S of the slopes: a moving average, and a mean of a
        window, over a whole period sums to what the gradients sum to. D has the sign of S. In a
        random order the maximum and the mean come to one number, too, and D is an expectation.
        """
        return self.average != "moving" or self.divisor == "one"

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
