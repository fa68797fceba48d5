"""The tables of powers on the device (`powers.py`), for one launch after the other."""

import weakref
from collections.abc import Sequence

import numpy as np

from amsgrad.cuda.driver import Driver, Module
from amsgrad.cuda.parts import Parts
from amsgrad.cuda.powers import numbers_of_powers, powers_of
from amsgrad.cuda.ptx import LOOK, MISSING, POWERS
from amsgrad.engines.base import Setup
from amsgrad.rules.rule import Rule

BYTES = 2**27  # of the two tables of a launch, about
BEFORE = 80  # steps: AdaShift's exponent is k less its window, at most 64
AFTER = 2


class MissingPower(ValueError):
    """A kernel asked for a power that the host did not compute; the message is one sentence."""


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
        self._settled = max(rule.settled for rule in rules)
        self._name = rules[0].name
        self._rooms: list[int] = []
        self._ids = 0
        self.most_steps = 2**62
        if self._asked:
            self._wanted = numbers_of_powers(parts, setups, rules)
            columns = BYTES // (2 * 8 * self._wanted.sorts.size)
            self.most_steps = max(1, columns - BEFORE - AFTER)
            self._ids = driver.room(self._wanted.ids.nbytes)
            driver.send(self._wanted.ids, self._ids)
            weakref.finalize(self, driver.free, self._ids)
            weakref.finalize(self, _free, driver, self._rooms)

    def send(self, done: int, stop: int) -> None:
        """Bring the powers of the steps after `done`, up to `stop`, to the device."""
        if not self._asked or (done >= self._settled and not self._parts.decays):
            return
        last = stop if self._parts.decays else min(stop, self._settled)
        first = max(0, done - BEFORE)
        tables = powers_of(self._parts, self._wanted, first, last + AFTER - first)
        _free(self._driver, self._rooms)
        for table in tables:
            self._rooms.append(self._driver.room(table.nbytes))
            self._driver.send(table, self._rooms[-1])
        # in the order of `_POWER` in `ptx.py`
        (numbers, runs), (width, rows) = self._wanted.ids.shape, tables[0].shape
        facts = [runs, numbers, first, width, rows, self._ids, *self._rooms]
        self._driver.send(np.array(facts, np.int64), self._module.address(POWERS))

    def check(self) -> None:
        """Refuse a launch that asked for another power.

        Raises:
            MissingPower: it did; its numbers are NaN.
        """
        if not self._asked:
            return
        missing = np.empty(1, np.int64)
        self._driver.fetch(self._module.address(MISSING), missing)
        if missing[0]:
            raise MissingPower(
                f"the engine cuda does not take {self._name}: it asks for a power that is not one"
                " of beta1, beta1_rate or a number of its h with the step as exponent"
            )


def _free(driver: Driver, rooms: list[int]) -> None:
    while rooms:
        driver.free(rooms.pop())
