"""The drift of one period: it decides where x goes when the step size decays.

Take linear losses f_t(x) = g_t x whose slopes repeat after P steps, constant betas, and alpha_t =
alpha / sqrt(t). The gradients do not depend on x, so (m, v) do not either: they forget their start
as beta1^t and beta2^t do, and come to the periodic state (`periodic.averages`)

    m_i = (1 - beta1) / (1 - beta1^P) sum_{j < P} beta1^j g_{i-j}            indices modulo P
    v_i = (1 - beta2) / (1 - beta2^P) sum_{j < P} beta2^j g_{i-j}^2

From then on a period moves x by -alpha_t D, up to terms of the order alpha_t P / t, where

    D = sum_i m_i / (sqrt(v_i) + eps)

Over all periods those terms have a finite sum, and the -alpha_t D have not: if D < 0, x is pressed
against the right end of F and stays within O(alpha_t) of it, and if D > 0 against the left end.
(A constant alpha, small enough that F is wider than the saw-tooth of x, leads to the same ends.)
Bias corrections tend to 1: this is the D of all five semantics. For other rules

    rmsprop    beta1 = 0
    amsgrad    sqrt(max v) for sqrt(v_i); since sum_i m_i = sum_i g_i, D has the sign of sum_i g_i,
               and x goes to x* whatever the betas are
    adamnc     the mean of g^2 for v_i: the same sign

As beta2 -> 1, v_i tends to that mean, too: then even Adam finds x*, unless the slopes sum to zero.

Numerics. D is a small difference of large terms. The common part of the roots is therefore taken
out:

    D = (sum_i g_i + sum_i m_i c_i) / (rms + eps),     rms = sqrt(mean g^2)
    c_i = (rms + eps) / (sqrt(v_i) + eps) - 1
        = -(v_i - rms^2) / ((sqrt(v_i) + rms) (sqrt(v_i) + eps))

and v_i - rms^2 is summed by parts, so that nothing cancels as beta2 -> 1: with the sums H_i =
sum_{j <= i} (g_j^2 - rms^2), which are periodic, and A(H), their averages with the weights of v,

    v_i - rms^2 = (1 - beta2) (H_i - A(H)_{i-1})

Source: the derivation is ours. How the moving average of g^2 misleads Adam is explained in Reddi,
Kale and Kumar (ICLR 2018, section 3); their theorems are in `theorems.py`.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from amsgrad.theory.periodic import Floats, averages

RULES = ("adam", "rmsprop", "amsgrad", "adamnc")


class Drift(NamedTuple):
    """The drift, one entry for each pair of betas; not finite where some v_i = 0 and eps = 0."""

    total: Any  # D
    rounding: Any  # how far rounding may have moved D: an estimate on the safe side

    @property
    def goes_to(self) -> Any:
        """The end of F where x goes, -1 or 1; 0 where D is not finite or lost in rounding."""
        return np.where(np.abs(self.total) > self.rounding, -np.sign(self.total), 0).astype(int)


def drift(
    slopes: ArrayLike, beta1: ArrayLike, beta2: ArrayLike, eps: float = 0.0, rule: str = "adam"
) -> Drift:
    """Return D for every beta1 with every beta2; the whole grid is one product of matrices.

    Args:
        slopes: g_0, ..., g_{P-1}, finite and not all zero (`periodic.slopes` has a problem's).
        beta1, beta2: in [0, 1), each one number or a one-dimensional array.
        eps: >= 0, added to the root.
        rule: adam, rmsprop (which does not use beta1), amsgrad or adamnc.

    Returns:
        Entries of the shape (beta1, beta2), without the axis of a beta that is one number.

    Raises:
        ValueError: an argument is not as described.

    >>> drift([1010] + 100 * [-10], 0.9, [0.99, 0.9999]).goes_to
    array([ 1, -1])
    """
    g, betas1, betas2 = np.asarray(slopes, float), _betas("beta1", beta1), _betas("beta2", beta2)
    if g.ndim != 1 or not np.isfinite(g).all() or not g.any():
        raise ValueError("The slopes of a period must be finite numbers, and not all zero")
    if not 0 <= eps < math.inf:
        raise ValueError(f"eps must be a finite number >= 0, but {eps} was given")
    if rule not in RULES:
        raise ValueError(f"rule must be one of {', '.join(RULES)}, but {rule} was given")

    # D is the same in every unit of the slopes, and a power of 2 leaves their digits alone.
    unit = math.ldexp(1.0, int(np.frexp(np.abs(g).max())[1]))
    g, eps = g / unit, eps / unit
    size = np.abs(g)
    rms = math.sqrt(math.fsum(g * g) / g.size)
    betas1 = betas1 * (rule != "rmsprop")
    v = averages(g * g, betas2)
    with np.errstate(all="ignore"):  # v_i = 0
        if rule in ("amsgrad", "adamnc"):
            common = np.sqrt(v.max(axis=0)) if rule == "amsgrad" else np.full(betas2.size, rms)
            c = np.zeros_like(v)
        else:
            common = np.full(betas2.size, rms)
            height = np.cumsum(g * g - rms**2)[:, None]
            excess = (1 - betas2) * (height - np.roll(averages(height[:, 0], betas2), 1, axis=0))
            c = -excess / ((np.sqrt(v) + rms) * (np.sqrt(v) + eps))
        total = (math.fsum(g) + averages(g, betas1).T @ c) / (common + eps)
        terms = (math.fsum(size) + averages(size, betas1).T @ np.abs(c)) / (common + eps)
    # measured against 60 digits: at most a quarter of this
    rounding = 4 * g.size * np.finfo(float).eps * terms
    shape = np.shape(beta1) + np.shape(beta2)
    return Drift(total.reshape(shape)[()], rounding.reshape(shape)[()])


def _betas(name: str, given: ArrayLike) -> Floats:
    betas = np.asarray(given, float)
    if betas.ndim > 1 or not ((betas >= 0) & (betas < 1)).all():
        raise ValueError(f"{name} must lie in [0, 1), but {given!r} was given")
    return betas.reshape(-1)
