"""A command that is disturbed, and then goes on: all that must hold of it, in one place."""

import re
import shutil
import signal
from pathlib import Path
from typing import Any

from tests.faults.commands import Bits, Small
from tests.faults.lab import Ended, Lab


class Prepared:
    """The folder in which a command begins, and what it leads to when nothing disturbs it."""

    def __init__(self, lab: Lab, small: Small, scratch: Path) -> None:
        self.lab, self.small, self.folder = lab, small, scratch / "work"
        self._before = scratch / "before"
        self.folder.mkdir()
        self._argv = small.argv(lab, self.folder)
        shutil.copytree(self.folder, self._before, symlinks=True)
        self._begun_with = set(self._leftovers())
        ended = lab.run(self._argv, self.folder)
        assert ended.status == 0, ended
        assert ended.err == ""
        self.calls, self.seconds = ended.calls, ended.seconds
        self._bits: Bits = small.bits(self.folder)

    def run(self, **how: Any) -> Ended:
        """Run the command from its beginning, disturbed so (see `Lab.run`)."""
        shutil.rmtree(self.folder)
        shutil.copytree(self._before, self.folder, symlinks=True)
        return self.lab.run(self._argv, self.folder, **how)

    def problem(self, at: int = 0, **how: Any) -> str:
        """Return what is wrong where the command is disturbed so, or nothing."""
        ended = self.run(at=at, **how)
        try:
            check_end(ended, at, **how)
            if ended.status >= 0:
                assert self._begun_with.issuperset(self._leftovers())
            self.small.whole(self.folder)
            self._check_that_all_is_there(ended, at)
            if ended.status:
                self._go_on(ended)
            bits = self.small.bits(self.folder)
            assert not [name for name, value in self._bits.items() if bits[name] != value]
            assert not self._leftovers()
        except Exception as error:
            call = ended.calls[at - 1 : at] if at else ended.calls[-1:]
            return f"{how} at {call}: status {ended.status}\n{ended.err}    {error!r}\n"
        return ""

    def _go_on(self, ended: Ended) -> None:
        recorded = self.small.recorded(self.folder)
        argv = self.small.again(self.folder, self._argv, ended)
        if not argv:
            return
        after = self.lab.run(argv, self.folder)
        assert after.status == 0, after.err
        check_end(after)
        now = self.small.recorded(self.folder)
        assert not [name for name, value in recorded.items() if value and now.get(name) != value]

    def _check_that_all_is_there(self, ended: Ended, at: int) -> None:
        """Check that each file stays to which a name was given; a search forgets how far it was."""
        named = [call.split() for call in ended.calls[: (at or len(ended.calls)) - 1]]
        targets = [target for _, name, target in named if name in ("rename", "link")]
        targets = [target for target in targets if "/unfinished-" not in target]
        saved = [target for target in targets if target.endswith("/checkpoint.npz")]
        if self.small.name != "run" or len(saved) > 1:  # a run that cannot be begun is taken away
            assert all(Path(target).exists() for target in targets)

    def _leftovers(self) -> list[Path]:
        return list(self.folder.rglob(".*.part"))


def check_end(ended: Ended, at: int = 0, error: int = 0, signal: int = 0, **_: Any) -> None:
    """Check the exit status, and that standard error has sentences, at most one of an error."""
    if error < 0:
        allowed = {error}
    elif signal:
        # Python ends by SIGINT where it was interrupted in an exec, as that of a named tuple
        allowed = {0, -signal} if signal == KILL else {0, -signal, 130, -INT}
    else:
        allowed = {0, 1} if at else {0}
    if "attempt to write a readonly database" in ended.err:  # so SQLite says in either case
        allowed = {2}
    assert ended.status in allowed
    errors = 0
    for line in ended.err.splitlines():
        said = re.fullmatch(
            r"(?:synthetic|sweep|search|figures|dashboard): (error: |warning: )?.+", line
        )
        assert said or (signal and line.startswith("stopping; ")), line
        errors += said is not None and said[1] == "error: "
    assert errors == 1 if ended.status in (1, 2) else errors <= (ended.status in (130, -INT))


KILL, INT = int(signal.SIGKILL), int(signal.SIGINT)
