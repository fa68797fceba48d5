"""Train one panel of the paper's Figure 2: `python -m experiments.figure2 logistic|net|cifarnet`.

Exit status: 0 made, 2 bad input (nothing is written), 130 interrupted (the same command goes on), 1
anything else.
"""

import sys
from collections.abc import Sequence

from experiments import command


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; return the exit status."""
    return command.run("figure2", _body, argv)


def _body(arguments: list[str]) -> int:
    from experiments.figure2.question import read

    asked = read(arguments)

    # Only now, so that --help and bad input are answered at once.
    from experiments.figure2.session import make
    from experiments.terminal import show

    made = make(asked, arguments)
    unseen = show(made.lines, made.summary, json=asked.json)
    if unseen is not None:
        raise command.CommandError(f"it is made, but it cannot be shown ({unseen})", status=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
