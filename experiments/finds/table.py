"""The table of finds: what several searches found of each rule, in Markdown."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from amsgrad.laws.words import formula
from amsgrad.problems.sequence import text_of
from experiments.command import CommandError
from experiments.finds.hunt import FOUND, UNKNOWN, Outcome, hunt
from experiments.finds.question import read

HEAD = """\
# Counterexamples

Slopes on which a rule with its published options goes to +1, although -1 is best; `AxN` is A, N
times. Made by `python -m experiments.finds`. Each D < 0 is proved by bounds from exact numbers
(`amsgrad/theory/enclosure.py`; [finds](../docs/finds.md)): a theorem about the rule in real
arithmetic, which `python -m experiments.certify results/counterexamples/NAME.json` proves anew.

- **smallest**: the least max |g| of three slopes; smaller ones are excluded by branch and bound.
- **short**: few slopes of -1, 0 and 1; an upper bound of the least period, found by structured
  slopes and annealing.
- **shown**: slopes on which a run of some 10^6 steps ends at the wrong end.
- **run**: at a constant step; a certificate says the same for ever, of the program.
- **law**: R_T/T at the step size alpha/sqrt(t), in exact arithmetic for ever from that step on
  ([laws](../docs/laws.md)); the file has its certificate. kappa, the second number, is linear in
  alpha, which is the one with which the law begins about soonest.

Yogi has no closed form, which the first two searches need: its slopes are proved by the exact cycle
of its v, and smaller or shorter ones may be there. AdaMax has no line of short slopes: among those
that are tried it fails on none. Signum's smallest slopes are an upper bound: of 10, -9, 0 D is
open, since two of its m are 0 in the limit, and what it does depends on where a run begins.

| rule | | slopes | S | D per period | price | T* | alpha | law of R_T/T | from step |
|---|---|---|---:|---:|---:|---:|---:|---|---:|
"""
LONGEST = 60  # characters of slopes


def searched(rule: Sequence[str], own: Sequence[str], out: Path) -> Outcome | None:
    """Return what a search found; None where it found nothing small or short.

    A rule without a closed form, which these two need, is not searched for it.

    Raises:
        CommandError: it found nothing at all, or nothing that is proved.
    """
    arguments = [*rule, *own, "--out", str(out)]
    if "--smallest" in own and read([*rule, "--out", str(out)]).config.make_form() is None:
        return None
    outcome = hunt(read(arguments), arguments)
    if outcome.status == UNKNOWN and "--smallest" in own:
        return None
    if outcome.status != FOUND or outcome.find is None or not outcome.find.proved:
        raise CommandError(f"{' '.join(arguments)}: {outcome.status}, nothing proved", status=1)
    return outcome


def table(rows: Mapping[str, Mapping[str, Outcome | None]]) -> str:
    """Return the table, with a line for each search of each rule."""
    return HEAD + "".join(
        f"| {title} | {name} | {_line(outcome)} |\n"
        for title, row in rows.items()
        for name, outcome in row.items()
        if outcome is not None
    )


def _line(outcome: Outcome) -> str:
    find, file = outcome.find, outcome.file
    assert find is not None
    assert file is not None
    slopes = text_of(find.slopes)
    shown = slopes if len(slopes) <= LONGEST else f"{find.period} slopes"
    link = f"[{shown}](counterexamples/{file.name})"
    run = outcome.confirmation
    if run is not None:
        certified = ", certified" if run.certificate is not None else ""
        link += f"; run: {run.config.steps:,} steps{certified}"
    mean_step = float(find.mean_step.upper)
    return (
        f"{link} | {find.sum} | {mean_step:.3g} | {find.price:.2g} | {find.horizon:.1e} |"
        f" {_law(outcome)}"
    )


def _law(outcome: Outcome) -> str:
    law = outcome.law
    if law is None:
        return f" | none: {outcome.no_law} | "
    return f"{law.config.lr:g} | {formula(law.certificate)} | {law.certificate.start:,}"
