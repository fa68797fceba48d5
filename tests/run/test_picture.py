"""The picture shows what it should, for every run that can end, and the same run looks the same."""

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from amsgrad.engines.base import Records
from experiments.run.picture import BLUE, DPI, GREEN, INCHES, MOST_DOTS, VERMILLION, draw

ROOT = Path(__file__).parents[2]
INF, NAN = float("inf"), float("nan")

DRAW = """
import hashlib, sys
from pathlib import Path
import numpy as np
from amsgrad.engines.base import Records
from experiments.run.picture import draw
step = np.arange(1000, 1001000, 1000)
x = 1 - 0.05 * (step % 101) / 101
records = Records(step, x, 10 * x, 0.5 + 100 / step, x)
path = Path(sys.argv[1])
titles = {"title": "Adam", "subtitle": "lr 0.01"}
path.write_bytes(draw(records, **titles, lower=-1, upper=1, x_star=-1, first_t=0))
print(hashlib.sha256(path.read_bytes()).hexdigest())
print("matplotlib.pyplot" in sys.modules)
"""


def some_records(size: int = 1000) -> Records:
    """A saw-tooth of period 101 below 1, and an average regret that settles at 0.5."""
    step = np.arange(1000, 1000 * (size + 1), 1000)
    x = 1 - 0.05 * (step % 101) / 101
    return Records(step, x, 10 * x, 0.5 + 100 / step, x)


def picture(records: Records, path: Path, **changes: Any) -> NDArray[np.uint8]:
    """Draw; return the pixels."""
    options: dict[str, Any] = {
        "title": "Adam",
        "subtitle": "lr 0.01",
        "lower": -1,
        "upper": 1,
        "x_star": -1,
        "first_t": 0,
    }
    path.write_bytes(draw(records, **options | changes))
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def count(pixels: NDArray[np.uint8], color: str) -> int:
    """How many pixels have this colour, or very nearly."""
    wanted = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)], np.int16)
    return int(np.sum(np.abs(pixels - wanted).max(axis=2) < 12))


