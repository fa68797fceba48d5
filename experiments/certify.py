"""Check certificates: `python -m experiments.certify results/runs/ID/certificate.json`.

The plain reference engine goes once around the cycle from the state in the file; no compiled code
takes part. Exit status: 0 all verified, 1 some refuted, 2 bad input, 130 interrupted.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from experiments import command

COMMAND = command.Command(
    "certify",
    "Check certificates by the plain reference engine.",
    "python -m experiments.certify results/runs/ID/certificate.json",
    words=("FILE", "The files of certificates."),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Check the files of the command line; return the exit status."""
    return command.run("certify", _body, argv)


def _body(arguments: list[str]) -> int:
    files = COMMAND.values(arguments)["words"]
    if not files:
        raise command.ConfigError("the names of certificates must be given; see --help")
    texts = {file: _read(Path(file)) for file in files}
    refuted = False
    for file, text in texts.items():
        try:
            why = _check(file, text)
        except KeyboardInterrupt:
            raise command.CommandError(f"interrupted at {file}", status=130) from None
        if why is not None:
            refuted = True
            print(f"{file}: refuted: {why}")
    return int(refuted)


def _read(path: Path) -> bytes:
    from experiments.config.yaml_file import LARGEST_FILE

    try:
        if not path.is_file():  # a pipe would never end
            raise FileNotFoundError(2, "there is no such file")
        with path.open("rb") as stream:
            return stream.read(LARGEST_FILE)
    except OSError as error:
        raise command.CommandError(f"{path} cannot be read ({error.strerror})") from None


def _check(file: str, text: bytes) -> str | None:
    """Report a certificate that holds; return the reason where it does not."""
    from amsgrad.cycles.certificate import refutation
    from experiments.config.build import build_setup
    from experiments.config.caption import caption
    from experiments.run.certificate_file import NoCertificate, from_text

    try:
        certificate, config = from_text(text.decode("utf-8"))
    except (NoCertificate, UnicodeDecodeError) as error:
        return f"it is not a certificate: {error}"
    if config.foreign:
        return f"--opt {config.opt} is a class of another package, which is not checked here"
    why = refutation(certificate, build_setup(config), config.make_rule())
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
