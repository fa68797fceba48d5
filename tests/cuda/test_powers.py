"""Powers that the host computes, and for how long."""

import numpy as np

from amsgrad.cuda.powers import numbers_of_powers, powers_from_host
from amsgrad.engines.base import Setup
from amsgrad.problems.online import Online
from amsgrad.rules import RULES
from amsgrad.rules.rule import NEVER, Rule
from amsgrad.schedules import inverse_power


def adams(*beta2: float) -> list[Rule]:
    return [RULES["adam"](beta1=0.5, beta2=b, eps=1e-8) for b in beta2]


def test_a_number_is_dropped_once_its_last_run_is_settled() -> None:
    rules = adams(0.9, 0.999, 0.9)
    first, second, third = (rule.settled for rule in rules)
    assert first == third < second
    wanted = numbers_of_powers([Setup(Online(), 0.01)] * 3, rules)
    # beta1 and eps, which all have, are asked for as long as 0.999 is
    assert sorted(wanted.last.tolist()) == [first, second, second, second]
    assert [wanted.asked(done) for done in (0, first - 1, first, second - 1, second)] == [
        *(4, 4, 3, 3, 0)
    ]
    assert wanted.numbers[wanted.ids].tolist().count([0.9, 0.999, 0.9]) == 1


def test_powers_from_the_host_are_counted() -> None:
    rules = adams(0.9, 0.999)
    constant = [Setup(Online(), 0.01)] * 2
    assert powers_from_host(constant, rules, 100) == 4 * 100
    first, second = (rule.settled for rule in rules)
    assert powers_from_host(constant, rules, NEVER) == first + 3 * second
    assert powers_from_host(constant, [RULES["sgd"]()] * 2, 10**7) == 0
    falling = [Setup(Online(), 0.01, inverse_power, rate) for rate in (0.3, 0.6)]
    assert powers_from_host(falling, [RULES["sgd"]()] * 2, 10**7) == 2 * 10**7 + 1
    assert np.all(numbers_of_powers(falling, rules).last[:2] == NEVER)
