"""One run from its configuration to its files: begun anew or taken up again."""

import hashlib
import json
import math
import shlex
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from amsgrad.engines.base import Records, RunEngine, State
from amsgrad.regret import value
from experiments.command import CommandError
from experiments.config.arguments import Invocation
from experiments.config.build import device_name, engine_name
from experiments.config.caption import caption
from experiments.config.reading import read_settings
from experiments.config.run_config import Config, to_yaml
from experiments.config.yaml_file import read_file
from experiments.files import provenance
from experiments.files.atomic import write_text
from experiments.run import checkpoint, loop, picture, trace
from experiments.run.certificate_file import to_text
from experiments.run.folder import FolderError, RunFolder
from experiments.run.progress import Progress
from experiments.run.verified import build_verified
from experiments.signals import stopping
from experiments.terminal import say
from experiments.tracking.labml_tracker import labml_tracker


# What a resumption compares with the beginning, and the words for a difference.
OTHERS = {"commit": "another commit", "versions": "other versions", "machine": "another machine"}


@dataclass(frozen=True)
class Session:
    """A run that can go on from `state`; `records` are those made before it."""

    config: Config
    chosen: frozenset[str]
    folder: RunFolder
    engine: RunEngine
    state: State
    records: Records
    verification: Mapping[str, object]
    started: datetime


def run_session(
    asked: Invocation, arguments: Sequence[str]
) -> tuple[dict[str, Any], Mapping[str, object], str]:
    """Run what the command line asks for, to its end or until interrupted.

    Returns:
        The summary, the verification, and the options that go on with the run.

    Raises:
        CommandError: nothing was begun; or the run stands at its last checkpoint.
    """
    # Optimizers of others may print; standard output is kept for the summary.
    elsewhere = redirect_stdout(sys.stderr) if asked.json else nullcontext()
    with elsewhere:
        session = _start(asked)
        resume_by = f"--resume {session.folder.id} --out {shlex.quote(str(asked.out))}"
        try:
            with session.folder:
                summary = execute(session, app=asked.app, arguments=arguments)
        except OSError as error:
            raise CommandError(
                f"the run cannot be written ({error.strerror}) and stands at its last checkpoint;"
                f" make room, then go on with {resume_by}",
                status=1,
            ) from None
        except KeyboardInterrupt:
            raise CommandError(
                f"interrupted again; the run stands at its last checkpoint: {resume_by}", status=130
            ) from None
        except Exception as error:
            traceback.print_exc()
            raise CommandError(
                f"{error!r}; the run stands at its last checkpoint: {resume_by}", status=1
            ) from None
    return summary, session.verification, resume_by


def _start(asked: Invocation) -> Session:
    try:
        if asked.config is None:
            return resume(str(asked.resume), asked.out)
        return begin(asked.config, asked.chosen, asked.out)
    except OSError as error:
        raise CommandError(
            f"the run cannot be written in {asked.out} ({error.strerror})", status=1
        ) from None
    except KeyboardInterrupt:
        raise CommandError("interrupted before the first step", status=130) from None


def begin(config: Config, chosen: frozenset[str], out: Path) -> Session:
    """Build, verify, and only then make the folder, so that bad input leaves nothing behind.

    Raises:
        ConfigError: there is no such device or class.
        FolderError: nothing can be written in `out`.
        CommandError: the compiled engine does not do what the real optimizer does.
    """
    started = datetime.now(UTC)
    engine, verification = build_verified(config)
    folder = RunFolder.create(out, f"{config.opt}-{config.problem}", started)
    folder.save_config(to_yaml(config))
    state, records = engine.init(), Records.empty(0)
    checkpoint.save(folder.checkpoint, engine.dump(state), records)
    return Session(config, chosen, folder, engine, state, records, verification, started)


def resume(run_id: str, out: Path) -> Session:
    """Take up an interrupted or killed run at its last checkpoint.

    Raises:
        FolderError: there is no such run, it is over or in use, or is damaged.
    """
    started = datetime.now(UTC)
    folder = RunFolder.open(out, run_id)
    status = _status(folder)
    if status in ("finished", "diverged"):
        raise FolderError(f"The run {folder.id} is {status}, so there is nothing to resume.")
    if not folder.sessions:
        raise FolderError(f"{folder.provenance} is missing; without it no run can be resumed.")
    if folder.sessions[-1].get("config_sha256") != _digest(folder):
        raise FolderError(f"{folder.config} is not what the run was begun with; put it back.")
    config = Config(**read_settings(read_file(folder.config)))
    engine, verification = build_verified(config)
    arrays, records = checkpoint.load(folder.checkpoint)
    try:
        state = engine.load(arrays)
    except (KeyError, TypeError) as error:
        raise FolderError(f"{folder.checkpoint} lacks {error}; start the run again.") from None
    return Session(config, frozenset(), folder, engine, state, records, verification, started)


