"""The ways to search: each yields how far it has come, and says what that answers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from amsgrad.analysis import mean_steps_of_class
from amsgrad.config.build import lanes_of
from amsgrad.rules.form import Form
from amsgrad.search.annealing import Annealed, annealed
from amsgrad.search.exhaustive import Exhausted, Slopes, smallest
from amsgrad.search.find import Minimal
from amsgrad.search.measured import PERIODS as MEASURED
from amsgrad.search.measured import Measured, measured, multiples, structured
from amsgrad.search.none_exists import none_exists
from amsgrad.search.proof import Unproved, prove
from amsgrad.search.shortest import LONGEST_ANNEALED, Shortened, shortest
from amsgrad.search.visible import PERIODS, most_visible
from amsgrad.theory.mean_step import MeanStep, mean_step
from amsgrad.theory.periodic import Floats
from amsgrad.theory.zero_sum import HALVINGS
from experiments.finds.question import LARGEST, Question

MOST = 10**7  # of max|g|, where it need not be small
ANNEALED = (10, 20, 50, 100, 200)  # periods, where structured slopes do not suffice
STEPS, STEPS_AGAIN = 2**20, 2**23  # of random orders: to choose, and to be sure
RANDOM = 5  # of the periods, in random order
LANE_STEPS = 2**15  # of torch optimizers, to choose
LONGEST_LANE = 300  # period of torch optimizers, whose steps take a thousand times as long


class Answer(NamedTuple):
    """What a search has found, or not.

    Args:
        slopes: the best so far.
        minimal: how small they are.
        none: why there are none, proved; empty where that is not so.
        effort: what was tried, where nothing was found.
        step: D, where it was measured on the way.
    """

    slopes: Slopes | None = None
    minimal: Minimal = Minimal()
    none: str = ""
    effort: str = ""
    step: MeanStep | None = None


class Strategy(Protocol):
    """One way to search; a state is a NamedTuple of how far it has come."""

    begin: Any

    def stages(self, since: Any) -> Iterator[Any]:
        """Yield how far it has come, in steps of some seconds at most."""

    def progress(self, state: Any) -> tuple[str, float]:
        """Return how far it has come in words, and the share that is done; 0 if unknown."""

    def answer(self, state: Any, *, ended: bool) -> Answer:
        """Return what the state answers, at the end or before."""


def strategy(asked: Question) -> Strategy:
    """Return the way to search for what is asked."""
    form = None if asked.config.foreign else asked.config.make_form()
    none = form and none_exists(asked.config.opt, form, asked.order, asked.period)
    if none:
        return _Proof(f"none exists: {none}")
    if asked.order != "cyclic" or form is None:
        return _MeasuredOnes(asked)
    if asked.smallest and asked.period is None and asked.largest is not None:
        return _Shortest(form, asked)
    if asked.smallest or asked.period == 2:
        return _Smallest(form, asked)
    return _Visible(form, asked)


def load(begin: Any, document: Mapping[str, Any]) -> Any:
    """Return a state from what JSON has made of it; None if it is not such a state."""
    try:
        state = type(begin)(**document)
        best, step = document["best"], document.get("step")
        if best is not None:
            state = state._replace(best=tuple(map(int, best)))
        return state if step is None else state._replace(step=MeanStep(*step))
    except (TypeError, ValueError, KeyError):
        return None


class _Done(NamedTuple):
    best: None = None


class _Proof:
    """Nothing is to be searched."""

    begin = _Done()

    def __init__(self, none: str) -> None:
        self._none = none

    def stages(self, since: _Done) -> Iterator[_Done]:
        yield since

    def progress(self, state: _Done) -> tuple[str, float]:
        return "", 1.0

    def answer(self, state: _Done, *, ended: bool) -> Answer:
        return Answer(none=self._none)


class _Smallest:
    """The smallest max|g| of a period, by branch and bound."""

    begin = Exhausted()

    def __init__(self, form: Form, asked: Question) -> None:
        self._form, self._config = form, asked.config
        self._period, self._most = asked.period or 3, asked.largest or LARGEST

    def stages(self, since: Exhausted) -> Iterator[Exhausted]:
        yield from smallest(self._form, self._period, self._most, self._fails, since)

    def _fails(self, slopes: Slopes) -> bool | None:
        try:
            sign = prove(self._config.opt, self._config.rule_options, slopes).sign
        except Unproved:  # of a divisor that is 0: there the rule is not defined
            return None
        return sign < 0 if sign else None

    def progress(self, state: Exhausted) -> tuple[str, float]:
        text = f"no {self._period} slopes with a max|g| up to {state.empty_to:,} fail"
        text += f" ({state.boxes:,} boxes)"
        if state.best is None:
            return text, 0.0
        return f"{text}, some with {_size(state.best):,} do", state.empty_to / _size(state.best)

    def answer(self, state: Exhausted, *, ended: bool) -> Answer:
        excluded = "branch and bound over all slopes"
        none = f"no {self._period} slopes with a max|g| up to {state.empty_to:,} fail"
        if state.undecided:
            none += f", but for {state.undecided:,} on which D may be 0 or is not defined"
            return Answer(state.best, Minimal(method=f"{excluded}: {none}"), effort=none)
        if state.best is None:
            return Answer(None, none=f"{none} ({excluded})" if ended else "", effort=none)
        if state.empty_to + 1 == _size(state.best):
            return Answer(state.best, Minimal("smallest", excluded, 1, state.empty_to))
        return Answer(state.best, Minimal(method=f"stopped early: so far {none}"))


class _Shortest:
    """The shortest period with bounded slopes, by branch and bound, and by annealing."""

    begin = Shortened()

    def __init__(self, form: Form, asked: Question) -> None:
        assert asked.largest is not None
        self._form, self._most, self._seed = form, asked.largest, asked.seed

    def stages(self, since: Shortened) -> Iterator[Shortened]:
        yield from shortest(self._form, self._most, self._seed, since)

    def progress(self, state: Shortened) -> tuple[str, float]:
        text = f"no slopes with a period up to {state.excluded} fail"
        if state.best is None:
            return text, 0.0
        return f"{text}, some with {len(state.best)} do, none found at {state.missed}", 0.0

    def answer(self, state: Shortened, *, ended: bool) -> Answer:
        text = (
            f"by branch and bound no slopes with a max|g| up to {self._most:,} and a period up to"
            f" {state.excluded} fail"
        )
        if state.best is None:
            return Answer(effort=f"{text}; structured slopes found none" if ended else text)
        period = len(state.best)
        if state.excluded == period - 1:
            return Answer(state.best, Minimal("shortest", "branch and bound", 1, period - 1))
        known = [text] if ended else ["stopped early", text]
        if state.missed > LONGEST_ANNEALED:
            known.insert(0, f"annealing was not tried above P = {LONGEST_ANNEALED}")
        elif state.missed > state.excluded:
            known.insert(0, f"annealing with seed {self._seed} found none at P = {state.missed}")
        return Answer(state.best, Minimal(method="; ".join(known)))


class _Looked(NamedTuple):
    done: int = 0  # structured slopes, and periods
    tries: int = 0  # at the next period, as in `Annealed`
    ratio: float = 0.0
    best: Slopes | None = None


class _Visible:
    """Slopes that a run shows soon: structured ones, and by annealing where they do not suffice."""

    begin = _Looked()

    def __init__(self, form: Form, asked: Question) -> None:
        self._form, self._seed = form, asked.seed
        self._given, self._most = asked.period, asked.largest or MOST
        self._annealed = ANNEALED if asked.period is None else (asked.period,)

    def stages(self, since: _Looked) -> Iterator[_Looked]:
        if since.done == 0:
            periods = PERIODS if self._given is None else (self._given,)
            since = _Looked(1, best=most_visible(self._form, periods, self._most))
            yield since
        for period in self._annealed[since.done - 1 :]:
            if since.best is not None and since.tries == 0:
                return
            begun = Annealed(*since[1:])
            for tried in annealed(self._form, period, self._most, self._seed, begun):
                since = _Looked(since.done, *tried)
                yield since
            since = _Looked(since.done + 1, best=since.best)
            yield since

    def progress(self, state: _Looked) -> tuple[str, float]:
        return "structured slopes, then annealing", state.done / (1 + len(self._annealed))

    def answer(self, state: _Looked, *, ended: bool) -> Answer:
        annealing = f"annealing with seed {self._seed}"
        if state.best is None:
            tried = "structured slopes" if state.done else "nothing so far"
            if state.done > 1:
                periods = ", ".join(map(str, self._annealed[: state.done - 1]))
                tried += f" and {annealing} at P = {periods}"
            return Answer(effort=f"{tried}, with |g| up to {self._most:,}")
        structured = state[:2] == (1, 0)
        method = "structured slopes, with the largest price / T*" if structured else annealing
        return Answer(state.best, Minimal(method=method))


class _MeasuredOnes:
    """Structured slopes, whose mean step is measured."""

    begin = Measured()

    def __init__(self, asked: Question) -> None:
        self._asked, self._cyclic = asked, asked.order == "cyclic"
        self._most = asked.largest or MOST
        self._periods = MEASURED if self._cyclic else MEASURED[:RANDOM]
        if asked.period is not None:
            self._periods = (asked.period,)
        elif asked.config.foreign:
            self._periods = tuple(p for p in self._periods if p <= LONGEST_LANE)
        self._lanes, self._alone = False, ""
        if asked.config.foreign:
            found = lanes_of(asked.config)
            self._lanes = found.lanes
            if not found.lanes:
                self._alone = f", each with an optimizer of its own, since it {found.reason}"

    def stages(self, since: Measured) -> Iterator[Measured]:
        groups = structured(self._periods, self._most, cyclic=self._cyclic)
        at_once = 1
        if self._lanes:  # a hundred lanes take hardly longer than one
            groups = [[g for group in groups for g in group]]
            at_once = max(HALVINGS, len(groups[0]))
        reached, again = since, None if self._cyclic else self._again
        for reached in measured(groups, self._each, again, since, at_once):
            yield reached
        if self._cyclic and reached.best is None:
            groups.append(multiples(self._each, self._periods, self._most, HALVINGS))
            yield from measured(groups, self._each, again, reached, at_once)

    def _each(self, many: Sequence[Floats]) -> Sequence[MeanStep]:
        return self._mean_steps(many, STEPS, self._asked.seed)

    def _again(self, g: Floats) -> MeanStep:
        return self._mean_steps([g], STEPS_AGAIN, self._asked.seed + 1)[0]

    def _mean_steps(self, many: Sequence[Floats], steps: int, seed: int) -> Sequence[MeanStep]:
        config, order = self._asked.config, self._asked.order
        if config.foreign:
            most = LANE_STEPS * (1 if steps == STEPS else 4)
            return mean_steps_of_class(config, order, seed, most)(many)
        rule = config.make_rule()
        return [mean_step(rule, g, order=order, seed=seed, steps=steps) for g in many]

    def progress(self, state: Measured) -> tuple[str, float]:
        text = f"{state.done} of {state.total} sequences measured"
        return text, state.done / max(state.total, 1)

    def answer(self, state: Measured, *, ended: bool) -> Answer:
        effort = f"{state.done} structured sequences in {self._asked.order} order, measured"
        effort += self._alone
        if state.best is None:
            return Answer(effort=effort)
        method = f"the largest price / T* of {effort}"
        return Answer(state.best, Minimal(method=method), step=state.step)


def _size(slopes: Slopes) -> int:
    return max(map(abs, slopes))
