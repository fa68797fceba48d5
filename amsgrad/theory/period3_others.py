"""Three slopes on which NAdam, AdaMax, Signum and Lion go the wrong way, whatever the betas (ours).

Theorem. For all beta1 and beta2 in [0, 1), with eps = 0, there is an e > 0 such that for every sum
S in (0, e) D < 0, and x goes to +1, although x* = -1 (`enclosure.py`),

    of NAdam                on the slopes -2, -1, 3 + S
    of AdaMax and Signum    on the slopes 3 + S, -2, -1
    of Lion                 on these, or on 4 + S, -3, -1, or on one of the two with other signs

Proof. By D at S = 0, on which D depends continuously; D of signs does so where none of them is 0.
Write a for beta1, b for beta2.
NAdam: its numerator is a m_i + (1 - a) g_i, so that D = a D_Adam + (1 - a) D_RMSprop, and both are
below 0 (`period3.py`; RMSprop is Adam with beta1 = 0).
AdaMax: m is positive after 3 and negative after the others. u is 3 after 3, and less than that
after the others. So D < (sum of m) / 3 = 0. With any eps the order of the u is the same.
Signum: up to one positive factor, m is 3 + 2 a after 3, a - 2 after -2, and -1 - 3 a after -1, so
that D = 1 - 1 - 1. beta2 has no part in it.
Lion: let the slopes be 1, x, -1 - x with x = -2/3, or -3/4. m decays with b. Up to the factor K =
(1 - b) / (1 + b + b^2), m is 1 - b x, x (1 + b) + b < 0, and -1 - b - x < 0 after them. With r = (1
- a) / (a K), from 0 to infinity, the numerators have the signs of

    r - (1 + b + x),    x r + 1 - b x,    less than 0

D is -1 where r is below 1 + b + x or above b - 1/x, and 1 between them, where all signs are to be
changed. At these two r D is 0; they are other ones for the other x.

The largest S falls to 0 as beta2 -> 1 (for Signum as beta1 -> 1). AdaBelief is not in the theorem:
with beta1 = 0 its divisor is the same at every step, and it is right.

Period 2 is not enough: on two slopes with S > 0 D >= 0, for all betas. Of signs D < 0 would need
two numerators whose sum is not above 0, but it is S. NAdam: as above, from Adam and RMSprop.
AdaMax: let the slopes be p and -q, p > q > 0 (with no negative slope no step is negative). After p
u is p + eps, and after -q it is q + eps at least. If q <= a p no step is negative, and otherwise D
has at least the sign of

    (p - a q) (q + eps) - (q - a p) (p + eps) = a (p^2 - q^2) + eps (1 + a) (p - q) >= 0
"""

from typing import Final

from amsgrad.rules import RULES
from amsgrad.theory.enclosure import enclose

NOT_BY_TWO: Final = ("nadam", "adamax", "signum", "lion")  # D >= 0 on two slopes with S > 0
SLOPES: Final = {
    "nadam": [(-2, -1, 3)],
    "adamax": [(3, -2, -1)],
    "signum": [(3, -2, -1)],
    "lion": [(3, -2, -1), (-3, 2, 1), (4, -3, -1), (-4, 3, 1)],
}
DOUBLINGS = 40


def whole_slopes(opt: str, **options: float) -> list[int]:
    """Return whole numbers with the sum 1 on which the rule goes the wrong way, proved.

    They are a power of 2 times the three slopes, with 1 added to the first or the last. Smaller
    ones may exist.

    Args:
        opt: nadam, adamax, signum or lion.
        options: of the rule.

    Raises:
        ValueError: a beta is so near to 1 that the numbers would be above 2^40.

    >>> whole_slopes("signum", beta1=0.9), whole_slopes("lion", beta1=0.9, beta2=0.99)
    ([49, -32, -16], [13, -8, -4])
    """
    form = RULES[opt].form_with(**options)
    assert form is not None
    for doubling in range(DOUBLINGS):
        for three in SLOPES[opt]:
            g = [2**doubling * slope for slope in three]
            g[2 if three[2] == max(three) else 0] += 1
            if enclose(form, g).sign < 0:
                return g
    raise ValueError(f"a beta of {opt} is too near to 1: {options} was given")
