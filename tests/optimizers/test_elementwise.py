"""The test whether a torch optimizer acts on each element by itself."""

from typing import Any

import pytest
import torch

from amsgrad.optimizers.elementwise import Elementwise, elementwise
from tests import optimizers_of_others as others
from tests.marks import slow

FOUND = [
    (others.Plain, Elementwise("to the bit", scheduled=True, linear=True)),
    (others.Rude, Elementwise("to the bit", scheduled=True, linear=True)),
    (others.Rounds, Elementwise("to rounding", scheduled=True, linear=True)),
    (others.Stubborn, Elementwise("to the bit", scheduled=False, linear=True)),
    (others.Normed, Elementwise("mixes", "mixes elements", True, True)),
    (others.LateNormed, Elementwise("mixes", "mixes elements", True, True)),
    (others.Counter, Elementwise("mixes", "moves an element by how many there are", True, True)),
    (others.Noisy, Elementwise("draws", "draws random numbers", True, True)),
    (others.Deaf, Elementwise("refused", "ignores lr")),
    (others.Still, Elementwise("refused", "does not move x")),
    (others.Explodes, Elementwise("refused", "does not stay finite")),
    (others.Boom, Elementwise("refused", "cannot be stepped (ArithmeticError: boom)")),
    (others.NeedsMore, Elementwise("refused", "cannot be stepped (TypeError: NeedsMore")),
    (others.Leaves, Elementwise("refused", "cannot be stepped (SystemExit: 7)")),
    (torch.optim.LBFGS, Elementwise("refused", "cannot be stepped (ValueError: it calls the loss")),
    (torch.optim.Adam, Elementwise("to the bit", scheduled=True, linear=True)),
    slow(torch.optim.NAdam, Elementwise("to the bit", scheduled=True, linear=True)),
    slow(torch.optim.RMSprop, Elementwise("to the bit", scheduled=True, linear=True)),
    slow(torch.optim.SGD, Elementwise("to the bit", scheduled=True, linear=True)),
    # its weight decay and its step size of its own
    slow(torch.optim.AdamW, Elementwise("to the bit", scheduled=True, linear=False)),
    slow(torch.optim.ASGD, Elementwise("to the bit", scheduled=True, linear=False)),
    slow(torch.optim.Rprop, Elementwise("to the bit", scheduled=False, linear=False)),
    slow(torch.optim.Adafactor, Elementwise("mixes", "mixes elements", True, False)),
    slow(torch.optim.Muon, Elementwise("refused", "cannot be stepped (ValueError: Muon only")),
    slow(torch.optim.SparseAdam, Elementwise("refused", "cannot be stepped (RuntimeError")),
]


def check(cls: Any, expected: Elementwise, **keywords: Any) -> None:
    found = elementwise(cls, **keywords)
    assert found.reason.startswith(expected.reason)
    assert bool(found.reason) == bool(expected.reason)
    assert (found.verdict, found.scheduled, found.linear) == (
        expected.verdict,
        expected.scheduled,
        expected.linear,
    )
    assert found.lanes == (expected.verdict in ("to the bit", "to rounding"))


@pytest.mark.parametrize(("cls", "expected"), FOUND)
def test_what_is_found(cls: Any, expected: Elementwise) -> None:
    check(cls, expected)


def test_the_callers_random_numbers_are_left_alone() -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    elementwise.__wrapped__(others.Plain)
    assert torch.equal(torch.rand(3), expected)


# Each of its own sort: trust ratios, one global number, norms of a layer, matrices.
OF_A_COLLECTION = [
    ("Lion", Elementwise("to the bit", scheduled=True, linear=True)),
    ("ScheduleFreeAdamW", Elementwise("to the bit", scheduled=True, linear=True)),
    ("LARS", Elementwise("to the bit", scheduled=True, linear=True)),  # as it treats a bias
    ("Lamb", Elementwise("mixes", "mixes elements", True, False)),
    ("NovoGrad", Elementwise("mixes", "mixes elements", True, True)),
    ("Shampoo", Elementwise("mixes", "mixes elements", True, True)),
    ("Prodigy", Elementwise("mixes", "mixes elements", True, False)),
    ("AdaFactor", Elementwise("refused", "ignores lr")),
    ("AdaHessian", Elementwise("refused", "cannot be stepped (RuntimeError")),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "expected"), OF_A_COLLECTION)
def test_a_collection(name: str, expected: Elementwise) -> None:
    import pytorch_optimizer

    check(getattr(pytorch_optimizer, name), expected)


def test_keywords_decide() -> None:
    check(others.Clips, Elementwise("to the bit", scheduled=True, linear=True))
    mixes = Elementwise("mixes", "mixes elements", True, True)
    check(others.Clips, mixes, max_norm=1.0)
