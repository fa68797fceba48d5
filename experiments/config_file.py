"""A configuration file: YAML lines `option: value`, each read and checked as on a command line."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from experiments.kinds import ConfigError, shown
from experiments.options import HERE_ONLY, OPTIONS, unknown

LARGEST_FILE = 1_000_000  # bytes
PLAIN = re.compile(r"tag:yaml\.org,2002:(null|bool|int|float|str|timestamp)")


def read_file(path: Path) -> dict[str, Any]:
    """The options that a YAML file gives, read and checked one by one."""
    return read_options(read_nodes(path), path)


def read_options(nodes: Sequence[tuple[yaml.Node, yaml.Node]], path: Path) -> dict[str, Any]:
    """The options that these keys and values give, likewise; `path` is where they stand."""
    values: dict[str, Any] = {}
    for key, node in nodes:
        where = f"{shown(str(path))}, line {key.start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode):
            raise ConfigError(f"{where}: the name of an option must be one plain word")
        name = key.value
        if name in HERE_ONLY:
            raise ConfigError(f"{where}: {name} is for the command line only")
        if name not in OPTIONS:
            raise ConfigError(f"{where}: {unknown(name)}")
        if name in values:
            raise ConfigError(f"{where}: {name} is given a second time")
        if not isinstance(node, yaml.ScalarNode) or not PLAIN.fullmatch(node.tag):
            raise ConfigError(f"{where}: {name} must be one plain value: {OPTIONS[name].kind}")
        given = None if node.tag.endswith(":null") else node.value
        values[name] = OPTIONS[name].read(given, f"{where}: {name}")
    return values


def read_nodes(path: Path) -> list[tuple[yaml.Node, yaml.Node]]:
    """The keys and values of a YAML mapping as nodes: no object is made, so no tag can run code."""
    file = f"--config {shown(str(path))}"
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise ConfigError(f"{file} must not be larger than {LARGEST_FILE:,} bytes")
        root = yaml.compose(content.decode("utf-8"), Loader=yaml.SafeLoader)
    except FileNotFoundError:
        raise ConfigError(f"{file} does not exist") from None
    except IsADirectoryError:
        raise ConfigError(f"{file} is a folder") from None
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, yaml.reader.ReaderError):
        raise ConfigError(f"{file} must be text in UTF-8") from None
    except yaml.MarkedYAMLError as error:
        where = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        problem = str(error.problem).removeprefix("but ")
        raise ConfigError(f"{file} is not valid YAML{where}: {problem}") from None
    except RecursionError:
        raise ConfigError(f"{file} is not a list of options: it is nested too deeply") from None
    if root is None:
        raise ConfigError(f"{file} is empty")
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(f"{file} must hold lines such as 'lr: 0.01'")
    return list(root.value)
