"""EF-Signum: Signum with error feedback (Karimireddy et al., ICML 2019, arXiv 1901.09847).

    m_k = beta1_k m_{k-1} + (1 - beta1_k) g_k
    p_k = e_{k-1} + alpha_k m_k
    x_{k+1} = clip(x_k - alpha_k sign(p_k))
    e_k = p_k - alpha_k sign(p_k)

e is what the signs have left out so far, in units of x; the next step takes it in. With beta1 = 0
this is the released code of the paper (epfml/error-feedback-SGD, read) with its plain sign, `comp`
"sign", and its memory. That code takes the momentum without the factor 1 - beta1; we take Signum's.

The paper's EF-signSGD has another operator, the scaled sign |p|_1 / d sign(p) of d coordinates.
With d = 1 that is p itself: nothing is left out, and the rule is gradient descent. A scalar says
something of error feedback only with the plain sign. That is no contraction, which the paper's
theorem assumes, so that the theorem does not cover this rule. Of the error feedback of Muon (arXiv
2605.08980) only the abstract and a summary are known here, not the algorithm.

Nothing is clipped but x: e does not know of the ends of F.
"""

from typing import NamedTuple

import numpy as np

from amsgrad.rules.form import Form
from amsgrad.rules.method import method
from amsgrad.rules.options import Beta1
from amsgrad.rules.rule import Rule
from amsgrad.rules.signum import Coefficients, Hyper, coefficients


class Memory(NamedTuple):
    """The state variables of EF-Signum."""

    m: float  # first moment
    e: float  # what the steps have left out, in units of x


def update(memory: Memory, g: float, c: Coefficients) -> tuple[Memory, float]:
    """Take a step, in the precision of the run."""
    m = c.beta1 * memory.m + c.rest1 * g
    wanted = memory.e + c.step * m
    d = c.step * np.sign(wanted)
    return Memory(m, wanted - d), d


@method(
    title="EF-Signum",
    formula="x - alpha_k sign(e_{k-1} + alpha_k m_k), e_k what the sign leaves out",
    form=lambda beta1: Form("momentum", divisor="one", beta1=beta1, sign=True, feedback=True),
)
def ef_signum(*, beta1: Beta1 = 0.9) -> Rule:
    """Return the rule with this hyper-parameter: beta1 in [0, 1); 0 is EF-signSGD, plain sign."""
    return Rule(
        "ef_signum", Memory, Hyper(), coefficients, update, settled=1, beta1=beta1, wanders=True
    )
