"""The page on training prints what it shows."""

import contextlib
import io
import re

import pytest
import torch

from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "training.md").read_text()


@pytest.mark.slow
def test_the_page_prints_what_it_shows() -> None:
    threads = torch.get_num_threads()
    names: dict[str, object] = {}
    try:
        for code, shown in re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", TEXT, re.DOTALL):
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(code, names)
            numbers = r"\d+\.\d+"
            assert re.sub(numbers, "#", printed.getvalue()) == re.sub(numbers, "#", shown)
            found = [float(n) for n in re.findall(numbers, printed.getvalue())]
            # Another processor rounds in another order: 300 steps move the third digit.
            assert found == pytest.approx([float(n) for n in re.findall(numbers, shown)], rel=0.1)
    finally:
        torch.set_num_threads(threads)
    assert "train" in names
    assert "before" in names
