"""The tables of powers on the device (`powers.py`), for one launch after the other."""

import weakref
from collections.abc import Sequence

import numpy as np

from amsgrad.cuda.driver import Driver, Module
from amsgrad.cuda.kernel_ir import LOOK, MISSING, POWERS
from amsgrad.cuda.parts import Parts
from amsgrad.cuda.powers import numbers_of_powers, powers_of
from amsgrad.cuda.refusal import Refused
from amsgrad.engines.base import Setup
from amsgrad.rules.rule import NEVER, Rule

BYTES = 2**27  # of the tables of a launch, about
LEAST_STEPS = 16  # of a launch, however many numbers there are
BEFORE, AFTER = 1, 2  # exponents beside the steps of a launch
LONGEST_WINDOW = 64  # steps: AdaShift's exponent is k less its window


class PowerTables:
    """The powers that the runs of a kernel ask for.

    Args:
        parts, setups, rules: of the runs.
        ptx: their kernel.
        driver, module: the device, and the kernel on it.
    """

    def __init__(
        self,
        parts: Parts,
        setups: Sequence[Setup],
        rules: Sequence[Rule],
        ptx: str,
        driver: Driver,
        module: Module,
    ) -> None:
        self._parts, self._driver, self._module = parts, driver, module
        self._asked = LOOK in ptx
        self._name = rules[0].name
        self._kept: list[int] = []  # addresses of ids and facts
        self._rooms: list[int] = []  # address of the tables
        if self._asked:
            self._wanted = numbers_of_powers(setups, rules)
            whole = [e for rule in rules for e in rule.h if type(e) is int and e <= LONGEST_WINDOW]
            self._before = BEFORE + max(whole, default=0)
            for array in (self._wanted.ids, self._wanted.facts):
                self._kept.append(driver.room(array.nbytes))
                driver.send(array, self._kept[-1])
        for rooms in (self._kept, self._rooms):
            weakref.finalize(self, driver.drop, rooms)

    def most_steps(self, done: int) -> int:
        """Return how many steps a launch after `done` may take."""
        asked = self._wanted.asked(done) if self._asked else 0
        return max(LEAST_STEPS, BYTES // (8 * self._wanted.planes * asked)) if asked else NEVER

    def send(self, done: int, stop: int) -> None:
        """Bring the powers of the steps after `done`, up to `stop`, to the device."""
        asked = self._wanted.asked(done) if self._asked else 0
        if not asked:
            return
        last = min(stop, int(self._wanted.last[0]))
        first = max(0, done + 1 - self._before)
        tables = powers_of(self._parts.momentum, self._wanted, asked, first, last + AFTER - first)
        while self._rooms:
            self._driver.free(self._rooms.pop())
        self._rooms.append(self._driver.room(tables.nbytes))
        self._driver.send(tables, self._rooms[0])
        # in the order of `_LOOK_IR` in `kernel_ir.py`
        numbers, runs = self._wanted.ids.shape
        sizes = [runs, numbers, first, *tables.shape, self._wanted.last.size]
        facts = [*sizes, *self._kept, *self._rooms]
        self._driver.send(np.array(facts, np.int64), self._module.address(POWERS))

    def check(self) -> None:
        """Refuse a launch that asked for another power.

        Raises:
            Refused: it did; its numbers are NaN.
        """
        if not self._asked:
            return
        missing = np.empty(1, np.int64)
        self._driver.fetch(self._module.address(MISSING), missing)
        if missing[0]:
            self._driver.send(np.zeros(1, np.int64), self._module.address(MISSING))
            raise Refused(
                f"the engine cuda does not take {self._name}: it asks for a power that is not one"
                " of a number of its h, of beta1 or of a number in its code with about the step as"
                " exponent"
            )
