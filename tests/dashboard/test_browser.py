"""labml's page in a real browser: the runs listed, the curves drawn, the comparison made.

`PICTURES=results pytest tests/dashboard/test_browser.py` makes the pictures of the README anew.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from experiments.dashboard.outside_file import FILES
from tests.dashboard.internet import PACKAGES, Internet, genuine
from tests.dashboard.served import Served, packet, synthetic

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)


def missing() -> str:
    if CHROMIUM is None:
        return "Chromium is not installed"
    if shutil.which("openssl") is None:
        return "openssl is not installed"
    if not PACKAGES.is_dir():
        return "npm install --prefix tests/dashboard has not been run"
    return ""


if missing() and os.environ.get("BROWSER_TESTS") != "required":
    pytest.skip(f"{missing()}; .ci/run installs it", allow_module_level=True)


class Seen:
    """A page of the browser, and what went wrong in it."""

    def __init__(self, page: Any, served: Served) -> None:
        self.page = page
        self.served = served
        self.problems: list[str] = []
        self.strangers: list[str] = []
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", self._listen)
        page.on("response", self._check)
        page.route(lambda url: not url.startswith(served.address), self._bring)

    def open(self, path: str) -> None:
        self.page.goto(self.served.address + path)

    def picture(self, path: Path, name: str, **options: Any) -> None:
        """Take a picture once nothing moves, and see that it is small and not blank."""
        folder = Path(os.environ.get("PICTURES", path))
        target = folder / f"dashboard-{name}.png"
        self.page.screenshot(path=target, animations="disabled", **options)
        assert 10_000 < target.stat().st_size < 300_000

    def curves(self, card: Any) -> int:
        """Return the number of lines of many points in the chart of `card`."""
        drawn = card.locator("svg#chart path[fill=none]").evaluate_all(
            "paths => paths.map(p => p.getAttribute('d') || '')"
        )
        return len({line for line in drawn if len(re.findall(r"[LC]", line)) > 20})

    def _bring(self, route: Any) -> None:
        self.strangers.append(route.request.url)
        route.abort()

    def _listen(self, message: Any) -> None:
        if message.type == "error":
            self.problems.append(message.text)

    def _check(self, response: Any) -> None:
        if response.status >= 400:
            self.problems.append(f"{response.status} {response.url}")


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Yield a dashboard that has tracked a real run of Adam and one of AMSGrad.

    It has fetched the genuine files of its page from their own addresses, and has no internet now.
    """
    assert not missing(), missing()
    folder = tmp_path_factory.mktemp("dashboard")
    with closing(Internet(genuine(), folder)) as internet:
        with Served(folder / "data", **internet.environment) as first:
            while b"it is not here yet" in (page := first.ask("GET", "/")[1]):
                pass  # only a browser waits
            assert b"lacks files" not in page
        assert sorted(internet.asked) == sorted(file.address for file in FILES)
    served = Served(folder / "data")
    for opt in ("adam", "amsgrad"):
        synthetic(served.address, folder / "runs", opt=opt)
    yield served
    served.process.terminate()
    assert served.process.communicate(timeout=10)[1] == ""


@pytest.fixture
def seen(dashboard: Served, tmp_path: Path) -> Iterator[Seen]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=CHROMIUM,
            headless=True,
            args=FLAGS.split(),
            viewport={"width": 900, "height": 760},
        )
        seen = Seen(context.new_page(), dashboard)
        yield seen
        context.close()
    assert seen.problems == []
    assert seen.strangers == []


def test_page_shows_runs_curves_and_comparison(seen: Seen, tmp_path: Path) -> None:
    page = seen.page
    seen.open("/")
    page.get_by_text("amsgrad: slope 1010").wait_for()
    adam = page.get_by_text("adam: slope 1010", exact=False).last
    assert page.get_by_text("adam", exact=True).count() == 1
    assert page.get_by_text("amsgrad", exact=True).count() == 1
    assert page.get_by_text("completed").count() == 2
    seen.picture(tmp_path, "runs", clip={"x": 0, "y": 0, "width": 900, "height": 440})

    adam.click()
    card = page.locator(".labml-card", has=page.get_by_role("heading", name="Metrics")).first
    card.locator("svg#chart path").first.wait_for()
    assert seen.curves(card) == 2
    for curve in ("average_regret", "x"):
        assert card.get_by_text(curve, exact=True).is_visible()
    assert card.get_by_text("regret", exact=True).count() == 0
    for name in ("Comparison", "x", "average_regret"):
        other = page.locator(".labml-card", has=page.get_by_role("heading", name=name, exact=True))
        other.locator("svg#chart path").first.wait_for()
    settings = page.locator(".labml-card", has=page.get_by_role("heading", name="Configurations"))
    shown = settings.inner_text()
    assert re.search(r"opt\s*adam", shown)
    assert re.search(r"steps\s*10,000,000", shown)
    assert page.get_by_text("12 hours").count() == 0, "labml says so of a run that nobody owns"
    page.set_viewport_size({"width": 900, "height": 940})
    card.locator("svg#chart path").first.wait_for()
    seen.picture(tmp_path, "run")


