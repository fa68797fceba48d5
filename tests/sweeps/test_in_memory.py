"""A sweep without a folder: the same cells, and errors with an exit status."""

from pathlib import Path
from typing import Any

import pytest
import xarray
import yaml

from amsgrad.options import ConfigError
from experiments.command import CommandError
from experiments.sweeps.in_memory import compute_sweep
from tests.sweeps.small import TEXT

ADASHIFT = {"opt": "sgd", "problem": "adashift", "first_t": 1, "steps": 40}


def test_it_is_what_merge_writes(done: Path) -> None:
    merged = xarray.load_dataset(done / "sweep.nc", engine="h5netcdf")
    xarray.testing.assert_identical(compute_sweep(yaml.safe_load(TEXT)), merged)


@pytest.mark.parametrize(
    ("document", "status", "sentence"),
    [
        ({"axes": {"lr": [1]}}, 2, "the sweep: opt must be given in base or axes: adam, "),
        ({"base": ADASHIFT, "axes": {"lrr": [1]}}, 2, "the sweep: lrr is not a setting; did you"),
        ({"base": {**ADASHIFT, "lr": -1}, "axes": {"x0": [1]}}, 2, "lr must be a finite number"),
        ({"base": ADASHIFT, "axes": {"lr": (0.1, "x")}}, 2, "but x was given"),
        (
            {"base": ADASHIFT, "axes": {"lr": [0.1, 1e38, 3e38]}, "keep": ["x"]},
            1,
            "2 of 3 cells failed or diverged, the first of them at lr = 1e+38: NaN or infinity",
        ),
    ],
)
def test_what_cannot_be_computed(document: dict[str, Any], status: int, sentence: str) -> None:
    with pytest.raises(ConfigError if status == 2 else CommandError) as error:
        compute_sweep(document)
    assert getattr(error.value, "status", 2) == status
    assert sentence in str(error.value)


def test_it_stops_when_it_is_asked_to() -> None:
    with pytest.raises(CommandError, match="interrupted") as error:
        compute_sweep(yaml.safe_load(TEXT), stop=lambda: True)
    assert error.value.status == 130
