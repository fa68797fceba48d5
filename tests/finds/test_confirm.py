"""The run that shows a find: its settings, what it ends in, and its place in the file."""

import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from amsgrad.config.run_config import Config
from amsgrad.problems.sequence import text_of
from amsgrad.search.find import Find
from amsgrad.search.proof import prove
from amsgrad.theory.enclosure import Enclosure
from amsgrad.verdict import WORST
from experiments.certify import main as certify
from experiments.config.arguments import parse
from experiments.finds.check import check_find
from experiments.finds.confirm import NotShown, confirm, settings
from experiments.finds.find_file import FindFile, from_text, to_text
from experiments.run.certificate_check import REFUTED, UNCHECKED, VERIFIED
from tests.marks import slow

THREE_LETTERS = 60 * [0] + 100 * [-1] + 101 * [1]
FINDS = [
    ("rmsprop", {}, [226, -76, -149], True),
    ("adopt", {}, [-400] + 401 * [1], False),
    slow("adam", {"beta2": 0.999, "eps": 1e-8}, [1010] + 100 * [-10], True),
    slow("adopt_unclipped", {}, [-400] + 401 * [1], True),
    slow("adashift", {}, THREE_LETTERS, True),
    slow("acprop", {}, THREE_LETTERS, True),
    slow("yogi", {}, 41 * [6] + 49 * [-5], False),
]


def find_of(opt: str, options: dict[str, Any], slopes: list[int]) -> Find:
    own = Config(opt=opt, **options).rule_options
    return Find(opt, own, tuple(slopes), prove(opt, options, slopes), proved=True)


@pytest.mark.parametrize(("opt", "options", "slopes", "repeats"), FINDS)
def test_a_run_shows_what_was_proved(opt: str, options: Any, slopes: Any, repeats: bool) -> None:
    find = find_of(opt, options, slopes)
    shown = confirm(find)
    assert shown.verdict.place == WORST
    assert shown.x > 0.9
    assert shown.config.steps > find.horizon
    assert (shown.certificate is not None) == repeats
    if shown.certificate is not None:
        assert shown.certificate.limit > 0
        assert shown.certificate.lowest >= 0.9
    words = shlex.split(shown.command)
    assert words[:3] == ["python", "-m", "experiments.synthetic"]
    assert parse(words[3:]).config == shown.config
    assert text_of(find.slopes) in words


def test_a_mirrored_find_goes_to_the_other_end() -> None:
    find = find_of("rmsprop", {}, [-226, 76, 149])
    shown = confirm(find)
    assert shown.verdict.place == WORST
    assert shown.x < -0.9


@pytest.fixture(scope="module")
def made() -> FindFile:
    find = find_of("rmsprop", {}, [226, -76, -149])
    return FindFile(find, confirm(find))


def test_the_file_keeps_the_run(made: FindFile, tmp_path: Path, capsys: Any) -> None:
    text = to_text(made)
    assert from_text(text) == made
    file = tmp_path / "find.json"
    file.write_text(text)
    assert certify([str(file)]) == UNCHECKED  # its cycle begins after 6 million steps
    theorem, certificate = capsys.readouterr().out.splitlines()
    assert theorem.startswith(f"{file}: proved: rmsprop (beta2 0.99, eps 1e-08) on the slopes")
    assert certificate.startswith(
        f"{file}: certificate: the cycle holds; that the run reaches it was not checked: rmsprop"
    )
    short = replace(made.find, slopes=(22, -7, -14))
    with pytest.raises(ValueError, match="D has the sign of"):
        replace(short, mean_step=prove("rmsprop", {}, short.slopes))


def test_a_run_without_a_certificate_is_not_repeated(made: FindFile) -> None:
    assert made.confirmation is not None
    plain = replace(made, confirmation=replace(made.confirmation, certificate=None))
    theorem, run = check_find(to_text(plain))
    assert (theorem.status, run.status) == (VERIFIED, UNCHECKED)
    assert run.sentence.startswith("not checked, since the run is not repeated: at the worst end")


Edit = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (lambda run: run.update(command="python -m experiments.synthetic"), "its confirmation"),
        (lambda run: run.update(x=-0.95), "its run ended at x = -0.95, which is not the worse end"),
        (lambda run: run.update(x=0.1), "its run ended at x = 0.1, which is not on the certified"),
        (lambda run: run.update(x="1"), "of its run x must be a number"),
        (lambda run: run["verdict"].update(place="at the optimum"), "its run ended at the optimum"),
        (lambda run: run["settings"].update(slopes="226,-76,-148"), "the certificate of its run"),
        (lambda run: run["settings"].update(lr=0.01), "the certificate of its run has other"),
        (lambda run: run["settings"].update(steps=10), "its confirmation"),
        (lambda run: run.update(certificate=None), None),
        (
            lambda run: run["certificate"].update(start=3),
            "the certificate of its run is not one: its claim",
        ),
    ],
)
def test_an_edited_run_is_refuted(made: FindFile, edit: Edit, why: str | None) -> None:
    document = json.loads(to_text(made))
    edit(document["confirmation"])
    checked = list(check_find(json.dumps(document)))
    if why is None:
        assert [entry.status for entry in checked] == [VERIFIED, UNCHECKED]
    else:
        assert checked[-1].status == REFUTED
        assert why in checked[-1].sentence


def test_the_run_must_be_of_the_find(made: FindFile) -> None:
    assert made.confirmation is not None
    bare = replace(made.confirmation, certificate=None)
    for changes, why in (
        ({"opt": "rmsprop", "beta2": 0.999}, "its run has options {'beta2': 0.999"),
        ({"opt": "adopt_unclipped"}, "its run has opt adopt_unclipped, and not its own"),
        ({"slopes": "226,-76,-148"}, "its run has slopes 226,-76,-148, and not its own"),
        ({"order": "shuffled"}, "its run has order shuffled, and not its own"),
        ({"problem": "online"}, "its run is on the problem online"),
    ):
        own = {**bare.settings, **changes}
        if changes.get("opt", "rmsprop") != "rmsprop":
            own = {name: value for name, value in own.items() if name not in ("beta2", "eps")}
        if "problem" in changes:
            own = {name: own[name] for name in own if name not in ("slopes", "order")}
        other = replace(bare, config=Config(**own))
        (checked,) = check_find(to_text(replace(made, confirmation=other)))
        assert checked.status == REFUTED
        assert why in checked.sentence


def test_a_run_that_is_too_long_is_not_begun() -> None:
    far = find_of("adam", {"beta2": 0.999, "eps": 1e-8}, [37996, -18650, -19345])
    with pytest.raises(
        NotShown, match=r"A run that shows it needs 4\.\de\+11 steps; 1\.0e\+09 are"
    ):
        confirm(far)
    near = find_of("rmsprop", {}, [226, -76, -149])
    with pytest.raises(NotShown, match=r"needs 2\.\de\+07 steps; 1\.0e\+07 are allowed"):
        confirm(near, 10_000_000)
    faint = replace(near, mean_step=Enclosure("-1.1e-13", "-1e-13"))
    with pytest.raises(NotShown, match="that is lost in the rounding of double precision"):
        settings(faint)


def test_a_run_that_ends_elsewhere_shows_nothing() -> None:
    """A wrong claim about D, as a measurement may make."""
    wrong = Find(
        "rmsprop",
        Config(opt="rmsprop").rule_options,
        (5, -3, -1),
        Enclosure("-0.3", "-0.2"),
        proved=False,
        source="simulated",
    )
    with pytest.raises(NotShown, match=r"steps of 0.046 does not show it: at the optimum"):
        confirm(wrong)
