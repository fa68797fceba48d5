"""A training run: the paper's formulas, the batches, and the same bits after a resumption."""

import math
from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from amsgrad.optimizers.threads import one_thread
from experiments.figure2.images import ImageData, Images
from experiments.figure2.made import made
from experiments.figure2.networks import cifarnet
from experiments.figure2.panels import OPTIMIZERS
from experiments.figure2.plan import Cell
from experiments.figure2.training import Training, TrainingSet
from tests.marks import slow

SMALL = {"logistic": (1, 6, 6), "net": (1, 6, 6), "cifarnet": (3, 4, 4)}
Floats = NDArray[np.float64]


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    with one_thread():
        yield


def images(panel: str) -> TrainingSet:
    random = np.random.default_rng(1)

    def some(number: int) -> Images:
        labels = random.integers(10, size=number, dtype=np.uint8)
        pixels = random.integers(256, size=(number, *SMALL[panel]), dtype=np.uint8)
        pixels[:, :, 0] = 0  # as the edges of MNIST's images
        return Images(pixels, labels)

    return TrainingSet(ImageData(some(300), some(50), "", {}))


@pytest.mark.parametrize(
    ("panel", "optimizer"),
    [*product(("logistic", "net"), OPTIMIZERS), ("cifarnet", "amsgrad"), slow("cifarnet", "adam")],
)
def test_it_goes_on_to_the_same_bits(panel: str, optimizer: str) -> None:
    shown = images(panel)
    cell = Cell(optimizer, 0.99, 0.01, 3)
    whole, first, second = (Training(panel, cell, shown) for _ in range(3))
    for to in (1, 4):
        whole.advance(to)
        whole.record()
    first.advance(1)
    first.record()
    first.advance(3)
    torch.manual_seed(77)  # the caller's own random numbers change nothing
    second.load(first.dump())
    second.advance(4)
    second.record()
    assert second.records == whole.records
    assert [r[0] for r in whole.records] == [1, 4]
    assert whole.records[0] != whole.records[1]
    for mine, other in zip(parameters(second), parameters(whole), strict=True):
        assert torch.equal(mine, other)


def parameters(training: Training) -> list[torch.Tensor]:
    return list(training._network.state_dict().values())


@pytest.mark.parametrize("optimizer", ["adam", "amsgrad"])
def test_logistic_regression_is_that_of_the_paper(optimizer: str) -> None:
    shown = images("logistic")
    cell = Cell(optimizer, 0.99, 0.3, 0)
    training = Training("logistic", cell, shown)
    pixels, labels = shown.train.some(slice(None))
    x, y = pixels.double().flatten(1).numpy(), labels.numpy()
    x = np.column_stack([x, np.ones(len(x))])  # the last weight is the bias
    w, m, v, vmax = (np.zeros((10, x.shape[1])) for _ in range(4))
    assert training.record()[0] == pytest.approx(math.log(10))
    for t in range(1, 9):
        at = training._batch(t).numpy()
        training.advance(t)
        g = slopes(w, x[at], y[at])
        m = 0.9 * m + 0.1 * g
        v = 0.99 * v + 0.01 * g**2
        vmax = np.maximum(vmax, v)
        root = np.sqrt(vmax if optimizer == "amsgrad" else v)
        # a pixel that has been 0 does not move
        w -= 0.3 / math.sqrt(t) * np.divide(m, root, out=np.zeros_like(m), where=root > 0)
        if t == 1:
            first = w.copy()
    ours = np.column_stack([entry.numpy() for entry in parameters(training)])
    assert np.all(ours[:, :6] == 0)
    assert not np.allclose(w, first)
    # the weights are some 1; the gradients of float32 differ by 1e-7 of the largest
    np.testing.assert_allclose(ours, w, atol=2e-3)


def slopes(w: Floats, x: Floats, y: NDArray[np.int64]) -> Floats:
    """The gradient of the mean cross entropy of softmax(w x)."""
    scores = x @ w.T
    p = np.exp(scores - scores.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    return np.asarray(p.T @ x / len(y))


def test_an_epoch_has_each_image_once() -> None:
    shown = images("logistic")
    one, other = (
        Training("logistic", Cell(opt, 0.9, 0.1, 5), shown) for opt in ("adam", "amsgrad")
    )
    first = torch.cat([one._batch(t) for t in (1, 2)])  # 300 images, two batches of 128
    second = torch.cat([one._batch(t) for t in (3, 4)])
    assert len(set(first.tolist())) == len(set(second.tolist())) == 256
    assert not torch.equal(first, second)
    assert torch.equal(first, torch.cat([other._batch(t) for t in (1, 2)]))
    another = Training("logistic", Cell("adam", 0.9, 0.1, 6), shown)
    assert not torch.equal(another._batch(1), one._batch(1))


@pytest.mark.parametrize("panel", ["logistic", "net"])
def test_the_step_size_is_that_of_the_panel(panel: str) -> None:
    training = Training(panel, Cell("amsgrad", 0.99, 0.5, 0), images(panel))
    training.advance(4)
    expected = 0.25 if panel == "logistic" else 0.5
    assert training._optimizer.param_groups[0]["lr"] == expected


def test_cifarnet_has_the_sizes_of_the_paper() -> None:
    shapes = [tuple(p.shape) for p in cifarnet(3, 32, 32).parameters() if p.ndim > 1]
    assert shapes == [(64, 3, 6, 6), (64, 64, 6, 6), (384, 16 * 16 * 64), (192, 384), (10, 192)]


def test_made_images_are_the_same_each_time() -> None:
    assert made("cifar10").train.pixels.tobytes() == made("cifar10").train.pixels.tobytes()