def _status(folder: RunFolder) -> str | None:
    """Return the status in the summary; None for a run that was killed."""
    if not folder.summary.exists():
        return None
    try:
        return str(json.loads(folder.summary.read_text(encoding="utf-8"))["status"])
    except (ValueError, KeyError, TypeError):
        raise FolderError(f"{folder.summary} is not the summary of a run; move it away.") from None


def _digest(folder: RunFolder) -> str:
    try:
        return hashlib.sha256(folder.config.read_bytes()).hexdigest()
    except OSError as error:
        raise FolderError(f"{folder.config} cannot be read ({error.strerror}).") from None


def execute(session: Session, *, app: str | None, arguments: Sequence[str]) -> dict[str, Any]:
    """Run to the end, to a signal or to NaN; write the folder's files; return the summary."""
    config, folder = session.config, session.folder
    settings = config.settings()
    here = _provenance(session, arguments, finished=None)
    for name, other in OTHERS.items():
        if folder.sessions and folder.sessions[-1].get(name) != here[name]:
            warn(f"this run began with {other}; later bits may differ")
    folder.save_provenance(here)
    comment = f"{config.opt}: {caption(config)}"
    if session.state.steps:
        comment += f", resumed after step {session.state.steps} of {folder.id}"
    began = time.monotonic()
    with (
        stopping() as stop,
        labml_tracker(
            name=config.problem,
            comment=comment,
            tags=(config.opt, config.problem, engine_name(config)),
            python_file=Path(__file__).parents[1] / "synthetic.py",
            defaults=Config(opt=config.opt).settings(),
            chosen={name: settings[name] for name in settings if name in session.chosen},
            folder=folder.labml,
            app=app,
            warn=warn,
        ) as tracker,
        Progress(config.steps, session.state.steps) as progress,
    ):
        starting = time.monotonic() - began
        outcome = loop.run(
            session.engine,
            session.state,
            session.records,
            steps=config.steps,
            every=config.every,
            folder=folder,
            tracker=tracker,
            progress=progress,
            stop=stop,
        )
        tracker.conclude(outcome.status)
        began = time.monotonic()
        _write_results(session, outcome.records)
        folder.save_provenance(_provenance(session, arguments, finished=datetime.now(UTC)))
        seconds = {
            "computing": outcome.computing,
            "tracking": starting + outcome.tracking,
            "storing": time.monotonic() - began,
        }
        summary = _summary(session, outcome, seconds)
        folder.save_summary(summary)  # last: a folder with a summary is complete
    return summary


def warn(sentence: str) -> None:
    """Report something that the run can do without."""
    say(f"synthetic: warning: {sentence}")


def _summary(session: Session, outcome: loop.Outcome, seconds: dict[str, float]) -> dict[str, Any]:
    config, state = session.config, outcome.state
    problem = config.make_problem()
    steps = state.steps - session.state.steps
    certificate = session.engine.certificate
    cycle = certificate and {
        "start": certificate.start,
        "length": certificate.length,
        "limit_average_regret": certificate.limit,
        "lowest_x": certificate.lowest,
        "highest_x": certificate.highest,
    }
    records = outcome.records
    hindsight = records.average_hindsight_regret.tolist() if records.in_hindsight else []
    return {
        "opt": config.opt,
        "semantics": config.rule_options.get("semantics"),
        "problem": config.problem,
        "engine": engine_name(config),
        "status": outcome.status,
        "steps": state.steps,
        "resumed_after_step": session.state.steps,
        "x": float(state.x),
        "x_star": problem.x_star if problem.attained else None,
        "average_regret": value(state.regret) / state.steps if state.steps else None,
        "average_hindsight_regret": hindsight[-1] if hindsight else None,
        "certify": config.certify,
        "cycle": cycle,
        "seconds": seconds,
        "nanoseconds_per_step": 1e9 * outcome.computing / steps if steps and not cycle else None,
        "run": str(session.folder.path),
    }


def _write_results(session: Session, records: Records) -> None:
    config, folder = session.config, session.folder
    certificate = session.engine.certificate
    if certificate is not None:
        write_text(folder.certificate, to_text(certificate, config))
    trace.write(folder.trace, records, first_t=config.first_t, attributes=config.settings())
    if not records.step.size:
        return
    problem = config.make_problem()
    picture.draw(
        records,
        folder.picture,
        title=f"{config.opt} on the {config.problem} regret problem",
        subtitle=caption(config),
        lower=problem.lower,
        upper=problem.upper,
        x_star=problem.x_star if problem.attained else math.nan,
        first_t=config.first_t,
        logarithmic=config.every is None,
    )


def _provenance(
    session: Session, arguments: Sequence[str], finished: datetime | None
) -> dict[str, object]:
    collected = provenance.collect(
        engine=engine_name(session.config),
        device=device_name(session.config),
        verification=session.verification,
        arguments=arguments,
        started=session.started,
        finished=finished,
    )
    return {**collected, "config_sha256": _digest(session.folder)}
