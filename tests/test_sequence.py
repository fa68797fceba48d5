"""Any sequence as a problem: its orders, its optimum, and every way to run it."""

from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import amsgrad
from amsgrad import api
from amsgrad.config.run_config import Config
from amsgrad.cycles.certificate import refutation, unreached
from amsgrad.cycles.engine import Certified
from amsgrad.engines.agreement import first_difference
from amsgrad.engines.base import Records, Setup
from amsgrad.engines.batch import Batch
from amsgrad.engines.compiled import Compiled
from amsgrad.engines.driver import run_to
from amsgrad.engines.reference import Reference
from amsgrad.options import ConfigError
from amsgrad.problems.online import Online
from amsgrad.problems.sequence import Sequence, numbers_of
from amsgrad.rules import RULES
from amsgrad.schedules import constant, inverse_sqrt, record_steps
from amsgrad.theory.expected import odds
from amsgrad.theory.periodic import slopes
from tests.marks import needs_jit, slow
from tests.same import same

ADAM = RULES["adam"]()
SEVEN = "-3,2,0,1x4"


def shown(problem: Sequence, times: Any) -> list[float]:
    p = problem.parameters(float)
    with np.errstate(over="ignore"):
        return [float(problem.select(t, t % problem.period, p)) for t in times]


def epochs(problem: Sequence, number: int) -> list[list[float]]:
    period = problem.period
    flat = shown(problem, range(1, number * period + 1))
    return [flat[i * period : (i + 1) * period] for i in range(number)]


def test_in_cyclic_order_the_first_slope_comes_at_time_1() -> None:
    problem = Sequence([5, -1, 2, 2])
    assert epochs(problem, 3) == [[5, -1, 2, 2]] * 3
    assert shown(problem, [0, 4, 8, 10**18 + 3]) == [2, 2, 2, 2]
    assert shown(problem, [10**18 + 1]) == [5]
    assert slopes(problem).tolist() == [2, 5, -1, 2]  # from t = 0 on


def test_the_default_has_the_losses_of_figure_1() -> None:
    times = range(1, 400)
    online = Online()
    p = online.parameters(float)
    assert shown(Sequence(), times) == [online.select(t, t % 101, p) for t in times]


def test_shuffled_every_epoch_shows_each_slope_as_often_as_the_list() -> None:
    problem = Sequence(SEVEN, "shuffled", seed=3)
    found = epochs(problem, 200)
    assert all(Counter(epoch) == Counter(numbers_of(SEVEN)) for epoch in found)
    assert len(set(map(tuple, found))) > 100  # of 210
    assert found != epochs(Sequence(SEVEN, "shuffled", seed=4), 200)


def test_what_is_shown_depends_on_seed_and_time_alone() -> None:
    for order in ("shuffled", "drawn"):
        problem = Sequence([*range(1, 12)], order, seed=8)
        whole = shown(problem, range(300))
        assert shown(problem, reversed(range(300))) == whole[::-1]
        assert shown(Sequence([*range(1, 12)], order, seed=8), [250]) == [whole[250]]
        # the place does not depend on what stands there
        assert shown(Sequence([-g for g in range(1, 12)], order, seed=8), range(300)) == [
            -g for g in whole
        ]


def test_time_0_ends_an_epoch_of_which_the_rest_is_never_seen() -> None:
    problem = Sequence(SEVEN, "shuffled")
    assert shown(problem, [0])[0] in numbers_of(SEVEN)
    assert Sequence("4", "shuffled").period == 1
    assert shown(Sequence("4", "shuffled"), range(5)) == [4] * 5


def test_drawn_slopes_come_alike_and_independently() -> None:
    period, many = 5, 20_000
    flat = np.array(shown(Sequence([*range(period)], "drawn", seed=2), range(many)), int)
    for counts in (
        np.bincount(flat, minlength=period),
        np.bincount(flat[1:] * period + flat[:-1], minlength=period**2),
        np.bincount(flat[period:] * period + flat[:-period], minlength=period**2),
    ):
        freedom = counts.size - 1
        statistic = ((counts - counts.mean()) ** 2 / counts.mean()).sum()
        assert abs(statistic - freedom) < 5 * np.sqrt(2 * freedom)
    # a period that does not divide the range of the draws
    last = Sequence([0] * 999 + [1], "drawn").parameters(float)
    assert last.slopes.size == 1000


