"""Tracking through labml: the only module of the project that imports it."""

import io
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol
from uuid import uuid4

from experiments.files.provenance import ABSOLUTE_PATH
from experiments.terminal import say
from experiments.tracking import dashboard_link
from experiments.tracking.dashboard_link import DashboardLink, page_of, with_last_records
from experiments.tracking.remotes import without_users

# labml knows these three ends of a run.
LABML_STATUS = {"finished": "completed", "interrupted": "interrupted", "diverged": "crashed"}


class Tracker(Protocol):
    """A sink for the tracked values of a run, one step at a time."""

    def save(self, step: int, values: Mapping[str, float]) -> None:
        """Record `values`, by name, at `step`."""

    def conclude(self, status: str) -> None:
        """Note the end of the run: finished, interrupted or diverged."""


class NullTracker:
    """A tracker that records nothing, for a run without labml."""

    def save(self, step: int, values: Mapping[str, float]) -> None:
        """Record nothing."""

    def conclude(self, status: str) -> None:
        """Note nothing."""


def tracked_uuids(folder: Path) -> list[str]:
    """Return the uuids of the labml runs whose files are in `folder`, the latest last."""
    tracked = [log.parent for log in folder.glob("*/*/run_log.jsonl")]
    return [path.name for path in sorted(tracked, key=lambda path: path.stat().st_mtime)]


def import_ahead() -> None:
    """Import what a tracked run needs, while the process waits for something else."""
    import labml.experiment

    assert labml


@contextmanager
def labml_tracker(
    *,
    name: str,
    comment: str,
    tags: Collection[str],
    python_file: Path,
    defaults: Mapping[str, object],
    chosen: Mapping[str, object],
    folder: Path,
    app: str | None,
    warn: Callable[[str], None],
) -> Iterator[Tracker]:
    """Track the body of a `with` statement as one labml run.

    No fault of labml ends a run. Where labml cannot start, the tracker is a `NullTracker`; a
    dashboard that does not answer is left out; one that stops answering gets no more, and delays
    the end by at most `PATIENCE_SECONDS`; a log that cannot be written is left as it is. Each of
    these is one call of `warn`, in the caller's thread. The log in `folder` and the dashboard do
    not depend on each other, and the log is complete when the statement ends. An exception in the
    body becomes the status of the labml run, and goes on.

    The address of the run's page on the dashboard is said on standard error at the start.

    Runs may follow one another in a process; a run inside another one is not tracked.

    Args:
        name: labml's name of the experiment, and of a folder for it in `folder`.
        comment: a sentence that the dashboard's list of runs shows and searches.
        tags: labels in the run's header on the dashboard.
        python_file: the program, two levels below the repository whose commit and remotes
            labml notes, if it is in one.
        defaults: the hyper-parameters and their defaults.
        chosen: the hyper-parameters that the user has set, which the dashboard marks.
        folder: the folder of all of labml's files; made where it is missing.
        app: the address of a dashboard, such as http://127.0.0.1:5005, or None.
        warn: takes one sentence for a person.
    """
    run = None
    try:
        # labml prints coloured banners, and replaces `write` of the standard streams for good, to
        # keep all output in memory: here it finds streams that are thrown away.
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            run = _LabmlRun(
                _start_labml(
                    folder.resolve(),
                    python_file.resolve(),
                    dict(defaults),
                    dict(chosen),
                    name=name,
                    comment=comment,
                    tags=sorted(set(tags)),
                ),
                warn,
            )
    except Exception as error:  # of any kind: the run does not need labml
        warn(f"labml cannot start ({_reason(error)}); the run goes on without it.")
    if run is None:
        yield NullTracker()
        return

    status, details = "crashed", None
    try:
        if app is not None:
            run.show_on(app)
        yield run
        status, details = LABML_STATUS[run.status], run.status
    except BaseException as error:
        status = "interrupted" if isinstance(error, KeyboardInterrupt) else "crashed"
        details = ABSOLUTE_PATH.sub("<path>", _reason(error))
        raise
    finally:
        run.finish(status, details)


def _start_labml(
    folder: Path,
    python_file: Path,
    defaults: dict[str, object],
    chosen: dict[str, object],
    **described: Any,
) -> Any:
    from labml import experiment, lab
    from labml.internal import experiment as current
    from labml.internal.computer import configs as computer
    from labml.internal.tracker import tracker_singleton

    if current.has_experiment() and current.experiment_singleton().is_started:
        raise RuntimeError("another run is being tracked in this process")
    # labml would name the computer in ~/.labml, and fail where that cannot be written.
    computer._internal = SimpleNamespace(uuid="", add_project=lambda path: None)
    # The series of an earlier run; labml's own `tracker.reset` breaks every later save.
    tracker_singleton().indicators.clear()

    def create(repository: Path) -> None:
        places = {"path": str(repository), "experiments_path": str(folder)}
        # A .labml.yaml above may ask labml to end the process where there are local changes.
        lab.configure({**places, "check_repo_dirty": False})
        # Left to labml, the uuid may come from the environment: the same for a second run.
        experiment.create(
            uuid=uuid4().hex, python_file=str(python_file), writers=set(), **described
        )

    folder.mkdir(parents=True, exist_ok=True)
    try:
        create(python_file.parent.parent)
    except Exception:  # git fails in many ways: for one, on another user's files
        create(folder)
    started = current.experiment_singleton()
    # From here on labml writes and sends what it has found: no secret, name or path may be left.
    started.run.diff = None
    started.run.repo_remotes = without_users(started.run.repo_remotes)
    started.run.python_file = "/".join(python_file.parts[-2:])
    experiment.configs(defaults, chosen)
    experiment.start()
    return started


