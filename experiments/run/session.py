"""One run from its command line to its end: begun anew, or resumed at its last checkpoint."""

import json
import shlex
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from amsgrad.engines.base import Records
from experiments.command import CommandError
from experiments.config.arguments import Invocation
from experiments.config.reading import read_settings
from experiments.config.run_config import Config, to_yaml
from experiments.config.yaml_file import read_file
from experiments.run import checkpoint
from experiments.run.execute import Session, execute, settings_digest
from experiments.run.folder import FolderError, RunFolder
from experiments.run.verified import build_verified


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
    """Resume an interrupted or killed run at its last checkpoint.

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
    config = Config(**read_settings(read_file(folder.config)))
    if folder.sessions[-1].get("settings_sha256") != settings_digest(config):
        raise FolderError(f"{folder.config} is not what the run was begun with; put it back.")
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
