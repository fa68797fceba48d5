"""The mark of what `make test` leaves out and `make test-all` runs."""

from typing import Any

import pytest


def slow(*values: Any) -> Any:
    """Return a row of a table of parameters that is slow; a sharp selection of rows is not."""
    return pytest.param(*values, marks=pytest.mark.slow)
