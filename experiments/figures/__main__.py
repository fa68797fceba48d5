"""Make figures: `python -m experiments.figures NAME`, or `all`; `--set` changes their settings.

Exit status: 0 made, 2 bad input (nothing is written), 130 interrupted, 1 anything else.
"""

import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile

from amsgrad.field_types import OneOf, Real
from amsgrad.options import ConfigError, Option, Role
from experiments.command import Command, CommandError, run
from experiments.config.field_types import Formats, Place, Text
from experiments.figures import FIGURES
from experiments.invocation import invocation
from experiments.terminal import show, show_lists

NAME = Option(OneOf((*FIGURES, "all")), "Name of a figure")
COMMAND = Command(
    "figures",
    "Compute and draw figures; what was computed before is not computed again.",
    "fig1 --width 5.5 --no-caption --format pdf",
    options={
        "out": Option(
            Place("folder"), "Folder for the files of the figures", Role.WATCHES,
            default=Path("results"),
        ),
        "format": Option(Formats(), "Picture files", Role.WATCHES, default="png,svg"),
        "width": Option(
            Real(3.2, 20), "Width of the figure in inches, at which its fonts have their true size",
            Role.WATCHES, default=7.2,
        ),
        "set": Option(
            Text("NAME=VALUE", "NAME=VALUE or several with commas, a name as in the figure's JSON"),
            "Change settings of the figure, whose files then get a name of their own",
            default=None,
        ),
    },
    flags={
        "no_caption": "Leave the caption out of the pictures; it is in NAME.txt and NAME.json",
        "list": "List the figures, with their papers, and make none",
    },
    words=("NAME", str(NAME.type)),
    repeated=("set",),
)  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Make what the command line asks for; return the exit status."""
    return run("figures", _make, argv)


def _make(arguments: list[str]) -> int:
    values = COMMAND.values(arguments)
    if values["list"]:
        from experiments.figures.descriptions import descriptions

        show_lists(figures=descriptions())
        return 0
    out: Path = values["out"]
    if not values["words"]:
        raise ConfigError(f"the name of a figure must be given: {NAME.type}")
    names = [NAME.read(word, "the name of a figure") for word in values["words"]]

    # Only now, so that bad input is answered at once.
    from amsgrad.verification import Disagreement
    from experiments.figures.figure import Look, load, make
    from experiments.figures.settings import in_words, read_changes
    from experiments.files.unwritten import status_of, why_unwritten

    names = list(FIGURES) if "all" in names else names
    given = values["set"]
    modules = {name: load(name) for name in names}  # all imports come before the first folder
    changes = {
        name: {} if given is None else read_changes(name, module.SETTINGS, given)
        for name, module in modules.items()
    }
    look = Look(values["format"].split(","), values["width"], not values["no_caption"])
    try:
        out.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=out).close()  # before minutes of computing
    except OSError as error:
        sentence = f"--out {out} cannot be made or written ({error.strerror})"
        raise CommandError(sentence, status_of(error)) from None
    for name in names:
        began = time.perf_counter()
        try:
            made = make(name, changes[name], look, out, arguments)
        except Disagreement as error:
            raise CommandError(f"{name}: {error}", status=1) from None
        except OSError as error:
            again = f"{invocation('figures')} {shlex.join(arguments)}"
            raise CommandError(why_unwritten(out, error, again), status=1) from None
        except KeyboardInterrupt:
            sentence = f"interrupted at {name}; what was made before stays"
            raise CommandError(sentence, status=130) from None
        source = "drawn from the cache" if made.cached else "computed and drawn"
        changed = f" with {in_words(changes[name])}" if changes[name] else ""
        lines = [f"{name}{changed}: {source} in {time.perf_counter() - began:.1f} s"]
        lines += [f"    {what}: {value}" for what, value in made.findings.items()]
        unseen = show([*lines, "    " + " ".join(map(str, made.files))])
        if unseen is not None:
            raise CommandError(f"{name} is made, but it cannot be reported ({unseen})", status=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
