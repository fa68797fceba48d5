"""Pictures of runs as files: PNG, SVG or PDF, the same bytes for the same runs."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEVEL = 1  # of compression: higher ones take 40 ms more and gain a tenth
FORMATS = ("png", "svg", "pdf")
WITHOUT_TIME: Any = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}


def import_ahead() -> None:
    """Import what a picture needs, while there is time."""
    import matplotlib.backends.backend_agg
    import matplotlib.figure
    import PIL.PngImagePlugin

    assert matplotlib, PIL


def to_bytes(figure: Figure, form: str = "png") -> bytes:
    """Return the file of a figure; the same figure gives the same bytes, under one matplotlib.

    Args:
        figure: as `amsgrad.picture.draw` returns it.
        form: one of `FORMATS`.
    """
    import matplotlib

    memory = io.BytesIO()
    more: Any = {"pil_kwargs": {"compress_level": LEVEL}} if form == "png" else {}
    with matplotlib.rc_context({"svg.hashsalt": "amsgrad"}):  # ids in SVG are random otherwise
        figure.savefig(memory, format=form, metadata=WITHOUT_TIME[form], **more)
    return memory.getvalue()