@pytest.mark.parametrize(
    ("text", "total", "x_star"),
    [
        ("3,-1x2", 1, -1),
        ("-3,1x2", -1, 1),
        ("0.3,-0.1x3", 0, -1),
        ("0.3,-0.1x2,-0.1000001", Fraction(-1, 10**7), 1),
        ("1e300,1,-1e300", 1, -1),
    ],
)
@pytest.mark.parametrize("order", ["cyclic", "shuffled", "drawn"])
def test_the_optimum_is_that_of_the_exact_sum(
    text: str, total: Any, x_star: float, order: str
) -> None:
    problem = Sequence(text, order)
    assert (problem.total, problem.x_star) == (total, x_star)
    assert problem.attained == (total != 0)
    assert problem.random == problem.hindsight == (order != "cyclic")


def test_slopes_are_kept_as_one_text() -> None:
    alike = [Sequence("3 -1,-1"), Sequence([3, -1.0, -1]), Sequence((3, "-1x2"))]
    assert {problem.slopes for problem in alike} == {"3,-1x2"}
    assert len(set(alike)) == 1
    with pytest.raises(ConfigError, match=r"^slopes must be numbers .* but 0x9 was given \(all"):
        Sequence("0x9")


def test_long_slopes_are_short_in_words() -> None:
    words = Sequence([(-1) ** i * i for i in range(500)], "drawn").in_words
    assert (
        words
        == "slopes drawn from 0,-1,2,-3,4,-5,6,-7,8,-9,10,-11,12,...,-499 (500 in all), seed 0"
    )
    assert Sequence("1,-1x900").in_words == "slopes 1,-1x900 in cyclic order"


def test_numbers_are_in_the_precision_of_the_run() -> None:
    for real in (np.float32, np.float64):
        p = Sequence("0.1,-0.7").parameters(real)
        assert p.slopes.dtype == real
        assert p.slopes.tolist() == [float(real(-0.7)), float(real(0.1))]


@needs_jit
def test_slopes_are_not_compiled_in() -> None:
    engines = [Compiled(Setup(Sequence(text), 0.1), ADAM) for text in ("3,-1x2", SEVEN)]
    for engine in engines:
        run_to(engine, 10)
    assert engines[0]._kernel is engines[1]._kernel
    assert len(engines[0]._kernel.signatures) == 1
    assert Compiled(Setup(Sequence(order="drawn"), 0.1), ADAM)._kernel is not engines[0]._kernel


@pytest.mark.parametrize("order", ["cyclic", "shuffled", "drawn"])
def test_late_times_have_the_reference_s_bits(order: str) -> None:
    setup = Setup(Sequence(SEVEN, order), 0.1, first_t=2**63 - 400)
    at = record_steps(300, 1)
    expected, rows = run_to(Reference(setup, ADAM), 300, at)
    found, records = run_to(Compiled(setup, ADAM), 300, at)
    assert first_difference(found, expected) is None
    assert same(records, rows)


STEPS, AT = 3000, record_steps(3000, 60)
# the first with a table of steps; each is a loop to compile
BATCHES = [
    (constant, [Sequence(text) for text in ("5,-1x3,0,0.5", "0,4,-1,0.25,-2,1", "1x6")]),
    (constant, [Sequence(text, "shuffled", i) for i, text in enumerate((SEVEN, "1x6,2"))]),
    slow(constant, [Sequence(text, "drawn", i) for i, text in enumerate((SEVEN, "1x6,2"))]),
]


@pytest.mark.parametrize(("schedule", "problems"), BATCHES, ids=["cyclic", "shuffled", "drawn"])
def test_lanes_of_other_slopes_have_the_bits_of_runs_by_themselves(
    schedule: Any, problems: list[Sequence]
) -> None:
    problems = [p for p in problems if p.x_star == problems[-1].x_star]
    assert len({p.slopes for p in problems}) > 1
    setups = [Setup(problem, 0.05, schedule, x0=0.25) for problem in problems]
    engine = Batch(setups, [ADAM] * len(setups))
    state, records = run_to(engine, STEPS, AT)
    middle, first = run_to(engine, 1700, AT[AT <= 1700])
    end, second = run_to(engine, STEPS, AT[AT > 1700], middle)
    joined = Records.join([first, second])
    for i, setup in enumerate(setups):
        expected, rows = run_to(Reference(setup, ADAM), STEPS, AT)
        assert first_difference(state.run(i), expected) is None
        assert first_difference(end.run(i), expected) is None
        for found in (records, joined):
            assert same(Records(found.step, *(column[:, i] for column in found[1:])), rows)


def test_a_batch_refuses_another_order_length_or_optimum() -> None:
    first = Sequence("3,-1x2")
    for other in (
        Sequence("3,-1x3"),
        Sequence("-3,1x2"),
        *(Sequence("3,-1x2", order) for order in ("shuffled", "drawn")),
    ):
        with pytest.raises(ValueError, match="one order of losses"):
            Batch([Setup(first, 0.1), Setup(other, 0.1)], [ADAM] * 2)
    with pytest.raises(ValueError, match="one order of losses"):
        Batch([Setup(Sequence(order=o), 0.1) for o in ("shuffled", "drawn")], [ADAM] * 2)


