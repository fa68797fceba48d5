"""Why a run cannot be computed on a GPU with the bits of this CPU, in a sentence."""

from collections.abc import Sequence
from importlib.metadata import version

from amsgrad.cuda.columns import Unplaced
from amsgrad.cuda.kernel import Kernel, kernel_of
from amsgrad.cuda.lowering import Uncompiled
from amsgrad.cuda.ptx import NotOnDevice
from amsgrad.engines.base import Setup
from amsgrad.rules.rule import Rule

OLDEST_NUMBA = "0.68"  # with LLVM 22; the back end of LLVM 15 fails


class Refused(ValueError):
    """A run that the engine `cuda` does not take; the message is one sentence."""


def why_not(setup: Setup, rule: Rule) -> str | None:
    """Return why the engine `cuda` refuses such runs, or None where it takes them.

    The first call for a kind of runs on a machine compiles its functions, in 2 to 5 seconds.

    Of padam it is "the engine cuda does not take padam on Online: a GPU has no pow with the bits of
    this CPU".
    """
    try:
        kernel_for([setup], [rule])
    except Refused as error:
        return str(error)
    return None


def kernel_for(setups: Sequence[Setup], rules: Sequence[Rule]) -> Kernel:
    """Return the kernel for runs of one kind.

    Raises:
        Refused: there is none.
    """
    numba = version("numba")
    if _numbers(numba) < _numbers(OLDEST_NUMBA):
        raise Refused(f"the engine cuda needs numba {OLDEST_NUMBA} or newer, but {numba} is here")
    setup, rule = setups[0], rules[0]
    try:
        return kernel_of(setups, rules)
    except (NotOnDevice, Unplaced) as error:
        why = str(error)
    except Uncompiled:
        why = "numba does not compile its functions, or those of the problem"
    where = type(setup.problem).__name__
    raise Refused(f"the engine cuda does not take {rule.name} on {where}: {why}")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2])
