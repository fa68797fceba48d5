"""The check of a certificate file by the plain reference engine; no compiled code takes part."""

from typing import NamedTuple

from amsgrad.config.build import build_setup
from amsgrad.config.caption import caption
from amsgrad.cycles.certificate import refutation, unreached
from experiments.run.certificate_file import NoCertificate, from_text

MOST_STEPS = 2_000_000  # from x0, in about 20 s
VERIFIED, REFUTED, UNCHECKED = 0, 1, 3


class Checked(NamedTuple):
    """A statement, as it was checked."""

    status: int  # VERIFIED, REFUTED, or UNCHECKED: it was not checked in full
    sentence: str


def check_certificate(text: str, *, cycle_only: bool) -> Checked:
    """Check the cycle of a certificate and, unless `cycle_only`, that the run reaches it.

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
    why = refutation(certificate, setup, rule)
    if why is None and reached:
        why = unreached(certificate, setup, rule)
    if why is not None:
        return Checked(REFUTED, f"refuted: {why}")
    claim = (
        f"{config.opt}, {caption(config)}: from step {certificate.start:,} on all repeats every"
        f" {certificate.length:,} steps, x in [{certificate.lowest:.6g},"
        f" {certificate.highest:.6g}], average regret -> {certificate.limit:.10g}"
    )
    if reached:
        return Checked(VERIFIED, f"verified: {claim}")
    return Checked(UNCHECKED, f"the cycle holds; that the run reaches it was not checked: {claim}")
