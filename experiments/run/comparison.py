"""Several runs side by side: what tells them apart, one table, one picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amsgrad.config.caption import caption
from amsgrad.config.run_config import Config
from amsgrad.options import Role
from amsgrad.options import shown as short
from amsgrad.panels import Curve
from amsgrad.picture import draw
from amsgrad.rules import title_of
from experiments.command import CommandError
from experiments.invocation import invocation
from experiments.run.files import FolderError, RunFiles
from experiments.run.picture import to_bytes

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True)
class Run:
    """A run that has ended, as its folder has it."""

    files: RunFiles
    config: Config
    summary: Mapping[str, Any]
    trace: xarray.Dataset

    @property
    def settings(self) -> dict[str, Any]:
        """All that decides the numbers and the length of the run."""
        return self.config.settings(Role.NUMBERS, Role.LENGTH)


def read_run(files: RunFiles) -> Run:
    """Return a run that has ended.

    Raises:
        FolderError: it has not, or a file is missing or damaged.
    """
    files.read_provenance()
    if not files.summary.exists():
        raise _unended(files)
    summary = files.read_summary()
    if summary["status"] == "interrupted":
        raise _unended(files)
    run = Run(files, files.read_config(), summary, files.read_trace())
    if not run.trace.step.size:
        raise FolderError(f"The run {files.path} has no record; run it for longer.")
    return run


def _unended(files: RunFiles) -> FolderError:
    return FolderError(
        f"The run {files.path} is under way or was interrupted; end it with"
        f" {invocation('synthetic')} --resume {files.id} --out {files.path.parent}"
    )


def check_alike(runs: Sequence[Run]) -> None:
    """Refuse runs whose x cannot stand on one axis: those with another F or another x*.

    Raises:
        CommandError: there are such.
    """
    first, *others = runs
    for other in others:
        if _goal(other) != _goal(first):
            raise CommandError(
                f"{first.files.id} and {other.files.id} cannot be compared: with --problem"
                f" {first.config.problem} {_in_words(first)}, with --problem"
                f" {other.config.problem} {_in_words(other)}"
            )


def _goal(run: Run) -> tuple[float, float, float | None]:
    problem = run.config.make_problem()
    return problem.lower, problem.upper, problem.x_star if problem.attained else None


def _in_words(run: Run) -> str:
    lower, upper, x_star = _goal(run)
    best = "no point is best" if x_star is None else f"x* = {x_star:g}"
    return f"F is {f'[{lower:g}, {upper:g}]' if upper < math.inf else 'the whole line'} and {best}"


def differing(runs: Sequence[Run]) -> list[str]:
    """Return the settings, but the rule, that do not have one value in all runs that have them."""
    names = dict.fromkeys(name for run in runs for name in run.settings)
    values = {name: [r.settings[name] for r in runs if name in r.settings] for name in names}
    return [name for name, v in values.items() if name != "opt" and any(x != v[0] for x in v)]


def names_of(opts: Sequence[str]) -> list[str]:
    """Return the names of these optimizers in papers, or as they were given where two are alike."""
    titles = {opt: title_of(opt) for opt in opts}
    alike = list(titles.values())
    return [titles[opt] if alike.count(titles[opt]) == 1 else opt for opt in opts]


def labels(runs: Sequence[Run]) -> list[str]:
    """Return a name for each run: its rule, and its settings that differ."""
    titles = names_of([run.config.opt for run in runs])
    shown = [name for name in differing(runs) if name != "steps" or len(set(titles)) < len(runs)]
    settings = [
        ", ".join(f"{name} = {_text(r.settings[name])}" for name in shown if name in r.settings)
        for r in runs
    ]
    found = [", ".join(filter(None, both)) for both in zip(titles, settings, strict=True)]
    return [
        f"{name} ({run.files.id})" if found.count(name) > 1 else name
        for name, run in zip(found, runs, strict=True)
    ]


def rows(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Return what the table says of each run, by the names of its columns; None where nothing."""
    shown = differing(runs)
    return [
        {
            "run": run.files.id,
            "rule": name,
            **{setting: run.settings.get(setting) for setting in shown},
            "steps": run.summary["steps"],
            "x": run.summary["x"],
            "average_regret": run.summary["average_regret"],
            "limit": _limit(run.summary),
            "verdict": (run.summary.get("verdict") or {}).get("place"),
        }
        for name, run in zip(names_of([r.config.opt for r in runs]), runs, strict=True)
    ]


def _limit(summary: Mapping[str, Any]) -> float | None:
    """Return the limit of the average regret, where a cycle or a law of the run gives it."""
    cycle, law = summary["cycle"] or {}, summary.get("law") or {}  # older runs have no law
    return cycle.get("limit_average_regret", law.get("limit"))


def table(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the lines of the table, its head first."""
    head = [name.replace("average_", "average ") for name in found[0]]
    body = [[_text(row[name]) for name in found[0]] for row in found]
    widths = [max(map(len, column)) for column in zip(head, *body, strict=True)]
    return [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in (head, *body)
    ]


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, int) and value >= 1000:
        return f"{value:,}"
    return f"{value:.6g}" if isinstance(value, float) else short(value)


def picture(runs: Sequence[Run], form: str) -> bytes:
    """Return a file with x_t and R_t / t of all runs; `check_alike` holds for them."""
    curves = [
        Curve(
            label,
            run.trace.step.values,
            run.trace.x.values,
            run.trace.average_regret.values,
            math.nan if row["limit"] is None else row["limit"],
        )
        for label, row, run in zip(labels(runs), rows(runs), runs, strict=True)
    ]
    lower, upper, x_star = _goal(runs[0])
    captions = {caption(run.config) for run in runs}
    who = f"{len(runs)} runs" if len(runs) > 1 else curves[0].label
    problems = list(dict.fromkeys(run.config.problem for run in runs))
    figure = draw(
        curves,
        title=f"{who} on the {' and '.join(problems)} regret problem",
        subtitle=captions.pop() if len(captions) == 1 else _common(runs),
        lower=lower,
        upper=upper,
        x_star=math.nan if x_star is None else x_star,
    )
    return to_bytes(figure, form)


def _common(runs: Sequence[Run]) -> str:
    """Return what all runs have in common."""
    apart = {"opt", "problem", *differing(runs)}
    settings = runs[0].settings.items()
    shared = [f"{k} {_text(v)}" for k, v in settings if all(k in r.settings for r in runs)]
    return ", ".join(text for text in shared if text.split(" ")[0] not in apart)
