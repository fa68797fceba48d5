"""The command line of the dashboard."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from experiments.dashboard.errors import DashboardError
from experiments.config.field_types import ConfigError, Kind, Setting, Whole
from experiments.config.options import OPTIONS, Folder

MONGO_PORT = 27017


class Options(NamedTuple):
    """What was asked for: to serve, or to import `runs` where there are any."""

    host: str
    port: int
    data: Path
    mongo: tuple[str, int] | None
    open: bool
    runs: tuple[str, ...]
    out: Path


class Host(Kind):
    """A name or an address of this machine."""

    metavar = "HOST"

    def __str__(self) -> str:
        return "a host name or an address"

    def read(self, given: object) -> str:
        if not isinstance(given, str) or not re.fullmatch(r"[\w.:%-]+", given, re.ASCII):
            raise ValueError
        return given


class Mongo(Kind):
    """Where MongoDB answers."""

    metavar = "HOST[:PORT]"

    def __str__(self) -> str:
        return "host[:port]"

    def read(self, given: object) -> tuple[str, int]:
        match = re.fullmatch(r"([\w.-]+|\[[0-9a-f:]+\])(?::(\d{1,5}))?", str(given), re.ASCII)
        if not match or int(match[2] or 1) not in range(1, 2**16):
            raise ValueError
        return match[1], int(match[2] or MONGO_PORT)


SETTINGS = {
    "port": Setting(Whole(0, 2**16 - 1), "Port to listen on; 0 takes a free one", 5005),
    "host": Setting(Host(), "Interface to listen on; only 127.0.0.1 is private", "127.0.0.1"),
    "data": Setting(Folder(), "Folder that keeps the dashboard's runs", Path("results/dashboard")),
    "mongo": Setting(Mongo(), "MongoDB to keep the runs instead, by labml_app's own means", None),
    "out": OPTIONS["out"],
}


def parse(arguments: Sequence[str]) -> Options:
    """The options, checked; DashboardError for what cannot be; exits after --help."""
    parser = _Parser(
        prog="python -m experiments.dashboard",
        description="Serve labml's own dashboard on this machine; or, with import, show runs in it"
        " that were made without it or not to their end.",
        epilog="Then: python -m experiments.synthetic --opt adam --app http://127.0.0.1:5005",
        formatter_class=_Help,
        allow_abbrev=False,
    )
    parser.add_argument(
        "words",
        nargs="*",
        metavar="import RUN",
        help="Runs to import: the id of one in --out, or the path of its folder.",
    )
    absent: Any = {"default": argparse.SUPPRESS}
    for name, option in SETTINGS.items():
        default = "" if option.default is None else f"; default {option.default}"
        sentence = f"{option.sentence} ({option.kind}{default})."
        parser.add_argument(f"--{name}", help=sentence, metavar=option.kind.metavar, **absent)
    parser.add_argument("--open", help="Open a browser there.", action="store_true")
    given = vars(parser.parse_intermixed_args(list(arguments)))
    word, *runs = given["words"] or [""]
    if word not in ("", "import") or bool(word) != bool(runs):
        parser.error(f"{' '.join(given['words'])!r} was given, but only import RUN... can be")
    try:
        values = {
            name: option.read(given[name], f"--{name}") if name in given else option.default
            for name, option in SETTINGS.items()
        }
    except ConfigError as error:
        raise DashboardError(str(error)) from None
    return Options(**values, open=given["open"], runs=tuple(runs))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise DashboardError(f"{message}; --help lists what there is")


class _Help(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=24, width=100)
