"""Serve labml's own dashboard: `python -m experiments.dashboard`, then run with --app.

`python -m experiments.dashboard import RUN...` shows runs that were made without it. Exit status:
0 done or stopped, 2 bad input or a place that cannot be used, 130 interrupted in an import, 1
anything else: the disk is full or broken.
"""

import sys
from collections.abc import Sequence

from amsgrad.options import ConfigError
from experiments import command
from experiments.extras import lacking


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; return the exit status."""
    return command.run("dashboard", _body, argv)


def _body(arguments: list[str]) -> int:
    from experiments.dashboard.arguments import COMMANDS

    name, rest = command.choose(COMMANDS, arguments)
    given = COMMANDS[name].values(rest)
    runs = given["words"]
    if name == "import" and not runs:
        raise ConfigError("the ids or the folders of runs must be given; see --help")
    if hint := lacking("the dashboard", "dashboard"):
        raise command.CommandError(hint)
    # Only now, so that --help and bad input are answered at once.
    if name == "import":
        from experiments.dashboard.importing import import_runs

        import_runs(runs, out=given["out"], data=given["data"])
    else:
        from experiments.dashboard.server import serve

        serve(given["host"], given["port"], given["data"], open_browser=given["open"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
