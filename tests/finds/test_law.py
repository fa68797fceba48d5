"""The law of a find: its numbers, its run, its place in the file, and where there is none."""

import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from amsgrad.config.build import build_setup
from amsgrad.config.run_config import Config
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.driver import run_to
from amsgrad.laws.memory import NoLaw
from amsgrad.laws.soonest import soonest
from experiments.certify import main as certify
from experiments.config.arguments import parse
from experiments.finds.check import check_find
from experiments.finds.confirmation import command_of
from experiments.finds.find_file import FindFile, from_text, to_text
from experiments.finds.law import FindLaw, from_document, law_of, to_document
from experiments.run.certificate_check import REFUTED, VERIFIED
from experiments.search import main as search
from tests.finds.test_confirm import THREE_LETTERS, find_of
from tests.marks import needs_jit, slow

FINDS = [
    ("rmsprop", {"beta2": 0.9}, [22, -7, -14]),
    slow("adam", {}, 200 * [8] + 800 * [-1]),
    slow("adopt", {}, [-8999] + 9 * [1000]),
    slow("acprop", {}, THREE_LETTERS),
    slow("adashift", {}, [-g for g in THREE_LETTERS]),
]
EXAMPLE = FINDS[0]


@pytest.fixture(scope="module")
def made() -> FindFile:
    find = find_of(*EXAMPLE)
    return FindFile(find, law=law_of(find))


def law_in(file: FindFile) -> FindLaw:
    assert file.law is not None
    return file.law


@needs_jit
@pytest.mark.parametrize(("opt", "options", "slopes"), FINDS)
def test_it_is_what_the_slopes_cost(opt: str, options: Any, slopes: list[int]) -> None:
    find = find_of(opt, options, slopes)
    law = law_of(find)
    c = law.certificate
    assert c.limit == Fraction(2 * abs(find.sum), find.period)
    assert c.x == np.sign(find.sum)
    assert c.near(0.1) == law.near > c.start
    cycles = 20_000_000 // c.length
    far = c.start + cycles * c.length
    engine = Compiled(build_setup(law.config), law.config.make_rule())
    end, records = run_to(engine, far, np.array([far]))
    assert end.x == c.x
    three = float(c.limit) + c.kappa * far**-0.5 + c.constant / far
    scale = float(c.limit) + abs(c.kappa) * far**-0.5 + abs(c.constant) / far
    assert abs(records.average_regret[0] - three) < 1e-4 * scale


def test_from_which_step_on_it_is_near(made: FindFile) -> None:
    c = law_in(made).certificate

    def off(steps: int) -> float:
        return abs(c.kappa) * steps**-0.5 + abs(c.constant) / steps

    for share in (0.5, 0.1, 1e-3):
        near = c.near(share)
        assert off(near) <= share * c.limit < off(near - 1)
    assert replace(c, kappa=0.0, constant=0.0).near(0.1) == c.start
    assert replace(c, limit=Fraction(0)).near(0.1) == 10**60
    logarithm = replace(c, start=3, exponent=1.0, kappa=1.0, constant=0.0, limit=Fraction(1))
    assert logarithm.near(0.01) == 648  # ln(648) / 648 < 0.01 < ln(647) / 647


def test_another_step_size_has_a_later_law(made: FindFile) -> None:
    from amsgrad.laws.settle import settle

    config = law_in(made).config
    setup, rule = build_setup(config), config.make_rule()
    assert soonest(setup, rule, 10**6) == config.lr
    least = law_in(made).certificate.start
    for factor in (0.1, 0.3, 4.0, 30.0):
        other = settle(replace(setup, lr=factor * config.lr), rule, 10**7)
        assert other.start >= least
        assert other.kappa == pytest.approx(factor * law_in(made).certificate.kappa)


def test_the_file_keeps_it(made: FindFile, tmp_path: Path, capsys: Any) -> None:
    text = to_text(made)
    assert from_text(text) == made
    file = tmp_path / "find.json"
    file.write_text(text)
    assert certify([str(file)]) == VERIFIED
    theorem, law = capsys.readouterr().out.splitlines()
    assert theorem.startswith(f"{file}: proved: rmsprop")
    assert law.startswith(f"{file}: law: verified: rmsprop, slopes 22,-7,-14 in cyclic order;")
    assert "for ever in exact arithmetic, x goes to 1 and R_T/T -> 2/3 + " in law
    words = shlex.split(law_in(made).command)
    assert parse(words[3:]).config == law_in(made).config


