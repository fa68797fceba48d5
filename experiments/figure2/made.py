"""Images made from a seed, for trials of the program: they say nothing about MNIST or CIFAR-10."""

import numpy as np

from experiments.figure2.images import CLASSES, ImageData, Images

SHAPES = {"mnist": (1, 28, 28), "cifar10": (3, 32, 32)}
TRAIN, TEST = 1_024, 256
RANGE = (112.0, 144.0)  # of the patterns: they can be told apart, but not at once
BLOCKS = 4  # of equal pixels, in each direction of a pattern
NOISE = 64.0  # standard deviation, in values of a pixel


def made(images: str) -> ImageData:
    """Return images in the form of `mnist` or `cifar10`: a pattern for each class, and noise."""
    random = np.random.default_rng(0)
    channels, height, width = SHAPES[images]
    coarse = random.uniform(*RANGE, (CLASSES, channels, BLOCKS, BLOCKS))
    patterns = np.kron(coarse, np.ones((height // BLOCKS, width // BLOCKS)))

    def some(number: int) -> Images:
        labels = random.integers(CLASSES, size=number)
        pixels = patterns[labels] + random.normal(0, NOISE, (number, *SHAPES[images]))
        return Images(pixels.clip(0, 255).astype(np.uint8), labels.astype(np.uint8))

    return ImageData(
        some(TRAIN), some(TEST), f"images made from a seed, in the form of {images}", {}
    )
