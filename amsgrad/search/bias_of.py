"""The bias of any form that can fail: by what its steps are made of."""

from amsgrad.rules.form import Form
from amsgrad.search.balls import MOST_TERMS
from amsgrad.search.bias import Bias
from amsgrad.search.bias_of_maximum import MaximumBias
from amsgrad.search.bias_of_signs import SignBias


def bias_of(form: Form, period: int) -> Bias | MaximumBias | SignBias:
    """Return the bias of a form at a period.

    Args:
        form: that can fail, with the power 1.
        period: 2 to MOST_TERMS, for which the roundings are counted.

    Raises:
        ValueError: an argument is not as described.
    """
    if period > MOST_TERMS:
        raise ValueError(f"the bias is of periods up to {MOST_TERMS}, but {period} was given")
    if form.never_fails or form.power != 1:
        raise ValueError("the bias is of forms that can fail, with the power 1")
    if form.sign:
        return SignBias(form, period)
    if form.average == "decayed maximum":
        return MaximumBias(form, period)
    return Bias(form, period)
