"""Prints what was measured as the table that benchmarks/README.md shows."""

from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    from benchmarks.test_step import seconds_a_step

    if not seconds_a_step:
        return
    fastest = seconds_a_step["floor"]
    write = terminalreporter.write_line
    write("| one step of the seed program | ns | over the floor |")
    write("|---|---:|---:|")
    for name, seconds in sorted(seconds_a_step.items(), key=lambda item: item[1]):
        write(f"| {name} | {1e9 * seconds:,.2f} | {seconds / fastest:,.2f} |")
