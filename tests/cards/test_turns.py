"""One class of torch optimizers at a time, and no core without work."""

import pytest

from experiments.cards import compute
from experiments.cards.columns import COLUMNS
from experiments.cards.compute import Work, _Turns
from experiments.cards.plan import plan_cell


def work(opt: str, name: str = "online") -> Work:
    return [plan_cell(opt, COLUMNS[name], 100, 1)]


@pytest.fixture(autouse=True)
def costs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost of a class, without a test of it."""
    monkeypatch.setattr(compute, "_cost", lambda work: work[0].config.opt.count("a"))


def test_a_class_waits_until_another_one_has_ended() -> None:
    classes = [work("torch.optim:Adam"), work("torch.optim:NAdam")]
    others = [work("sgd"), work("adam"), work("adagrad")]
    turns = _Turns([*others, *classes])
    handed = iter(turns)
    first = next(handed)
    assert first in classes
    assert next(handed)[0].config.opt == "adagrad"  # the longest of the others
    turns.done(first)
    assert next(handed) in classes
    assert [one[0].config.opt for one in handed] == ["adam", "sgd"]


def test_a_class_is_handed_out_where_nothing_else_is_left() -> None:
    handed = iter(_Turns([work("torch.optim:Adam"), work("torch.optim:NAdam")]))
    assert len(list(handed)) == 2
