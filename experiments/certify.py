"""Check certificates: `python -m experiments.certify results/runs/ID/certificate.json`.

The plain reference engine goes once around the cycle from the state in the file; nothing that was
compiled takes part. Exit status: 0 all verified, 1 some refuted, 2 bad input, 130 interrupted.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from amsgrad.cycles.certificate import refutation
from experiments.config.build import build_rule, build_setup
from experiments.config.caption import caption
from experiments.run.certificate_file import NoCertificate, from_text
from experiments.config.yaml_file import LARGEST_FILE

USAGE = "usage: python -m experiments.certify FILE [FILE ...]"


def main(argv: Sequence[str] | None = None) -> int:
    """Check the files of the command line; return the exit status."""
    files = sys.argv[1:] if argv is None else list(argv)
    if files in (["-h"], ["--help"]):
        print(f"{USAGE}\n\n{__doc__}")
        return 0
    if not files or any(file.startswith("-") for file in files):
        print(f"certify: error: the names of certificates must be given; {USAGE}", file=sys.stderr)
        return 2
    texts = {}
    for file in files:
        try:
            if not Path(file).is_file():  # a pipe would never end
                raise FileNotFoundError(2, "there is no such file")
            with Path(file).open("rb") as stream:
                texts[file] = stream.read(LARGEST_FILE)
        except OSError as error:
            print(f"certify: error: {file} cannot be read ({error.strerror})", file=sys.stderr)
            return 2
    refuted = False
    for file, text in texts.items():
        try:
            why = _check(file, text)
        except KeyboardInterrupt:
            print(f"certify: error: interrupted at {file}", file=sys.stderr)
            return 130
        if why is not None:
            refuted = True
            print(f"{file}: refuted: {why}")
    return int(refuted)


def _check(file: str, text: bytes) -> str | None:
    """Tell of a certificate that holds; give the reason where it does not."""
    try:
        certificate, config = from_text(text.decode("utf-8"))
    except (NoCertificate, UnicodeDecodeError) as error:
        return f"it is no certificate: {error}"
    if config.foreign:
        return f"--opt {config.opt} is a class of another package, which is not checked here"
    why = refutation(certificate, build_setup(config), build_rule(config))
    if why is None:
        print(
            f"{file}: verified: {config.opt}, {caption(config)}: from the state in the file on all"
            f" repeats every {certificate.length:,} steps, x in [{certificate.lowest:.6g},"
            f" {certificate.highest:.6g}], average regret -> {certificate.limit:.10g}; that the run"
            f" comes to this state, after {certificate.start:,} steps, is not checked"
        )
    return why


if __name__ == "__main__":
    sys.exit(main())
