"""The plain engine: the definition of a run, one operation at a time."""

import numpy as np
from numpy.typing import NDArray

from amsgrad.engines.base import Records, ScalarEngine, State, check_records
from amsgrad.regret import BLOCK, against_hindsight, close_block, value


class Reference(ScalarEngine):
    """Plain Python on numpy scalars of the run's precision: some 10 microseconds per step."""

    def advance(
        self, state: State, steps: int, record_at: NDArray[np.int64]
    ) -> tuple[State, Records]:
        check_records(record_at, state.steps, steps)
        problem, rule, real = self.setup.problem, self.rule, self.setup.dtype
        p = problem.parameters(real)
        lower, upper, x_star = real(problem.lower), real(problem.upper), real(problem.x_star)
        recorded = set(record_at.tolist())
        rows = []
        done, x, memory, regret, slopes, finite = state
        with np.errstate(all="ignore"):  # what overflows is found at the records
            for k in range(state.steps + 1, state.steps + steps + 1):
                t = self.setup.first_t + k - 1
                f = problem.select(t, t % problem.period, p)
                r = problem.loss(f, x, p) - problem.loss(f, x_star, p)
                beta1 = self.setup.beta1(k, rule.beta1)
                c = rule.coefficients(k, self.setup.alpha(k), beta1, rule.h, real)
                memory, delta = rule.update(memory, problem.gradient(f, x, p), c)
                regret = regret._replace(open=regret.open + float(r))
                if problem.hindsight:
                    slope = float(problem.gradient(f, x_star, p))
                    slopes = slopes._replace(open=slopes.open + slope)
                if k in recorded:
                    hindsight = np.nan
                    if problem.hindsight:
                        bounds = problem.x_star, problem.lower, problem.upper
                        hindsight = against_hindsight(value(regret), value(slopes), *bounds)
                    rows.append((k, float(x), float(r), value(regret) / k, hindsight / k))
                    finite = bool(np.isfinite([x, r, delta, *memory]).all())
                x = min(max(x - delta, lower), upper)
                if k % BLOCK == 0:
                    regret, slopes = close_block(regret), close_block(slopes)
                done = k
                if not finite:
                    break
        return State(done, x, memory, regret, slopes, finite), Records.from_rows(rows)
