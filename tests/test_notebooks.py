"""The notebooks run from top to bottom, and are committed with what they print."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
SMALL = {
    **dict.fromkeys(("paper", "counterexamples", "limits", "maps"), "STEPS = 20_000"),
    "training": "STEPS = 40",
}
PRINTED = {
    "paper": "sum over a period: 10.0   best point: -1.0",
    "counterexamples": "amsgrad          cannot fail (proved)",
    "limits": "amsgrad  from step 124,129 on it repeats every 101 steps",
    "maps": "arrived where the drift does not say: 0",
    "training": "optax   the divisor is largest after step 1",
}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_committed_with_its_outputs(path: Path) -> None:
    cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    kinds = [output.output_type for cell in cells for output in cell.outputs]
    assert "display_data" in kinds
    assert "error" not in kinds
    assert path.stat().st_size < 1_000_000


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path: Path) -> None:
    notebook = nbformat.read(path, 4)
    (parameters,) = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    parameters.source = SMALL[path.stem]
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": path.parent}})
    client.execute()
    printed = "".join(
        output.text
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream" and output.name == "stdout"
    )
    assert PRINTED[path.stem] in printed
