"""A configuration file: YAML lines `option: value`, each read and checked as on a command line."""

import re
from collections.abc import Sequence
from pathlib import Path

import yaml

from amsgrad.config.run_config import RUN, Config, names
from amsgrad.options import ConfigError, shown
from experiments.config.reading import Given, meet, unknown_setting
from experiments.files.regular import read_regular

LARGEST_FILE = 100_000  # bytes, which take PyYAML about a second
STRING = "tag:yaml.org,2002:str"
PLAIN = re.compile(r"tag:yaml\.org,2002:(null|bool|int|float|str|timestamp)")
BESIDE = ("out", "app")  # options of a run that are not settings, which a file may hold, too

Nodes = Sequence[tuple[yaml.Node, yaml.Node]]


def read_file(path: Path) -> dict[str, Given]:
    """Return the options that a YAML file gives, each a plain value."""
    return given_by(read_nodes(path), path)


def given_by(nodes: Nodes, path: Path) -> dict[str, Given]:
    """Return the options that these keys and values give; they stand in `path`."""
    plain = [(key, node) for key, node in nodes if key.tag == node.tag == STRING]
    meet({key.value: Given(node.value, f"{place(path, key)}: {key.value}") for key, node in plain})
    found: dict[str, Given] = {}
    known = {*names(), *BESIDE}
    for key, node in nodes:
        where = place(path, key)
        if not isinstance(key, yaml.ScalarNode):
            raise ConfigError(f"{where}: the name of an option must be one plain word")
        name = key.value
        if name in ("config", "resume", "json", "list", "print_config"):
            raise ConfigError(f"{where}: {name} is for the command line only")
        if name not in known:
            raise ConfigError(f"{where}: {unknown_setting(name)}")
        if name in found:
            raise ConfigError(f"{where}: {name} is given a second time")
        if not isinstance(node, yaml.ScalarNode) or not PLAIN.fullmatch(node.tag):
            kind = f": {RUN[name].type}" if name in RUN else ""
            raise ConfigError(f"{where}: {name} must be one plain value{kind}")
        value = None if node.tag.endswith(":null") else node.value
        found[name] = Given(value, f"{where}: {name}")
    return found


def place(path: Path, node: yaml.Node) -> str:
    """Return in words where a node stands."""
    return f"{shown(str(path))}, line {node.start_mark.line + 1}"


def read_nodes(path: Path) -> Nodes:
    """Return the keys and values of a YAML mapping as nodes: no object is made by a tag.

    Raises:
        ConfigError: there is no such file, or it does not hold a mapping.
    """
    file = f"--config {shown(str(path))}"
    try:
        content = read_regular(path, LARGEST_FILE + 1)
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


def to_yaml(config: Config) -> str:
    """Return every setting in force as YAML; `Config(**settings)` of it is the same Config."""
    return str(yaml.safe_dump(config.settings(), sort_keys=False, allow_unicode=True))
