"""The frame of every command: its line, its help, its errors, its signals, its exit status.

It imports nothing heavy, so that Ctrl-C is answered while the rest is being imported.

Exit status: 0 done, 2 bad input (nothing is written), 130 interrupted, 1 anything else.
"""

import argparse
import io
import re
import sys
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from amsgrad.field_types import closest
from amsgrad.options import REQUIRED, ConfigError, Option, shown
from experiments.invocation import invocation, word
from experiments.signals import Interruption, interruptible
from experiments.terminal import say


class CommandError(Exception):
    """A sentence for the person who gave the command, and the exit status of the process."""

    def __init__(self, sentence: object, status: int = 2) -> None:
        super().__init__(str(sentence))
        self.status = status


@dataclass(frozen=True)
class Command:
    """One command, or one subcommand.

    Args:
        name: of its module below `experiments`, and of the subcommand: `sweep`, `sweep status`.
        sentence: what it does, in one line.
        example: a line that works, without the beginning that `invocation` has.
        options: those with a value, by name.
        flags: those without, with their sentences.
        words: the name and the sentence of the words that are not options, if it takes such.
        groups: titles in --help, each by the first option below it.
        epilog: further text of --help.
        repeated: options that may be given several times, which joins their values by commas.
    """

    name: str
    sentence: str
    example: str
    options: Mapping[str, Option] = field(default_factory=dict)
    flags: Mapping[str, str] = field(default_factory=dict)
    words: tuple[str, str] | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    epilog: str = ""
    repeated: Collection[str] = ()

    @property
    def known(self) -> list[str]:
        """The names of all options."""
        return [*self.options, *self.flags, "help"]

    def texts(self, arguments: Sequence[str]) -> dict[str, Any]:
        """Return what the line gives, by name, still as texts; the other words are under "words".

        An option may be spelled with - or _ between its words.

        Raises:
            ConfigError: an option is unknown or lacks its value, or a word belongs to none.
            SystemExit: 0 after --help.
        """
        parser = _parser(self)
        try:
            given, rest = parser.parse_known_args([_canonical(word) for word in arguments])
        except argparse.ArgumentError as error:
            name = str(error.argument_name).rpartition("--")[2]
            needs = "takes no value" if name in (*self.flags, "help") else "needs a value"
            raise ConfigError(f"--{name} {needs}") from None
        for name, text in vars(given).items():
            if isinstance(text, list):  # argparse's reading of --name=--
                raise ConfigError(f"--{name} needs a value")
        unknown = [word for word in rest if word.startswith("-") or self.words is None]
        if unknown and unknown[0].startswith("--"):
            raise ConfigError(self.unknown(unknown[0].partition("=")[0][2:], "--"))
        if unknown:
            raise ConfigError(f"{shown(' '.join(unknown))} belongs to no option; see --help")
        return {**vars(given), **({"words": rest} if rest else {})}

    def values(self, arguments: Sequence[str]) -> dict[str, Any]:
        """Return the value of every option and flag, read and checked; "words" are a list.

        Raises:
            ConfigError: as `texts`; or a value is not allowed, or a required one is missing.
        """
        texts = self.texts(arguments)
        values: dict[str, Any] = {name: name in texts for name in self.flags}
        for name, option in self.options.items():
            if name not in texts and option.default is REQUIRED:
                raise ConfigError(f"--{name} must be given: {option.type}")
            values[name] = (
                option.read(texts[name], f"--{name}") if name in texts else option.default
            )
        return {**values, "words": texts.get("words", [])}

    def unknown(self, name: str, dashes: str = "") -> str:
        """Return the sentence about an option that does not exist."""
        hint = closest(name, self.known, dashes)
        return f"unknown option {dashes}{shown(name)}{hint or '; --help lists what there is'}"


def last_given(arguments: Sequence[str], name: str) -> str | None:
    """Return the last value that a line gives to this option, before the line is read as a whole.

    An option of a class of the user's own is known only once the class is.
    """
    value = None
    for given, following in pairwise([*map(_canonical, arguments), ""]):
        if given == f"--{name}":
            value = following
        elif given.startswith(f"--{name}="):
            value = given.partition("=")[2]
    return value


