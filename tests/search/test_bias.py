"""The bias against many digits, and its bounds against points of the boxes."""

from typing import Any

import mpmath
import numpy as np
import pytest

from amsgrad.rules import RULES
from amsgrad.search.bias_of import bias_of
from amsgrad.search.boxes import Boxes
from tests.theory import exact

pytestmark = pytest.mark.slow

COUNT = 12  # boxes: the digits take time
RULES_THAT_FAIL: list[tuple[str, dict[str, Any]]] = [
    ("adam", {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}),
    ("adam", {"beta1": 0.5, "beta2": 0.9, "eps": 0.3}),
    ("rmsprop", {"beta2": 0.99, "eps": 0.0}),
    ("adopt", {"beta2": 0.9999, "eps": 1e-6}),
    ("adashift", {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}),
    ("adashift", {"beta1": 0.5, "beta2": 0.8, "eps": 0.5, "window": 2}),
    ("acprop", {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}),
    ("acprop", {"beta1": 0.3, "beta2": 0.5, "eps": 0.1}),
    ("nadam", {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}),
    ("adabelief", {"beta1": 0.9, "beta2": 0.999, "eps": 1e-16}),
    ("adabelief", {"beta1": 0.5, "beta2": 0.9, "eps": 0.3}),
    ("adamax", {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}),
    ("adamax", {"beta1": 0.4, "beta2": 0.7, "eps": 2.0}),
]


def exact_bias(opt: str, options: dict[str, Any], g: list[float]) -> Any:
    """B = S - D divisor(mean of the squares), with 60 digits."""
    texts = {k: v if k == "window" else repr(v) for k, v in options.items()}
    with mpmath.workdps(60):
        squares = [mpmath.mpf(x) ** 2 for x in g]
        if opt in ("acprop", "adabelief"):
            m = exact.averages([mpmath.mpf(x) for x in g], texts["beta1"])
            squares = [(mpmath.mpf(x) - y) ** 2 for x, y in zip(g, m, strict=True)]
        r, eps = mpmath.fsum(squares) / len(g), mpmath.mpf(texts["eps"])
        form = RULES[opt].form_with(**options)
        assert form is not None
        divisor = {
            "root + eps": mpmath.sqrt(r) + eps,
            "root of w + eps": mpmath.sqrt(r + eps),
            "max(root, eps)": max(mpmath.sqrt(r), eps),
            "root of w and eps, + eps": mpmath.sqrt(r + eps / (1 - mpmath.mpf(texts["beta2"])))
            + eps,
            "w": mpmath.mpf(max(map(abs, g))) + eps,
        }[form.divisor]
        return mpmath.fsum(g) - divisor * exact.mean_step(opt, g, **texts)


@pytest.mark.parametrize(("opt", "options"), RULES_THAT_FAIL)
@pytest.mark.parametrize("period", [3, 5])
def test_points(opt: str, options: dict[str, Any], period: int) -> None:
    form, size = RULES[opt].form_with(**options), 64
    assert form is not None
    g = np.random.default_rng(period).integers(-size, size + 1, (3, period)).astype(float)
    g[:, 0] = np.random.default_rng(0).choice([size, -size], 3)
    coordinates = np.column_stack([g[:, 1:-1], g.sum(-1)]) / size
    boxes = Boxes(g[:, 0] / size, coordinates, coordinates)
    found = bias_of(form, period).bound(boxes, (size, size))
    for i, slopes in enumerate(g.tolist()):
        b = exact_bias(opt, options, slopes) / size
        assert found.middle[i] <= b
        if (np.array(slopes) < 0).any() or opt in ("acprop", "adabelief"):
            assert b <= found.upper[i] or np.isinf(found.upper[i])
        if np.isfinite(found.upper[i]):
            assert found.upper[i] - found.middle[i] < 1e-12


@pytest.mark.parametrize(("opt", "options"), RULES_THAT_FAIL)
def test_boxes(opt: str, options: dict[str, Any]) -> None:
    """Every point of a box has a bias below the bound, and the bound is off by the order h^2."""
    form, generator = RULES[opt].form_with(**options), np.random.default_rng(1)
    assert form is not None
    bias, gaps = bias_of(form, 3), []
    for width in (0.1, 0.01):
        low = np.column_stack(
            [generator.uniform(-0.9, 0.2, COUNT), generator.uniform(0, 0.1, COUNT)]
        )
        boxes = Boxes(np.ones(COUNT), low, low + width)
        found = bias.bound(boxes, (100, 200))
        size = generator.uniform(100, 200)
        points = low + width * generator.uniform(0, 1, low.shape)
        highest = np.full(COUNT, -np.inf)
        for i, (y, s) in enumerate(points.tolist()):
            slopes = [size, size * y, size * (s - 1 - y)]
            b = float(exact_bias(opt, options, slopes)) / size
            if min(slopes) < 0:
                assert b <= found.upper[i] + 1e-15
            highest[i] = b
        ok = np.isfinite(found.upper)
        gaps.append(np.median((found.upper - highest)[ok]))
    assert gaps[1] < gaps[0] / 5


def test_a_rule_that_never_fails_has_no_bias() -> None:
    form = RULES["amsgrad"].form_with()
    assert form is not None
    with pytest.raises(ValueError, match="the bias is of forms that can fail"):
        bias_of(form, 3)
