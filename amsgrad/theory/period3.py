"""Three slopes on which Adam, or ADOPT, goes the wrong way, whatever its betas are (ours).

Theorem. For all beta1 and beta2 in [0, 1), and eps = 0, there is an e > 0 such that for every sum
S in (0, e) D < 0 (`mean_step.py`), and with step sizes that never increase, fall to 0 and are not
summable x goes to +1, although x* = -1,

    of Adam     on the slopes -2, -1, 3 + S
    of ADOPT    on the slopes -3, 2, 1 + S

Proof. D is a continuous function of S, so it is enough that D < 0 at S = 0. Write b for beta2, and
v(o, p, q) = o^2 + b p^2 + b^2 q^2 for the memory, up to the factor (1 - b) / (1 - b^3), after the
slope o if p was before it, and q before that. Both sequences have the same three numbers in it,

    v1 = 1 + 4 b + 9 b^2,    v2 = 4 + 9 b + b^2,    v3 = 9 + b + 4 b^2
    v3 - v2 = (1 - b) (5 - 3 b) > 0,    v2 - v1 = (1 - b) (3 + 8 b) > 0,    so v1 < v2 < v3

Adam. -2, -1 and 3 are divided by the roots of v2, v1 and v3. With beta1 = 0 D is a positive
multiple of

    T0 = 3 / sqrt(v3) - 2 / sqrt(v2) - 1 / sqrt(v1) < (3 - 2 - 1) / sqrt(v3) = 0

With momentum D is a multiple of T0 + beta1 T1 + beta1^2 T2, where T1 and T2 have the slopes one and
two steps late. Since T0 + T1 + T2 = 0, that is (1 - beta1) (T0 - beta1 T2), and

    T2 = 3 / sqrt(v1) - 1 / sqrt(v2) - 2 / sqrt(v3) > (3 - 1 - 2) / sqrt(v1) = 0

ADOPT. -3, 2 and 1 are divided by the roots of v1, v3 and v2, the memory before them; the mean with
beta1 keeps the sum over a period. So D is the same multiple of -T2 < 0, whatever beta1 is.

S is small. As beta2 -> 1 the largest one tends to (first order in 1 - beta2)

    Adam    (1 - beta1) (17 + 37 beta1) / (28 (1 + beta1 + beta1^2)) (1 - beta2)
    ADOPT   37 / 28 (1 - beta2)

With eps > 0 the same slopes times a large enough number do it, for D tends to that of eps = 0.

Period 2 is not enough. On two slopes with a sum S > 0 D >= 0 for Adam, RMSprop and ADOPT, for all
betas and every eps >= 0. Proof. If no slope is negative no step is. Otherwise let them be p and -q,
p > q > 0, and vp and vq the memory after them, multiples of p^2 + b q^2 and q^2 + b p^2; so

    vp - vq = (1 - b) (p^2 - q^2) > 0,    p^2 vq - q^2 vp = b (p^4 - q^4) >= 0

RMSprop: p / (sqrt(vp) + eps) >= q / (sqrt(vq) + eps), since p sqrt(vq) >= q sqrt(vp) by the second,
and p eps >= q eps. Adam: D is a positive multiple of that difference plus beta1 times p / (sqrt(vq)
+ eps) - q / (sqrt(vp) + eps) > 0. ADOPT: D = p / max(sqrt(vq), eps) - q / max(sqrt(vp), eps) > 0.
(Of Adam and RMSprop D = 0 for beta1 = beta2 = eps = 0, where a step is a sign: then x does not go
to x*, either.)

The theorem covers beta1 >= sqrt(beta2), which Theorem 2 of Reddi, Kale and Kumar (ICLR 2018) leaves
out. Searched for it in excerpts of that paper, of Wang and Klabjan (arXiv 2210.05607), Toint (arXiv
2308.00720), and Dereich and Jentzen (arXiv 2511.04622): not found. Known is one case of ADOPT's, at
beta1 = beta2 = 0: slopes 1.9, -1, -1, reshuffled, named by an anonymous review of an earlier
version of the paper (OpenReview sJCIv4aUQu). ADOPT's own theorem (Taniguchi et al., NeurIPS 2024)
assumes independent gradients, which cyclic ones are not: the two agree.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from amsgrad.theory.periodic import Floats

NOT_BY_TWO: Final = ("adam", "rmsprop", "adopt")  # D >= 0 on two slopes with S > 0
SLOPES: Final = {"adam": (-2, -1, 3), "adopt": (-3, 2, 1)}
LEAST, LARGEST = 1e-13, 1e6  # the sums between which the largest that fails is looked for
HALVINGS = 64
ROUNDING = 1e-14  # of S


def scaled_drift(
    rule: str, total: Any, beta1: Any, beta2: Any, sqrt: Callable[[Any], Any] = np.sqrt
) -> Any:
    """Return D on the three slopes, up to a positive factor that depends on the betas alone.

        Adam    T0 + beta1 T1 + beta1^2 T2       ADOPT   sum of slope / sqrt(v before it)

    The arguments may be numbers of any kind, arrays of them, or formulas.

    Args:
        rule: adam or adopt.
        total: S, added to the last of the three slopes.
        beta1, beta2: in [0, 1).
        sqrt: of such numbers.
    """
    first, second, third = SLOPES[rule]
    g = (first, second, third + total)
    # g[i - 1] and g[i - 2] are the slopes before g[i]
    v = [g[i] ** 2 + beta2 * g[i - 1] ** 2 + beta2**2 * g[i - 2] ** 2 for i in range(3)]
    if rule == "adopt":
        return sum(g[i] / sqrt(v[i - 1]) for i in range(3))
    m = [g[i] + beta1 * g[i - 1] + beta1**2 * g[i - 2] for i in range(3)]
    return sum(m[i] / sqrt(v[i]) for i in range(3))


def largest_sum(rule: str, beta1: ArrayLike, beta2: ArrayLike) -> Floats:
    """Return the S up to which the rule goes the wrong way on the three slopes.

    It is a change of sign of D, found by halving on the logarithm; we saw no second one.

    Args:
        rule: adam or adopt.
        beta1, beta2: in [0, 1), arrays of shapes that fit together.

    Returns:
        S, to about 10^-15; infinite where D < 0 at S = 10^6, as of Adam at beta1 = beta2 = 0.

    Raises:
        ValueError: a beta is not as described; or so near to 1 that S is below 10^-13.

    >>> largest_sum("adam", 0.9, [0.9, 0.99, 0.999]).round(6).tolist()
    [0.007255, 0.000669, 6.6e-05]
    """
    b1, b2 = np.broadcast_arrays(np.asarray(beta1, float), np.asarray(beta2, float))
    if not all(((beta >= 0) & (beta < 1)).all() for beta in (b1, b2)):
        raise ValueError(f"betas must lie in [0, 1), but {beta1!r}, {beta2!r} were given")

    def fails(log: Floats) -> Any:
        return scaled_drift(rule, np.exp(log), b1, b2) < 0

    low, high = (np.full(b1.shape, np.log(end)) for end in (LEAST, LARGEST))
    if not fails(low).all():
        raise ValueError(f"beta1 or beta2 is too near to 1: {beta1!r}, {beta2!r} were given")
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        wrong = fails(middle)
        low, high = np.where(wrong, middle, low), np.where(wrong, high, middle)
    return np.where(fails(np.full(b1.shape, np.log(LARGEST))), np.inf, np.exp(low))


def whole_slopes(rule: str, beta1: float, beta2: float) -> list[int]:
    """Return whole numbers with the sum 1 on which the rule goes the wrong way.

    They are n times the three slopes, with 1 added to the last, for an n that `largest_sum` allows.
    Smaller ones may exist.

    Args:
        rule: adam or adopt.
        beta1, beta2: in [0, 1).

    Raises:
        ValueError: as for `largest_sum`.

    >>> whole_slopes("adam", 0.9, 0.99), whole_slopes("adopt", 0.9, 0.9999)
    ([-2992, -1496, 4489], [-22704, 15136, 7569])
    """
    n = int(1 / (float(largest_sum(rule, beta1, beta2)) - ROUNDING)) + 1
    first, second, third = (n * slope for slope in SLOPES[rule])
    return [first, second, third + 1]
