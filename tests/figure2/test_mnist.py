"""The IDX files of MNIST: what is read, and what is refused."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from amsgrad.options import ConfigError
from experiments.figure2.mnist import IMAGES, LABELS, PLACES, read_mnist

Files = dict[str, bytes]


def packed(values: NDArray[np.uint8]) -> bytes:
    """An IDX file, written by the description of the format alone."""
    sizes = struct.pack(f">{values.ndim}I", *values.shape)
    return struct.pack(">HBB", 0, 8, values.ndim) + sizes + values.tobytes()


def small(train: int = 130, test: int = 7) -> Files:
    random = np.random.default_rng(5)
    files = {}
    for images, labels, number in zip(IMAGES, LABELS, (train, test), strict=True):
        files[images] = packed(random.integers(256, size=(number, 28, 28), dtype=np.uint8))
        files[labels] = packed(random.integers(10, size=number, dtype=np.uint8))
    return files


def put(folder: Path, files: Files) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("zipped", [False, True])
def test_what_was_written_is_read(place: str, zipped: bool, tmp_path: Path) -> None:
    files = small()
    stored = {f"{n}.gz": gzip.compress(c) for n, c in files.items()} if zipped else files
    put(tmp_path / place, stored)
    data = read_mnist(tmp_path)
    for images, (pixels, labels) in zip(
        (data.train, data.test), zip(IMAGES, LABELS, strict=True), strict=True
    ):
        assert images.pixels.tobytes() == files[pixels][16:]
        assert images.labels.tobytes() == files[labels][8:]
    assert data.train.pixels.shape == (130, 1, 28, 28)
    assert data.origin == "images like MNIST's, which are not MNIST"
    assert set(data.sha256) == set(files)


TRAIN, TRUTH = IMAGES[0], LABELS[0]
GOOD = small()
DAMAGED = {
    "empty": ({TRAIN: b""}, "begins with nothing, and must with 00 00 08 03"),
    "another magic number": ({TRUTH: GOOD[TRAIN]}, "begins with 00 00 08 03"),
    "cut": ({TRAIN: GOOD[TRAIN][:-1]}, "has 101935 bytes, and must have 101936"),
    "cut in its sizes": ({TRAIN: GOOD[TRAIN][:9]}, "has 9 bytes"),
    "too long": ({TRUTH: GOOD[TRUTH] + b"0"}, "has 139 bytes, and must have 138"),
    "no class": ({TRUTH: GOOD[TRUTH][:-1] + b"\x0a"}, "has a label 10"),
    "another number": ({TRUTH: small(129)[TRUTH]}, "130 x 28 x 28 pixels, but must have 129 x"),
    "other images": ({TRAIN: packed(np.zeros((130, 8, 8), np.uint8))}, "has 130 x 8 x 8 pixels"),
    "none": (small(130, 0), "has no images"),
    "not MNIST": (small(130, 10_000), "has 10000 images as MNIST, but not MNIST's SHA-256"),
}


@pytest.mark.parametrize(("change", "why"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_named(change: Files, why: str, tmp_path: Path) -> None:
    put(tmp_path, {**GOOD, **change})
    with pytest.raises(ConfigError, match=r"^--data: .*-ubyte is damaged: ") as caught:
        read_mnist(tmp_path)
    assert why in str(caught.value)
    assert any(name in str(caught.value) for name in (*change, TRAIN))


@pytest.mark.parametrize(
    "content",
    [b"no gzip", gzip.compress(GOOD[TRAIN])[:-9], gzip.compress(GOOD[TRAIN])[:100]],
    ids=["no gzip", "without its end", "its beginning"],
)
def test_a_damaged_package_is_named(content: bytes, tmp_path: Path) -> None:
    files = {name: text for name, text in GOOD.items() if name != TRAIN}
    put(tmp_path, {**files, f"{TRAIN}.gz": content})
    with pytest.raises(ConfigError, match=rf"{TRAIN}.gz is damaged"):
        read_mnist(tmp_path)


def test_all_missing_files_are_named(tmp_path: Path) -> None:
    put(tmp_path, {TRAIN: GOOD[TRAIN]})
    with pytest.raises(ConfigError) as caught:
        read_mnist(tmp_path)
    for name in (*LABELS, IMAGES[1]):
        assert name in str(caught.value)
    assert TRAIN not in str(caught.value)
    assert "make figure2" in str(caught.value)


def test_too_few_images(tmp_path: Path) -> None:
    put(tmp_path, small(127))
    with pytest.raises(ConfigError, match="at least 128 training images, one batch, but has 127"):
        read_mnist(tmp_path)


def test_a_folder_in_the_place_of_a_file(tmp_path: Path) -> None:
    put(tmp_path, {name: text for name, text in GOOD.items() if name != TRAIN})
    (tmp_path / TRAIN).mkdir()
    with pytest.raises(ConfigError, match=f"{TRAIN} cannot be read"):
        read_mnist(tmp_path)
