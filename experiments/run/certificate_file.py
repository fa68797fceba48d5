"""A certificate as a file: JSON with every float in hexadecimal, so that no bit is lost."""

import json
from typing import Any

from amsgrad.config.run_config import Config
from amsgrad.cycles.certificate import Certificate
from amsgrad.options import ConfigError, Role, shown
from amsgrad.registry import is_path, load
from experiments.files.external import source_digests
from experiments.files.strict_json import to_json

FORM = "amsgrad certificate, form 1"


class NoCertificate(ValueError):
    """A text is not a certificate; the message says why."""


def to_text(certificate: Certificate, config: Config) -> str:
    """Return the certificate of a run with these settings."""
    settings = config.settings(Role.NUMBERS)
    del settings["seed"]  # a run with a cycle draws nothing
    sources = source_digests(config.opt, config.problem)
    document = {
        "form": FORM,
        "claim": (
            f"After {certificate.start} steps of the run with these settings its whole state is"
            f" the one below, and {certificate.length} steps later it is so again, bit for bit;"
            " hence the average regret tends to regret / length."
        ),
        "settings": settings,
        **({"sources_sha256": sources} if sources else {}),
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
    """Return the certificate and the settings of its run.

    Raises:
        NoCertificate: the text is not a certificate.
        ConfigError: it is of a rule or a problem of the user's own, which cannot be imported here.
    """
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise NoCertificate(f"it cannot be read: {shown(str(error))}") from None
    settings = document.get("settings") if isinstance(document, dict) else None
    for name in ("opt", "problem"):
        chosen = settings.get(name) if isinstance(settings, dict) else None
        if isinstance(chosen, str) and is_path(chosen):
            load(chosen)
    try:
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
        config = Config(**document["settings"])
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
    """Return a mapping of pairs; refuse two of one name, since readers may take either."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise NoCertificate("it names something twice")
    return dict(pairs)


def _whole(number: Any) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 2**63:
        raise NoCertificate(f"{shown(number)} is not a number of steps")
    return number
