"""The end of a run in a few lines, for the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.run.next_steps import Next

NEAR = 1e-4  # from an end of F
LARGE = 10**9  # steps


def report(
    summary: Mapping[str, Any], verification: Mapping[str, Any], following: Sequence[Next]
) -> list[str]:
    """Return the lines.

    Args:
        summary, verification: as they stand in the run's folder.
        following: what to do next.
    """
    rate = summary["nanoseconds_per_step"]
    before = summary["resumed_after_step"]
    lines = [
        f"{summary['opt']} {summary['status']} after {summary['steps']:,} steps,"
        + (f" {before:,} of them before; since then" if before else "")
        + f" {summary['seconds']['computing']:.2f} s in the {summary['engine']} engine"
        + (f" ({rate:,.1f} ns per step)" if rate else "")
    ]
    if verification["steps"]:
        lines.append(
            f"the first {verification['steps']:,} steps agree with {verification['against']}"
            f" (largest difference {max(verification['largest'].values()):.1e})"
        )
    if summary["average_regret"] is not None:
        x_star = summary["x_star"]
        optimum = "no optimum" if x_star is None else f"optimum {x_star:g}"
        x, average = f"{summary['x']:.4f}", f"{summary['average_regret']:.4f}"
        if summary["law"] is not None:  # so late that four decimals may show nothing
            x, average = (
                _near(summary["x"], summary["law"]["end"]),
                f"{summary['average_regret']:.4g}",
            )
        lines.append(f"x = {x} ({optimum}), average regret = {average}")
    if summary["average_hindsight_regret"] is not None:
        lines.append(
            f"against the best point in hindsight: {summary['average_hindsight_regret']:.4f}"
        )
    if summary["cycle"] is not None:
        cycle = summary["cycle"]
        lines.append(
            f"from step {cycle['start']:,} on all repeats every {cycle['length']:,} steps, bit for"
            f" bit:\nfor ever x in [{cycle['lowest_x']:.4f}, {cycle['highest_x']:.4f}], average"
            f" regret -> {cycle['limit_average_regret']:.10g}"
        )
    elif summary["law"] is not None:
        law = summary["law"]
        lines += [
            f"{law['formula']}, from step {law['start']:,} on for ever in exact arithmetic; the"
            f" program's bits up to {_at_least(law['bits_to'])}",
            law["meaning"],
        ]
        if summary["steps"] > law["bits_to"]:
            lines.append(
                f"beyond step {law['bits_to']:,} this is exact arithmetic, not the program, whose"
                " rounding may lead elsewhere"
            )
    elif summary["no_law"] is not None:
        lines.append(f"no law was found: {summary['no_law']}; nothing is certified")
    elif summary["certify"] == "yes":
        lines.append(f"no cycle begins within {summary['steps']:,} steps: nothing is certified")
    if summary["verdict"] is not None:
        lines.append(f"verdict: {summary['verdict']['place']}; {summary['verdict']['reason']}")
    if summary["picture"] is not None:
        lines.append(f"picture: {summary['picture']}")
    lines.append(f"run: {summary['run']}")
    return lines + [f"{step.what}: {step.command}" for step in following]


def _near(x: float, end: float) -> str:
    """Return x, or where that shows more, how far it is from an end of F."""
    off = abs(x - end)
    if off >= NEAR:
        return f"{x:.4f}"
    return f"{end:g}" if off == 0 else f"{end:g} to within {off:.2g}"


def _at_least(steps: int) -> str:
    """Return a number of steps with its first two digits, rounded down.

    >>> _at_least(36788606209)
    '3.6e10'
    """
    digits = str(steps)
    return f"{steps:,}" if steps < LARGE else f"{digits[0]}.{digits[1]}e{len(digits) - 1}"
