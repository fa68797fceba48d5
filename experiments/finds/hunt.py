"""A search from its question to its find file, with the run that shows the find."""

import hashlib
import shlex
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from amsgrad.laws.memory import NoLaw
from amsgrad.options import ConfigError
from amsgrad.search.find import Find
from amsgrad.search.proof import Unproved, prove
from amsgrad.theory.enclosure import Enclosure
from experiments.command import CommandError
from experiments.files import provenance
from experiments.files.atomic import remove_leftovers, write_text
from experiments.files.latest import become_latest
from experiments.files.unwritten import status_of, why_unwritten
from experiments.finds.confirm import NotShown, confirm
from experiments.finds.confirmation import Confirmation
from experiments.finds.find_file import FindFile, to_text
from experiments.finds.law import FindLaw, law_of
from experiments.finds.question import Question
from experiments.finds.saved import Saved
from experiments.finds.strategies import Answer, load, strategy
from experiments.invocation import invocation
from experiments.signals import stopping
from experiments.sweeps.progress import Line
from experiments.terminal import say

SECONDS_BETWEEN_SAVES = 2.0
LATEST = "latest.json"
FOUND, NONE, UNKNOWN, INTERRUPTED = "found", "none exists", "none found", "interrupted"
HALTED = "it was interrupted"
NOT_ASKED = "--no_run was given"


@dataclass(frozen=True)
class Outcome:
    """What a search has come to.

    Args:
        status: found, none exists (in the range of the answer, proved), none found, or interrupted.
        answer: of the strategy.
        seconds: that this process has searched.
        find, file: what was found, and where it is written.
        confirmation: a run that shows it.
        unshown: why there is no such run.
        law: what it costs for all T at a decaying step.
        no_law: why that is not known.
    """

    status: str
    answer: Answer
    seconds: float
    find: Find | None = None
    file: Path | None = None
    confirmation: Confirmation | None = None
    unshown: str = ""
    law: FindLaw | None = None
    no_law: str = ""


def hunt(asked: Question, arguments: Sequence[str]) -> Outcome:
    """Search, write the find, and run it.

    Raises:
        ConfigError: the rule cannot be searched.
        CommandError: the folder cannot be written.
    """
    began, started = time.monotonic(), datetime.now(UTC)
    try:
        made = [place for place in (asked.out, *asked.out.parents) if not place.exists()]
        asked.out.mkdir(parents=True, exist_ok=True)
        remove_leftovers(asked.out)
    except OSError as error:
        sentence = f"--out {asked.out} cannot be made ({error.strerror})"
        raise CommandError(sentence, status_of(error)) from None
    try:
        try:
            answer, status, saved = _search(asked)
        except ConfigError:
            _remove(made)
            raise
        seconds = time.monotonic() - began
        if answer.slopes is None:
            if saved is not None:
                saved.remove()
            _remove(made)
            return Outcome(status, answer, seconds)
        find = _find(asked, answer)
        origin = provenance.collect(
            engine="search", verification={}, arguments=arguments, started=started, finished=None
        )
        file = asked.out / _name(find)
        write_text(file, to_text(FindFile(find, provenance=origin)))
        become_latest(file, LATEST)
        known = Outcome(status, answer, seconds, find, file)
        outcome = replace(known, unshown=NOT_ASKED, no_law=NOT_ASKED)
        if asked.run:
            halted = replace(known, status=INTERRUPTED, unshown=HALTED, no_law=HALTED)
            if status == INTERRUPTED:
                return halted
            try:
                outcome = _with_runs(known, find)
            except KeyboardInterrupt:
                return halted
            content = FindFile(find, outcome.confirmation, outcome.law, origin)
            write_text(file, to_text(content))
        if saved is not None:
            saved.remove()
    except OSError as error:
        again = f"{invocation('search')} {shlex.join(arguments)}"
        raise CommandError(why_unwritten(asked.out, error, again), status_of(error)) from None
    return outcome


