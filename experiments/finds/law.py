"""The law of a find: what its slopes cost for all T at a step size alpha / sqrt(t)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from amsgrad.config.build import build_setup
from amsgrad.config.run_config import Config
from amsgrad.laws.certificate import LawCertificate, certificate_of
from amsgrad.laws.memory import NoLaw
from amsgrad.laws.settle import settle
from amsgrad.laws.soonest import soonest
from amsgrad.laws.why_no_law import why_no_law
from amsgrad.laws.words import formula
from amsgrad.problems.sequence import text_of
from amsgrad.search.find import Find
from experiments.finds.confirmation import command_of, why_another
from experiments.run.certificate_file import from_text, to_text
from experiments.run.no_certificate import NoCertificate

MEMORY = 10_000_000  # steps, within which the memory must come to its cycle
LATEST = 200_000_000  # steps, before which the law must begin: two seconds
NEAR = 0.1  # the share of the limit from which on a law is said to show


@dataclass(frozen=True)
class FindLaw:
    """The law of one run of a find.

    Args:
        config: its settings; as many steps as it needs to show the law.
        certificate: of the law.
    """

    config: Config
    certificate: LawCertificate

    @property
    def near(self) -> int:
        """The step from which on R_T / T is within a tenth of its limit."""
        return self.certificate.near(NEAR)

    @property
    def command(self) -> str:
        """The command of the run, whose summary states the law."""
        return command_of(self.config)

    def fields(self) -> dict[str, Any]:
        """Return the numbers of the law for an object of JSON."""
        c = self.certificate
        return {
            "lr": self.config.lr,
            "limit": float(c.limit),
            "kappa": c.kappa,
            "exponent": c.exponent,
            "constant": c.constant,
            "start": c.start,
            "bits_to": c.bits_to,
            "near": self.near,
            "formula": formula(c),
        }


def law_of(find: Find) -> FindLaw:
    """Return the law of a run of a find at alpha / sqrt(t), with the alpha at which it begins soon.

    Raises:
        NoLaw: there is none, or none begins soon.
    """
    if not find.proved:
        raise NoLaw("its D was measured, not proved")
    config = Config(
        opt=find.opt,
        **find.options,
        problem="sequence",
        slopes=text_of(find.slopes),
        schedule="inverse_sqrt",
        dtype="float64",
    )
    setup, rule = build_setup(config), config.make_rule()
    reason = why_no_law(setup, rule)
    if reason is not None:
        raise NoLaw(reason)
    setup = replace(setup, lr=soonest(setup, rule, MEMORY))
    law = settle(setup, rule, LATEST, config.make_form())
    config = Config(**{**config.settings(), "lr": setup.lr})
    return _with_steps(config, certificate_of(law))


def refutation(law: FindLaw, find: Find) -> str | None:
    """Return why a law is not one of a find, or None where it may be; it is not checked itself."""
    why = why_another(law.config, find)
    if why is not None:
        return f"the run of its law {why}"
    x = law.certificate.x
    return f"its law is at x = {x!r}, which is not the worse end" if x * find.sum <= 0 else None


def to_document(law: FindLaw) -> dict[str, Any]:
    """Return the law as an object of JSON."""
    return {
        "command": law.command,
        "certificate": json.loads(to_text(law.certificate, law.config)),
    }


def from_document(document: Mapping[str, Any]) -> FindLaw:
    """Return what `to_document` was given.

    Raises:
        KeyError, TypeError, ValueError: it is not such an object.
    """
    try:
        certificate, config = from_text(json.dumps(document["certificate"]))
    except NoCertificate as error:
        raise ValueError(f"the certificate of its law is not one: {error}") from None
    if not isinstance(certificate, LawCertificate):
        raise ValueError("the certificate of its law is one of a cycle")
    return _with_steps(config, certificate)


def _with_steps(config: Config, certificate: LawCertificate) -> FindLaw:
    """Let the run be so long that it shows the law, to two digits; at most some 4e18 steps."""
    steps = min(max(int(float(f"{1.05 * certificate.near(NEAR):.1e}")), 1), 2**62)
    own = {**config.settings(), "steps": steps, "certify": "yes", "every": None}
    return FindLaw(Config(**own), certificate)
