"""A run that shows what a find says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Confirmation:
    """What a run of a find has shown: evidence, or a certificate of the float program.

    Args:
        command: the words of the command that repeats the run.
        run: the name of its folder below results/runs; empty where it was not kept.
        steps: how many.
        x: after the last step.
        verdict: of `amsgrad/verdict.py`.
        reason: the numbers that the verdict rests on.
        certificate: the document of `experiments/run/certificate_file.py` at a constant step, if a
            cycle was found.
    """

    command: tuple[str, ...]
    run: str
    steps: int
    x: float
    verdict: str
    reason: str
    certificate: Mapping[str, Any] | None = None