def _with_runs(outcome: Outcome, find: Find) -> Outcome:
    """Return the outcome with the run that shows the find, and with its law, or with reasons."""
    try:
        outcome = replace(outcome, confirmation=confirm(find))
    except NotShown as error:
        outcome = replace(outcome, unshown=str(error))
    try:
        return replace(outcome, law=law_of(find))
    except NoLaw as error:
        return replace(outcome, no_law=str(error))


def _remove(made: Sequence[Path]) -> None:
    """Remove the folders that this search has made, as far as they are empty."""
    with suppress(OSError):
        for place in made:
            place.rmdir()


def _search(asked: Question) -> tuple[Answer, str, Saved | None]:
    """Return the answer, the status, and the saved state of a search that has ended."""
    way, saved, line = strategy(asked), Saved(asked), Line()
    kept, state, ended = saved.read(), way.begin, False
    found = None if kept is None else load(way.begin, kept[0])
    if kept is not None and found is not None:
        state, ended = found, kept[1]
        say(f"search: going on where it was left: {way.progress(state)[0]}")
    began = seen = time.monotonic()
    first = way.progress(state)[1]
    with stopping() as stop:
        stages = way.stages(state)
        try:
            while not ended and not stop.asked and not _late(asked, began):
                following = next(stages, None)
                ended = following is None
                state = state if following is None else following
                line.show(partial(_text, *way.progress(state), first, began))
                if time.monotonic() - seen > SECONDS_BETWEEN_SAVES:
                    saved.write(state._asdict())
                    seen = time.monotonic()
        except ValueError as error:  # a rule whose steps are not finite
            saved.remove()
            raise ConfigError(f"--opt {asked.config.opt} cannot be searched: {error}") from None
        finally:
            line.close()
    answer = way.answer(state, ended=ended)
    if answer.slopes is not None or not ended:
        saved.write(state._asdict(), ended=ended)  # for one that is stopped, also in its run
    if stop.asked and not ended:
        return answer, INTERRUPTED, None
    status = FOUND if answer.slopes else NONE if answer.none else UNKNOWN
    return answer, status, saved if ended else None


def _late(asked: Question, began: float) -> bool:
    return asked.seconds is not None and time.monotonic() - began > asked.seconds


def _text(text: str, share: float, first: float, began: float) -> str:
    seconds = time.monotonic() - began
    if share <= first or share >= 1:
        return f"{text}; {seconds:,.0f} s"
    left = seconds * (1 - share) / (share - first)
    return f"{text}; {seconds:,.0f} s, about {left:,.0f} s left"


def _find(asked: Question, answer: Answer) -> Find:
    """Return the find: proved where that can be, otherwise measured."""
    assert answer.slopes is not None
    opt, options = asked.config.opt, asked.config.rule_options
    known = (opt, options, answer.slopes)
    if asked.order == "cyclic":
        try:
            return Find(*known, prove(*known), proved=True, minimal=answer.minimal)
        except Unproved:
            pass
    assert answer.step is not None
    total, error, _, source = answer.step
    bounds = Enclosure(repr(total - error), repr(total + error))
    return Find(
        *known,
        bounds,
        proved=False,
        source=source,
        order=asked.order,  # type: ignore[arg-type]  # one of three texts
        minimal=answer.minimal,
    )


def _name(find: Find) -> str:
    """Return a name of the file that two finds do not share, nor two claims of one."""
    rule = find.opt.rpartition(":")[2]
    order = "" if find.order == "cyclic" else f"-{find.order}"
    claim = "" if find.minimal.claim == "upper bound" else f"-{find.minimal.claim}"
    digest = hashlib.sha256(repr((find.opt, dict(find.options), find.slopes)).encode())
    return f"{rule}-p{find.period}-g{find.largest}{order}{claim}-{digest.hexdigest()[:6]}.json"
