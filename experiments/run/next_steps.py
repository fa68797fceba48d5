"""What to run after a run: the commands that its last lines name."""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from amsgrad.config.own_options import options_of_problem, options_of_rule
from amsgrad.config.run_config import RUN, Config
from amsgrad.options import ConfigError, Role
from amsgrad.rules import title_of
from amsgrad.verdict import BETWEEN, MOVING, OPTIMUM, UNDECIDED
from experiments.command import CommandError
from experiments.config.arguments import OUT
from experiments.invocation import invocation
from experiments.run.execute import settings_digest
from experiments.run.files import RunFiles, latest_first

LONGEST_DECAYING = 100_000_000  # steps: it has no cycle, and takes a second
LONGEST = 1_000_000_000  # steps, in some seconds
LOOKED_AT = 200  # of the latest runs
LONGEST_COMMAND = 1000  # characters of options


class Next(NamedTuple):
    """A command, and what it does in a few words."""

    what: str
    command: str


def next_steps(config: Config, summary: Mapping[str, Any], out: Path) -> list[Next]:
    """Return what is worth a look after a run that has ended.

    Args:
        config, summary: of the run.
        out: the folder that keeps the runs.
    """
    return list(_next_steps(config, summary, out))


def _next_steps(config: Config, summary: Mapping[str, Any], out: Path) -> Iterator[Next]:
    verdict, cycle = summary["verdict"], summary["cycle"]

    def command(other: Config) -> str:
        words = ["--opt", other.opt, *_options(other, _defaults(other))]
        if sum(map(len, words)) > LONGEST_COMMAND:  # of many slopes
            file = str(RunFiles(Path(summary["run"])).config)
            words = ["--config", file, "--opt", other.opt, *_options(other, config.settings())]
        return f"{invocation('synthetic')} {shlex.join([*words, *_place(out)])}"

    if summary["law"] is not None:
        file = str(RunFiles(Path(summary["run"])).certificate)
        yield Next(
            "next, the law checked in plain Python", f"{invocation('certify')} {shlex.quote(file)}"
        )
    levels_off = verdict["levels_off"] is not None and cycle is not None
    if verdict["place"] in (OPTIMUM, BETWEEN) and levels_off:
        # at least the steps of this run until it was on its cycle, so that it gets as far
        lr = float(f"{config.lr * max(cycle['start'], 1) ** 0.5:.1g}")
        steps = min(config.steps, LONGEST_DECAYING)
        changed = _with(config, config.opt, schedule="inverse_sqrt", lr=lr, steps=steps)
        if changed is not None and lr > 0:
            yield Next("next, with a decaying step", command(changed))
    if verdict["place"] in (MOVING, UNDECIDED) and 10 * config.steps <= LONGEST:
        longer = _with(config, config.opt, steps=10 * config.steps)
        if longer is not None:
            yield Next("next, ten times as long", command(longer))
    other = "adam" if config.opt == "amsgrad" else "amsgrad"
    partner = _with(config, other)
    if partner is None:
        return
    found = _find(partner, out)
    if found is None:
        yield Next(
            f"next, {title_of(other)} with the same settings",
            command(partner),
        )
    else:
        ids = [found.id, Path(summary["run"]).name]
        yield Next(
            "next, both in one table and one picture",
            shlex.join([*shlex.split(invocation("compare")), *ids, *_place(out)]),
        )


def _with(config: Config, opt: str, **changes: Any) -> Config | None:
    """Return the same run of another rule, as far as that has its options, with these changes."""
    own = {*options_of_rule(opt), *options_of_problem(config.problem), *RUN}
    kept = {name: v for name, v in _settings(config).items() if name in own}
    try:
        return Config(**{**kept, "opt": opt, **changes})
    except ConfigError:  # an option that does not go together with these
        return None


def _settings(config: Config) -> dict[str, Any]:
    return {**config.settings(Role.NUMBERS, Role.LENGTH), "engine": config.engine}


def _defaults(config: Config) -> dict[str, Any]:
    defaults = Config(opt=config.opt, problem=config.problem).settings()
    return {**defaults, "problem": RUN["problem"].default}


def _options(config: Config, beside: Mapping[str, Any]) -> list[str]:
    """Return the options of a run, as on a command line, that differ from these settings."""
    words = []
    for name, value in _settings(config).items():
        if name != "opt" and value != beside.get(name):
            short = f"{value:g}" if isinstance(value, float) else str(value)
            words += [f"--{name}", short if type(value)(short) == value else str(value)]
    return words


def _place(out: Path) -> list[str]:
    return [] if out == OUT.default else ["--out", str(out)]


def _find(config: Config, out: Path) -> RunFiles | None:
    """Return the latest run with these settings that has ended."""
    wanted = settings_digest(config)
    for path in latest_first(config.opt, out)[:LOOKED_AT]:
        files = RunFiles(path)
        try:
            files.read_provenance()
        except CommandError:
            continue
        if files.is_complete() and files.sessions[-1].get("settings_sha256") == wanted:
            return files
    return None