Edit = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (lambda law: law.update(command="python"), "its law must be"),
        (lambda law: law.update(more=1), "its law must be"),
        (lambda law: law.pop("certificate"), "it lacks certificate"),
        (lambda law: law["certificate"].update(kappa="0x1p+3"), "its law is not one: its kappa"),
        (lambda law: law["certificate"].update(start=0), "its law is not one: its claim"),
        (lambda law: law["certificate"]["settings"].update(steps=3), "its law is not one"),
    ],
)
def test_an_edited_law_is_refuted(made: FindFile, edit: Edit, why: str) -> None:
    document = json.loads(to_text(made))
    edit(document["law"])
    (checked,) = check_find(json.dumps(document))
    assert checked.status == REFUTED
    assert why in checked.sentence


@pytest.mark.parametrize(
    ("numbers", "settings", "why"),
    [
        ({"kappa": 686.0}, {}, "law: refuted: kappa is 686.4"),
        ({"limit": Fraction(1, 3)}, {}, "law: refuted: the limit is 2/3, not 1/3"),
        ({"bits_to": 10**40}, {}, "law: refuted: the bits are not proved up to step 1000"),
        ({}, {"lr": 3.0}, "law: refuted: "),
        ({}, {"schedule": "constant"}, "law: refuted: the run has no law: its step size"),
        ({}, {"slopes": "22,-8,-13"}, "refuted: the run of its law has slopes 22,-8,-13, and not"),
        ({"x": -1.0}, {}, "refuted: its law is at x = -1.0, which is not the worse end"),
    ],
)
def test_a_false_law_is_refuted(made: FindFile, numbers: Any, settings: Any, why: str) -> None:
    """The texts and the command of the file follow from what is stated."""
    law = law_in(made)
    config = Config(**{**law.config.settings(), **settings})
    false = from_document(to_document(FindLaw(config, replace(law.certificate, **numbers))))
    checked = list(check_find(to_text(replace(made, law=false))))
    assert checked[-1].status == REFUTED
    assert checked[-1].sentence.startswith(why)


def test_a_cycle_is_no_law(made: FindFile) -> None:
    from experiments.finds.confirm import confirm

    document = json.loads(to_text(replace(made, confirmation=confirm(made.find))))
    document["law"]["certificate"] = document["confirmation"]["certificate"]
    (checked,) = check_find(json.dumps(document))
    assert checked.sentence == "refuted: the certificate of its law is one of a cycle"


@pytest.mark.parametrize(
    ("opt", "options", "slopes", "why"),
    [
        (
            "adam",
            {"beta2": 0.999, "eps": 1e-8, "semantics": "torch"},
            [37996, -18629, -19366],
            "its walk at 1 is the same for ever from step 1,739,055,072 on only",
        ),
        slow(
            "yogi",
            {},
            [10] * 90 + [-1] * 899 + [0] * 11,
            "its memory does not come back within 10,000,000 steps",
        ),
    ],
)
def test_where_there_is_none(opt: str, options: Any, slopes: list[int], why: str) -> None:
    with pytest.raises(NoLaw, match=why):
        law_of(find_of(opt, options, slopes))


def test_what_is_measured_has_none(made: FindFile) -> None:
    with pytest.raises(NoLaw, match="its D was measured, not proved"):
        law_of(replace(made.find, proved=False, source="simulated"))


def test_the_search_states_it(tmp_path: Path, capsys: Any) -> None:
    argv = ["--opt=rmsprop", "--beta2=0.9", "--period=3", "--smallest", "--out", str(tmp_path)]
    assert search([*argv, "--json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out.splitlines()[-1])
    law = law_of(find_of(*EXAMPLE))
    assert found["law"] == law.fields()
    assert found["no_law"] is None
    c = law.certificate
    (line,) = [line for line in err.splitlines() if line.startswith("the law: ")]
    assert line.startswith(f"the law: R_T/T -> 2/3 + {c.kappa:.4g}/sqrt(T) - ")
    assert f", from step {c.start:,} on, for ever in exact arithmetic" in line
    assert f"with the step size {law.config.lr:g}/sqrt(t)" in line
    assert command_of(law.config, "").strip() in err
    file = from_text(Path(found["find"]).read_text())
    assert file.law == law
    assert search([*argv, "--json", "--no-run"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (found["law"], found["no_law"]) == (None, "--no_run was given")


def test_the_search_says_why_there_is_none(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.finds.law.MEMORY", 10)
    argv = ["--opt=rmsprop", "--beta2=0.9", "--period=3", "--smallest", "--out", str(tmp_path)]
    assert search(argv) == 0
    out = capsys.readouterr().out
    assert "no law: its memory does not come back within 10 steps\n" in out
    assert from_text((tmp_path / "latest.json").read_text()).law is None
