"""Prints what was measured as the tables that benchmarks/README.md shows."""

from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    from benchmarks.test_step import ratios, seconds_a_step
    from benchmarks.test_sweep import measured

    write = terminalreporter.write_line
    if measured:
        write("| many runs at once | ns a run and step, or as said |")
        write("|---|---:|")
        for name, value in measured.items():
            write(f"| {name} | {value:,.2f} |")
        write("")
    if "floor" not in seconds_a_step:
        return
    write("| one step of the seed program | ns |")
    write("|---|---:|")
    for name, seconds in sorted(seconds_a_step.items(), key=lambda item: item[1]):
        write(f"| {name} | {1e9 * seconds:,.2f} |")
    write("")
    write("| ours | theirs | theirs / ours | at least |")
    write("|---|---|---:|---:|")
    for (ours, theirs), (ratio, factor) in ratios.items():
        write(f"| {ours} | {theirs} | {ratio:,.2f} | {factor:,.2f} |")
