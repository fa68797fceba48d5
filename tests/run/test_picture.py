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
from amsgrad.panels import GREEN, MOST_DOTS, Curve
from amsgrad.picture import COLORS, DPI, HEIGHT, WIDTH, draw
from experiments.run.picture import FORMATS, to_bytes

ROOT = Path(__file__).parents[2]
INF, NAN = float("inf"), float("nan")
BLUE, VERMILLION = COLORS[:2]

DRAW = """
import hashlib, sys
from pathlib import Path
import numpy as np
from amsgrad.panels import Curve
from amsgrad.picture import draw
from experiments.run.picture import to_bytes
step = np.arange(1000, 1001000, 1000)
x = 1 - 0.05 * (step % 101) / 101
curve = Curve("", step, x, 0.5 + 100 / step)
path = Path(sys.argv[1])
titles = {"title": "Adam", "subtitle": "lr 0.01"}
path.write_bytes(to_bytes(draw([curve], **titles, lower=-1, upper=1, x_star=-1)))
print(hashlib.sha256(path.read_bytes()).hexdigest())
print("matplotlib.pyplot" in sys.modules)
"""


def some_records(size: int = 1000) -> Records:
    """A saw-tooth of period 101 below 1, and an average regret that settles at 0.5."""
    step = np.arange(1000, 1000 * (size + 1), 1000)
    x = 1 - 0.05 * (step % 101) / 101
    return Records(step, x, 10 * x, 0.5 + 100 / step, x)


OPTIONS = {"title": "Adam", "subtitle": "lr 0.01", "lower": -1, "upper": 1, "x_star": -1}


def curve(records: Records, label: str = "") -> Curve:
    return Curve(label, records.step, records.x, records.average_regret)


def picture(records: Records, path: Path, **changes: Any) -> NDArray[np.uint8]:
    """Draw one run; return the pixels."""
    return drawn([curve(records)], path, **changes)


def drawn(curves: list[Curve], path: Path, **changes: Any) -> NDArray[np.uint8]:
    options: Any = OPTIONS | changes
    path.write_bytes(to_bytes(draw(curves, **options)))
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
    assert pixels.shape == (round(HEIGHT * DPI), round(WIDTH * DPI), 3)
    left, right = halves(pixels)
    assert count(left, BLUE) > 300
    assert count(right, BLUE) > 300
    assert count(pixels, VERMILLION) == 0
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
    for changes in ({"title": "AMSGrad"}, {"subtitle": "lr 0.02"}):
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
    assert count(right, BLUE) > 20


def test_no_extreme_is_lost_in_a_million_records(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    records = some_records(1_000_000)
    plain = picture(records, path)
    records.x[654_321] = -0.5
    outlier = picture(records, path)
    changed = np.argwhere((plain != outlier).any(axis=2))
    assert np.ptp(changed[:, 0]) > 150  # from 1 down to -0.5
    assert np.ptp(changed[:, 1]) < 10


def test_two_runs_have_two_colours_and_a_legend(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    records = some_records()
    other = records._replace(x=-records.x, average_regret=records.average_regret / 2)
    pixels = drawn([curve(records, "Adam"), curve(other, "AMSGrad")], path)
    for panel in halves(pixels):
        assert count(panel, BLUE) > 300
        assert count(panel, VERMILLION) > 300
    extra = pixels.shape[0] - round(HEIGHT * DPI)
    assert extra == round(0.22 * DPI)
    assert (drawn([curve(records, "Adam"), curve(other, "Other")], path) != pixels).any()


def test_many_runs_have_many_colours(tmp_path: Path) -> None:
    shifted = [some_records(30)._replace(x=np.full(30, k / 10)) for k in range(9)]
    pixels = drawn([curve(r, f"lr = {k}") for k, r in enumerate(shifted)], tmp_path / "p.png")
    rows = {tuple(pixels[y, x]) for y in range(190, 500) for x in range(550, 700)}
    assert len(rows) > 9 * 2


def test_seeds_are_a_median_between_shades(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    records = some_records()
    spread = np.linspace(-0.5, 0, 9)[:, np.newaxis]
    several = Curve("", records.step, records.x + spread, records.average_regret + spread)
    one = Curve("", records.step, several.x[4], several.average_regret[4])
    band, line = drawn([several], path), drawn([one], path)
    white = [int((pixels == 255).all(axis=2).sum()) for pixels in (band, line)]
    assert white[1] - white[0] > 10_000


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_has_the_same_bytes_twice(form: str) -> None:
    options: Any = OPTIONS
    files = {to_bytes(draw([curve(some_records())], **options), form) for _ in range(2)}
    (content,) = files
    assert content.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[form])


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
        (irregular(), {"x_star": 1}),
    ],
    ids=["blown up", "only nan", "largest floats", "standing still", "irregular"],
)
def test_run_that_ends_badly_or_oddly(
    tmp_path: Path, records: Records, changes: dict[str, float]
) -> None:
    pixels = picture(records, tmp_path / "picture.png", **changes)
    left, right = halves(pixels[110:])
    seen = np.isfinite(records.x).any()
    for panel in (left, right):  # without records, only the thin line that marks the first
        assert (sum(count(panel[:, [i]], BLUE) > 0 for i in range(panel.shape[1])) > 4) == seen


def test_run_that_blows_up_is_drawn_by_its_powers_of_ten(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    left, right = halves(picture(diverged(), path, lower=-INF, upper=INF))
    for panel in (left[110:], right[110:]):
        rows = [count(row[np.newaxis], BLUE) > 0 for row in panel]
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
    records.average_regret[0] = 505.0
    right = halves(picture(records, tmp_path / "picture.png"))[1]
    rows = 200 + np.flatnonzero([count(row[np.newaxis], BLUE) > 0 for row in right[200:, 550:650]])
    bottom, height = right.shape[0] - 0.84 * DPI, 2.4 * DPI
    assert 0.4 < (bottom - rows.mean()) / height < 0.9  # the level 0.5 is seen
    assert np.ptp(rows) < 10


def test_an_average_regret_that_vanishes_by_its_law_is_on_a_logarithmic_axis() -> None:
    step = np.unique(np.geomspace(1, 10**15, 500).astype(np.int64))
    regret = 33 / np.sqrt(step)
    regret[0] = -10.0  # before the law
    some = Curve("", step, np.full(step.size, -1.0), regret)
    figure = draw([some._replace(limit=0.0, kappa=33.0, exponent=0.5)], **OPTIONS)
    assert figure.axes[1].get_yscale() == "log"
    (foot,) = [text.get_text() for text in figure.texts if "not shown" in text.get_text()]
    assert "records with Rₜ/t ≤ 0, not shown: 1" in foot
    drawn = [line.get_ydata() for line in figure.axes[1].lines]
    assert min(np.nanmin(values) for values in drawn) > 0
    assert draw([some], **OPTIONS).axes[1].get_yscale() == "linear"


@pytest.mark.parametrize("limit", [0.0, 0.2])
def test_the_dotted_law_of_a_step_that_falls_as_one_over_t(limit: float) -> None:
    step = np.unique(np.geomspace(1, 10**9, 100).astype(np.int64))
    law = limit + 3 * np.log(step) / step
    some = Curve("", step, np.full(step.size, -1.0), law + 1 / step, limit, 3.0, 1.0)
    (dotted,) = [line for line in draw([some], **OPTIONS).axes[1].lines if line.get_ls() == ":"]
    np.testing.assert_allclose(dotted.get_ydata(), law, rtol=1e-15)
