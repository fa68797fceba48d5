"""How far a search has come, as a file: the same command goes on from there."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from amsgrad.code_digest import code_digest
from experiments.files.atomic import write_text
from experiments.files.external import source_digests
from experiments.files.regular import read_regular
from experiments.files.strict_json import to_json
from experiments.finds.question import Question

FORM = "amsgrad search, form 1"
MOST_BYTES = 10_000_000
SOURCES = [
    *Path(__file__).parents[2].glob("amsgrad/search/*.py"),
    *Path(__file__).parents[2].glob("amsgrad/theory/*.py"),
    Path(__file__).with_name("strategies.py"),
]


class Saved:
    """The file of one search; its name has a digest of all that the search depends on."""

    def __init__(self, asked: Question) -> None:
        identity = {
            **asked.identity,
            "sources_sha256": source_digests(asked.config.opt),
            "code": code_digest(*sorted(SOURCES)),
        }
        self._identity = json.loads(to_json(identity))
        digest = hashlib.sha256(json.dumps(self._identity, sort_keys=True).encode()).hexdigest()
        name = asked.config.opt.rpartition(":")[2]
        self.path = asked.out / f"unfinished-{name}-{digest[:12]}.json"

    def read(self) -> tuple[dict[str, Any], bool] | None:
        """Return the state, and whether the search ended there; None without a sound file."""
        try:
            found = json.loads(read_regular(self.path, MOST_BYTES))
            if found["form"] == FORM and found["identity"] == self._identity:
                state: dict[str, Any] = dict(found["state"])
                return state, found["ended"] is True
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            pass
        return None

    def write(self, state: Mapping[str, Any], *, ended: bool = False) -> None:
        """Keep a state, and whether the search ended there.

        Raises:
            OSError: the folder cannot be written.
        """
        content = {"form": FORM, "identity": self._identity, "ended": ended, "state": dict(state)}
        write_text(self.path, to_json(content) + "\n")

    def remove(self) -> None:
        """Forget the state."""
        self.path.unlink(missing_ok=True)
