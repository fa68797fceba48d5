"""Make figures: `python -m experiments.figures NAME`, or `all`.

Exit status: 0 made, 2 bad input (nothing is written), 130 interrupted, 1 anything else.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile

from experiments.figures import FIGURES
from experiments.config.field_types import ConfigError, OneOf, Setting
from experiments.config.options import OPTIONS

NAME = Setting(OneOf((*FIGURES, "all")), "Which figure", None)


def main(argv: Sequence[str] | None = None) -> int:
    """Make what the command line asks for; return the exit status."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    try:
        names, out = _read(arguments)
    except (ConfigError, argparse.ArgumentError) as error:
        return _complain(error, 2)

    try:
        out.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=out).close()  # before minutes of computing
    except OSError as error:
        return _complain(f"--out {out} cannot be made or written ({error.strerror})", 2)

    try:
        # Only now, so that --help and bad input are answered at once.
        from amsgrad.verification import Disagreement
        from experiments.figures.figure import make
    except KeyboardInterrupt:
        return _complain("interrupted before the first figure", 130)

    for name in names:
        began = time.perf_counter()
        try:
            made = make(name, out, arguments)
        except Disagreement as error:
            return _complain(f"{name}: {error}", 1)
        except OSError as error:
            return _complain(f"{name} cannot be written in {out} ({error.strerror})", 1)
        except KeyboardInterrupt:
            return _complain(f"interrupted at {name}; what was made before stays", 130)
        how = "drawn from the cache" if made.cached else "computed and drawn"
        print(f"{name}: {how} in {time.perf_counter() - began:.1f} s")
        for what, value in made.findings.items():
            print(f"    {what}: {value}")
        print("    " + " ".join(map(str, made.files)))
    return 0


def _read(arguments: Sequence[str]) -> tuple[list[str], Path]:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.figures",
        description="Compute and draw figures; what was computed before is not computed again.",
        allow_abbrev=False,
        exit_on_error=False,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{NAME.kind}")
    parser.add_argument("--out", default="results", help="folder for them (default results)")
    known, rest = parser.parse_known_args(arguments)
    if rest:
        raise ConfigError(f"unknown option {rest[0]}; --help lists what there is")
    if not known.names:
        raise ConfigError(f"the name of a figure must be given: {NAME.kind}")
    names = [NAME.read(name, "the name of a figure") for name in known.names]
    return list(FIGURES) if "all" in names else names, OPTIONS["out"].read(known.out, "--out")


def _complain(sentence: object, status: int) -> int:
    print(f"figures: error: {sentence}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
