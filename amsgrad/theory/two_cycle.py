"""The cycle x, -x of a rule on the parabola factor x^2 / 2 at a constant step (closed form).

On the cycle the gradients are g, -g, g, ... with g = factor |x|, and the memory of a rule that has
a form (`amsgrad/rules/form.py`) is that of the slopes g, -g. Every divisor is then the same, and a
step takes gain g / divisor from x, which must be 2 x. With rho = (1 - beta1) / (1 + beta1), by
which a moving average weakens what alternates,

    gain = alpha times 1 for a gradient, rho for a momentum or a smoothing, their mean for a
           mixture, and the weights of a window with alternating signs for a window
    root = g, or (1 - rho) g where g - m is squared
    divisor(root) = gain factor / 2

Without eps the amplitude depends neither on the factor nor on beta2:

    Adam, AMSGrad, AdamX, AdaMax, ADOPT    alpha rho / 2
    RMSprop, Signum, EF-Signum, Lion       alpha / 2
    NAdam                                  alpha (beta1 rho + 1 - beta1) / 2
    ACProp                                 alpha / (2 (1 - rho))
    AdaBelief                              alpha rho / (2 (1 - rho))

A rule that goes by signs steps by alpha: it has a cycle x, x - alpha for each such x, and x, -x is
one of them.

Adam's is that of Bock and Weiss ("Non-Convergence and Limit Cycles in the Adam optimizer", arXiv
2210.02070; its abstract was read, the formula is known here from a summary). The one formula for
all rules is ours, and so is `stable_below`. Searched for in excerpts of web pages on limit cycles
of Adam: the abstract says that stability was studied by computer algebra; no formula was found.

Where the divisor is a maximum, every smaller amplitude is a cycle, too, with the same maximum; as
such a cycle is not stable, AMSGrad leaves it, its maximum grows, and x goes to 0. Yogi's v rests
where v = g^2: its cycle is that of Adam's form.
"""

import math

from amsgrad.rules.form import Form


def two_cycle(form: Form, lr: float, factor: float = 1.0) -> float | None:
    """Return the amplitude |x| of the cycle x, -x on factor x^2 / 2, or None where there is none.

    Without eps and with a power of 1 it is that on factor x^k / k, for every even k, too. SGD and
    its like have one at alpha factor gain = 2 alone, of any amplitude: here None.

    Args:
        form: of the rule; where its average is the mean, x only tends to the cycle.
        lr: alpha.
        factor: the curvature, > 0.

    >>> round(two_cycle(Form("momentum", beta1=0.9, beta2=0.99), lr=0.01), 9)
    0.000263158
    >>> two_cycle(Form("gradient", beta2=0.99), lr=0.01)
    0.005
    """
    gain = lr * float(form.factor) * _kept(form) * _rho(form.smoothing)
    if form.sign and gain > 0:
        return lr * float(form.factor) / 2
    root_per_g = 1.0 if form.of == "gradient" else 1 - _rho(form.beta1)
    if form.fading or form.divisor == "one" or root_per_g == 0 or gain <= 0:
        return None
    divisor = gain * factor / 2
    if form.divisor == "root of w + eps":
        root = math.sqrt(max(divisor * divisor - form.eps, 0.0))
    elif form.divisor == "root of w and eps, + eps":
        square = max(divisor - form.eps, 0.0) ** 2 - form.eps / (1 - form.beta2)
        root = math.sqrt(max(square, 0.0))
    elif form.divisor == "max(root, eps)":
        root = divisor if divisor >= form.eps else 0.0
    else:
        root = divisor ** (1 / form.power) - form.eps
    return root / root_per_g / factor if root > 0 else None


def stable_below(beta2: float, degree: int = 2) -> float:
    """Return the beta1 below which Adam's cycle x, -x on x^degree / degree is stable (ours).

    Stable means for starts near it, and without eps: with k = degree, where

        (2 k - 1) beta1 (1 - beta2^2) + (2 k - 3) beta2 (1 - beta1^2) < 1 - beta1^2 beta2^2

    which is Jury's criterion for the linear map of the deviations of x, m and v from one step to
    the next; its other conditions always hold. For the parabola the bound falls from 1/3 at beta2 =
    0 to 3 - sqrt(8) = .172 at beta2 = 1. It is 0 where no beta1 is stable: of degree 4 from beta2 =
    1/5 on.

    Args:
        beta2: in [0, 1).
        degree: even, >= 2.

    >>> round(stable_below(0.99), 4)
    0.1724
    >>> stable_below(0.99, degree=4)
    0.0
    """
    k, b2 = degree, beta2
    # a beta1^2 - b beta1 + c > 0; c > 0 and a - b + c < 0, so one root lies in (0, 1)
    a, b, c = b2 * (2 * k - 3 - b2), (2 * k - 1) * (1 - b2 * b2), 1 - (2 * k - 3) * b2
    return 2 * c / (b + math.sqrt(b * b - 4 * a * c)) if c > 0 else 0.0


def _rho(beta: float) -> float:
    return (1 - beta) / (1 + beta)


def _kept(form: Form) -> float:
    """Return by what the numerator multiplies a gradient that alternates."""
    if form.numerator == "gradient":
        return 1.0
    if form.numerator == "momentum":
        return _rho(form.beta1)
    if form.numerator == "mixture":
        sign = -1.0 if form.late % 2 else 1.0
        return form.share * sign * _rho(form.beta1) + 1 - form.share
    ages = range(form.window)
    return sum((-form.beta1) ** i for i in ages) / sum(form.beta1**i for i in ages)
