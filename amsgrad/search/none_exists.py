"""Why no slopes exist on which a rule fails, where that is proved."""

from amsgrad.rules.form import Form
from amsgrad.theory.period3 import NOT_BY_TWO

SAME = (
    "in any order every step has the same divisor in the long run, so that D = factor S / divisor"
    " has the sign of S"
)
INDEPENDENT = (
    "where slopes are drawn independently, so are a gradient and its divisor, which has earlier"
    " ones alone, so that D = S times the mean of factor / divisor has the sign of S"
)
NO_TWO = "no 2 slopes give D and S opposite signs (amsgrad/theory/period3.py)"


def none_exists(opt: str, form: Form, order: str, period: int | None) -> str:
    """Return why a rule fails on no slopes of an order and a period; empty where that is open.

    Args:
        opt: the name of the rule.
        form: of its steps.
        order: cyclic, shuffled or drawn.
        period: in steps; None is any.

    >>> from amsgrad.rules import RULES
    >>> none_exists("adopt", RULES["adopt"].form_with(), "cyclic", 2) == NO_TWO
    True
    """
    if form.never_fails:
        return SAME
    if order == "drawn" and form.independent:
        return INDEPENDENT
    return NO_TWO if order == "cyclic" and period == 2 and opt in NOT_BY_TWO else ""
