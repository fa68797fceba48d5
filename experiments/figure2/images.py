"""Images with labels, as a reader returns them, and what all readers check."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from amsgrad.options import ConfigError
from experiments.figure2.panels import BATCH

CLASSES = 10


class Images(NamedTuple):
    """Images of one kind: pixels from 0 to 255, (n, channels, height, width); labels, (n,)."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.uint8]


class ImageData(NamedTuple):
    """What a network is trained and tested on."""

    train: Images
    test: Images
    origin: str  # in words: which data these are, and how that is known
    sha256: Mapping[str, str]  # of each file, by its name
    original: bool = False  # they are those of the paper


def checked(
    train: Images, test: Images, origin: str, contents: Mapping[str, bytes], *, original: bool
) -> ImageData:
    """Return the data of these files.

    Raises:
        ConfigError: there are too few training images for a batch.
    """
    if len(train.pixels) < BATCH:
        raise ConfigError(
            f"--data must have at least {BATCH} training images, one batch, but has"
            f" {len(train.pixels)}"
        )
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    return ImageData(train, test, origin, digests, original)


def check_labels(labels: NDArray[Any], path: Path) -> None:
    """Refuse a file without labels, or with one that is no class.

    Raises:
        ConfigError: it is damaged.
    """
    if not labels.size or labels.max() >= CLASSES:
        found = f"a label {labels.max()}" if labels.size else "no images"
        raise damaged(path, f"it has {found}, and must have labels from 0 to {CLASSES - 1}")


def damaged(path: Path, why: object) -> ConfigError:
    """Return the error about a file of --data."""
    return ConfigError(f"--data: {path} is damaged: {why}; fetch it again")


def missing(folder: Path, names: list[str], cure: str) -> ConfigError:
    """Return the error about files that --data lacks."""
    return ConfigError(f"--data {folder} lacks {', '.join(names)}; {cure}")
