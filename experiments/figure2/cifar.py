"""CIFAR-10 from its six files: the pickles of the version for Python, or the binary version.

torchvision keeps the pickles in cifar-10-batches-py. Of a pickle nothing is run: it makes arrays of
numpy and nothing else.
"""

import hashlib
import io
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amsgrad.options import ConfigError
from experiments.figure2.images import ImageData, Images, check_labels, checked, damaged, missing
from experiments.files.regular import read_regular

SIDE, CHANNELS = 32, 3
PIXELS = CHANNELS * SIDE * SIDE
MOST_BYTES = 2**28
IN_A_FILE = 10_000  # images in each file of CIFAR-10
# MD5 of the pickles, as torchvision has them; for the binary version none are known to us.
ORIGINAL = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
PLACES = {"": ("", "cifar-10-batches-py"), ".bin": ("", "cifar-10-batches-bin")}
# What a pickle of arrays names, in the versions of Python and numpy that have written such files.
NAMES = {
    *((f"numpy.{core}.multiarray", "_reconstruct") for core in ("core", "_core")),
    *(("numpy", name) for name in ("ndarray", "dtype")),
    ("_codecs", "encode"),
}
CURE = (
    "torchvision.datasets.CIFAR10(FOLDER, download=True) fetches them from the internet, and --made"
    " tries the program without them"
)


def read_cifar10(folder: Path) -> ImageData:
    """Return the images and labels of these files.

    A pickle with 10,000 images must be CIFAR-10's, by its MD5. Fewer images are taken for a trial,
    and `origin` says that they are not CIFAR-10.

    Raises:
        ConfigError: a file is missing, cannot be read, or is damaged.
    """
    forms = [(folder / place, end) for end, places in PLACES.items() for place in places]
    place, ending = next(
        (form for form in forms if any(p.exists() for p in _paths(*form))), forms[0]
    )
    paths = _paths(place, ending)
    lacking = [path.name for path in paths if not path.exists()]
    if lacking:
        raise missing(folder, lacking, CURE)
    contents, batches, known = {}, [], []
    for path in paths:
        content = contents[path.name] = _content(path)
        batch = from_binary(content, path) if ending else from_pickle(content, path)
        check_labels(batch.labels, path)
        batches.append(batch)
        known.append(not ending and _is_original(content, len(batch.labels), path))
    *train, test = batches
    pixels, labels = (np.concatenate(parts) for parts in zip(*train, strict=True))
    whole = ending and all(len(batch.labels) == IN_A_FILE for batch in batches)
    if all(known):
        origin = "CIFAR-10 (by its MD5)"
    elif whole:
        origin = "CIFAR-10 (by the names and lengths of its binary files)"
    else:
        origin = "images like CIFAR-10's, which are not CIFAR-10"
    original = all(known) or bool(whole)
    return checked(Images(pixels, labels), test, origin, contents, original=original)


def from_binary(content: bytes, path: Path) -> Images:
    """Return the images of a binary file: each is a label and then its pixels, in single bytes.

    Raises:
        ConfigError: its length is not that of whole images.
    """
    rows, rest = divmod(len(content), 1 + PIXELS)
    if rest:
        why = f"it has {len(content)} bytes, and must have a multiple of {1 + PIXELS}"
        raise damaged(path, why)
    table = np.frombuffer(content, np.uint8).reshape(rows, 1 + PIXELS)
    return Images(_shaped(table[:, 1:]), table[:, 0])


def from_pickle(content: bytes, path: Path) -> Images:
    """Return the images of a pickle: a dict with data, (n, 3072), and labels.

    Raises:
        ConfigError: it is cut, names something else than arrays, or holds something else.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of numpy, about the dtypes of Python 2
            found = _Arrays(io.BytesIO(content), encoding="bytes").load()
        named = {k.decode() if isinstance(k, bytes) else k: found[k] for k in found}
        pixels, labels = np.asarray(named["data"]), np.asarray(named["labels"])
    # a damaged pickle fails in any way
    except Exception as error:
        raise damaged(path, error if str(error) else repr(error)) from None
    whole = labels.ndim == 1 and labels.dtype.kind in "iu" and not np.any(labels < 0)
    if pixels.dtype != np.uint8 or pixels.shape != (len(labels), PIXELS) or not whole:
        why = f"its data must be (n, {PIXELS}) bytes, with n whole numbers as labels"
        raise damaged(path, why)
    check_labels(labels, path)  # before 256 becomes 0
    return Images(_shaped(pixels), labels.astype(np.uint8))


class _Arrays(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in NAMES:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is not run")
        if name == "_reconstruct":
            return np.ndarray.__reduce__(np.empty(0))[0]
        return super().find_class(module, name)


def _shaped(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return pixels.reshape(-1, CHANNELS, SIDE, SIDE)


def _paths(place: Path, ending: str) -> list[Path]:
    return [place / f"{name}{ending}" for name in ORIGINAL]


def _content(path: Path) -> bytes:
    try:
        return read_regular(path, MOST_BYTES)
    except OSError as error:
        raise ConfigError(f"--data: {path} cannot be read ({error.strerror})") from None


def _is_original(content: bytes, number: int, path: Path) -> bool:
    if number != IN_A_FILE:
        return False
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != ORIGINAL[path.name]:
        raise damaged(path, f"it has {number} images as CIFAR-10, but not CIFAR-10's MD5")
    return True
