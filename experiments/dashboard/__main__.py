"""Serve labml's own dashboard: `python -m experiments.dashboard`, then run with --app.

`python -m experiments.dashboard import RUN...` shows runs that were made without it. Exit status:
0 done or stopped, 2 bad input or a place that cannot be used, 130 interrupted in an import.
"""

import sys
from collections.abc import Sequence
from importlib.util import find_spec

from experiments.dashboard.options import parse
from experiments.dashboard.errors import DashboardError


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; return the exit status."""
    try:
        options = parse(sys.argv[1:] if argv is None else argv)
        if find_spec("labml_app") is None:
            raise DashboardError(
                "labml-app is not installed; `make dashboard` installs and starts it."
            )
        # Only now, so that --help and bad input are answered at once.
        if options.runs:
            from experiments.dashboard.importing import import_runs

            import_runs(options)
        else:
            from experiments.dashboard.server import serve

            serve(options)
    except DashboardError as error:
        print(f"dashboard: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
