"""The command lines of the dashboard: to serve, and to import runs."""

import re
from pathlib import Path

from amsgrad.field_types import FieldType, Whole
from amsgrad.options import Option, Role
from experiments.command import Command
from experiments.config.arguments import OUT
from experiments.config.field_types import Place
from experiments.invocation import invocation


class Host(FieldType):
    """A name or an address of this machine."""

    metavar = "HOST"

    def __str__(self) -> str:
        return "a host name or an address"

    def read(self, given: object) -> str:
        if not isinstance(given, str) or not re.fullmatch(r"[\w.:%-]+", given, re.ASCII):
            raise ValueError
        return given


DATA = Option(
    Place("folder"),
    "Folder that keeps the dashboard's runs",
    Role.WATCHES,
    default=Path("results/dashboard"),
)
SERVE = Command(
    "dashboard",
    "Serve labml's own dashboard on this machine; or, with import RUN..., show runs in it.",
    "--port 5005",
    {
        "port": Option(
            Whole(0, 2**16 - 1), "Port to listen on; 0 takes a free one", Role.WATCHES, default=5005
        ),
        "host": Option(
            Host(),
            "Interface to listen on; only 127.0.0.1 is private",
            Role.WATCHES,
            default="127.0.0.1",
        ),
        "data": DATA,
    },
    {"open": "Open a browser at the dashboard"},
    epilog=f"Then: {invocation('synthetic')} --opt adam --app http://127.0.0.1:5005\n"
    f"See also: {invocation('dashboard import')} --help",
)
IMPORT = Command(
    "dashboard import",
    "Show runs in the dashboard that were made without it, or that it has only a part of.",
    "adam-online-20260102-030405",
    {"out": OUT, "data": DATA},
    words=("RUN", "The id of a run in --out, or the path of its folder."),
)
COMMANDS = {"": SERVE, "import": IMPORT}
