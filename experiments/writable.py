"""A folder of results that is tried out before minutes of computing."""

from pathlib import Path
from tempfile import TemporaryFile

from experiments.command import CommandError
from experiments.files.atomic import remove_leftovers
from experiments.files.unwritten import status_of


def make_writable(out: Path, kept: str) -> Path:
    """Make the folder of `--out`, and in it the one of what is kept; return the latter.

    Raises:
        CommandError: one of them cannot be made or written.
    """
    folder = out / kept
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for place in (out, folder):
            TemporaryFile(dir=place).close()
            remove_leftovers(place)
    except OSError as error:
        sentence = f"--out {out} cannot be made or written ({error.strerror})"
        raise CommandError(sentence, status_of(error)) from None
    return folder
