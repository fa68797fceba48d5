"""Slopes from a text or a file: what runs is the slopes themselves, and the file may then go."""

import errno
from contextlib import suppress
from pathlib import Path

from amsgrad.options import ConfigError, shown
from amsgrad.problems.slope_text import SlopeText, runs_in
from experiments.files.regular import read_regular

LARGEST_FILE = 10_000_000  # bytes, which take some seconds
NO_FILE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EINVAL)
IN_A_FILE = (
    "allowed are numbers with commas or white space between them, -10x100 for repeats, and # before"
    " a comment"
)


def read_slopes(given: str, label: str, slopes: SlopeText) -> str:
    """Return the slopes that a text spells, or that stand in the file of this name.

    Args:
        given: slopes, or the name of a file.
        label: the name of the option, for errors.
        slopes: its type.

    Raises:
        ConfigError: one sentence about the text, or about the first line that is wrong.
    """
    with suppress(ValueError, ArithmeticError):
        return slopes.read(given)
    file = f"{label} {shown(given)}"
    content = None
    try:
        if given.strip():
            content = read_regular(Path(given).expanduser(), LARGEST_FILE + 1)
    except OSError as error:
        if error.errno not in NO_FILE:
            raise ConfigError(f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, RuntimeError):  # a NUL, or the home of a user who does not exist
        pass
    if content is None:
        raise ConfigError(
            f"{label} must be {slopes}, or the name of a file of them, but {shown(given)} was"
            f" given{slopes.hint(given)}"
        )
    if len(content) > LARGEST_FILE:
        raise ConfigError(f"{file} must not be larger than {LARGEST_FILE:,} bytes")
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ConfigError(f"{file} must be text in UTF-8; {IN_A_FILE}") from None
    return _from_lines(lines, file, slopes)


def _from_lines(lines: list[str], file: str, slopes: SlopeText) -> str:
    texts = [line.partition("#")[0].strip().removesuffix(",") for line in lines]
    for number, text in enumerate(texts, 1):
        try:
            list(runs_in(text) if text else [])
        except (ValueError, ArithmeticError) as error:
            raise ConfigError(f"{file}, line {number}: {error}; {IN_A_FILE}") from None
    try:
        return slopes.read(",".join(filter(None, texts)))
    except ValueError as error:
        raise ConfigError(f"{file} must hold {slopes}, but {error}") from None
