"""The answer of a search: in lines for a person, and as an object of JSON."""

import shlex
from dataclasses import asdict
from typing import Any

from amsgrad.laws.words import formula
from experiments.finds.check import summary
from experiments.finds.confirm import NotShown, settings
from experiments.finds.confirmation import command_of
from experiments.finds.hunt import INTERRUPTED, NONE, UNKNOWN, Outcome
from experiments.finds.question import Question
from experiments.invocation import invocation

MOST = 2**62  # steps, whatever time they take


def lines(outcome: Outcome, asked: Question, again: str) -> list[str]:
    """Return the answer in lines.

    Args:
        outcome: of the search.
        asked: what was asked for.
        again: the command.
    """
    find, answer, opt = outcome.find, outcome.answer, asked.config.opt
    if find is None:
        said = {
            NONE: f"proved: {answer.none}",
            UNKNOWN: f"none found, which proves nothing: {answer.effort}",
            INTERRUPTED: f"interrupted; none found so far: {answer.effort}",
        }
        found = [f"{opt}: {said[outcome.status]}"]
    else:
        known = "proved" if find.proved else f"measured, not proved ({find.source})"
        found = [f"{known}: {summary(find)}", f"{find.minimal.claim}: {find.extent}"]
        run = outcome.confirmation
        if run is None:
            found.append(f"not shown by a run: {outcome.unshown}")
        else:
            certified = "" if run.certificate is None else "; for ever, by the cycle of the program"
            found.append(
                f"shown by a run of {run.config.steps:,} steps: {run.verdict.place},"
                f" {run.verdict.reason}{certified}"
            )
        law = outcome.law
        if law is not None:
            c = law.certificate
            found.append(
                f"the law: {formula(c)}, from step {c.start:,} on, for ever in exact arithmetic,"
                f" with the step size {law.config.lr:g}/sqrt(t); within a tenth of"
                f" {c.limit} from step {law.near:.2g} on"
            )
        elif run is not None or outcome.no_law != outcome.unshown:
            found.append(f"no law: {outcome.no_law}")
        found += [
            f"find: {outcome.file}",
            f"check it: {invocation('certify')} {shlex.quote(str(outcome.file))}",
        ]
        command = run_command(outcome)
        if command is not None:
            found.append(f"run it: {command}")
        if law is not None:
            found.append(f"run its law: {command_of(law.config, invocation('synthetic'))}")
    if outcome.status == INTERRUPTED:
        found.append(f"go on with: {again}")
    return [*found, f"searched for {outcome.seconds:.1f} s"]


def run_command(outcome: Outcome) -> str | None:
    """Return the command of a run that shows the find, however long; None where none can."""
    if outcome.confirmation is not None:
        config = outcome.confirmation.config
    else:
        assert outcome.find is not None
        try:
            config = settings(outcome.find, MOST)
        except NotShown:
            return None
    return command_of(config, invocation("synthetic"))


def to_object(outcome: Outcome, asked: Question) -> dict[str, Any]:
    """Return the answer as an object of JSON."""
    find = outcome.find
    found: dict[str, Any] = {
        "status": outcome.status,
        **asked.identity,
        "reason": outcome.answer.none or outcome.answer.effort or None,
        "seconds": outcome.seconds,
    }
    for name in ("slopes", "period", "largest", "sum", "proved", "price", "horizon"):
        found[name] = found.get(name) if find is None else getattr(find, name)
    found["mean_step"] = None if find is None else find.mean_step._asdict()
    found["minimal"] = None if find is None else asdict(find.minimal)
    found["find"] = None if outcome.file is None else str(outcome.file)
    found["run"] = None if find is None else run_command(outcome)
    found["shown"] = outcome.confirmation is not None
    found["law"] = outcome.law and outcome.law.fields()
    found["no_law"] = outcome.no_law or None
    return found