def halves(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    middle = pixels.shape[1] // 2
    return pixels[:, :middle], pixels[:, middle:]


def test_size_panels_and_marks(tmp_path: Path) -> None:
    pixels = picture(some_records(), tmp_path / "picture.png")
    assert pixels.shape == (round(INCHES[1] * DPI), round(INCHES[0] * DPI), 3)
    left, right = halves(pixels)
    assert count(left, BLUE) > 300
    assert count(right, VERMILLION) > 1000
    assert count(left, VERMILLION) == 0 == count(right, BLUE)
    assert count(left, GREEN) > 500  # the optimum
    assert list(tmp_path.iterdir()) == [tmp_path / "picture.png"]


def test_feasible_set_and_optimum_only_where_there_are_some(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    grey = "#ECECEC"  # outside the feasible set
    bounded = picture(some_records(), path)
    free = picture(some_records(), path, lower=-INF, upper=INF)
    no_optimum = picture(some_records(), path, x_star=NAN)
    grid = count(halves(free)[0], grey)
    assert count(halves(bounded)[0], grey) > 3 * grid
    assert count(bounded, GREEN) > 500
    assert count(no_optimum, GREEN) == 0


def test_same_run_gives_the_same_bytes_without_pyplot(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    picture(some_records(), path)
    here = hashlib.sha256(path.read_bytes()).hexdigest()
    picture(some_records(), path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == here
    command = [sys.executable, "-W", "error", "-c", DRAW, str(tmp_path / "other.png")]
    there = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert there.stdout.split() == [here, "False"]


def test_title_and_settings_are_in_the_picture(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    plain = picture(some_records(), path)
    for changes in ({"title": "AMSGrad"}, {"subtitle": "lr 0.02"}, {"first_t": 500_000}):
        other = picture(some_records(), path, **changes)
        assert (other != plain).any()


def test_settings_of_two_lines_stay_inside(tmp_path: Path) -> None:
    pixels = picture(some_records(), tmp_path / "p.png", subtitle=" · ".join(["lr = 0.01"] * 30))
    assert (pixels[:120, -10:] == 255).all()
    assert (pixels[:120, -300:] < 255).any()


def test_drawing_in_threads(tmp_path: Path) -> None:
    sizes = [100, 700]
    alone = [picture(some_records(size), tmp_path / f"{size}.png") for size in sizes]
    with ThreadPoolExecutor(2) as pool:
        paths = [tmp_path / f"thread-{size}.png" for size in sizes]
        together = list(pool.map(picture, map(some_records, sizes), paths))
    assert all((a == b).all() for a, b in zip(alone, together, strict=True))


@pytest.mark.parametrize("size", [1, 50, MOST_DOTS, MOST_DOTS + 1])
def test_any_number_of_records(tmp_path: Path, size: int) -> None:
    left, right = halves(picture(some_records(size), tmp_path / "picture.png"))
    assert count(left, BLUE) > 20
    assert count(right, VERMILLION) > 20


def test_no_extreme_is_lost_in_a_million_records(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    records = some_records(1_000_000)
    plain = picture(records, path)
    records.x[654_321] = -0.5
    outlier = picture(records, path)
    changed = np.argwhere((plain != outlier).any(axis=2))
    assert np.ptp(changed[:, 0]) > 150  # from 1 down to -0.5
    assert np.ptp(changed[:, 1]) < 10


def irregular() -> Records:
    chosen = [0, 1, 9, 99, 999]
    all_ = some_records()
    return Records(*(column[chosen] for column in all_))


def diverged() -> Records:
    step = np.arange(1, 401)
    x = np.exp(step * 1.5) * (-1.0) ** step
    return Records(step, np.where(step < 390, x, NAN), x, np.where(step < 390, np.abs(x), INF), x)


@pytest.mark.parametrize(
    ("records", "changes"),
    [
        (diverged(), {"lower": -INF, "upper": INF}),
        (Records(np.array([1]), *[np.array([NAN])] * 4), {}),
        (
            Records(
                np.array([1, 2, 3]),
                np.array([0.0, 1.7e308, -1.7e308]),
                np.zeros(3),
                np.array([-1.7e308, 0, 1.7e308]),
                np.zeros(3),
            ),
            {"lower": -INF, "upper": INF, "x_star": NAN},
        ),
        (Records(np.array([5, 10]), *[np.zeros(2)] * 4), {"x_star": 0}),
        (irregular(), {"x_star": 1, "first_t": 1}),
    ],
    ids=["blown up", "only nan", "largest floats", "standing still", "irregular"],
)
def test_run_that_ends_badly_or_oddly(
    tmp_path: Path, records: Records, changes: dict[str, float]
) -> None:
    pixels = picture(records, tmp_path / "picture.png", **changes)
    left, right = halves(pixels[110:])
    seen = np.isfinite(records.x).any()
    assert (count(left, BLUE) > 0) == seen
    assert (count(right, VERMILLION) > 0) == seen


def test_run_that_blows_up_is_drawn_by_its_powers_of_ten(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    left, right = halves(picture(diverged(), path, lower=-INF, upper=INF))
    for panel, color in ((left[110:], BLUE), (right[110:], VERMILLION)):
        rows = [count(row[np.newaxis], color) > 0 for row in panel]
        assert sum(rows) > 200


def test_end_that_is_not_finite_is_marked(tmp_path: Path) -> None:
    records = some_records()
    path = tmp_path / "picture.png"
    plain = picture(records, path)
    records.x[-1] = records.average_regret[-1] = NAN
    marked = picture(records, path)
    note = slice(-60, None), slice(0, 1400)
    assert (plain[note] != marked[note]).any()
    for before, after in zip(halves(plain), halves(marked), strict=True):
        columns = np.flatnonzero((before[110:500] != after[110:500]).any(axis=2).sum(axis=0) > 50)
        assert 0 < columns.size < 10  # a thin line, at the end


def test_one_early_spike_does_not_flatten_the_rest(tmp_path: Path) -> None:
    records = some_records()
    path = tmp_path / "picture.png"
    plain = halves(picture(records, path))[1]
    records.average_regret[0] = 505.0
    spiked = halves(picture(records, path))[1]
    heights = [
        np.flatnonzero((panel[:, 600] == [0xD5, 0x5E, 0]).all(axis=1)).mean()
        for panel in (plain, spiked)
    ]
    assert abs(heights[0] - heights[1]) < 60
