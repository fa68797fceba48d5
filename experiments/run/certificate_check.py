"""The check of a certificate file by the plain reference engine; no compiled code takes part."""

from typing import Any, NamedTuple

from amsgrad.config.build import build_setup
from amsgrad.config.caption import caption
from amsgrad.cycles import certificate as cycles
from amsgrad.cycles.certificate import Certificate
from amsgrad.laws import check as laws
from amsgrad.laws.certificate import LawCertificate
from amsgrad.laws.words import formula
from experiments.run.certificate_file import from_text
from experiments.run.no_certificate import NoCertificate

MOST_STEPS = 2_000_000  # from x0, in about 20 s
VERIFIED, REFUTED, UNCHECKED = 0, 1, 3


class Checked(NamedTuple):
    """A statement, as it was checked."""

    status: int  # VERIFIED, REFUTED, or UNCHECKED: it was not checked in full
    sentence: str


def check_certificate(text: str, *, cycle_only: bool) -> Checked:
    """Check what a certificate states and, unless `cycle_only`, that the run reaches it.

    Raises:
        ConfigError: it is of a rule or a problem of the user's own, which cannot be imported here.
    """
    try:
        certificate, config = from_text(text)
    except NoCertificate as error:
        return Checked(REFUTED, f"refuted: it is not a certificate: {error}")
    if config.foreign:
        return Checked(
            REFUTED, f"refuted: --opt {config.opt} is a class of another package: not checked"
        )
    setup, rule = build_setup(config), config.make_rule()
    reached = not cycle_only and certificate.start <= MOST_STEPS
    check: Any
    check, kind = (laws, "law") if isinstance(certificate, LawCertificate) else (cycles, "cycle")
    why = check.refutation(certificate, setup, rule)
    if why is None and reached:
        why = check.unreached(certificate, setup, rule)
    if why is not None:
        return Checked(REFUTED, f"refuted: {why}")
    claim = f"{config.opt}, {caption(config)}: {_claim(certificate)}"
    if reached:
        return Checked(VERIFIED, f"verified: {claim}")
    return Checked(UNCHECKED, f"the {kind} holds; that the run reaches it was not checked: {claim}")


def _claim(c: Certificate | LawCertificate) -> str:
    if isinstance(c, LawCertificate):
        return (
            f"from step {c.start:,} on, for ever in exact arithmetic, x goes to {c.x:g} and"
            f" {formula(c)}; to the bit up to step {c.bits_to:,}"
        )
    return (
        f"from step {c.start:,} on all repeats every {c.length:,} steps, x in [{c.lowest:.6g},"
        f" {c.highest:.6g}], average regret -> {c.limit:.10g}"
    )
