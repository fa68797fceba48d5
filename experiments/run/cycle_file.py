"""The numbers of a cycle's certificate, in its file."""

from collections.abc import Mapping
from typing import Any

from amsgrad.cycles.certificate import Certificate
from experiments.run.no_certificate import whole

FORM = "amsgrad certificate, form 1"


def claim(certificate: Certificate) -> str:
    """Return what the certificate says."""
    return (
        f"After {certificate.start} steps of the run with these settings its whole state is"
        f" the one below, and {certificate.length} steps later it is so again, bit for bit;"
        " hence the average regret tends to regret / length."
    )


def numbers(certificate: Certificate) -> dict[str, Any]:
    """Return what stands in the file besides the settings."""
    return {
        "start": certificate.start,
        "length": certificate.length,
        "state": {
            "x": certificate.x.hex(),
            "memory": {name: entry.hex() for name, entry in certificate.memory.items()},
        },
        "regret": certificate.regret.hex(),
        "lowest_x": certificate.lowest.hex(),
        "highest_x": certificate.highest.hex(),
        "limit_average_regret": certificate.limit,
    }


def read(document: Mapping[str, Any]) -> Certificate:
    """Return the certificate of a file; what is wrong with it raises as it may."""
    state = document["state"]
    return Certificate(
        whole(document["start"]),
        whole(document["length"]),
        float.fromhex(state["x"]),
        {str(name): float.fromhex(entry) for name, entry in state["memory"].items()},
        float.fromhex(document["regret"]),
        float.fromhex(document["lowest_x"]),
        float.fromhex(document["highest_x"]),
    )
