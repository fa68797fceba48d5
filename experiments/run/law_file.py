"""The numbers of a law's certificate, in its file."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from amsgrad.laws.certificate import LawCertificate
from amsgrad.laws.memory import LONGEST
from amsgrad.laws.walk import MOST
from experiments.run.no_certificate import NoCertificate, fraction, real, whole

FORM = "amsgrad certificate of a law, form 1"


def claim(certificate: LawCertificate) -> str:
    """Return what the certificate says."""
    c = certificate
    growth = "kappa T^-exponent" if c.exponent < 1 else "kappa ln(T) / T"
    return (
        f"After {c.start} steps of the run with these settings its whole state and the sum of its"
        f" regrets are those below; {c.length} steps later its memory is so again, bit for bit, and"
        " in exact arithmetic x is at the same end of the feasible set after each such cycle, for"
        f" ever, where the steps `clips` are clipped; hence R_T / T is limit + {growth} + constant"
        " / T at the ends of cycles, up to terms that fall faster; the program itself is there, to"
        f" the bit, up to step {c.bits_to}."
    )


def numbers(certificate: LawCertificate) -> dict[str, Any]:
    """Return what stands in the file besides the settings."""
    c = certificate
    return {
        "start": c.start,
        "length": c.length,
        "state": {"x": c.x.hex(), "memory": {name: e.hex() for name, e in c.memory.items()}},
        "regret": c.regret.hex(),
        "clips": ",".join(_ranges(c.clips)),
        "limit_average_regret": str(c.limit),
        "kappa": c.kappa.hex(),
        "exponent": c.exponent.hex(),
        "constant": c.constant.hex(),
        "bits_to": c.bits_to,
    }


def read(document: Mapping[str, Any]) -> LawCertificate:
    """Return the certificate of a file; what is wrong with it raises as it may."""
    state = document["state"]
    return LawCertificate(
        start=whole(document["start"]),
        length=whole(document["length"]),
        x=real(state["x"], "x"),
        memory={str(name): real(entry, name) for name, entry in state["memory"].items()},
        regret=real(document["regret"], "regret"),
        clips=tuple(_steps(document["clips"])),
        limit=fraction(document["limit_average_regret"], "limit_average_regret"),
        kappa=real(document["kappa"], "kappa"),
        exponent=real(document["exponent"], "exponent"),
        constant=real(document["constant"], "constant"),
        bits_to=whole(document["bits_to"], MOST + 1),
    )


def _ranges(steps: tuple[int, ...]) -> Iterator[str]:
    """Yield `first-last` for steps that follow one another, or one step.

    >>> list(_ranges((1, 2, 3, 7)))
    ['1-3', '7']
    """
    for _, group in groupby(enumerate(steps), lambda pair: pair[1] - pair[0]):
        run = [step for _, step in group]
        yield str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}"


def _steps(text: str) -> Iterator[int]:
    last = 0
    for part in text.split(","):
        first, _, end = part.partition("-")
        for step in range(int(first), int(end or first) + 1):
            if not last < step <= LONGEST:
                raise NoCertificate("its clips are not increasing steps of a cycle")
            last = step
            yield step
