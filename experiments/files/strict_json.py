"""JSON that every parser takes."""

import json
import math
from collections.abc import Mapping


def to_json(value: Mapping[str, object], *, indent: int | None = None) -> str:
    """Strict JSON in the order given, with shortest exact floats; numpy's values are taken too.

    JSON knows no NaN and no infinity: they become null, and a `status` beside them must say why.
    The trace keeps the values themselves.
    """
    text = json.dumps(_plain(value), indent=indent, ensure_ascii=False, allow_nan=False)
    # of a name that is not UTF-8 Python makes lone surrogates, which JSON can only spell out
    return text.encode(errors="backslashreplace").decode()


def _plain(value: object) -> object:
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if hasattr(value, "tolist"):  # numpy's arrays and scalars
        return _plain(value.tolist())
    return value
