"""Everything that can be asked for: the settings of a run, and what becomes of it."""

import re
from pathlib import Path

from experiments.config import SETTINGS
from experiments.kinds import Kind, Setting, closest, shown


class Folder(Kind):
    """Where runs are kept."""

    metavar = "FOLDER"

    def __str__(self) -> str:
        return "the name of a folder"

    def read(self, given: object) -> Path:
        if not isinstance(given, str) or not given.strip() or "\0" in given:
            raise ValueError
        return Path(given)


class Address(Kind):
    """Where a dashboard answers."""

    metavar = "URL"

    def __str__(self) -> str:
        return "http(s)://host[:port]"

    def read(self, given: object) -> str:
        form = r"(https?://(?:[\w.-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?)/?"
        match = re.fullmatch(form, str(given), re.ASCII | re.IGNORECASE)
        if not match or int(match[2] or 1) not in range(1, 2**16):
            raise ValueError
        return match[1]


# What a file may hold, and what only a command line may.
OPTIONS = {
    **SETTINGS,
    "out": Setting(
        Folder(), "Folder that keeps the runs, each in one of its own", Path("results/runs")
    ),
    "app": Setting(Address(), "Dashboard that is told of the run", None),
}
HERE_ONLY = {  # the name of the value, or nothing for a flag; and the sentence for --help
    "config": ("FILE", "YAML file of options, over which the command line wins"),
    "resume": ("ID", "Go on with the run ID in --out, which keeps its settings"),
    "json": ("", "Print the summary as one JSON object, the last line of standard output"),
    "print_config": ("", "Print the settings as a file for --config, and run nothing"),
}


def unknown(name: str, dashes: str = "") -> str:
    """The sentence about an option that does not exist."""
    hint = closest(name, [*OPTIONS, *HERE_ONLY] if dashes else OPTIONS, dashes)
    return f"unknown option {dashes}{shown(name)}{hint or '; --help lists what there is'}"
