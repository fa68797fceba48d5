"""Find files: to a text and back, and texts that are not what they say."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from amsgrad.config.run_config import Config
from amsgrad.search.find import Find, Minimal
from amsgrad.search.proof import prove
from amsgrad.theory.enclosure import Enclosure
from experiments.finds.check import check_find
from experiments.finds.find_file import FindFile, NoFind, claim, from_text, is_find, to_text
from experiments.run.certificate_check import REFUTED, UNCHECKED, VERIFIED

SLOPES = (37996, -18650, -19345)
OPTIONS = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "semantics": "torch"}
FIND = Find("adam", OPTIONS, SLOPES, prove("adam", OPTIONS, SLOPES), proved=True)
FILE = FindFile(FIND, provenance={"made by": "a test"})
SMALLEST = replace(FIND, minimal=Minimal("smallest", "branch and bound", 1, 37995))
MEASURED = replace(
    FIND, proved=False, source="simulated", order="shuffled", mean_step=Enclosure("-2e-9", "-1e-9")
)


def statuses(text: str) -> list[int]:
    return [checked.status for checked in check_find(text)]


def sentences(text: str) -> list[str]:
    return [checked.sentence for checked in check_find(text)]


@pytest.mark.parametrize("find", [FIND, SMALLEST, MEASURED])
def test_a_find_comes_back(find: Find) -> None:
    text = to_text(FindFile(find, provenance={"made by": "a test"}))
    assert is_find(text)
    assert from_text(text) == FindFile(find, provenance={"made by": "a test"})
    assert to_text(from_text(text)) == text


def test_the_claim_is_the_theorem_or_a_measurement() -> None:
    theorem = claim(FIND)
    assert "with these slopes g in cyclic order the best x is -1, but in real arithmetic" in theorem
    assert "with constant betas and with step sizes that never increase, tend to 0 and" in theorem
    assert "adam goes to +1, since its mean step D lies between the two numbers" in theorem
    for order in ("cyclic", "shuffled"):
        said = claim(replace(MEASURED, order=order))
        assert f"with these slopes g in {order} order the best x is -1, but by measurement" in said
        assert "step sizes" not in said
    assert "g_(t mod P)" not in claim(MEASURED)


def test_the_text_is_plain() -> None:
    """The options are exact decimals, the slopes stand on one line, all that follows is there."""
    text = to_text(FILE)
    assert '"slopes": [37996, -18650, -19345],' in text
    document = json.loads(text)
    assert document["options"] == {
        "beta1": "0.9", "beta2": "0.999", "eps": "1e-08", "semantics": "torch"
    }  # fmt: skip
    assert document["mean_step"] == {
        "lower": "-2.5132809479031162222E-11",
        "upper": "-2.5132809479031162221E-11",
    }
    assert (document["period"], document["largest"], document["sum"]) == (3, 37996, 1)
    assert document["price"] == 1 / (3 * 37996)
    assert document["horizon"] == pytest.approx(9 / 2.5132809479031162e-11)


def test_a_find_is_proved_anew() -> None:
    (proved,) = sentences(to_text(FILE))
    assert statuses(to_text(FILE)) == [VERIFIED]
    assert proved.startswith("proved: adam (beta1 0.9, beta2 0.999, eps 1e-08, semantics torch)")
    assert "D in [-2.5132809479031162222E-11, -2.5132809479031162221E-11]" in proved
    assert "so x -> 1 and not to the best x = -1" in proved


def test_what_was_not_checked_is_said() -> None:
    assert statuses(to_text(FindFile(SMALLEST))) == [VERIFIED, UNCHECKED]
    said = sentences(to_text(FindFile(SMALLEST)))[1]
    assert said.startswith("not checked, since the search is not repeated: no 3 slopes with a max")
    assert statuses(to_text(FindFile(MEASURED))) == [UNCHECKED]
    assert (
        "in shuffled order D is measured, not proved" in sentences(to_text(FindFile(MEASURED)))[0]
    )


def test_a_measured_d_that_can_be_proved_is_held_to_that() -> None:
    right = replace(MEASURED, order="cyclic", mean_step=Enclosure("-3e-11", "-2e-11"))
    assert statuses(to_text(FindFile(right))) == [VERIFIED]
    wrong = replace(MEASURED, order="cyclic")
    assert statuses(to_text(FindFile(wrong))) == [REFUTED]


Edit = Callable[[dict[str, Any]], object]


def put(*path: Any) -> Edit:
    """Return an edit of the entry at the path but the last, which is its new value."""

    def edit(document: dict[str, Any]) -> None:
        *names, value = path
        entry = document
        for name in names[:-1]:
            entry = entry[name]
        entry[names[-1]] = value

    return edit


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (put("form", "amsgrad find, form 2"), "its form is amsgrad find, form 2, not"),
        (put("claim", "It is so."), "its claim must be On the losses"),
        (put("opt", "rmsprop"), "its options must be {"),
        (put("opt", "adan"), "its options cannot be: opt must be "),
        (put("options", "beta2", "0.99"), "D lies in [-0.0003365994"),
        (
            put("options", "beta1", "0.95"),
            "D has the sign of the sum of the slopes: it lies in [0.0000190",
        ),
        (put("options", "eps", "1e-06"), "D lies in [-2.51"),
        (put("options", "beta2", 0.999), "its options must be {"),
        (put("options", "beta2", "0.9990"), "its options must be {"),
        (put("options", "beta2", "1.5"), "its options cannot be: beta2 must be a number in [0, 1)"),
        (put("options", "window", "10"), "its options must be {"),
        (put("options", "betta", "1"), "its options cannot be: betta is not a setting"),
        (lambda d: d["options"].pop("eps"), "its options must be {"),
        (put("slopes", 0, 37997), "its largest must be 37997 by the rest, not 37996"),
        (
            put("slopes", [37996, -19345, -18650]),
            "D has the sign of the sum of the slopes: it lies",
        ),
        (put("slopes", [37996, -18651, -19345]), "its sum must be 0 by the rest, not 1"),
        (put("slopes", [37996, -18652, -19345]), "its sum must be -1 by the rest, not 1"),
        (put("slopes", "37996,-18650,-19345"), "its slopes are 37996,-18650,-19345, not a list"),
        (put("slopes", [37996, -18650, -19345.0]), "its slopes must be whole numbers"),
        (put("order", "shuffled"), "only D of cyclic order is proved"),
        (put("order", "sorted"), "its order must be cyclic, shuffled, drawn, but is sorted"),
        (put("period", 4), "its period must be 3 by the rest, not 4"),
        (put("largest", 37995), "its largest must be 37996 by the rest, not 37995"),
        (put("sum", 2), "its sum must be 1 by the rest, not 2"),
        (put("sum", 1.0), "its sum must be 1 by the rest, not 1.0"),
        (
            put("mean_step", "lower", "-2.5132809479031162221E-11"),
            "D lies in [-2.51328094790311622",
        ),
        (
            put("mean_step", "upper", "-2.5132809479031162222E-11"),
            "D lies in [-2.51328094790311622",
        ),
        (
            put("mean_step", "upper", "2.5E-11"),
            "its bounds of D are not two numbers of one sign, in order",
        ),
        (put("mean_step", "lower", -2.6e-11), "is not a decimal in quotation marks"),
        (put("mean_step", "lower", "-1e999999999"), "is not a decimal in quotation marks"),
        (put("mean_step", "lower", "nan"), "is not a decimal in quotation marks"),
        (put("mean_step", "lower", "-1/3"), "is not a decimal in quotation marks"),
        (
            put("mean_step", {"lower": "3E-11", "upper": "4E-11"}),
            "D has the sign of the sum of its",
        ),
        (put("mean_step", {"lower": "-3E-11", "upper": "-2.6E-11"}), "its horizon must be 3214"),
        (put("proved", False), "its claim must be ...e best x is -1, but by measurement"),
        (put("proved", "yes"), "its proved must be False by the rest, not yes"),
        (put("source", "simulated"), "it cannot be both proved and measured"),
        (put("price", 0.5), "its price must be 8.77"),
        (put("horizon", 1e6), "its horizon must be 358097649509.0"),
        (put("minimal", "claim", "smallest"), "it claims to be the smallest, but from 0 on"),
        (put("minimal", "claim", "shortest"), "it claims to be the shortest, but from 0 on"),
        (put("minimal", "last", 7), "it claims to be an upper bound, but states what was excluded"),
        (put("minimal", "seen", 7), "unexpected keyword argument"),
        (lambda d: d.pop("minimal"), "it lacks minimal"),
        (put("note", "hm"), "it holds note"),
        (put("provenance", "yes"), "its provenance is yes, not an object"),
        (put("confirmation", {}), "it lacks settings"),
    ],
)
def test_an_edited_find_is_refuted(edit: Edit, why: str) -> None:
    document = json.loads(to_text(FILE))
    edit(document)
    (checked,) = check_find(json.dumps(document))
    assert checked.status == REFUTED
    assert checked.sentence.startswith("refuted: ")
    assert why in checked.sentence


def test_what_is_not_a_find_is_not_read() -> None:
    assert not is_find("{")
    assert not is_find("[]")
    assert not is_find('{"form": "amsgrad certificate, form 1"}')
    for text, why in (("{", "it cannot be read"), ("[]", "it is not an object")):
        with pytest.raises(NoFind, match=why):
            from_text(text)
    with pytest.raises(NoFind, match="it names something twice"):
        from_text(to_text(FILE).replace('"sum"', '"period"'))


def test_options_of_a_find_are_all_options_of_its_rule() -> None:
    assert Config(opt="adam", **OPTIONS).rule_options == OPTIONS
    less = replace(FIND, options={"beta2": 0.999})
    with pytest.raises(NoFind, match="its options must be"):
        from_text(to_text(FindFile(less)))
