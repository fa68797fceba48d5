"""The test whether a class of torch optimizers acts on each element by itself.

Only then is a lane of a tensor the run that it would be alone. Lanes at several scales of slopes,
most of them with a mean slope that is not zero, in two parameter groups and three parameters, are
stepped together, beside other neighbours, and alone.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from amsgrad.optimizers.catalog import MakeOptimizer, foreign_optimizer
from amsgrad.optimizers.lanes import Lanes, Rates
from amsgrad.optimizers.randomness import own_randomness
from amsgrad.optimizers.threads import one_thread

STEPS = 2048
FEWER = 256  # steps of the tests of lr and of random numbers
PERIOD = 21  # of the slopes
SIZES, LONGEST = (48, 32), 32  # of the groups, and of a parameter: full vectors and their rests
RATES = (3e-3, 1e-3)  # lr of each group
ALONE = (0, 31, 40, 48, 79)  # lanes that are also run alone: in each parameter, and at its ends
SCALES = (1.0, 100.0, 0.01)  # of the slopes, lane by lane
ROUNDING = 1e-9  # relative, in double precision

LIMITS = (
    f"The test takes {STEPS:,} steps of 1-D tensors: it cannot exclude that elements mix later, and"
    " classes that treat matrices in another way (LARS, GaLore, SOAP, Muon) are seen on the path"
    " that they take for biases."
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Elementwise:
    """What the test has found.

    Args:
        verdict: whether lanes are the runs that they would be alone: "to the bit"; "to rounding";
            not, since the optimizer "mixes" elements or "draws" random numbers for all of them; or
            "refused", since it cannot be tested.
        reason: of the last three, in words that follow "it".
        scheduled: True if an lr that changes from step to step counts.
        linear: True if x moves by lr times something that does not depend on lr.
    """

    verdict: Literal["to the bit", "to rounding", "mixes", "draws", "refused"]
    reason: str = ""
    scheduled: bool = False
    linear: bool = False

    @property
    def lanes(self) -> bool:
        """True if many runs can be the lanes of one tensor."""
        return self.verdict in ("to the bit", "to rounding")


@cache
def elementwise(cls: Any, **keywords: Any) -> Elementwise:
    """Return whether a class of torch optimizers, with these keyword arguments, can have lanes.

    It takes a second or two, and is kept for the rest of the process. What it cannot exclude is
    said in `LIMITS`.
    """
    try:
        with one_thread(), own_randomness(torch.device("cpu")), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the class
            return _test(foreign_optimizer(cls, lr=RATES[0], **keywords))
    except (Exception, SystemExit) as error:  # another's code may fail in any way
        reason = " ".join(str(error).split())[:200]
        return Elementwise("refused", f"cannot be stepped ({type(error).__name__}: {reason})")


def _test(make: MakeOptimizer) -> Elementwise:
    slopes, start = _slopes()
    first = _walk(make, slopes, start, FEWER)
    if not np.isfinite(first).all():
        return Elementwise("refused", "does not stay finite")
    if np.array_equal(first, start):
        return Elementwise("refused", "does not move x")
    together = _walk(make, slopes, start, STEPS)
    half = _walk(make, slopes, start, STEPS, scale=lambda k: 0.5)
    if np.array_equal(half, together):
        return Elementwise("refused", "ignores lr")
    linear = bool(np.allclose(2 * (half - start), together - start, rtol=1e-6, atol=0))
    fading = _walk(make, slopes, start, FEWER, scale=lambda k: k**-0.5)
    scheduled = not np.allclose(fading - start, first - start, rtol=1e-3, atol=0)
    found = partial(Elementwise, scheduled=scheduled, linear=linear)
    if not np.array_equal(_walk(make, slopes, start, FEWER), first):
        return found("refused", "is not repeatable")
    if not np.array_equal(_walk(make, slopes, start, FEWER, seed=1), first):
        return found("draws", "draws random numbers, which lanes would share")
    chosen, others = np.array(ALONE), _scrambled(slopes, start)
    for walked in (first, together):  # most that mix do so at once
        steps = FEWER if walked is first else STEPS
        if not np.array_equal(_walk(make, *others, steps)[chosen], walked[chosen]):
            return found("mixes", "mixes elements: they move with their neighbours")
    if not np.isfinite(together).all():
        return found("refused", "does not stay finite")
    alone = _walk_alone(make, slopes, start)
    if np.array_equal(alone, together[chosen]):
        return found("to the bit")
    if np.allclose(alone, together[chosen], rtol=ROUNDING, atol=0):
        return found("to rounding")
    return found("mixes", "moves an element by how many there are")


def _slopes() -> tuple[Floats, Floats]:
    """Return the slopes of each lane in a period, of shape (PERIOD, lanes), and its first x."""
    rng = np.random.default_rng(13)
    lanes = sum(SIZES)
    slopes = rng.normal(size=(PERIOD, lanes)) + rng.choice((-0.5, 0.0, 0.5), lanes)
    slopes[1:, ::4] *= rng.random((PERIOD - 1, slopes[:, ::4].shape[1])) < 0.3  # many are zero
    return slopes * np.resize(SCALES, lanes), rng.uniform(-1, 1, lanes)


def _scrambled(slopes: Floats, start: Floats) -> tuple[Floats, Floats]:
    """Return the same for the chosen lanes, and for the others those of one another, scaled."""
    others = np.setdiff1d(np.arange(start.size), ALONE)
    slopes, start = slopes.copy(), start.copy()
    slopes[:, others] = 30 * slopes[:, others[::-1]]
    start[others] = -2 * start[others[::-1]]
    return slopes, start


def _walk(
    make: MakeOptimizer,
    slopes: Floats,
    start: Floats,
    steps: int,
    *,
    scale: Callable[[int], float] = lambda k: 1.0,
    seed: int = 0,
) -> Floats:
    """Return x of all lanes together after the steps, on the whole line."""
    x = torch.tensor(start)
    lanes = Lanes(make, x, SIZES, seeds=(seed,), longest=LONGEST)
    _step(lanes, slopes, steps, RATES, scale)
    found: Floats = lanes.x.numpy()
    return found


def _walk_alone(make: MakeOptimizer, slopes: Floats, start: Floats) -> Floats:
    """Return x of the chosen lanes after STEPS steps, each with an optimizer of its own."""
    chosen = np.array(ALONE)
    rates = np.repeat(RATES, SIZES)[chosen]
    x, ones = torch.tensor(start[chosen]), [1] * chosen.size
    lanes = Lanes(make, x, ones, together=False, seeds=[0] * chosen.size)
    _step(lanes, slopes[:, chosen], STEPS, rates.tolist(), lambda k: 1.0)
    found: Floats = lanes.x.numpy()
    return found


def _step(
    lanes: Lanes,
    slopes: Floats,
    steps: int,
    lr: Sequence[float],
    scale: Callable[[int], float],
) -> None:
    table = torch.tensor(slopes).unbind(0)
    lanes.go_on()
    for k in range(1, steps + 1):
        gradient = table[(k - 1) % PERIOD].clone()  # an optimizer may write into it
        lanes.step(gradient, [Rates(scale(k) * rate) for rate in lr])
