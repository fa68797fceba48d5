"""A run's folder in labml's words: what labml would have sent, had the dashboard been there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from experiments.run import trace
from experiments.config.caption import caption
from experiments.config.run_config import Config, from_mapping
from experiments.config.yaml_file import read_file
from experiments.dashboard.errors import DashboardError
from experiments.config.field_types import ConfigError
from experiments.tracking.labml_tracker import LABML_STATUS

FILES = ("config.yaml", "provenance.json", "summary.json", "trace.nc")
POINTS = 10_000  # of each curve in one packet

Packet = dict[str, Any]


def find_run(run: str, out: Path) -> Path:
    """The folder of the run `run`, an id in `out` or a path; DashboardError where there is none."""
    given = Path(run)
    for folder in (out / given, given) if len(given.parts) == 1 else (given,):
        if (folder / "config.yaml").is_file():
            return folder
    raise DashboardError(
        f"{run} is no run in {out}, nor the path of a run's folder with its files."
    )


def read_run(folder: Path) -> tuple[str, Iterator[Packet]]:
    """labml's uuid of the run, and its packets in order; DashboardError where files are missing.

    The uuid is the one that the run was tracked under, last if it was resumed, so that the whole
    run takes the place of what a dashboard has seen of it.
    """
    for name in FILES:
        if not (folder / name).is_file():
            raise DashboardError(
                f"{folder} lacks {name}, as a run that was killed does; end it with"
                f" python -m experiments.synthetic --resume {folder.name}, then import it."
            )
    try:
        config = from_mapping(read_file(folder / "config.yaml"))
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        provenance = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
        sessions = provenance["sessions"]
        records = trace.read(folder / "trace.nc")
        tracked = [log.parent for log in folder.glob("labml/*/*/run_log.jsonl")]
        uuids = [at.name for at in sorted(tracked, key=lambda at: at.stat().st_mtime)]
        uuids = uuids or [uuid5(NAMESPACE_URL, f"{folder.name} {sessions[0]['started']}").hex]
        head = _head(config, summary, sessions, uuids)
        end = {
            "status": {
                "status": LABML_STATUS[summary["status"]],
                "details": summary["status"],
                "time": _seconds(sessions[-1]["finished"]),
            }
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        plain = isinstance(error, ConfigError | OSError)
        reason = getattr(error, "strerror", None) or (error if plain else repr(error))
        raise DashboardError(f"The run {folder} cannot be read ({reason}).") from None
    return uuids[-1], _packets(head, records, end)


def _packets(head: Packet, records: Any, end: Packet) -> Iterator[Packet]:
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
) -> Packet:
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


def _configs(config: Config) -> Packet:
    """The hyper-parameters; those marked that are not the defaults, as a folder knows no more."""
    defaults = asdict(Config(opt=config.opt, problem=config.problem))
    marked = {name for name, value in asdict(config).items() if value != defaults[name]}
    order = count()
    return {
        name: {
            "name": name,
            "type": str(type(value)),
            "value": value,
            "computed": value,
            "options": [],
            "order": next(order),
            "is_hyperparam": False,
            "is_meta": False,
            "is_explicitly_specified": name in marked | {"opt"},
        }
        for name, value in asdict(config).items()
        if value is not None
    }


def _seconds(when: str) -> float:
    return datetime.fromisoformat(when).timestamp()
