"""Check certificates: `python -m experiments.certify results/runs/ID/certificate.json`.

The plain reference engine computes the run from x0 to the state in the file, and from there once
around the cycle; no compiled code takes part. Exit status: 0 all verified, 1 some refuted, 2 bad
input, 3 the cycle holds but it was not checked that the run reaches it, 130 interrupted.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from amsgrad.options import ConfigError
from experiments import command

MOST_BYTES = 1_000_000  # of a certificate
MOST_STEPS = 2_000_000  # from x0, in about 20 s
COMMAND = command.Command(
    "certify",
    "Check certificates by the plain reference engine.",
    "results/runs/ID/certificate.json",
    flags={
        "cycle_only": "Check the cycle, but not that the run reaches it; beyond"
        f" {MOST_STEPS:,} steps from x0 that is never checked"
    },
    words=("FILE", "The files of certificates."),
    epilog="Exit status: 0 all verified, 1 some refuted, 2 bad input, 3 the cycle holds, but that"
    " the run\nreaches it was not checked.",
)
VERIFIED, REFUTED, UNREACHED = 0, 1, 3


def main(argv: Sequence[str] | None = None) -> int:
    """Check the files of the command line; return the exit status."""
    return command.run("certify", _body, argv)


def _body(arguments: list[str]) -> int:
    values = COMMAND.values(arguments)
    files = values["words"]
    if not files:
        raise ConfigError("the names of certificates must be given; see --help")
    texts = {file: _read(Path(file)) for file in files}
    found = set()
    for file, text in texts.items():
        try:
            status, sentence = _check(text, cycle_only=values["cycle_only"])
        except KeyboardInterrupt:
            raise command.CommandError(f"interrupted at {file}", status=130) from None
        print(f"{file}: {sentence}")
        found.add(status)
    return next(status for status in (REFUTED, UNREACHED, VERIFIED) if status in found)


def _read(path: Path) -> bytes:
    from experiments.files.regular import read_regular

    try:
        return read_regular(path, MOST_BYTES)
    except OSError as error:
        raise command.CommandError(f"{path} cannot be read ({error.strerror})") from None


def _check(text: bytes, *, cycle_only: bool) -> tuple[int, str]:
    """Return the status of one certificate, and the sentence that reports it."""
    from amsgrad.config.build import build_setup
    from amsgrad.config.caption import caption
    from amsgrad.cycles.certificate import refutation, unreached
    from experiments.run.certificate_file import NoCertificate, from_text

    try:
        certificate, config = from_text(text.decode("utf-8"))
    except (NoCertificate, UnicodeDecodeError) as error:
        return REFUTED, f"refuted: it is not a certificate: {error}"
    if config.foreign:
        return REFUTED, f"refuted: --opt {config.opt} is a class of another package: not checked"
    setup, rule = build_setup(config), config.make_rule()
    reached = not cycle_only and certificate.start <= MOST_STEPS
    why = refutation(certificate, setup, rule)
    if why is None and reached:
        why = unreached(certificate, setup, rule)
    if why is not None:
        return REFUTED, f"refuted: {why}"
    claim = (
        f"{config.opt}, {caption(config)}: from step {certificate.start:,} on all repeats every"
        f" {certificate.length:,} steps, x in [{certificate.lowest:.6g},"
        f" {certificate.highest:.6g}], average regret -> {certificate.limit:.10g}"
    )
    if reached:
        return VERIFIED, f"verified: {claim}"
    return UNREACHED, f"the cycle holds; that the run reaches it was not checked: {claim}"


if __name__ == "__main__":
    sys.exit(main())
