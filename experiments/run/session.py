"""One run from its command line to its end: begun anew, or resumed at its last checkpoint."""

import shlex
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from amsgrad.config.build import torch_class
from amsgrad.config.run_config import Config
from amsgrad.config.torch_options import decay_left_out
from amsgrad.engines.base import Records
from experiments.command import CommandError
from experiments.config.arguments import Invocation
from experiments.config.yaml_file import to_yaml
from experiments.files.latest import become_latest
from experiments.files.unwritten import gone, why_unwritten
from experiments.invocation import invocation
from experiments.run import checkpoint
from experiments.run.execute import Session, execute, provenance_of, settings_digest
from experiments.run.files import FolderError
from experiments.run.folder import RunFolder
from experiments.run.next_steps import Next, next_steps
from experiments.run.verified import build_verified
from experiments.terminal import say


def run_session(
    asked: Invocation, arguments: Sequence[str]
) -> tuple[dict[str, Any], Mapping[str, object], list[Next]]:
    """Run what the command line asks for, to its end or until interrupted.

    Returns:
        The summary, the verification, and what to do next.

    Raises:
        CommandError: nothing was begun; or the run stands at its last checkpoint.
    """
    # Optimizers of others may print; standard output is kept for the summary.
    elsewhere = redirect_stdout(sys.stderr) if asked.json else nullcontext()
    with elsewhere:
        session = _start(asked, arguments)
        place = shlex.quote(str(asked.out))
        resume_by = f"{invocation('synthetic')} --resume {session.folder.id} --out {place}"
        try:
            with session.folder:
                summary = execute(session, app=asked.app, arguments=arguments)
        except OSError as error:
            raise CommandError(_unwritten(session, error, resume_by), status=1) from None
        except KeyboardInterrupt:
            raise CommandError(
                f"interrupted; the run stands at its last checkpoint; go on with {resume_by}",
                status=130,
            ) from None
        except Exception as error:
            traceback.print_exc()
            raise CommandError(
                f"{error!r}; the run stands at its last checkpoint; go on with {resume_by}",
                status=1,
            ) from None
    if summary["status"] == "interrupted":
        return summary, session.verification, [Next("go on with", resume_by)]
    return summary, session.verification, next_steps(session.config, summary, asked.out)


def _start(asked: Invocation, arguments: Sequence[str]) -> Session:
    try:
        if asked.config is None:
            return resume(str(asked.resume), asked.out)
        return begin(asked.config, asked.chosen, asked.out, arguments)
    except OSError as error:
        again = f"{invocation('synthetic')} {shlex.join(arguments)}"
        raise CommandError(why_unwritten(asked.out, error, again), status=1) from None
    except KeyboardInterrupt:
        raise CommandError("interrupted before the first step", status=130) from None


def begin(config: Config, chosen: frozenset[str], out: Path, arguments: Sequence[str]) -> Session:
    """Build, verify, and only then make the folder, so that bad input leaves nothing behind.

    Raises:
        ConfigError: there is no such device or class.
        FolderError: nothing can be written in `out`.
        CommandError: the compiled engine does not do what the real optimizer does.
    """
    started = datetime.now(UTC)
    engine, verification = build_verified(config)
    if config.foreign and (sentence := decay_left_out(*torch_class(config))):
        say(f"synthetic: {sentence}")
    state, records = engine.init(), Records.empty(0)
    folder = RunFolder.create(out, f"{config.opt}-{config.problem}", started)
    try:
        session = Session(config, chosen, folder, engine, state, records, verification, started)
        folder.save(folder.config, to_yaml(config).encode())
        folder.save_provenance(provenance_of(session, arguments, finished=None))
        checkpoint.save(folder.checkpoint, engine.dump(state), records)
    except BaseException:  # nothing that could be resumed is lost
        folder.remove()
        raise
    become_latest(folder.path)
    return session


def resume(run_id: str, out: Path) -> Session:
    """Resume an interrupted or killed run at its last checkpoint.

    Raises:
        FolderError: there is no such run, it is over or in use, or is damaged.
    """
    started = datetime.now(UTC)
    folder = RunFolder.open(out, run_id)
    status = folder.read_summary()["status"] if folder.summary.exists() else None
    if status in ("finished", "diverged"):
        raise FolderError(f"The run {folder.id} is {status}, so there is nothing to resume.")
    if not folder.sessions:
        raise FolderError(f"{folder.provenance} is missing; without it no run can be resumed.")
    config = folder.read_config()
    if folder.sessions[-1].get("settings_sha256") != settings_digest(config):
        raise FolderError(f"{folder.config} is not what the run was begun with; put it back.")
    engine, verification = build_verified(config)
    arrays, records = checkpoint.from_bytes(folder.read(folder.checkpoint), folder.checkpoint)
    try:
        state = engine.load(arrays)
    except (KeyError, TypeError) as error:
        raise FolderError(f"{folder.checkpoint} lacks {error}; start the run again.") from None
    return Session(config, frozenset(), folder, engine, state, records, verification, started)


def _unwritten(session: Session, error: OSError, resume_by: str) -> str:
    folder = session.folder
    if not folder.is_there():
        return gone(folder.path)
    if folder.is_complete():
        return (
            f"all files of the run are in {folder.path}, but the last of them may not outlast a"
            f" loss of power ({error.strerror})"
        )
    return why_unwritten(folder.path, error, resume_by)
