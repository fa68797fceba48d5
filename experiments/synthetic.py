"""Run one optimizer on the synthetic regret problem: `python -m experiments.synthetic --opt adam`.

With no more than --opt this is the seed program: 10,000,000 steps at a constant step size, x,
regret and average regret tracked through labml every 1000 steps. Exit status: 0 finished, 2 bad
input (nothing is written), 130 interrupted (go on with --resume), 1 anything else.
"""

import os
import shlex
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, redirect_stdout
from typing import Any

from experiments.config.arguments import parse
from experiments.config.run_config import to_yaml
from experiments.config.field_types import ConfigError

EXIT = {"finished": 0, "diverged": 1, "interrupted": 130}


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; return the exit status."""
    arguments = sys.argv[1:] if argv is None else argv
    invocation = parse(arguments)
    config = invocation.config
    if invocation.print_config and config is not None:
        print(to_yaml(config), end="")
        return 0

    # Only now, so that --help and bad input are answered at once.
    from amsgrad.verification import Disagreement
    from experiments.run.checkpoint import CheckpointError
    from experiments.run.folder import FolderError
    from experiments.run.loop import raising_at_sigterm
    from experiments.run.session import begin, execute, resume
    from experiments.files.strict_json import to_json

    # Optimizers of others may print; standard output is kept for the summary.
    elsewhere = redirect_stdout(sys.stderr) if invocation.json else nullcontext()
    with elsewhere, raising_at_sigterm():
        try:
            if config is None:
                session = resume(str(invocation.resume), invocation.out)
            else:
                session = begin(config, invocation.chosen, invocation.out)
        except (ConfigError, FolderError, CheckpointError) as error:
            return complain(error, 2)
        except Disagreement as error:
            return complain(error, 1)
        except OSError as error:
            return complain(f"the run cannot be written in {invocation.out} ({error.strerror})", 1)
        except KeyboardInterrupt:
            return complain("interrupted before the first step", 130)

        how_to_resume = f"--resume {session.folder.id} --out {shlex.quote(str(invocation.out))}"
        try:
            with session.folder:
                summary = execute(session, app=invocation.app, arguments=arguments)
        except OSError as error:
            return complain(
                f"the run cannot be written ({error.strerror}) and stands at its last checkpoint;"
                f" make room, then go on with {how_to_resume}",
                1,
            )
        except KeyboardInterrupt:
            return complain(
                f"interrupted again; the run stands at its last checkpoint: {how_to_resume}", 130
            )
        except Exception as error:
            traceback.print_exc()
            return complain(f"{error!r}; the run stands at its last checkpoint: {how_to_resume}", 1)
        lines = report(summary, session.verification, how_to_resume)
    try:
        print("\n".join(lines), file=sys.stderr if invocation.json else sys.stdout)
        if invocation.json:
            print(to_json(summary))
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left in the buffer goes there
        return complain(f"{summary['run']} is written, but not told of ({error.strerror})", 1)
    return EXIT[summary["status"]]


def complain(sentence: object, status: int) -> int:
    print(f"synthetic: error: {sentence}", file=sys.stderr)
    return status


def report(
    summary: Mapping[str, Any], verification: Mapping[str, Any], how_to_resume: str
) -> list[str]:
    """What a person wants to know of a run, in a few lines."""
    rate = summary["nanoseconds_per_step"]
    before = summary["resumed_after_step"]
    lines = [
        f"{summary['opt']} {summary['status']} after {summary['steps']:,} steps,"
        + (f" {before:,} of them before; since then" if before else "")
        + f" {summary['seconds']['computing']:.2f} s in the {summary['engine']} engine"
        + (f" ({rate:,.1f} ns a step)" if rate else "")
    ]
    if verification["steps"]:
        lines.append(
            f"the first {verification['steps']:,} steps agree with {verification['against']}"
            f" (largest difference {max(verification['largest'].values()):.1e})"
        )
    if summary["average_regret"] is not None:
        x_star = summary["x_star"]
        optimum = "no optimum" if x_star is None else f"optimum {x_star:g}"
        lines.append(
            f"x = {summary['x']:.4f} ({optimum}), average regret = {summary['average_regret']:.4f}"
        )
    if summary["average_hindsight_regret"] is not None:
        lines.append(
            f"against the best point in hindsight: {summary['average_hindsight_regret']:.4f}"
        )
    if summary["cycle"] is not None:
        cycle = summary["cycle"]
        lines.append(
            f"from step {cycle['start']:,} on all repeats every {cycle['length']:,} steps, bit for"
            f" bit:\nfor ever x in [{cycle['lowest_x']:.4f}, {cycle['highest_x']:.4f}], average"
            f" regret -> {cycle['limit_average_regret']:.10g}"
        )
    elif summary["certify"] == "yes":
        lines.append(f"no cycle begins within {summary['steps']:,} steps, so nothing is certified")
    lines.append(f"run: {summary['run']}")
    if summary["status"] == "interrupted":
        lines.append(f"go on with: python -m experiments.synthetic {how_to_resume}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
