"""The folder with the files that labml's page takes from afar: what it lacks, and what to do."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError

from experiments.dashboard.outside_file import FILES, MOST_BYTES, OutsideFile, fetch
from experiments.files.atomic import remove_leftovers
from experiments.files.regular import read_regular
from experiments.terminal import say

PATIENCE_SECONDS = 5.0  # of a page that is asked for while files are being fetched


class Outside:
    """The files in a folder, which a person may also put there by hand.

    Args:
        folder: keeps the files; made where it is missing, in a folder that is there.
        files: those that the page needs.
    """

    def __init__(self, folder: Path, files: Sequence[OutsideFile] = FILES) -> None:
        self.folder = folder
        self.files = files
        self._failures: dict[OutsideFile, str] = {}
        # Daemons: the name of a host may be looked for longer than the dashboard lives.
        self._fetching = threading.Thread(target=self._fetch_lacking, daemon=True)

    def start_fetching(self) -> None:
        """Fetch what is not there in the background; say in the end what the page lacks."""
        self._fetching.start()

    def wait(self) -> None:
        """Wait for the files that are being fetched, but not for long."""
        self._fetching.join(PATIENCE_SECONDS)

    def read(self, file: OutsideFile) -> bytes:
        """Return the bytes of a file.

        Raises:
            OSError: it is not there, or cannot be read.
            ValueError: it has other bytes than it should.
        """
        return file.check(read_regular(self.folder / file.name, MOST_BYTES))

    def lacking(self) -> dict[OutsideFile, str]:
        """Return the files that are not there with the right bytes, each with a sentence."""
        reasons = {}
        for file in self.files:
            try:
                self.read(file)
            except FileNotFoundError:
                reasons[file] = self._failures.get(file, "it is not here yet")
            except (OSError, ValueError) as error:
                reasons[file] = f"the one in {self.folder} is refused: {_reason(error)}"
                if file in self._failures:
                    reasons[file] += f"; and another: {self._failures[file]}"
        return {
            file: f"{file.name} from {file.address} ({reason}); without it {file.loss}."
            for file, reason in reasons.items()
        }

    def cure(self) -> str:
        """Return what a person can do where files are lacking."""
        return (
            "Start the dashboard once with internet, or put the files into"
            f" {self.folder} by hand, then reload the page."
        )

    def _fetch_lacking(self) -> None:
        remove_leftovers(self.folder)
        threads = [
            threading.Thread(target=self._fetch, args=(file,), daemon=True)
            for file in self.lacking()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lacking = self.lacking()
        for sentence in lacking.values():
            say(f"dashboard: warning: the page lacks {sentence}")
        if lacking:
            say(f"dashboard: warning: the page lacks files. {self.cure()}")

    def _fetch(self, file: OutsideFile) -> None:
        try:
            fetch(file, self.folder)
        except (OSError, HTTPException, ValueError) as error:
            self._failures[file] = _reason(error)


def _reason(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return f"HTTP status {error.code}"
    cause = getattr(error, "reason", error)
    text = getattr(cause, "strerror", None) or str(cause) or repr(cause)
    return text[:1].lower() + text[1:]
