"""A run's folder as labml's packets: those that labml sends to a dashboard during a run."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from amsgrad.config.caption import caption
from amsgrad.config.run_config import Config
from experiments.command import CommandError
from experiments.invocation import invocation
from experiments.run.files import RunFiles
from experiments.tracking.labml_tracker import LABML_STATUS, tracked_uuids

POINTS = 8_000  # of each curve in one packet


def read_run(files: RunFiles) -> tuple[str, Iterator[dict[str, Any]]]:
    """Return labml's uuid of the run, and its packets in order.

    The uuid is the one that the run was tracked under, last if it was resumed, so that the complete
    run replaces the part of it that a dashboard has seen.

    Raises:
        CommandError: the run has not ended, or a file cannot be read.
    """
    for file in (files.config, files.provenance, files.summary, files.trace):
        if not os.path.lexists(file):
            raise _unended(files, f"it lacks {file.name}")
    try:
        files.read_provenance()
        sessions = files.sessions
        if sessions[-1]["finished"] is None:
            raise _unended(files, "it was resumed since its last end")
        config, summary, trace = files.read_config(), files.read_summary(), files.read_trace()
        if "tracked" in trace.coords:
            trace = trace.sel(step=trace.tracked)
        steps = trace["step"].values.astype(float)
        curves = {str(name): curve.values.astype(float) for name, curve in trace.items()}
        if any(values.shape != steps.shape for values in curves.values()):
            raise ValueError(f"{files.trace.name} has other than columns of records")
        uuids = tracked_uuids(files.labml)
        uuids = uuids or [uuid5(NAMESPACE_URL, f"{files.id} {sessions[0]['started']}").hex]
        head = _head(config, summary, sessions, uuids)
        end = {
            "status": {
                "status": LABML_STATUS[summary["status"]],
                "details": summary["status"],
                "time": _seconds(sessions[-1]["finished"]),
            }
        }
    except (ValueError, LookupError, TypeError, ArithmeticError, RecursionError) as error:
        raise CommandError(f"The run {files.path} cannot be read ({error!r}).") from None
    return uuids[-1], _packets(head, steps, curves, end)


def _unended(files: RunFiles, reason: str) -> CommandError:
    place = shlex.quote(str(files.path.parent))
    return CommandError(
        f"The run {files.path} is under way or was killed ({reason}); end it with"
        f" {invocation('synthetic')} --resume {files.id} --out {place}, then import it."
    )


def _packets(
    head: dict[str, Any], steps: Any, curves: Mapping[str, Any], end: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    yield head
    for start in range(0, len(steps), POINTS):
        part = slice(start, start + POINTS)
        yield {
            "track": {
                name: {"step": steps[part].tolist(), "value": values[part].tolist()}
                for name, values in curves.items()
            }
        }
    yield end


def _head(
    config: Config, summary: Mapping[str, Any], sessions: list[dict[str, Any]], uuids: list[str]
) -> dict[str, Any]:
    return {
        "name": config.problem,
        "comment": f"{config.opt}: {caption(config)}",
        "tags": sorted({config.opt, config.problem, summary["engine"]}),
        "python_file": "experiments/synthetic.py",
        "commit": sessions[-1]["commit"] or "unknown",
        "configs": _configs(config),
        "started": _seconds(sessions[0]["started"]),
        "replaces": uuids,
    }


def _configs(config: Config) -> dict[str, Any]:
    """Return the settings as labml's; a folder does not say which of them the user has chosen.

    Marked as chosen are those that are not the defaults.
    """
    defaults = Config(opt=config.opt, problem=config.problem).settings()
    return {
        name: {
            "name": name,
            "type": str(type(value)),
            "value": value,
            "computed": value,
            "options": [],
            "order": order,
            "is_hyperparam": False,
            "is_meta": False,
            "is_explicitly_specified": name == "opt" or value != defaults.get(name),
        }
        for order, (name, value) in enumerate(config.settings().items())
    }


def _seconds(when: str) -> float:
    return datetime.fromisoformat(when).timestamp()
