"""The Python API gives the numbers of the engines, with labels."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray

import amsgrad
from amsgrad.engines.base import Setup
from amsgrad.engines.driver import run_to
from amsgrad.engines.reference import Reference
from amsgrad.options import ConfigError
from amsgrad.problems.stochastic import Stochastic
from amsgrad.problems.theorem2 import Theorem2
from amsgrad.rules import RULES
from amsgrad.schedules import inverse_sqrt, record_steps
from tests.optimizers_of_others import Boom


def test_one_run_has_the_bits_of_the_reference_engine() -> None:
    found = amsgrad.run("adam", steps=3000, lr=0.5, schedule="inverse_sqrt", every=100, first_t=1)
    setup = Setup(amsgrad.PROBLEMS["online"](), 0.5, inverse_sqrt)
    last, records = run_to(Reference(setup, RULES["adam"]()), 3000, record_steps(3000, 100))
    for name in ("x", "regret", "average_regret", "step"):
        assert (found[name].values == getattr(records, name)).all()
    assert found.x_last == last.x
    assert (found.t == found.step).all()
    assert found.attrs["lr"] == 0.5
    assert found.attrs["x_star"] == -1.0
    assert "limit" not in found.attrs
    assert found.limit.isnull()


def test_a_decaying_step_has_its_law_as_attributes() -> None:
    decaying = {"lr": 0.525, "schedule": "inverse_sqrt", "dtype": "float64", "first_t": 1}
    found = amsgrad.run("adam", semantics="paper", steps=1e15, **decaying)
    assert found.attrs["limit"] == found.limit.item() == 20 / 101
    assert found.step[-1] == 10**15
    three = found.limit + found.kappa / found.step**found.exponent + found.constant / found.step
    late = found.step > 1e9
    assert (abs(found.average_regret - three)[late] <= 2020 / found.step[late]).all()
    both = amsgrad.run(["adam", "amsgrad"], semantics="paper", steps=1e15, **decaying)
    assert both.limit.values.tolist() == [20 / 101, 0]
    assert (
        both.average_regret.sel(opt="adam").values.tolist() == found.average_regret.values.tolist()
    )


def test_a_long_run_without_a_law_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("amsgrad.api", "amsgrad.config.build"):
        monkeypatch.setattr(f"{module}.LONG", 10_000)
    with pytest.warns(UserWarning, match="in float32 the law soon ends, .* take --dtype float64"):
        amsgrad.run("adam", schedule="inverse_sqrt", lr=0.5, steps=20_000)


def test_a_constant_step_has_its_limit_as_attribute() -> None:
    found = amsgrad.run("adam")
    assert found.attrs["limit"] == found.limit.item() == 0.4979487881802096
    assert found.step[-1] == 10_000_000
    assert (found.attrs["cycle_start"], found.attrs["cycle_length"]) == (5252, 101)


def test_many_runs_are_those_that_are_run_alone() -> None:
    many = amsgrad.run(["adam", "sgd"], lr=[0.1, 0.5], steps=2000, every=500, beta2=0.9)
    assert many.sizes == {"opt": 2, "lr": 2, "step": 4}
    for opt in ("adam", "sgd"):
        for lr in (0.1, 0.5):
            own = {"beta2": 0.9} if opt == "adam" else {}
            alone = amsgrad.run(opt, lr=lr, steps=2000, every=500, certify="no", **own)
            part = many.sel(opt=opt, lr=lr)
            for name in ("x", "regret", "average_regret", "x_last"):
                assert (part[name] == alone[name]).all(), name


def test_seeds_are_a_dimension() -> None:
    found = amsgrad.run("amsgrad", problem=Stochastic(big=500.0), seeds=3, seed=7, steps=1000)
    assert found.seed.values.tolist() == [7, 8, 9]
    assert found.attrs["big"] == 500.0
    alone = amsgrad.run("amsgrad", problem="stochastic", big=500.0, seed=8, steps=1000)
    assert (found.sel(seed=8).x == alone.x).all()
    assert len(np.unique(found.x_last)) == 3
    assert (found.average_hindsight_regret >= found.average_regret).all()


def test_problems_that_begin_at_other_times_have_their_own_t() -> None:
    found = amsgrad.run("adam", problem=["online", "theorem2"], steps=50, every=10)
    assert found.t.sel(problem="online").values.tolist() == [9, 19, 29, 39, 49]
    assert found.t.sel(problem="theorem2").values.tolist() == [10, 20, 30, 40, 50]


def test_torch_optimizers_stand_beside_rules() -> None:
    import torch

    pair = ["amsgrad", torch.optim.SGD]
    found = amsgrad.run(pair, steps=101, every=1, lr=1e-4, first_t=1)
    assert found.opt.values.tolist() == ["amsgrad", "torch.optim.sgd:SGD"]
    assert found.x_last[1] == pytest.approx(-0.001, abs=1e-6)


@pytest.mark.parametrize(
    ("opt", "settings"),
    [("torch.optim:SGD", {"momentum": 0.9}), ("adam", {"engine": "torch", "beta2": 0.9})],
)
def test_many_runs_of_a_torch_optimizer_are_those_that_are_run_alone(
    opt: str, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amsgrad.api.WORTH_A_TEST", 0)
    lists = {"problem": ["stochastic", "zhang"], "lr": [1e-4, 1e-3], "seed": [0, 5]}
    many = amsgrad.run(opt, steps=300, every=100, **settings, **lists)
    for problem in ("stochastic", "zhang"):
        cell = {"problem": problem, "lr": 1e-3, "seed": 5}
        alone = amsgrad.run(opt, steps=300, every=100, **settings, **cell)
        part = many.sel(cell)
        for name in ("x", "regret", "average_regret", "x_last"):
            assert (part[name] == alone[name]).all(), name


def test_without_steps_torch_decides_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amsgrad.config.run_config.EAGER_STEPS", 300)
    found = amsgrad.run(["sgd", "torch.optim:SGD"], lr=np.float32(0.5), every="100")
    assert found.step.values.tolist() == [100, 200, 300]
    assert found.attrs["steps"] == 300


def test_a_run_that_diverges_is_nan_from_there_on() -> None:
    found = amsgrad.run("sgd", problem="adashift", lr=1e37, steps=5000, every=100)
    assert np.isnan(found.x[-1])
    assert not np.isnan(found.x[0])


def test_a_data_set_is_a_file(tmp_path: Path) -> None:
    found = amsgrad.run("adam", problem=Theorem2(5), beta2=[0.9, 0.99], steps=100)
    found.to_netcdf(tmp_path / "run.nc", engine="h5netcdf")
    again = xarray.load_dataset(tmp_path / "run.nc", engine="h5netcdf")
    xarray.testing.assert_identical(found, again)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"opt": "adm"}, "did you mean adam?"),
        ({"opt": "adam", "lr": []}, "lr must have at least one value, but the list is empty"),
        ({"opt": "adam", "lr": [0.1, -1]}, "lr must be a finite number, 0 or more, but -1 was"),
        ({"opt": "adam", "larning_rate": 1}, "'?larning_rate'? is not a setting"),
        ({"opt": "adam", "steps": [1, 2]}, "steps must be one value for all runs"),
        ({"opt": "sgd", "beta2": 0.9}, "beta2 has no effect with opt sgd on problem online"),
        ({"opt": "adam", "every": -1}, "every must be a whole number"),
        ({"opt": "adam", "lr": [[0.1], [0.2]]}, "lr must be a finite number"),
        ({"opt": "adam", "seeds": 0}, "seeds must be a whole number from 1"),
        ({"opt": Boom, "steps": 10}, "boom"),
    ],
)
def test_bad_input_is_one_sentence(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        amsgrad.run(**settings)


def test_a_class_inside_a_function_cannot_be_found_again() -> None:
    import torch

    class Inside(torch.optim.SGD):
        pass

    with pytest.raises(ConfigError, match="must stand at the top of a module or notebook"):
        amsgrad.run(Inside)


TYPED_IN = """
from typing import Annotated, NamedTuple

