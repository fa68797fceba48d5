"""The runs of figures: checked before they are believed, and put in the order of their grid."""

import doctest
from typing import Any

import numpy as np
import pytest

from amsgrad.config.run_config import Config
from amsgrad.engines.batch import Batch
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.driver import run_to
from amsgrad.verification import Disagreement
from experiments.figures import maps, runs, settings, words

BASE = {"opt": "adam", "semantics": "paper", "eps": 0, "schedule": "inverse_sqrt"}
CONFIG = Config(**BASE, dtype="float64")
DRAWN = Config(**BASE, problem="stochastic", lr=0.3)


class Wrong(Compiled):
    """One digit of x is wrong in the last place."""

    def advance(self, state: Any, steps: int, record_at: Any) -> Any:
        end, records = super().advance(state, steps, record_at)
        return end._replace(x=np.nextafter(end.x, 2)), records


class WrongLast(Batch):
    """The same, of the last run alone."""

    def advance(self, state: Any, steps: int, record_at: Any) -> Any:
        end, records = super().advance(state, steps, record_at)
        x = end.x.copy()
        x[-1] = np.nextafter(x[-1], np.float32(2))
        return end._replace(x=x), records


def test_a_run_that_leaves_the_reference_engine_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = runs.compiled(CONFIG)
    start, _ = run_to(engine, 50)
    runs.compiled(CONFIG, start)
    monkeypatch.setattr(runs, "Compiled", Wrong)
    with pytest.raises(Disagreement, match="after 200 steps x is"):
        runs.compiled(CONFIG)
    with pytest.raises(Disagreement, match="after 250 steps x is"):
        runs.compiled(CONFIG, start)


def test_the_last_seed_of_a_batch_is_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = runs.batch(DRAWN, 3)
    assert [setup.problem.seed for setup in engine.setups] == [0, 1, 2]
    monkeypatch.setattr(runs, "Batch", WrongLast)
    with pytest.raises(Disagreement, match="after 200 steps x is"):
        runs.batch(DRAWN, 3)


def test_a_grid_has_a_dimension_per_axis() -> None:
    found = runs.on_grid(lambda a, b: [a, b], (1, 2), [3, 4, 5])
    assert found.shape == (2, 3, 2)
    assert found[1].tolist() == [[2, 3], [2, 4], [2, 5]]
    objects = runs.on_grid(lambda a: {a}, "xyz")
    assert objects.tolist() == [{"x"}, {"y"}, {"z"}]


@pytest.mark.parametrize("module", [maps, settings, words])
def test_examples_are_true(module: Any) -> None:
    outcome = doctest.testmod(module)
    assert outcome.attempted
    assert not outcome.failed
