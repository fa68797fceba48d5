"""Find counterexamples: `python -m experiments.search --opt adam`.

It finds slopes on which the rule goes to the wrong end, proves that, writes a find file, which
`experiments.certify` proves anew, and runs it. With no more than --opt a run shows the find soon;
--smallest makes the slopes small. Exit status: 0 answered, found or proved that there are none; 1
none found, which proves nothing; 2 bad input (nothing is written); 130 interrupted: the best so far
is written, and the same command goes on.
"""

import sys
from collections.abc import Sequence

from experiments import command

EXIT = {"found": 0, "none exists": 0, "none found": 1, "interrupted": 130}


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; return the exit status."""
    return command.run("search", _body, argv)


def _body(arguments: list[str]) -> int:
    from experiments.finds.question import read

    asked = read(arguments)

    # Only now, so that --help and bad input are answered at once.
    import shlex

    from experiments.finds.hunt import hunt
    from experiments.finds.report import lines, to_object
    from experiments.invocation import invocation
    from experiments.terminal import show

    outcome = hunt(asked, arguments)
    again = f"{invocation('search')} {shlex.join(arguments)}"
    unseen = show(lines(outcome, asked, again), to_object(outcome, asked), json=asked.json)
    if unseen is not None:
        raise command.CommandError(f"the answer cannot be printed ({unseen})", status=1)
    return EXIT[outcome.status]


if __name__ == "__main__":
    sys.exit(main())
