"""One run from its configuration to its files: begun anew or taken up again."""

import hashlib
import json
import math
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from amsgrad.engines.base import Engine, Records
from amsgrad.regret import value
from experiments.run import checkpoint
from experiments.run import picture
from experiments.files import provenance
from experiments.run import loop as runner
from experiments.run import trace
from experiments.files.atomic import write_text
from experiments.config.build import device_name, engine_name
from experiments.config.caption import caption
from experiments.run.certificate_file import to_text
from experiments.config.run_config import Config, from_mapping, to_yaml
from experiments.config.yaml_file import read_file
from experiments.run.folder import FolderError, RunFolder
from experiments.run.progress import Progress
from experiments.tracking.labml_tracker import labml_tracker
from experiments.run.verified import build_verified


@dataclass(frozen=True)
class Session:
    """A run that can go on from `state`; `records` are those made before it."""

    config: Config
    chosen: frozenset[str]
    folder: RunFolder
    engine: Engine[Any]
    state: Any
    records: Records
    verification: Mapping[str, object]
    started: datetime


def begin(config: Config, chosen: frozenset[str], out: Path) -> Session:
    """Build, verify, and only then make the folder, so that bad input leaves nothing behind.

    Raises:
        ConfigError: there is no such device or class.
        FolderError: nothing can be written in `out`.
        Disagreement: the compiled engine does not do what the real optimizer does.
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
        FolderError, CheckpointError: there is no such run, it is over or in use, or is damaged.
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
    config = from_mapping(read_file(folder.config))
    engine, verification = build_verified(config)
    arrays, records = checkpoint.load(folder.checkpoint)
    try:
        state = engine.load(arrays)
    except (KeyError, TypeError) as error:
        raise FolderError(f"{folder.checkpoint} lacks {error}; start the run again.") from None
    return Session(config, frozenset(), folder, engine, state, records, verification, started)


def _status(folder: RunFolder) -> str | None:
    """The status in the summary; None for a run that was killed."""
    if not folder.summary.exists():
        return None
    try:
        return str(json.loads(folder.summary.read_text(encoding="utf-8"))["status"])
    except (ValueError, KeyError, TypeError):
        raise FolderError(f"{folder.summary} is no summary of a run; move it away.") from None


def _digest(folder: RunFolder) -> str:
    try:
        return hashlib.sha256(folder.config.read_bytes()).hexdigest()
    except OSError as error:
        raise FolderError(f"{folder.config} cannot be read ({error.strerror}).") from None


def execute(session: Session, *, app: str | None, arguments: Sequence[str]) -> dict[str, Any]:
    """Run to the end, to a signal or to NaN; write the folder's files; return the summary."""
    config, folder = session.config, session.folder
    here = _provenance(session, arguments, finished=None)
    for name in ("commit", "versions", "machine"):
        if folder.sessions and folder.sessions[-1].get(name) != here[name]:
            warn(f"the {name} is another than where this run began; bits may differ from there on")
    folder.save_provenance(here)
    comment = f"{config.opt}: {caption(config)}"
    if session.state.steps:
        comment += f", resumed after step {session.state.steps} of {folder.id}"
    began = time.monotonic()
    with (
        runner.stopping() as stop,
        labml_tracker(
            name=config.problem,
            comment=comment,
            tags=(config.opt, config.problem, engine_name(config)),
            python_file=Path(__file__).with_name("synthetic.py"),
            defaults=_settings(Config(opt=config.opt)),
            chosen={name: getattr(config, name) for name in session.chosen},
            folder=folder.labml,
            app=app,
            warn=warn,
        ) as tracker,
        Progress(config.steps, session.state.steps) as progress,
    ):
        starting = time.monotonic() - began
        outcome = runner.run(
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
    """Tell the user of something that the run can do without."""
    print(f"synthetic: warning: {sentence}", file=sys.stderr)


def _summary(
    session: Session, outcome: runner.Outcome, seconds: dict[str, float]
) -> dict[str, Any]:
    config, state = session.config, outcome.state
    problem = config.make_problem()
    steps = state.steps - session.state.steps
    certificate = getattr(session.engine, "certificate", None)
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
        "semantics": config.semantics,
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
    certificate = getattr(session.engine, "certificate", None)
    if certificate is not None:
        write_text(folder.certificate, to_text(certificate, config))
    trace.write(folder.trace, records, first_t=config.first_t, attributes=_settings(config))
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


def _settings(config: Config) -> dict[str, Any]:
    return {name: entry for name, entry in asdict(config).items() if entry is not None}


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
