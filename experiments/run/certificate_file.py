"""A certificate as a file: JSON with every float in hexadecimal, so that no bit is lost."""

import json
from dataclasses import asdict
from typing import Any

from amsgrad.cycles.certificate import Certificate
from experiments.config.run_config import SETTINGS, Config, from_mapping
from experiments.config.field_types import ConfigError, shown
from experiments.files.strict_json import to_json

FORM = "amsgrad certificate, form 1"
# What says how long a run is and how it is watched, not what it does.
NOT_OF_THE_RUN = {"steps", "every", "verify", "engine", "certify", "device", "seed"}
OF_THE_RUN = [name for name in SETTINGS if name not in NOT_OF_THE_RUN]


class NoCertificate(ValueError):
    """A text is no certificate; the message says why."""


def to_text(certificate: Certificate, config: Config) -> str:
    """The certificate of a run with these settings."""
    settings = asdict(config)
    document = {
        "form": FORM,
        "claim": (
            f"After {certificate.start} steps of the run with these settings its whole state is"
            f" the one below, and {certificate.length} steps later it is so again, bit for bit;"
            " hence the average regret tends to regret / length."
        ),
        "settings": {name: settings[name] for name in OF_THE_RUN if settings[name] is not None},
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
    return to_json(document, indent=2) + "\n"


def from_text(text: str) -> tuple[Certificate, Config]:
    """The certificate and the settings of its run.

    Raises:
        NoCertificate: the text is none.
    """
    try:
        document = json.loads(text, object_pairs_hook=_once)
        state = document["state"]
        certificate = Certificate(
            _whole(document["start"]),
            _whole(document["length"]),
            float.fromhex(state["x"]),
            {str(name): float.fromhex(entry) for name, entry in state["memory"].items()},
            float.fromhex(document["regret"]),
            float.fromhex(document["lowest_x"]),
            float.fromhex(document["highest_x"]),
        )
        config = from_mapping(document["settings"])
    except NoCertificate:
        raise
    except KeyError as error:
        raise NoCertificate(f"it lacks {shown(error.args[0])}") from None
    except ConfigError as error:
        raise NoCertificate(f"its settings cannot be: {error}") from None
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise NoCertificate(f"it cannot be read: {shown(str(error))}") from None
    if certificate.length == 0:
        raise NoCertificate("its length is 0")
    for name, entry in json.loads(to_text(certificate, config)).items():
        if document.pop(name, None) != entry:
            raise NoCertificate(f"its {name} is not what these numbers and settings give")
    if document:
        raise NoCertificate(f"it holds {shown(next(iter(document)))}")
    return certificate, config


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A mapping from pairs; of two entries of one name a reader may take either."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise NoCertificate("it names something twice")
    return dict(pairs)


def _whole(number: Any) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 2**63:
        raise NoCertificate(f"{shown(number)} is no number of steps")
    return number
