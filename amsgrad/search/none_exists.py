"""Why no slopes exist on which a rule fails, where that is proved."""

from amsgrad.rules.form import Form
from amsgrad.theory import period3, period3_others

SAME = (
    "in any order every step has the same divisor in the long run, so that D = factor S / divisor"
    " has the sign of S"
)
INDEPENDENT = (
    "where slopes are drawn independently, so are a gradient and its divisor, which has earlier"
    " ones alone, so that D = S times the mean of factor / divisor has the sign of S"
)
FEEDBACK = (
    "with error feedback the steps of a period sum in the mean to S, or to the P steps of its sign"
    " where that is less, in any order"
)
NO_TWO = {
    opt: f"no 2 slopes give D and S opposite signs (amsgrad/theory/{file}.py)"
    for opts, file in (
        (period3.NOT_BY_TWO, "period3"),
        (period3_others.NOT_BY_TWO, "period3_others"),
    )
    for opt in opts
}


def none_exists(opt: str, form: Form, order: str, period: int | None) -> str:
    """Return why a rule fails on no slopes of an order and a period; empty where that is open.

    Args:
        opt: the name of the rule.
        form: of its steps.
        order: cyclic, shuffled or drawn.
        period: in steps; None is any.

    >>> from amsgrad.rules import RULES
    >>> none_exists("adopt", RULES["adopt"].form_with(), "cyclic", 2) == NO_TWO["adopt"]
    True
    """
    if form.never_fails:
        return FEEDBACK if form.feedback else SAME
    if order == "drawn" and form.independent:
        return INDEPENDENT
    return NO_TWO.get(opt, "") if order == "cyclic" and period == 2 else ""
