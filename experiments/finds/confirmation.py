"""A run that shows what a find says, as part of its file."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from amsgrad.config.run_config import RUN, Config
from amsgrad.cycles.certificate import Certificate
from amsgrad.options import Role, shown
from amsgrad.problems.sequence import text_of
from amsgrad.search.find import Find
from amsgrad.verdict import WORST, Verdict
from experiments.run.certificate_file import from_text, to_text
from experiments.run.no_certificate import NoCertificate


@dataclass(frozen=True)
class Confirmation:
    """What a run of a find has shown.

    Args:
        config: its settings.
        x: after the last step.
        verdict: on the run.
        certificate: the exact cycle of the float program, where one was found.
    """

    config: Config
    x: float
    verdict: Verdict
    certificate: Certificate | None = None

    @property
    def command(self) -> str:
        """The command that repeats the run, with all options of the rule and the problem."""
        return command_of(self.config)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that decide what the run shows."""
        return settings_of(self.config)


def settings_of(config: Config) -> dict[str, Any]:
    """Return the settings that decide what a run shows."""
    return {**config.settings(Role.NUMBERS, Role.LENGTH), "certify": config.certify}


def command_of(config: Config, start: str = "python -m experiments.synthetic") -> str:
    """Return the command of a run, with all options of the rule and the problem.

    Args:
        config: its settings.
        start: how the command is started.
    """
    given = {"opt": config.opt, **config.rule_options, "problem": config.problem}
    given |= config.problem_options
    for name, value in settings_of(config).items():
        if name in RUN and value != RUN[name].default:
            given.setdefault(name, value)
    words = [word for name, value in given.items() for word in (f"--{name}", _text(value))]
    return f"{start} {shlex.join(words)}"


def refutation(confirmation: Confirmation, find: Find) -> str | None:
    """Return why a run does not show what a find says, or None where it may.

    The run is not repeated, nor is its certificate checked.
    """
    why = why_another(confirmation.config, find)
    if why is not None:
        return f"its run {why}"
    if confirmation.verdict.place != WORST:
        return f"its run ended {confirmation.verdict.place}"
    x, problem = confirmation.x, confirmation.config.make_problem()
    if not problem.lower <= x <= problem.upper or x * problem.x_star > 0:
        return f"its run ended at x = {x!r}, which is not the worse end"
    cycle = confirmation.certificate
    if cycle is not None and not cycle.lowest <= x <= cycle.highest:
        return f"its run ended at x = {x!r}, which is not on the certified cycle"
    return None


def why_another(config: Config, find: Find) -> str | None:
    """Return why a run is not one of a find, or None; "it" is followed by that."""
    run = {"opt": config.opt, "options": config.rule_options, **config.problem_options}
    own = {"opt": find.opt, "options": find.options}
    own |= {"slopes": text_of(find.slopes), "order": find.order}
    if config.problem != "sequence":
        return f"is on the problem {config.problem}"
    for name, value in own.items():
        if run[name] != value:
            return f"has {name} {shown(run[name])}, and not its own"
    return None


def to_document(confirmation: Confirmation) -> dict[str, Any]:
    """Return the confirmation as an object of JSON."""
    config, certificate = confirmation.config, confirmation.certificate
    return {
        "command": confirmation.command,
        "settings": confirmation.settings,
        "x": confirmation.x,
        "verdict": asdict(confirmation.verdict),
        "certificate": certificate and json.loads(to_text(certificate, config)),
    }


def from_document(document: Mapping[str, Any]) -> Confirmation:
    """Return what `to_document` was given.

    Raises:
        KeyError, TypeError, ValueError: it is not such an object.
    """
    config = Config(**document["settings"])
    certificate = None
    if document["certificate"] is not None:
        try:
            found, other = from_text(json.dumps(document["certificate"]))
        except NoCertificate as error:
            raise ValueError(f"the certificate of its run is not one: {error}") from None
        if not isinstance(found, Certificate):
            raise ValueError("the certificate of its run is not one of a cycle")
        certificate = found
        if other.settings(Role.NUMBERS) != config.settings(Role.NUMBERS):
            raise ValueError("the certificate of its run has other settings than the run")
    x = document["x"]
    if not isinstance(x, float):
        raise TypeError("of its run x must be a number")
    if not isinstance(document["verdict"], dict):
        raise TypeError("the verdict of its run must be an object")
    return Confirmation(config, x, Verdict(**document["verdict"]), certificate)


def _text(value: Any) -> str:
    short = f"{value:g}" if isinstance(value, float) else str(value)
    return short if type(value)(short) == value else repr(value)
