"""The files of CIFAR-10: pickles of the old Python, the binary version, and what is refused."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from amsgrad.options import ConfigError
from experiments.figure2.cifar import ORIGINAL, read_cifar10
from experiments.figure2.images import Images

NAMES = list(ORIGINAL)


class OldDtype:
    """np.uint8 as numpy on Python 2 pickled it, with numbers in the place of truth values."""

    def __reduce__(self) -> Any:
        return np.dtype, ("u1", 0, 1), (3, "|", None, None, None, -1, -1, 0)


class OldArray:
    def __init__(self, values: Any) -> None:
        self.values = values

    def __reduce__(self) -> Any:
        make, start, _ = np.empty(0, np.uint8).__reduce__()
        state = (1, self.values.shape, OldDtype(), False, self.values.tobytes())
        return make, start, state


def as_it_was(images: Images) -> bytes:
    rows = images.pixels.reshape(len(images.labels), -1)
    batch = {b"data": OldArray(rows), b"labels": images.labels.tolist(), b"batch_label": b"1 of 5"}
    return pickle.dumps(batch, protocol=2).replace(b"numpy._core", b"numpy.core")


def as_now(images: Images) -> bytes:
    rows = images.pixels.reshape(len(images.labels), -1)
    return pickle.dumps({"data": rows, "labels": images.labels.tolist()}, protocol=4)


def as_bytes(images: Images) -> bytes:
    rows = images.pixels.reshape(len(images.labels), -1)
    return np.column_stack([images.labels, rows]).tobytes()


FORMS: list[tuple[str, str, Callable[[Images], bytes]]] = [
    ("", "", as_it_was),
    ("cifar-10-batches-py", "", as_now),
    ("", ".bin", as_bytes),
    ("cifar-10-batches-bin", ".bin", as_bytes),
]


def batches(number: int = 30) -> list[Images]:
    random = np.random.default_rng(8)
    return [
        Images(
            random.integers(256, size=(number, 3, 32, 32), dtype=np.uint8),
            random.integers(10, size=number, dtype=np.uint8),
        )
        for _ in NAMES
    ]


def put(folder: Path, ending: str = "", form: Callable[[Images], bytes] = as_now) -> list[Images]:
    folder.mkdir(parents=True, exist_ok=True)
    made = batches()
    for name, images in zip(NAMES, made, strict=True):
        (folder / f"{name}{ending}").write_bytes(form(images))
    return made


@pytest.mark.parametrize(("place", "ending", "form"), FORMS)
def test_what_was_written_is_read(
    place: str, ending: str, form: Callable[[Images], bytes], tmp_path: Path
) -> None:
    *train, test = put(tmp_path / place, ending, form)
    data = read_cifar10(tmp_path)
    assert np.array_equal(data.train.pixels, np.concatenate([one.pixels for one in train]))
    assert np.array_equal(data.train.labels, np.concatenate([one.labels for one in train]))
    assert np.array_equal(data.test.pixels, test.pixels)
    assert np.array_equal(data.test.labels, test.labels)
    assert data.origin == "images like CIFAR-10's, which are not CIFAR-10"


class Evil:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def test_a_pickle_runs_nothing(tmp_path: Path) -> None:
    put(tmp_path)
    (tmp_path / "test_batch").write_bytes(pickle.dumps({"data": Evil(tmp_path / "made")}))
    with pytest.raises(ConfigError, match=r"test_batch is damaged: it names \w+\.mkdir"):
        read_cifar10(tmp_path)
    assert not (tmp_path / "made").exists()


ONE = batches()[0]
ROWS = ONE.pixels.reshape(30, -1)
DAMAGED = {
    "empty": b"",
    "cut": as_now(ONE)[:-500],
    "no dict": pickle.dumps([1, 2]),
    "without labels": pickle.dumps({"data": ROWS}),
    "fewer labels": pickle.dumps({"data": ROWS, "labels": [1, 2]}),
    "no images": pickle.dumps({"data": ROWS[:0], "labels": []}),
    "not a class": pickle.dumps({"data": ROWS, "labels": [256] * 30}),
    "below": pickle.dumps({"data": ROWS, "labels": [-1] * 30}),
    "no whole numbers": pickle.dumps({"data": ROWS, "labels": [0.5] * 30}),
    "other pixels": pickle.dumps({"data": ROWS[:, :100].copy(), "labels": [1] * 30}),
    "not bytes": pickle.dumps({"data": ROWS.astype(float), "labels": [1] * 30}),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_pickle_is_named(content: bytes, tmp_path: Path) -> None:
    put(tmp_path)
    (tmp_path / "data_batch_3").write_bytes(content)
    with pytest.raises(ConfigError, match=r"data_batch_3 is damaged: .+; fetch it again"):
        read_cifar10(tmp_path)


@pytest.mark.parametrize("content", [as_bytes(ONE)[:-1], b"\x0a" + as_bytes(ONE)[1:], b""])
def test_a_damaged_binary_file_is_named(content: bytes, tmp_path: Path) -> None:
    put(tmp_path, ".bin", as_bytes)
    (tmp_path / "data_batch_3.bin").write_bytes(content)
    with pytest.raises(ConfigError, match=r"data_batch_3\.bin is damaged: .+; fetch it again"):
        read_cifar10(tmp_path)


def test_as_many_images_as_of_cifar_must_be_cifar(tmp_path: Path) -> None:
    put(tmp_path)
    whole = {"data": np.zeros((10_000, 3072), np.uint8), "labels": [0] * 10_000}
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps(whole))
    with pytest.raises(ConfigError, match=r"data_batch_1 is damaged: .* not CIFAR-10's MD5"):
        read_cifar10(tmp_path)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"lacks data_batch_1, .*, test_batch; torchvision"):
        read_cifar10(tmp_path)
    put(tmp_path, ".bin", as_bytes)
    (tmp_path / "test_batch.bin").unlink()
    with pytest.raises(ConfigError, match=r"lacks test_batch\.bin; torchvision"):
        read_cifar10(tmp_path)
