"""A session to its end: the loop, the tracking, and the files in the run's folder."""

import hashlib
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from amsgrad.config.build import LONG, device_of
from amsgrad.config.caption import caption
from amsgrad.config.run_config import Config
from amsgrad.engines.base import Records, RunEngine, State
from amsgrad.laws.certificate import LawCertificate, certificate_of
from amsgrad.laws.words import formula, meaning
from amsgrad.options import Role
from amsgrad.panels import Curve
from amsgrad.picture import draw
from amsgrad.registry import is_path
from amsgrad.regret import value
from amsgrad.rules import title_of
from amsgrad.schedules import is_tracked
from amsgrad.verdict import Verdict, verdict
from experiments.files import provenance
from experiments.files.atomic import write_text
from experiments.files.external import origin
from experiments.files.strict_json import to_json
from experiments.run import loop, picture, trace
from experiments.run.certificate_file import to_text
from experiments.run.files import digest
from experiments.run.folder import RunFolder
from experiments.run.progress import Progress
from experiments.signals import stopping
from experiments.terminal import say
from experiments.tracking.labml_tracker import labml_tracker

# Seconds per step of some 25 kernels, whose launches are what it costs: an estimate.
GPU_STEP = 150e-6, 300e-6
# Where a resumption may differ from the beginning of its run, and the words for it.
OTHERS = {
    "sources_sha256": "other sources",
    "versions": "other versions",
    "machine": "another machine",
    "external": "another source of its optimizer or problem",
}


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


def execute(session: Session, *, app: str | None, arguments: Sequence[str]) -> dict[str, Any]:
    """Run to the end, to a signal or to NaN; write the folder's files; return the summary."""
    config, folder = session.config, session.folder
    settings = config.settings()
    here = provenance_of(session, arguments, finished=None)
    for name, other in OTHERS.items():
        if any(session.get(name, here[name]) != here[name] for session in folder.sessions):
            warn(f"this run began with {other}; later bits may differ")
    folder.digests = {folder.config.name: folder.digests[folder.config.name]}
    folder.save_provenance(here)
    folder.summary.unlink(missing_ok=True)  # of an interrupted session: the run goes on
    comment = f"{config.opt}: {caption(config)}"
    if session.state.steps:
        comment += f", resumed after step {session.state.steps} of {folder.id}"
    stepped = min(session.engine.stepped_to or config.steps, config.steps)
    if stepped < config.steps:
        say(f"synthetic: the law is looked for after {stepped:,} steps; up to there all are taken")
    elif config.steps > LONG and session.engine.no_law is not None:
        say(f"synthetic: no law is known: {session.engine.no_law}; all steps are taken, one by one")
    if config.device == "cuda":
        say(f"synthetic: {cost_on_a_gpu(config.steps - session.state.steps)}")
    began = time.monotonic()
    with (
        stopping() as stop,
        labml_tracker(
            name=config.problem,
            comment=comment,
            tags=(config.opt, config.problem, config.engine_name),
            python_file=Path(__file__).parents[1] / "synthetic.py",
            defaults=Config(opt=config.opt).settings(),
            chosen={name: settings[name] for name in settings if name in session.chosen},
            folder=folder.labml,
            app=app,
            warn=warn,
        ) as tracker,
        Progress(stepped, session.state.steps) as progress,
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
        judged = None if outcome.status == "interrupted" else _judge(session, outcome)
        _write_results(session, outcome.records, judged)
        seconds = {
            "computing": outcome.computing,
            "tracking": starting + outcome.tracking,
            "storing": time.monotonic() - began,
        }
        summary = _summary(session, outcome, judged, seconds)
        text = to_json(summary, indent=2) + "\n"
        folder.digests |= {
            folder.checkpoint.name: digest(folder.checkpoint.read_bytes()),
            folder.summary.name: digest(text.encode()),
        }
        folder.save_provenance(provenance_of(session, arguments, finished=datetime.now(UTC)))
        write_text(folder.summary, text)  # last: a folder with a summary is complete
    return summary


def cost_on_a_gpu(steps: int) -> str:
    """Return in words how long so many steps of a torch optimizer may take on a GPU."""
    low, high = (steps * step for step in GPU_STEP)
    return (
        f"{steps:,} steps one after another on a GPU may take {low:,.0f} to {high:,.0f} s (an"
        " estimate of 150 to 300 us per step, not measured); a single run is faster on a CPU"
    )


def warn(sentence: str) -> None:
    """Report something that the run can do without."""
    say(f"synthetic: warning: {sentence}")


def _judge(session: Session, outcome: loop.Outcome) -> Verdict:
    config = session.config
    return verdict(
        outcome.records.step,
        outcome.records.x,
        config.make_problem(),
        x0=config.x0,
        constant_step=config.schedule == "constant",
        cycle=session.engine.certificate,
        law=_law(session),
        finite=outcome.status != "diverged",
    )


def _law(session: Session) -> LawCertificate | None:
    law = session.engine.law
    return None if law is None else certificate_of(law)


def _summary(
    session: Session, outcome: loop.Outcome, judged: Verdict | None, seconds: dict[str, float]
) -> dict[str, Any]:
    config, state = session.config, outcome.state
    problem = config.make_problem()
    steps = state.steps - session.state.steps
    certificate, law = session.engine.certificate, _law(session)
    timed = steps and certificate is None and law is None
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
        "engine": config.engine_name,
        "status": outcome.status,
        "steps": state.steps,
        "resumed_after_step": session.state.steps,
        "x": float(state.x),
        "x_star": problem.x_star if problem.attained else None,
        "average_regret": value(state.regret) / state.steps if state.steps else None,
        "average_hindsight_regret": hindsight[-1] if hindsight else None,
        "verdict": judged and asdict(judged),
        "certify": config.certify,
        "cycle": cycle,
        "law": law
        and {
            "limit": float(law.limit),
            "kappa": law.kappa,
            "exponent": law.exponent,
            "constant": law.constant,
            "end": law.x,
            "start": law.start,
            "bits_to": law.bits_to,
            "formula": formula(law),
            "meaning": meaning(law, problem),
        },
        "no_law": session.engine.no_law,
        "seconds": seconds,
        "nanoseconds_per_step": 1e9 * outcome.computing / steps if timed else None,
        "run": str(session.folder.path),
        "picture": str(session.folder.picture) if records.step.size else None,
    }


