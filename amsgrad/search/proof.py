"""The proof of a find: bounds of the mean step of a rule, from the exact numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from amsgrad.config.own_options import is_foreign
from amsgrad.config.run_config import Config
from amsgrad.theory.enclosure import DIGITS, Enclosure, enclose
from amsgrad.theory.yogi import enclose_yogi


class Unproved(ValueError):
    """Nothing can be proved of a rule on these slopes; the message says why."""


def prove(
    opt: str, options: Mapping[str, Any], slopes: Sequence[int], digits: int = DIGITS
) -> Enclosure:
    """Return bounds of D of a rule, in cyclic order, per period at alpha = 1.

    Args:
        opt: the name of a rule, or `package.module:Name`.
        options: of the rule; for the others it has its defaults.
        slopes: of one period.
        digits: in which the bounds agree, unless D may be 0.

    Raises:
        Unproved: D of this rule is only measured; its divisor may be 0; or, for Yogi, v does not
            repeat soon enough.

    >>> prove("adopt", {}, [-400] + 401 * [1], 6)
    Enclosure(lower='-0.151367', upper='-0.151366')
    """
    if is_foreign(opt):
        raise Unproved(f"{opt} is code of another package: its mean step is measured, not proved")
    config = Config(opt=opt, **options)
    form = config.make_form()
    try:
        if opt == "yogi":
            return enclose_yogi(slopes, **config.rule_options, digits=digits)
        if form is not None:
            return enclose(form, slopes, digits)
    except ValueError as error:
        raise Unproved(str(error)) from None
    raise Unproved(
        f"{opt} states no closed form of its steps: its mean step is measured, not proved"
    )
