"""The table of finds: `python -m experiments.finds`, one row per rule that fails, all proved.

It searches each rule at its published options three times: for the smallest three slopes, for the
shortest slopes of -1, 0 and 1, and for slopes that a run shows soon. It writes the find files, and
`counterexamples.md` with the table. Exit status: as of `experiments.search`.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from amsgrad.options import Option
from experiments import command
from experiments.config.field_types import Place

ADAM: Final = ["--opt", "adam", "--beta2", "0.999", "--eps", "1e-8", "--semantics", "torch"]
RULES: Final = {
    "Adam": ADAM,
    "Adam, labml's options": ["--opt", "adam"],
    "RMSprop": ["--opt", "rmsprop"],
    "ADOPT": ["--opt", "adopt"],
    "ADOPT without clipping": ["--opt", "adopt_unclipped"],
    "AdaShift": ["--opt", "adashift"],
    "ACProp": ["--opt", "acprop"],
    "Yogi": ["--opt", "yogi"],
    "Signum": ["--opt", "signum"],
    "Lion": ["--opt", "lion"],
    "AdaBelief": ["--opt", "adabelief"],
    "NAdam": ["--opt", "nadam"],
    "AdaMax": ["--opt", "adamax"],
}
SEARCHES: Final = {
    "smallest": ["--period", "3", "--smallest"],
    "short": ["--largest", "1", "--smallest"],
    "shown": [],
}
FOLDER: Final = "counterexamples"
COMMAND = command.Command(
    "finds",
    "Search each rule that fails at its published options, and make the table of what is found.",
    "--out results",
    options={
        "out": Option(
            Place("folder"),
            f"Folder of {FOLDER}.md and of the folder {FOLDER}",
            default=Path("results"),
        )
    },
)


def main(argv: Sequence[str] | None = None) -> int:
    """Make the table; return the exit status."""
    return command.run("finds", _body, argv)


def _body(arguments: list[str]) -> int:
    out: Path = COMMAND.values(arguments)["out"]

    from experiments.files.atomic import write_text
    from experiments.finds.table import searched, table
    from experiments.terminal import say

    rows = {}
    for title, rule in RULES.items():
        try:
            rows[title] = {n: searched(rule, own, out / FOLDER) for n, own in SEARCHES.items()}
        except KeyboardInterrupt:
            raise command.CommandError(f"interrupted at {title}", status=130) from None
        say(f"{title}: done")
    write_text(out / f"{FOLDER}.md", table(rows))
    print(out / f"{FOLDER}.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