from amsgrad.field_types import Real
from amsgrad.options import Option
from amsgrad.rules.method import method
from amsgrad.rules.rule import Rule


class Memory(NamedTuple):
    g: float


class Hyper(NamedTuple):
    s: float


class Coefficients(NamedTuple):
    step: float
    s: float


FACTOR = 1.0


def twice(number):
    return number + number


def coefficients(k, alpha, beta1, h, real):
    return Coefficients(real(alpha), real(h.s))


def update(memory, g, c):
    return Memory(g), FACTOR * twice(c.step * g / (abs(g) + c.s))


@method(formula="x - 2 FACTOR alpha_k g_k / (|g_k| + s)")
def typed(*, s: Annotated[float, Option(Real(0), "Added to |g|", free=True)] = 1.0) -> Rule:
    return Rule("typed", Memory, Hyper(s), coefficients, update, settled=1)
"""


@pytest.mark.slow
def test_a_rule_that_is_typed_in_anew_is_the_new_one() -> None:
    """As in a notebook: under one name, without a file, in two cells."""
    moved = {}
    for factor in ("1.0", "4.0"):
        cell: dict[str, Any] = {"__name__": "typed_in"}
        exec(TYPED_IN.replace("FACTOR = 1.0", f"FACTOR = {factor}"), cell)
        settings: dict[str, Any] = {"steps": 20, "lr": 1e-3, "dtype": "float64", "certify": "no"}
        one = amsgrad.run(cell["typed"], **settings)
        many = amsgrad.run(cell["typed"], s=[1.0, 2.0], **settings)
        assert (one.x == many.x.sel(s=1.0)).all()
        moved[factor] = one.x_last.item()
    del amsgrad.RULES["typed_in:typed"]
    assert moved["4.0"] == 4 * moved["1.0"] != 0


def test_ours_keep_their_names() -> None:
    found = amsgrad.run(amsgrad.RULES["adam"], problem=Theorem2(7), steps=10)
    assert (found.attrs["opt"], found.attrs["problem"]) == ("adam", "theorem2")
