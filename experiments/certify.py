"""Check certificates and finds: `python -m experiments.certify results/runs/ID/certificate.json`.

Of a certificate the plain reference engine computes the run from x0 to the state in the file, and
from there once around the cycle; no compiled code takes part. A law is checked by fractions, too.
A find is proved anew. Exit status: 0 all verified, 1 some refuted, 2 bad input, 3 something that a
file states was not checked (that a run reaches its cycle, or that there is no smaller find), 130
interrupted.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from amsgrad.options import ConfigError
from experiments import command

MOST_BYTES = 10_000_000  # of a file
COMMAND = command.Command(
    "certify",
    "Check certificates by the plain reference engine, and prove finds anew.",
    "results/runs/ID/certificate.json",
    flags={
        "cycle_only": "Check the cycle or the law, but not that the run reaches it; beyond"
        " 2,000,000 steps from x0 that is never checked"
    },
    words=("FILE", "The files of certificates or finds."),
    epilog="Exit status: 0 all verified, 1 some refuted, 2 bad input, 3 something that a file"
    " states was not\nchecked.",
)
VERIFIED, REFUTED, UNCHECKED = 0, 1, 3


def main(argv: Sequence[str] | None = None) -> int:
    """Check the files of the command line; return the exit status."""
    return command.run("certify", _body, argv)


def _body(arguments: list[str]) -> int:
    values = COMMAND.values(arguments)
    files = values["words"]
    if not files:
        raise ConfigError("the names of files must be given; see --help")
    texts = {file: _read(Path(file)) for file in files}
    found = set()
    for file, content in texts.items():
        try:
            for status, sentence in _check(content, cycle_only=values["cycle_only"]):
                print(f"{file}: {sentence}", flush=True)
                found.add(status)
        except KeyboardInterrupt:
            raise command.CommandError(f"interrupted at {file}", status=130) from None
    return next(status for status in (REFUTED, UNCHECKED, VERIFIED) if status in found)


def _read(path: Path) -> bytes:
    from experiments.files.regular import read_regular

    try:
        return read_regular(path, MOST_BYTES)
    except OSError as error:
        raise command.CommandError(f"{path} cannot be read ({error.strerror})") from None


def _check(content: bytes, *, cycle_only: bool) -> Iterator[tuple[int, str]]:
    """Yield the status of each statement of a file, and the sentence that reports it."""
    from experiments.finds.check import check_find
    from experiments.finds.find_file import is_find
    from experiments.run.certificate_check import check_certificate

    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        yield REFUTED, f"refuted: it is not a certificate: {error}"
        return
    if is_find(text):
        yield from check_find(text, cycle_only=cycle_only)
    else:
        yield check_certificate(text, cycle_only=cycle_only)


if __name__ == "__main__":
    sys.exit(main())
