"""What a kernel on the device is made for: the functions and facts that its runs share."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from amsgrad.cuda.columns import Layout, layout_of, reader, writer
from amsgrad.engines.base import Setup
from amsgrad.engines.kind import steps_repeat
from amsgrad.rules.rule import Rule
from amsgrad.schedules import constant


class Parts(NamedTuple):
    """The functions and types of one kernel.

    Args:
        at_rest: True if the period is one step: a phase is then always 0.
        tabled: True if what a step takes from x comes to repeat with the period, whatever x is:
            losses are linear and in order, and the step size is constant.
    """

    coefficients: Callable[..., Any]
    update: Callable[..., Any]
    select: Callable[..., Any]
    loss: Callable[..., Any]
    gradient: Callable[..., Any]
    step_size: Callable[..., Any]
    momentum: Callable[..., Any]
    real: Any
    memory: Any
    parameters: Any
    hyper: Any
    hindsight: bool
    at_rest: bool
    tabled: bool
    layout: Layout

    @property
    def functions(self) -> tuple[Callable[..., Any], ...]:
        """The functions of rule, problem and schedules."""
        return self[:7]

    @property
    def decays(self) -> bool:
        """True if step size or beta1 depend on the step."""
        return self.step_size is not constant or self.momentum is not constant

    def accessors(self) -> tuple[Any, ...]:
        """Return what reads and writes the memory of run i, and reads its other numbers.

        Those are the problem's, the rule's, and the rule's as if every step were settled: LLVM then
        sees that no power is needed.
        """
        layout = self.layout
        return (
            reader(self.memory, layout.memory),
            writer(self.memory, layout.memory),
            reader(self.parameters, layout.parameters),
            reader(self.hyper, layout.hyper),
            reader(self.hyper, layout.hyper, settled="0"),
        )


def parts_of(setups: Sequence[Setup], rules: Sequence[Rule]) -> Parts:
    """Return the parts for runs of one kind.

    Raises:
        Unplaced: their numbers are not all numbers (`columns.py`).
    """
    setup, rule = setups[0], rules[0]
    problem = setup.problem
    return Parts(
        *(rule.coefficients, rule.update, problem.select, problem.loss, problem.gradient),
        *(setup.schedule, setup.beta1_schedule, setup.dtype),
        *(rule.memory, type(problem.parameters(setup.dtype)), type(rule.h)),
        hindsight=problem.hindsight,
        at_rest=problem.period == 1,
        tabled=steps_repeat(setup),
        layout=layout_of(setups, rules),
    )
