"""Compare runs: `python -m experiments.compare RUN RUN ...`, by ids in --out or by folders.

It prints one table: the settings that differ, and what has become of each run; and it writes one
picture of all. Exit status: 0 done, 2 bad input (nothing is written), 130 interrupted.
"""

import hashlib
import sys
from collections.abc import Sequence

from amsgrad.field_types import OneOf
from amsgrad.options import ConfigError, Option
from experiments import command
from experiments.config.arguments import OUT
from experiments.config.field_types import Place
from experiments.run.picture import FORMATS

COMMAND = command.Command(
    "compare",
    "Put several runs into one table and one picture.",
    "adam amsgrad --format pdf",
    options={
        "out": OUT,
        "format": Option(
            OneOf(FORMATS), "Form of the picture, by default that of --picture or png", default=None
        ),
        "picture": Option(
            Place("file"), "The picture, by default a file in --out with the names of the rules",
            default=None,
        ),
    },
    flags={"json": "Print the table as one JSON object, the last line of standard output"},
    words=("RUN", "Ids in --out, their first words (adam: its latest run), latest, or folders."),
)  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Compare the runs of the command line; return the exit status."""
    return command.run("compare", _body, argv)


def _body(arguments: list[str]) -> int:
    values = COMMAND.values(arguments)
    if not values["words"]:
        raise ConfigError("the runs must be given: ids in --out, latest, or folders; see --help")
    given = values["picture"]
    form = values["format"] or (given and given.suffix[1:].lower()) or "png"
    if form not in FORMATS:
        raise ConfigError(
            f"--picture {given} must end in .png, .svg or .pdf; or give the --format, too"
        )

    from experiments.files.atomic import write_bytes
    from experiments.run.comparison import check_alike, picture, read_run, rows, table
    from experiments.run.files import find_run
    from experiments.terminal import show

    found = [find_run(run, values["out"]) for run in values["words"]]
    once = {files.path.resolve(): files for files in found}  # latest may be one of the others
    runs = [read_run(files) for files in once.values()]
    check_alike(runs)
    file = given or values["out"] / _name([run.files.id for run in runs], form)
    try:
        write_bytes(file, picture(runs, form))
    except OSError as error:
        raise command.CommandError(
            f"{file} cannot be written ({error.strerror}); choose another place with --picture"
        ) from None
    made = {"runs": rows(runs), "picture": str(file)}
    unseen = show([*table(rows(runs)), f"picture: {file}"], made, json=values["json"])
    if unseen is not None:
        sentence = f"{file} is written, but the table cannot be shown ({unseen})"
        raise command.CommandError(sentence, status=1)
    return 0


def _name(ids: Sequence[str], form: str) -> str:
    """Return the name of the picture of these runs, the same each time."""
    rules = list(dict.fromkeys(run.partition("-")[0] for run in ids))
    digest = hashlib.sha256(" ".join(ids).encode()).hexdigest()[:6]
    return f"compare-{'-'.join(rules)[:60]}-{digest}.{form}"


if __name__ == "__main__":
    sys.exit(main())
