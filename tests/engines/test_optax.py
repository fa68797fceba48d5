"""The rules against optax itself, thousands of steps, state included."""

from itertools import product
from typing import Any

import jax
import numpy as np
import optax
import pytest

from amsgrad.engines.driver import drive, run_to
from tests.engines.cases import Case
from tests.marks import slow, without_kernels

STEPS = 4000  # past the settling step of bias correction

pytestmark = without_kernels
jax.config.update("jax_enable_x64", True)

# The optax setting of each rule and semantics.
SETTINGS = {
    ("adam", "optax"): {},
    ("amsgrad", "optax"): {},
    ("amsgrad", "paper"): {"bias_correction_mu": False, "bias_correction_nu": False},
}


def optax_path(case: Case, steps: int) -> tuple[dict[str, Any], np.ndarray]:
    """Return the state after each step, by our names, and x."""
    scale = {"adam": optax.scale_by_adam, "amsgrad": optax.scale_by_amsgrad}[case.opt]
    rule = scale(b1=case.beta1, b2=case.beta2, eps=case.eps, **SETTINGS[case.opt, case.semantics])
    optimizer = optax.chain(rule, optax.scale(-case.lr))
    times = np.arange(case.first_t, case.first_t + steps)
    slopes = np.where(times % 101 == 1, 1010.0, -10.0).astype(case.dtype)
    x = jax.numpy.asarray(case.x0, case.dtype)

    def step(carry: Any, g: Any) -> Any:
        x, state = carry
        updates, state = optimizer.update(g, state, x)
        x = jax.numpy.clip(optax.apply_updates(x, updates), -1, 1)
        moments = {"m": state[0].mu, "v": state[0].nu}
        if case.opt == "amsgrad":
            moments["vmax"] = state[0].nu_max
        return (x, state), (moments, x)

    _, (moments, path) = jax.lax.scan(step, (x, optimizer.init(x)), slopes)
    return {name: np.asarray(values) for name, values in moments.items()}, np.asarray(path)


# v remembers 100 roundings; XLA contracts multiplications and additions where it likes
TOLERANCE = {np.float32: 1e-4, np.float64: 1e-12}
CASES = [
    Case(*setting, first_t=first_t, dtype=dtype)
    for setting, first_t, dtype in product(SETTINGS, (0, 1), TOLERANCE)
]
# each setting, each first t and each precision
QUICK = [case for i, case in enumerate(CASES) if i in (0, 7, 10)]


@pytest.mark.parametrize("case", [case if case in QUICK else slow(case) for case in CASES], ids=str)
def test_every_step_is_optaxs(case: Case) -> None:
    moments, path = optax_path(case, STEPS)
    sizes = {name: np.maximum.accumulate(np.abs(values)) for name, values in moments.items()}
    tolerance = TOLERANCE[case.dtype]
    engine = case.engine("reference")
    for i, (state, _) in enumerate(drive(engine, engine.init(), STEPS, piece=lambda: 1)):
        for name, values in moments.items():
            difference = abs(getattr(state.memory, name) - values[i])
            assert difference <= tolerance * sizes[name][i], (i + 1, name)
        assert abs(state.x - path[i]) <= tolerance, i + 1


def test_only_optaxs_maximum_keeps_a_large_first_gradient() -> None:
    """Figure 1's problem, time from 1: the largest corrected v is the first, for ever."""
    vmax = {}
    for semantics in ("optax", "torch", "paper"):
        state, _ = run_to(Case("amsgrad", semantics, first_t=1).engine("reference"), 10_000)
        vmax[semantics] = state.memory.vmax
    assert vmax["optax"] == pytest.approx(1010**2, rel=1e-12)
    assert vmax["torch"] == vmax["paper"] == pytest.approx(16_096.8, abs=0.05)
    assert np.sqrt(vmax["optax"] / vmax["torch"]) == pytest.approx(7.96, abs=0.005)
