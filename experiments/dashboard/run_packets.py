"""A run's folder as labml's packets: those that labml sends to a dashboard during a run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from experiments.command import CommandError, ConfigError
from experiments.config.caption import caption
from experiments.config.reading import read_settings
from experiments.config.run_config import Config
from experiments.config.yaml_file import read_file
from experiments.run import trace
from experiments.run.folder import RunFolder
from experiments.tracking.labml_tracker import LABML_STATUS, tracked_uuids

POINTS = 10_000  # of each curve in one packet


def find_run(run: str, out: Path) -> RunFolder:
    """Return the folder of the run `run`: an id in `out`, or a path.

    Raises:
        CommandError: the run does not exist.
    """
    given = Path(run)
    for path in (out / given, given) if len(given.parts) == 1 else (given,):
        folder = RunFolder(path, lock=-1)  # only its files are read
        if folder.config.is_file():
            return folder
    raise CommandError(
        f"{run} is not the id of a run in {out}, nor the path of a run's folder with its files."
    )


def read_run(folder: RunFolder) -> tuple[str, Iterator[dict[str, Any]]]:
    """Return labml's uuid of the run, and its packets in order.

    The uuid is the one that the run was tracked under, last if it was resumed, so that the complete
    run replaces the part of it that a dashboard has seen.

    Raises:
        CommandError: a file is missing or cannot be read.
    """
    for file in (folder.config, folder.provenance, folder.summary, folder.trace):
        if not file.is_file():
            raise CommandError(
                f"{folder.path} lacks {file.name}, as a run that was killed does; end it with"
                f" python -m experiments.synthetic --resume {folder.id}, then import it."
            )
    try:
        config = Config(**read_settings(read_file(folder.config)))
        summary = json.loads(folder.summary.read_text(encoding="utf-8"))
        sessions = json.loads(folder.provenance.read_text(encoding="utf-8"))["sessions"]
        records = trace.read(folder.trace)
        uuids = tracked_uuids(folder.labml)
        uuids = uuids or [uuid5(NAMESPACE_URL, f"{folder.id} {sessions[0]['started']}").hex]
        head = _head(config, summary, sessions, uuids)
        end = {
            "status": {
                "status": LABML_STATUS[summary["status"]],
                "details": summary["status"],
                "time": _seconds(sessions[-1]["finished"]),
            }
        }
    except (ConfigError, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        plain = isinstance(error, ConfigError | OSError)
        reason = getattr(error, "strerror", None) or (error if plain else repr(error))
        raise CommandError(f"The run {folder.path} cannot be read ({reason}).") from None
    return uuids[-1], _packets(head, records, end)


def _packets(head: dict[str, Any], records: Any, end: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield head
    steps = records["step"].values
    for start in range(0, len(steps), POINTS):
        part = slice(start, start + POINTS)
        yield {
            "track": {
                str(name): {
                    "step": steps[part].tolist(),
                    "value": column.values[part].astype(float).tolist(),
                }
                for name, column in records.data_vars.items()
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