class _LabmlRun:
    """A started labml run with its log in a file, and perhaps on a dashboard."""

    def __init__(self, experiment: Any, warn: Callable[[str], None]) -> None:
        from labml import tracker
        from labml.internal.tracker import tracker_singleton
        from labml.internal.tracker.writers.file import Writer

        self.status = "finished"
        self._experiment = experiment
        self._warn = warn
        self._save = tracker.save
        self._writers = tracker_singleton()
        self._dashboard: DashboardLink | None = None
        self._log_failure = ""
        self._log_warned = False
        self._log = Writer(experiment.run.log_file)
        self._append, self._log.thread._process = self._log.thread._process, self._append_or_note
        # Otherwise a second Ctrl-C, before labml's finish, leaves a process that never exits.
        self._log.thread.daemon = True
        self._writers.add_writer(self._log)

    def show_on(self, app: str) -> None:
        """Send the run to the dashboard at the address `app`, if it answers."""
        import labml
        from labml.internal.app.experiment import AppExperiment
        from labml.internal.app.logs import APP_CONSOLE_LOGS
        from labml.internal.tracker.writers.app import Writer

        dashboard = DashboardLink(app, self._experiment.run.uuid, labml.__version__)
        if not dashboard.answers():
            self._warn(
                f"The dashboard at {app} does not answer ({dashboard.failure}); "
                "the run is tracked in its folder only."
            )
            return
        header = AppExperiment(dashboard, frequency=0, open_browser=False)
        # labml would send all output, its own banners first.
        APP_CONSOLE_LOGS.data.clear()
        header.start(self._experiment.run)
        header.worker()
        self._experiment.app_experiment = header
        self._experiment.configs_processor.add_saver(header.get_configs_saver())
        self._curves = Writer(dashboard, frequency=1)
        means = self._curves.get_and_clear_indicators
        self._curves.get_and_clear_indicators = lambda: with_last_records(
            self._curves.indicators, means
        )
        self._writers.add_writer(self._curves)
        self._dashboard = dashboard
        say(f"this run on the dashboard: {page_of(app, self._experiment.run.uuid)}")

    def save(self, step: int, values: Mapping[str, float]) -> None:
        self._warn_of_failures()
        numbers = {name: float(value) for name, value in values.items()}
        try:
            self._save(int(step), numbers)
        except OSError as error:  # in labml's list of names, which it writes first
            self._note(error)
            self._writers.write()

    def conclude(self, status: str) -> None:
        self.status = status

    def finish(self, status: str, details: str | None) -> None:
        """Complete the log, and send the dashboard the rest if it takes it in time."""
        self._warn_of_failures()
        try:
            self._experiment.finish(status, details)
        except OSError as error:  # in labml's note of the end, which it writes first
            self._note(error)
            self._writers.finish_loop()
            if self._dashboard is not None:
                self._experiment.app_experiment.status(0, status, details, time.time())
        self._log.thread.join()
        if self._dashboard is not None:
            self._dashboard.stop()
            self._dashboard.join(dashboard_link.PATIENCE_SECONDS)
            if self._dashboard.is_alive():
                self._dashboard.failure = f"no answer in {dashboard_link.PATIENCE_SECONDS:g} s"
        self._warn_of_failures()

    def _append_or_note(self, data: object) -> None:
        """Do the work of labml's thread, which prints a traceback where it cannot write."""
        try:
            self._append(data)
        except Exception as error:  # the run's own thread reports it
            self._append = lambda data: None  # the log is to have no gap before its end
            self._note(error)

    def _note(self, error: Exception) -> None:
        self._log_failure = self._log_failure or _reason(error)

    def _warn_of_failures(self) -> None:
        if self._log_failure and not self._log_warned:
            self._log_warned = True
            self._warn(f"labml's log is not complete ({self._log_failure}).")
        dashboard = self._dashboard
        if dashboard is None or not dashboard.failure:
            return
        self._dashboard = None
        self._writers.remove_writer(self._curves)
        self._experiment.app_experiment = None
        self._warn(
            f"The dashboard at {dashboard.address} stopped answering ({dashboard.failure}); "
            "from here on the run is tracked in its folder only."
        )


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")
