"""The check of a find file: its statements, which of them hold, and which were not checked."""

from collections.abc import Iterator
from fractions import Fraction

from amsgrad.problems.sequence import text_of
from amsgrad.search.find import Find
from amsgrad.search.proof import Unproved, prove
from amsgrad.theory.enclosure import DIGITS
from experiments.finds import confirmation, law
from experiments.finds.find_file import NoFind, from_text
from experiments.run.certificate_check import (
    REFUTED,
    UNCHECKED,
    VERIFIED,
    Checked,
    check_certificate,
)
from experiments.run.certificate_file import to_text

MORE_DIGITS = 10  # than the file has: so the bounds proved anew lie between those of the file
LONGEST = 60  # characters of the slopes in a line


def check_find(text: str, *, cycle_only: bool = False) -> Iterator[Checked]:
    """Check the statements of a find: prove it anew, and hold what it states to that.

    Its search is not repeated, nor is a run without a certificate.

    Args:
        text: of the file.
        cycle_only: as for `check_certificate`.

    Raises:
        ConfigError: it is of a rule or an optimizer that cannot be imported here.
    """
    try:
        file = from_text(text)
    except NoFind as error:
        yield Checked(REFUTED, f"refuted: {error}")
        return
    find, run = file.find, file.confirmation
    theorem = Checked(VERIFIED, f"proved: {summary(find)}")
    try:
        why = _difference(find)
    except Unproved as error:
        why = f"it says that D was proved, but {error}" if find.proved else None
        theorem = Checked(UNCHECKED, f"not checked, since {error}: {summary(find)}")
    if why is None and run is not None:
        why = confirmation.refutation(run, find)
    if why is None and file.law is not None:
        why = law.refutation(file.law, find)
    if why is not None:
        yield Checked(REFUTED, f"refuted: {why}")
        return
    yield theorem
    if find.minimal.claim != "upper bound":
        sentence = f"not checked, since the search is not repeated: {find.extent}"
        yield Checked(UNCHECKED, sentence)
    if run is not None and run.certificate is not None:
        checked = check_certificate(to_text(run.certificate, run.config), cycle_only=cycle_only)
        yield checked._replace(sentence=f"certificate: {checked.sentence}")
    elif run is not None:
        shown = f"{run.verdict.place}: {run.verdict.reason} ({run.command})"
        yield Checked(UNCHECKED, f"not checked, since the run is not repeated: {shown}")
    if file.law is not None:
        text = to_text(file.law.certificate, file.law.config)
        checked = check_certificate(text, cycle_only=cycle_only)
        yield checked._replace(sentence=f"law: {checked.sentence}")


def summary(find: Find) -> str:
    """Return what a find says, in one line."""
    options = ", ".join(f"{name} {value}" for name, value in find.options.items())
    slopes = text_of(find.slopes)
    if len(slopes) > LONGEST:
        slopes = f"{slopes[:LONGEST].rpartition(',')[0]},..."
    best = -1 if find.sum > 0 else 1
    return (
        f"{find.opt}{f' ({options})' if options else ''} on the slopes {slopes} (P = {find.period},"
        f" S = {find.sum}) in {find.order} order: D in [{', '.join(find.mean_step)}], so x ->"
        f" {-best} and not to the best x = {best}; price {find.price:.3g}, T* = {find.horizon:.2g}"
    )


def _difference(find: Find) -> str | None:
    """Return where a find differs from what is proved.

    Raises:
        Unproved: nothing is.
    """
    if find.order != "cyclic":
        raise Unproved(f"in {find.order} order D is measured, not proved")
    digits = max(DIGITS, *map(len, find.mean_step)) + MORE_DIGITS
    proved = prove(find.opt, find.options, find.slopes, digits)
    if proved.sign == 0:
        return f"the sign of D is not decided: it lies in [{', '.join(proved)}]"
    if proved.sign * find.sum > 0:
        return f"D has the sign of the sum of the slopes: it lies in [{', '.join(proved)}]"
    lower, upper = map(Fraction, find.mean_step)
    if not lower <= Fraction(proved.lower) <= Fraction(proved.upper) <= upper:
        return f"D lies in [{', '.join(proved)}], not in [{', '.join(find.mean_step)}]"
    return None
