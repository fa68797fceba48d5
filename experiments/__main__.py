"""List the commands: `python -m experiments`."""

import sys
from collections.abc import Sequence

from amsgrad.options import ConfigError
from experiments import command

COMMANDS = {
    "synthetic": "run one optimizer on one online problem",
    "sweep": "run every cell of a grid of settings; report its status; merge it",
    "figures": "compute and draw figures",
    "certify": "check the certificates of runs at a constant step",
    "dashboard": "serve labml's dashboard, or import runs into it",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Print the commands; return the exit status."""
    return command.run("experiments", _body, argv)


def _body(arguments: list[str]) -> int:
    if arguments and arguments[0].startswith("-") and arguments[0] not in ("--help", "-h"):
        raise ConfigError(f"unknown option {arguments[0]}; did you mean --help?")
    if arguments not in ([], ["--help"], ["-h"]):
        command.choose(COMMANDS, arguments)  # raises for a name that is unknown
        raise ConfigError(f"write python -m experiments.{arguments[0]}, with a dot")
    print("usage: python -m experiments.COMMAND [--OPTION VALUE ...]; each has --help\n")
    print("\n".join(f"  {name:10} {sentence}" for name, sentence in COMMANDS.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
