"""The figure `reshuffled` on a small scale: who fails in which order."""

from typing import Any

import pytest
from matplotlib.figure import Figure

from experiments.figures import reshuffled
from tests.marks import needs_jit

SETTINGS = {
    **reshuffled.SETTINGS,
    # the roles change at C = 2 / sqrt(1 - beta2) = 20
    "base": {**reshuffled.SETTINGS["base"], "beta2": 0.99, "steps": 60_000},
    "big": [10, 40],
    "lines": [5, 45, 41],
    "measured_steps": {"shuffled": 2**17, "drawn": 2**20},
    "run_big": 40,
    "optimizers": ["adopt"],  # each is compiled
    "points": 20,
    "seeds": 3,
}


@pytest.fixture(scope="module")
def data() -> Any:
    return reshuffled.compute(SETTINGS)


@needs_jit
@pytest.mark.slow
def test_the_roles_change_with_the_order(data: Any) -> None:
    found = reshuffled.findings(data)
    for big, fails, right in (("-C", "adopt", "adam"), ("+C", "adam", "adopt")):
        for order, how in (("cyclic", "form"), ("shuffled", "law")):
            name = f"{big} once, {fails}, {order}: {reshuffled.FAILS}, by the {how}"
            assert 15 <= found[name] <= 35
            other = f"{big} once, {right}, {order}: {reshuffled.FAILS}, by the {how}"
            assert found[other] is None
        assert found[f"{big} once, {fails}, shuffled: {reshuffled.SURE}"] == [40]
        assert found[f"{big} once, {right}, shuffled: {reshuffled.SURE}"] == []
    assert found[f"-C once, adopt, drawn: {reshuffled.SURE}"] == []
    assert found[f"+C once, adam, drawn: {reshuffled.SURE}"] == [40]


@needs_jit
@pytest.mark.slow
def test_the_slopes_sum_to_one_and_it_is_drawn(data: Any) -> None:
    for sign in (-1, 1):
        assert sum(reshuffled.slopes(sign, 7)) == 1
    reshuffled.draw(data, Figure(layout="constrained"))
    words = reshuffled.caption(reshuffled.SETTINGS, reshuffled.findings(data))
    assert "theorem is not contradicted" in words.details