def test_a_run_at_a_constant_step_has_a_certificate() -> None:
    setup = Setup(Sequence("-2,-1,3.5"), 0.05, dtype=np.float32)
    engine = Certified(setup, ADAM, 100_000)
    assert engine.certificate is not None
    assert engine.certificate.length % 3 == 0
    assert refutation(engine.certificate, setup, ADAM) is None
    assert unreached(engine.certificate, setup, ADAM) is None
    other = Setup(Sequence("-2,-1,3.25"), 0.05, dtype=np.float32)
    assert refutation(engine.certificate, other, ADAM) is not None
    random = Setup(Sequence("-2,-1,3.5", "shuffled"), 0.05, dtype=np.float32)
    assert refutation(engine.certificate, random, ADAM) == (
        "the run is not guaranteed to be periodic: its losses are random"
    )


def test_regret_in_hindsight_is_against_the_best_of_both_ends() -> None:
    problem = Sequence(SEVEN, "shuffled", seed=2)
    setup = Setup(problem, 0.2, inverse_sqrt, dtype=np.float64)
    _, records = run_to(Reference(setup, ADAM), 50, record_steps(50, 1))
    g = np.array(shown(problem, range(1, 51)))
    for k in range(1, 51):
        paid = (g[:k] * records.x[:k]).sum()
        assert records.average_hindsight_regret[k - 1] == pytest.approx(
            (paid + abs(g[:k].sum())) / k
        )


def test_lists_in_python_are_one_sequence_or_an_axis() -> None:
    settings: Any = {"problem": "sequence", "steps": 2000, "lr": 0.1}
    one = amsgrad.run("adam", slopes=[3, -1, -1], **settings)
    assert one.attrs["slopes"] == "3,-1x2"
    assert amsgrad.run("adam", slopes=np.array([3, -1, -1]), **settings).x_last == one.x_last
    axis = amsgrad.run("adam", slopes=["3,-1x2", "3.5 -1 -1"], **settings)
    assert axis.slopes.values.tolist() == ["3,-1x2", "3.5,-1x2"]
    assert axis.x_last.values[0] == one.x_last
    for nested in ([[3, -1, -1], [3.5, -1, -1]], np.array([[3, -1, -1], [3.5, -1, -1]])):
        assert amsgrad.run("adam", slopes=nested, **settings).identical(axis)
    ragged = amsgrad.run("adam", slopes=[[3, -1, -1], (4, "-1x3")], **settings)
    assert ragged.slopes.values.tolist() == ["3,-1x2", "4,-1x3"]
    given = amsgrad.run("adam", problem=Sequence([3, -1, -1]), steps=2000, lr=0.1)
    assert given.x_last == one.x_last
    with pytest.raises(ConfigError, match="slopes must have different values"):
        amsgrad.run("adam", slopes=["3,-1x2", "3,-1,-1"], **settings)
    with pytest.raises(ConfigError, match="slopes has no effect with opt adam on problem online"):
        amsgrad.run("adam", slopes=[3, -1], steps=10)


def test_batches_that_memory_cannot_hold_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    many: Any = {"problem": "sequence", "slopes": [f"{g},-1x2" for g in range(3, 8)], "lr": 0.1}
    whole = amsgrad.run("adam", steps=1000, **many)
    monkeypatch.setattr(api, "MOST_NUMBERS", 9)  # two runs of three slopes and a key
    assert amsgrad.run("adam", steps=1000, **many).identical(whole)


def test_slopes_must_fit_the_precision() -> None:
    big = Config(opt="adam", problem="sequence", slopes="1e200,-1", dtype="float64")
    assert big.make_problem().x_star == -1
    with pytest.raises(ConfigError, match=r"^--slopes must be at most 3.4e\+38 in size with --dty"):
        Config(opt="adam", problem="sequence", slopes="-1e200,1")
    settings = Config(opt="adam", problem="sequence", slopes=[2, -1]).settings()
    assert settings["slopes"] == "2,-1"
    assert Config(**settings).settings() == settings


def test_the_odds_of_drawn_slopes() -> None:
    found = odds(Sequence("7,-0.5x5,-5,7", "drawn"))
    assert found.slopes.tolist() == [-5, -0.5, 7]
    assert found.chances.tolist() == [0.125, 0.625, 0.25]
    with pytest.raises(ValueError, match="The losses of Sequence are not"):
        odds(Sequence(order="shuffled"))