def choose(commands: Collection[str], arguments: Sequence[str]) -> tuple[str, list[str]]:
    """Return the subcommand that the line names, and its own arguments.

    Args:
        commands: by name; the one named "" is meant where no word comes first.

    Raises:
        ConfigError: there is no such subcommand.
    """
    if not arguments or arguments[0].startswith("-"):
        return "", list(arguments)
    if arguments[0] in commands:
        return arguments[0], list(arguments[1:])
    known = [name for name in commands if name]
    hint = closest(arguments[0], known) or f"; there are {', '.join(known)}"
    raise ConfigError(f"{shown(arguments[0])} is not a subcommand{hint}")


def run(name: str, body: Callable[[list[str]], int], arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit status, and report an error in one sentence.

    Args:
        name: of the command, as sentences begin with it.
        body: takes the arguments and does what they ask for; it imports what is heavy.
        arguments: None takes those of the process.
    """
    name = word(name)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that it cannot encode is spelled out
            stream.reconfigure(errors="backslashreplace")
    with interruptible() as interruption, _warnings_as_sentences(name, interruption):
        try:
            return body(list(sys.argv[1:] if arguments is None else arguments))
        except CommandError as error:
            say(f"{name}: error: {error}")
            return error.status
        except ConfigError as error:
            say(f"{name}: error: {error}")
            return 2
        except OSError as error:
            say(f"{name}: error: a file cannot be read or written: {error}")
            return 1
        except KeyboardInterrupt:
            pass
        except Exception:
            if not interruption.came:
                raise
    say(f"{name}: error: interrupted")
    return 130


@contextmanager
def _warnings_as_sentences(name: str, interruption: Interruption) -> Iterator[None]:
    """Report warnings in sentences; after an interruption neither these nor failing finalizers.

    Both are then of objects whose making was interrupted.
    """

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        if not interruption.came:
            say(f"{name}: warning: {message}")

    def report(unraisable: Any) -> None:
        if not interruption.came:
            hook(unraisable)

    before, hook = warnings.showwarning, sys.unraisablehook
    warnings.showwarning, sys.unraisablehook = show, report
    try:
        yield
    finally:
        warnings.showwarning, sys.unraisablehook = before, hook


def _canonical(word: str) -> str:
    """Spell the name of an option with _ between its words."""
    if not word.startswith("--"):
        return word
    name, equals, value = word.partition("=")
    return f"--{name[2:].replace('-', '_')}{equals}{value}"


def _parser(command: Command) -> argparse.ArgumentParser:
    start = invocation(command.name)
    usage = "%(prog)s [--OPTION VALUE ...]"
    description = command.sentence
    if command.words is not None:
        usage = f"%(prog)s {command.words[0]} ... [--OPTION VALUE ...]"
        description += f"\n\n  {command.words[0]:<20}  {command.words[1]}"
    parser = argparse.ArgumentParser(
        prog=start,
        usage=usage,
        description=description,
        epilog="\n".join(filter(None, [command.epilog, f"Example: {start} {command.example}"])),
        formatter_class=_Help,
        add_help=False,
        allow_abbrev=False,
        exit_on_error=False,
    )
    # argparse takes -10 for a value but -1e3 for an option.
    parser._negative_number_matcher = re.compile(r"-(\.?\d|inf|nan)")
    absent: Any = {"default": argparse.SUPPRESS}
    group: Any = parser
    for name, option in command.options.items():
        if name in command.groups:
            group = parser.add_argument_group(command.groups[name])
        own = {**absent, "action": _Join} if name in command.repeated else absent
        group.add_argument(f"--{name}", help=_help(option), metavar=option.type.metavar, **own)
    for name, sentence in command.flags.items():
        group.add_argument(f"--{name}", help=f"{sentence}.", action="store_true", **absent)
    group.add_argument("-h", "--help", action="help", help="Print this and run nothing.")
    return parser


class _Join(argparse.Action):
    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: Any = None) -> None:
        before = getattr(namespace, self.dest, None)
        joined = isinstance(before, str) and isinstance(values, str)
        setattr(namespace, self.dest, f"{before},{values}" if joined else values)


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=24, width=100)


def _help(option: Option) -> str:
    notes = [str(option.type)]
    if option.default is REQUIRED:
        notes.append("required")
    elif option.default is not None:
        notes.append(f"default {option.default}")
    return f"{option.sentence} ({'; '.join(notes)}).".replace("%", "%%")
