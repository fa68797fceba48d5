"""The commands: `python -m experiments` lists them; the script `amsgrad` starts them."""

import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from amsgrad.field_types import closest
from amsgrad.options import ConfigError
from experiments import command
from experiments.invocation import WORDS, invocation, started_by
from experiments.terminal import show, show_lists

COMMANDS = {
    "synthetic": "run one optimizer on one online problem",
    "compare": "put several runs into one table and one picture",
    "sweep": "run every cell of a grid of settings; report its status; merge it",
    "figures": "compute and draw figures",
    "figure2": "train the networks of the paper's Figure 2",
    "search": "find slopes on which an optimizer fails, and prove it",
    "card": "put optimizers and problems into one table of verdicts",
    "certify": "check certificates of runs at a constant step, and proofs of finds",
    "dashboard": "serve labml's dashboard, or import runs into it",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Print the commands; return the exit status."""
    return command.run("experiments", _list, argv)


def script() -> NoReturn:
    """Do what the script `amsgrad` is asked for, as `python -m` does it, and end the process.

    The working folder is the last place where Python looks for modules: those of the user are found
    (`--opt my_module:MyOptimizer`), but a folder `experiments` of the user does not hide this one.
    """
    started_by(sys.argv[0])
    sys.path.append("")
    os.environ["PYTHONSAFEPATH"] = "1"  # the processes that it starts do not put it first either
    sys.exit(command.run("amsgrad", _start))


def _list(arguments: list[str]) -> int:
    module = _chosen(COMMANDS, arguments)
    if module:
        raise ConfigError(f"write {invocation(module)}, with a dot")
    return 0


def _start(arguments: list[str]) -> int:
    modules = {WORDS.get(module, module): module for module in COMMANDS}
    sentences = {word: COMMANDS[module] for word, module in modules.items()}
    word = _chosen(sentences, arguments)
    if word:
        sys.argv[1:] = arguments[1:]
        runpy.run_module(f"experiments.{modules[word]}", run_name="__main__", alter_sys=True)
    return 0


def _chosen(commands: Mapping[str, str], arguments: Sequence[str]) -> str:
    """Return the command that comes first; print the commands where none does."""
    if list(arguments) == ["--list"]:
        from experiments.figures.descriptions import descriptions
        from experiments.listing import problems, rules

        show_lists(rules=rules(), problems=problems(), figures=descriptions())
        return ""
    if arguments and arguments[0].startswith("-") and list(arguments) not in (["--help"], ["-h"]):
        hint = closest(arguments[0][2:], ["help", "list"], "--") or "; there are --help and --list"
        raise ConfigError(f"unknown option {arguments[0]}{hint}")
    word, _ = command.choose(commands, arguments)  # raises for a name that is unknown
    if not word:
        usage = f"usage: {invocation('COMMAND')} [--OPTION VALUE ...]; each has --help"
        names = [f"  {name:10} {sentence}" for name, sentence in commands.items()]
        show([usage, "", *names, "", "--list names all rules, problems and figures."])
    return word


if __name__ == "__main__":
    sys.exit(main())
