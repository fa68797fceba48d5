"""Run one optimizer on the synthetic regret problem: `python -m experiments.synthetic --opt adam`.

With no more than --opt this is the seed program: 10,000,000 steps at a constant step size, x,
regret and average regret tracked through labml every 1000 steps. Exit status: 0 finished, 2 bad
input (nothing is written), 130 interrupted (go on with --resume), 1 anything else.
"""

import sys
from collections.abc import Sequence

from experiments import command

EXIT = {"finished": 0, "diverged": 1, "interrupted": 130}


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; return the exit status."""
    return command.run("synthetic", _body, argv)


def _body(arguments: list[str]) -> int:
    from experiments.config.arguments import parse
    from experiments.config.yaml_file import to_yaml

    asked = parse(arguments)
    if asked.list:
        from experiments.listing import problems, rules
        from experiments.terminal import show_lists

        show_lists(rules=rules(), problems=problems())
        return 0
    if asked.print_config and asked.config is not None:
        print(to_yaml(asked.config), end="")
        return 0

    # Only now, so that --help and bad input are answered at once.
    from experiments.run.report import report
    from experiments.run.session import run_session
    from experiments.terminal import show

    summary, verification, following = run_session(asked, arguments)
    unseen = show(report(summary, verification, following), summary, json=asked.json)
    if unseen is not None:
        sentence = f"{summary['run']} is written, but it cannot be reported ({unseen})"
        raise command.CommandError(sentence, status=1)
    return EXIT[str(summary["status"])]


if __name__ == "__main__":
    sys.exit(main())