def test_adam_is_compared_with_amsgrad(seen: Seen, tmp_path: Path) -> None:
    page = seen.page
    latest, first = seen.served.runs()
    assert latest["name"] == "amsgrad"
    seen.open(f"/run/{latest['run_uuid']}/compare")
    page.get_by_text("adam", exact=True).wait_for()
    chart = page.locator(".detail-card")
    chart.locator("svg#chart path").first.wait_for()
    assert seen.curves(chart) == 4
    page.set_viewport_size({"width": 900, "height": 1220})
    seen.picture(tmp_path, "comparison")

    # another run may be chosen, and is kept
    seen.open(f"/run/{first['run_uuid']}/compare")
    page.get_by_text("amsgrad", exact=True).wait_for()
    page.locator(".fa-trash").click()
    page.get_by_text("No run selected").wait_for()
    page.locator(".fa-edit").click()
    page.locator(".fullscreen-cover").get_by_text("amsgrad: slope 1010").click()
    page.get_by_text("amsgrad", exact=True).wait_for()
    page.reload()
    chart.locator("svg#chart path").first.wait_for()
    assert seen.curves(chart) == 4


def test_regret_can_be_shown(seen: Seen) -> None:
    """The page hides it at first: its jumps would flatten the others."""
    run = seen.served.runs()[0]["run_uuid"]
    seen.open(f"/run/{run}/metrics")
    chart = seen.page.locator(".detail-card")
    chart.locator("svg#chart path").first.wait_for()
    assert seen.curves(chart) == 2
    seen.page.get_by_text("regret", exact=True).dispatch_event("click")
    chart.locator("svg#chart path.smoothed-line").nth(2).wait_for()
    assert seen.curves(chart) == 3


def test_page_without_its_files_says_so_and_shows_the_rest(seen: Seen, tmp_path: Path) -> None:
    page, served = seen.page, seen.served
    files = served.data / "page"
    run = served.runs()[0]["run_uuid"]
    files.rename(served.data / "away")
    try:
        files.mkdir()
        (files / "all.css").write_text("* { color: red }")
        seen.open("/")
        notice = page.locator("#lacking")
        notice.wait_for()
        assert notice.get_by_role("listitem").count() == len(FILES)
        said = notice.inner_text()
        assert "d3.v6.min.js from https://d3js.org/d3.v6.min.js (it is not here yet)" in said
        assert "without it no curves are drawn" in said
        assert f"the one in {files} is refused: its SHA-384 is not that of the file" in said
        page.get_by_text("completed").nth(1).wait_for()
        assert page.get_by_text("completed").count() == 2
        page.screenshot(path=tmp_path / "without.png")
        page.get_by_text("amsgrad", exact=True).click()
        page.get_by_role("heading", name="Configurations").wait_for()
        page.get_by_text("10,000,000", exact=True).wait_for()
        assert notice.is_visible()
    finally:
        for file in files.iterdir():
            file.unlink()
        files.rmdir()
        (served.data / "away").rename(files)
    assert all("/outside/" in problem or "404" in problem for problem in seen.problems)
    seen.problems.clear()

    seen.open(f"/run/{run}")
    page.locator("svg#chart path").first.wait_for()
    assert notice.count() == 0


def test_deletion_asks_first(seen: Seen) -> None:
    page, served = seen.page, seen.served
    before = served.runs()
    for number in range(3):
        served.track(f"delete-me-{number}", packet(3, name=f"run {number}"))
    asked: list[str] = []
    answers = [False, True, False, True, False]

    def answer(dialog: Any) -> None:
        asked.append(dialog.message)
        if answers.pop(0):
            dialog.accept()
        else:
            dialog.dismiss()

    page.on("dialog", answer)
    seen.open("/runs")
    page.get_by_text("run 1", exact=True).wait_for()
    page.locator(".fa-edit").click()
    for number in (1, 2):
        page.get_by_text(f"run {number}", exact=True).click()
    page.locator(".fa-trash").click()
    assert asked == [
        "Delete these 2 runs from the dashboard for good: run 2; run 1?\n\n"
        "Folders of runs on the disk stay as they are."
    ]
    assert len(served.runs(before)) == 3
    page.locator(".fa-trash").click()  # what was chosen is still chosen
    page.get_by_text("run 1", exact=True).wait_for(state="detached")
    assert asked[1] == asked[0]
    (left,) = served.runs(before)

    # labml's own question about a single run is not asked as well
    seen.open(f"/run/{left['run_uuid']}/header")
    for number in (2, 3):
        page.locator(".fa-trash").click()
        assert asked[number:] == [
            "Delete this run from the dashboard for good?\n\n"
            "Folders of runs on the disk stay as they are."
        ]
        if number == 3:  # the page goes on to the list once the run is deleted
            page.get_by_text("amsgrad: slope 1010").wait_for()
        assert len(served.runs(before)) == 3 - number

    # a computer, too, of which labml's page asks nothing
    session = "session_uuid=0123456789&computer_uuid=9876543210&labml_version=0.5.3"
    load = {"step": [1.0, 2.0], "value": [0.25, 0.5]}
    served.post(f"default/computer?{session}", [{"name": "mine", "track": {"cpu.perc": load}}])
    seen.open("/computers")
    page.get_by_text("mine", exact=True).wait_for()
    page.locator(".fa-edit").click()
    page.get_by_text("mine", exact=True).click()
    page.locator(".fa-trash").click()
    assert asked[4:] == ["Delete this computer from the dashboard for good: mine?"]
    assert len(served.get("sessions/null")["sessions"]) == 1