def _write_results(session: Session, records: Records, judged: Verdict | None) -> None:
    config, folder = session.config, session.folder
    law = _law(session)
    certificate = session.engine.certificate or law
    if certificate is not None:
        folder.save(folder.certificate, to_text(certificate, config).encode())
    problem = config.make_problem()
    goal = {
        "lower": problem.lower,
        "upper": problem.upper,
        "x_star": problem.x_star if problem.attained else math.nan,
    }
    content = trace.to_bytes(
        records,
        first_t=config.first_t,
        attributes={**config.settings(), **goal},
        tracked=is_tracked(records.step, config.steps, config.every),
    )
    folder.save(folder.trace, content)
    if not records.step.size:
        return
    title = f"{title_of(config.opt)} on the {config.problem} regret problem"
    curve = Curve("", records.step, records.x, records.average_regret)
    if certificate is not None:
        curve = curve._replace(limit=float(certificate.limit))
    if law is not None:
        curve = curve._replace(kappa=law.kappa, exponent=law.exponent)
    figure = draw(
        [curve],
        title=title if judged is None else f"{title}: {judged.place}",
        subtitle=caption(config),
        **goal,
    )
    folder.save(folder.picture, picture.to_bytes(figure))


def provenance_of(
    session: Session, arguments: Sequence[str], finished: datetime | None
) -> dict[str, object]:
    """Return what the provenance says of this session."""
    collected = provenance.collect(
        engine=session.config.engine_name,
        device=device_of(session.config),
        verification=session.verification,
        arguments=arguments,
        started=session.started,
        finished=finished,
    )
    config = session.config
    external = {name: origin(name) for name in (config.opt, config.problem) if is_path(name)}
    if config.foreign:
        # the checkpoint holds those of the beginning, and puts them back
        first = session.folder.sessions[0] if session.folder.sessions else {}
        known = first.get("external", {}).get(config.opt, {})
        external[config.opt]["defaults"] = known.get("defaults", session.engine.defaults)
    return {**collected, "external": external, "settings_sha256": settings_digest(config)}


def settings_digest(config: Config) -> str:
    """Return a digest of the settings that a resumption must not change."""
    kept = config.settings(Role.NUMBERS, Role.LENGTH)
    return hashlib.sha256(to_json(kept).encode()).hexdigest()
