"""Images made from a seed, for trials of the program: they say nothing about MNIST or CIFAR-10."""

import numpy as np

from experiments.figure2.images import CLASSES, ImageData, Images

SHAPES = {"mnist": (1, 28, 28), "cifar10": (3, 32, 32)}
TRAIN, TEST = 1_024, 256
RANGE = (104.0, 152.0)  # of the patterns: they can be told apart, but not at once
NOISE = 64.0  # standard deviation, in values of a pixel


def made(images: str) -> ImageData:
    """Return images in the form of `mnist` or `cifar10`: a pattern for each class, and noise."""
    random = np.random.default_rng(0)
    patterns = random.uniform(*RANGE, (CLASSES, *SHAPES[images]))

    def some(number: int) -> Images:
        labels = random.integers(CLASSES, size=number)
        pixels = patterns[labels] + random.normal(0, NOISE, (number, *SHAPES[images]))
        return Images(pixels.clip(0, 255).astype(np.uint8), labels.astype(np.uint8))

    return ImageData(some(TRAIN), some(TEST), f"made from a seed in the form of {images}", {})
