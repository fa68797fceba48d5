"""A sweep that is planned and computed here and now, without a folder: for figures."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from amsgrad.engines.driver import never
from experiments.command import CommandError
from experiments.sweeps.chunk import compute
from experiments.sweeps.gather import Cells
from experiments.sweeps.merge import to_dataset
from experiments.sweeps.plan import make_plan
from experiments.sweeps.sweep_file import from_document
from experiments.sweeps.threads import cores, in_threads
from experiments.sweeps.work import Stopped

if TYPE_CHECKING:
    import xarray


def compute_sweep(
    document: Mapping[str, Any], stop: Callable[[], bool] = never
) -> "xarray.Dataset":
    """Compute a sweep on all cores; return it as `merge` writes it, with x after the last update.

    Args:
        document: what a sweep file would hold, as Python values: {"base": {...}, "axes": {...}}
            and, where wanted, "keep" and "seeds".
        stop: asked several times per second.

    Raises:
        ConfigError: the document does not describe a sweep.
        CommandError: a cell failed or diverged (status 1), or `stop` returned True (status 130).
    """
    plan = make_plan(from_document(document, lambda *part: "the sweep"))
    cells = Cells(plan.identity)
    over = False
    works = map(plan.work, range(len(plan.chunks)))
    finished = in_threads(compute, cores(), works, lambda: over or stop())
    try:
        for _, future in finished:
            cells.add(future.result())
    except Stopped:
        pass
    finally:
        over = True  # threads stop at their next piece
        finished.close()  # type: ignore[attr-defined]
    if cells.chunks < len(plan.chunks):
        raise CommandError("interrupted", 130)
    if cells.errors:
        first = min(cells.errors)
        raise CommandError(
            f"{len(cells.errors):,} of {plan.cells:,} cells failed or diverged, the first of them"
            f" at {plan.sweep.at(first)}: {cells.errors[first]}",
            1,
        )
    return to_dataset(cells)
