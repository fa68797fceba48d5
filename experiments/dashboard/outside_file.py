"""A file that labml's page takes from afar: its address, its digest, and how to get it."""

from __future__ import annotations

import hashlib
import time
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from experiments.files.atomic import write_bytes

URL = "/outside/"  # of these files on the dashboard
MOST_BYTES = 2**21
SECONDS_WITHOUT_A_BYTE = 10.0
SECONDS_TO_FETCH = 120.0


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
