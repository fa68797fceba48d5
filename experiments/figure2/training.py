"""One training run: a network, its optimizer, and the iterations that are done."""

import io
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from amsgrad.optimizers.catalog import real_optimizer
from amsgrad.optimizers.randomness import generators, own_randomness, set_generators
from amsgrad.schedules import SCHEDULES
from experiments.figure2.images import ImageData, Images
from experiments.figure2.networks import network
from experiments.figure2.panels import BATCH, BETA1, EPS, PANELS
from experiments.figure2.plan import Cell

AT_ONCE = 5_000  # images in a piece of an evaluation
CPU = torch.device("cpu")


class Tensors:
    """The images as a network takes them: pixels / 255."""

    def __init__(self, images: Images) -> None:
        self.shape = images.pixels.shape[1:]
        flat = images.pixels.reshape(len(images.pixels), -1)
        self._flat = torch.from_numpy(flat.astype(np.float32)).div_(255)
        self.labels = torch.from_numpy(images.labels.astype(np.int64))

    def some(self, numbers: torch.Tensor | slice) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the pixels and labels of these images."""
        if isinstance(numbers, slice):
            return self._flat[numbers].view(-1, *self.shape), self.labels[numbers]
        # of rows in two dimensions index_select is twice as fast as an index
        return self._flat.index_select(0, numbers).view(-1, *self.shape), self.labels[numbers]


class TrainingSet:
    """The training and the test images, shared by all runs."""

    def __init__(self, data: ImageData) -> None:
        self.train, self.test = Tensors(data.train), Tensors(data.test)


class Training:
    """A run of a cell, which can be saved and go on to the same bits.

    In each epoch the images come in a new order, drawn from the seed and the number of the epoch;
    those that fill no batch at its end are left out. Both optimizers see the same batches.

    Args:
        panel: its name.
        cell: optimizer, beta2, alpha and seed.
        images: to train and to test on.
    """

    def __init__(self, panel: str, cell: Cell, images: TrainingSet) -> None:
        self.iterations = 0
        self.seconds = 0.0  # of training and evaluation so far
        self.records: list[tuple[int, float, float]] = []  # iterations done, train and test loss
        self._cell, self._images = cell, images
        self._schedule = SCHEDULES[PANELS[panel].schedule]
        self._epoch, self._order = -1, torch.empty(0)
        with own_randomness(CPU):
            self._network = network(panel, images.train.shape, cell.seed)
            self._generators = generators(CPU)
        make = real_optimizer(
            cell.optimizer, lr=cell.alpha, semantics="paper", eps=EPS, beta1=BETA1, beta2=cell.beta2
        )
        self._optimizer = make(list(self._network.parameters()))

    def advance(self, to: int) -> None:
        """Take the steps up to this number of iterations."""
        began = time.perf_counter()
        with own_randomness(CPU):
            set_generators(self._generators, CPU)
            for t in range(self.iterations + 1, to + 1):
                self._step(t)
            self._generators = generators(CPU)
        self.iterations = to
        self.seconds += time.perf_counter() - began

    def record(self) -> tuple[float, float]:
        """Record and return the mean losses on all training and all test images."""
        began = time.perf_counter()
        losses = self._loss(self._images.train), self._loss(self._images.test)
        self.records.append((self.iterations, *losses))
        self.seconds += time.perf_counter() - began
        return losses

    def dump(self) -> bytes:
        """Return all of it as a file: weights, moments, random numbers, records."""
        memory = io.BytesIO()
        saved = {
            "iterations": self.iterations,
            "seconds": self.seconds,
            "records": self.records,
            "network": self._network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "generators": self._generators,
        }
        torch.save(saved, memory)
        return memory.getvalue()

    def load(self, content: bytes) -> None:
        """Go on from what `dump` has returned.

        Raises:
            Exception: of any kind, where it is damaged; this object cannot be used then.
        """
        saved: Mapping[str, Any] = torch.load(io.BytesIO(content), weights_only=True)
        self._network.load_state_dict(saved["network"])
        self._optimizer.load_state_dict(saved["optimizer"])
        self._generators = saved["generators"]
        self.records = [tuple(record) for record in saved["records"]]
        self.iterations, self.seconds = saved["iterations"], saved["seconds"]

    def _step(self, t: int) -> None:
        pixels, labels = self._images.train.some(self._batch(t))
        for group in self._optimizer.param_groups:
            group["lr"] = self._schedule(t, self._cell.alpha, 0.0)
        self._optimizer.zero_grad()
        loss = cross_entropy(self._network(pixels), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()

    def _batch(self, t: int) -> torch.Tensor:
        number = len(self._images.train.labels)
        epoch, place = divmod(t - 1, number // BATCH)
        if epoch != self._epoch:
            random = np.random.default_rng([self._cell.seed, epoch])
            self._epoch, self._order = epoch, torch.from_numpy(random.permutation(number))
        return self._order[place * BATCH : (place + 1) * BATCH]

    @torch.no_grad()
    def _loss(self, images: Tensors) -> float:
        self._network.eval()
        total = 0.0
        for start in range(0, len(images.labels), AT_ONCE):
            pixels, labels = images.some(slice(start, start + AT_ONCE))
            total += cross_entropy(self._network(pixels), labels, reduction="sum").item()
        self._network.train()
        return total / len(images.labels)
