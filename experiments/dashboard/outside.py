"""The files that labml's page takes from afar: each is fetched once, checked, and kept here."""

from __future__ import annotations

import hashlib
import threading
import time
from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from experiments.files.atomic import remove_leftovers, write_bytes
from experiments.files.regular import read_regular
from experiments.terminal import say

URL = "/outside/"  # of these files on the dashboard
MOST_BYTES = 2**21
SECONDS_WITHOUT_A_BYTE = 10.0
SECONDS_TO_FETCH = 120.0
PATIENCE_SECONDS = 5.0  # of a page that is asked for while files are being fetched


@dataclass(frozen=True)
class OutsideFile:
    """A file of the page, the digest of its bytes, and what the page lacks without it."""

    address: str
    sha384: str  # in base64, as in an integrity attribute
    loss: str

    @property
    def name(self) -> str:
        """Its name in the folder."""
        return self.address.rpartition("/")[2]

    @property
    def path(self) -> str:
        """Its path on the dashboard; css/all.css finds its fonts in ../webfonts."""
        return URL + "/".join(self.address.split("/")[-2:])

    def check(self, content: bytes) -> bytes:
        """Return `content`; ValueError where it is not that of this file."""
        if b64encode(hashlib.sha384(content).digest()).decode() != self.sha384:
            raise ValueError("its SHA-384 is not that of the file which the page needs")
        return content


# labml's page gives the digest of Bootstrap; the others are those of the npm packages of the same
# versions: d3 6.7.0, the last of d3.v6, and @fortawesome/fontawesome-free 5.9.0.
_AWESOME = "https://cdnjs.cloudflare.com/ajax/libs/font-awesome/5.9.0/"
FILES = (
    OutsideFile(
        "https://d3js.org/d3.v6.min.js",
        "ma33ZEb8L5emtidZhYJFZNIFdht2E8f5wHQMKQGom0aIx9rRKm86XXCjGxOISpM9",
        "no curves are drawn",
    ),
    OutsideFile(
        "https://cdn.jsdelivr.net/npm/bootstrap@5.0.0-beta2/dist/css/bootstrap.min.css",
        "BmbxuPwQa2lc/FVzBcNJ7UAyJxM6wuqIj61tLrc4wSX0szH/Ev+nYRRuWlolflfl",
        "text and buttons are out of place",
    ),
    OutsideFile(
        _AWESOME + "css/all.css",
        "iG9HVlEkmTd8Bt9jjbQeO+g82fxWpxxBEz3PNHy2xMPwfhKN9LAWaD8d0aFBvhnl",
        "buttons have no symbols",
    ),
    OutsideFile(
        _AWESOME + "webfonts/fa-solid-900.woff2",
        "uQ9hInTFTqFbsRgiUYWSEa9McsSPQgfcB/sQ6ULAIzZTOZoXXTxLNRRRUwVNjb07",
        "buttons have no symbols",
    ),
    OutsideFile(
        _AWESOME + "webfonts/fa-regular-400.woff2",
        "wr009TmQhrGm9CBoCNQGs9mc1O8M9hJ8TBgJuIOtZRekT/rOz9n2mT0KXsGtZg/a",
        "some symbols are missing",
    ),
)


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


def fetch(file: OutsideFile, folder: Path) -> None:
    """Get a file from its address, and keep it in `folder` if its bytes are the right ones.

    Raises:
        OSError: there is no good answer in time, or the folder cannot be written.
        HTTPException: the answer is not HTTP, or ends too early.
        ValueError: the bytes are others.
    """
    end = time.monotonic() + SECONDS_TO_FETCH
    request = Request(file.address, headers={"User-Agent": "amsgrad"})
    content = b""
    with urlopen(request, timeout=SECONDS_WITHOUT_A_BYTE) as reply:
        while piece := reply.read1(2**16):
            content += piece
            if len(content) > MOST_BYTES:
                raise ValueError(f"it has more than {MOST_BYTES} bytes")
            if time.monotonic() > end:
                raise TimeoutError(f"it takes longer than {SECONDS_TO_FETCH:g} s")
    file.check(content)
    with suppress(FileExistsError):
        folder.mkdir()
    write_bytes(folder / file.name, content)


def _reason(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return f"HTTP status {error.code}"
    cause = getattr(error, "reason", error)
    text = getattr(cause, "strerror", None) or str(cause) or repr(cause)
    return text[:1].lower() + text[1:]
