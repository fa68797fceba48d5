"""A certificate as a file: JSON with every float in hexadecimal, so that no bit is lost."""

import json
from collections.abc import Mapping
from typing import Any

from amsgrad.config.run_config import Config
from amsgrad.cycles.certificate import Certificate
from amsgrad.laws.certificate import LawCertificate
from amsgrad.options import ConfigError, Role, shown
from amsgrad.registry import is_path, load
from experiments.files.external import source_digests
from experiments.files.strict_json import to_json
from experiments.run import cycle_file, law_file
from experiments.run.no_certificate import NoCertificate

KINDS: tuple[tuple[type[Any], Any], ...] = ((Certificate, cycle_file), (LawCertificate, law_file))


def to_text(certificate: Certificate | LawCertificate, config: Config) -> str:
    """Return the certificate of a run with these settings."""
    kind = next(kind for cls, kind in KINDS if isinstance(certificate, cls))
    settings = config.settings(Role.NUMBERS)
    del settings["seed"]  # a run with a certificate draws nothing
    sources = source_digests(config.opt, config.problem)
    document = {
        "form": kind.FORM,
        "claim": kind.claim(certificate),
        "settings": settings,
        **({"sources_sha256": sources} if sources else {}),
        **kind.numbers(certificate),
    }
    return to_json(document, indent=2) + "\n"


def from_text(text: str) -> tuple[Certificate | LawCertificate, Config]:
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
        certificate = _read(document)
        config = Config(**document["settings"])
    except NoCertificate:
        raise
    except KeyError as error:
        raise NoCertificate(f"it lacks {shown(error.args[0])}") from None
    except ConfigError as error:
        raise NoCertificate(f"its settings cannot be: {error}") from None
    except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise NoCertificate(f"it cannot be read: {shown(str(error))}") from None
    if certificate.length == 0:
        raise NoCertificate("its length is 0")
    for name, entry in json.loads(to_text(certificate, config)).items():
        stated = document.pop(name, None)
        if stated != entry:
            other = _other_number(stated, entry, certificate) if name == "claim" else ""
            raise NoCertificate(f"its {name} is not what these numbers and settings give{other}")
    if document:
        raise NoCertificate(f"it holds {shown(next(iter(document)))}")
    return certificate, config


def _read(document: Mapping[str, Any]) -> Certificate | LawCertificate:
    """Return the numbers; a file of no known form is read as one of a cycle, and refused later."""
    form = document.get("form")
    kind = next((kind for _, kind in KINDS if form == kind.FORM), cycle_file)
    found: Certificate | LawCertificate = kind.read(document)
    return found


def _other_number(stated: Any, given: str, certificate: Certificate | LawCertificate) -> str:
    """Return in which number two claims differ first, as the end of a sentence, if it is one."""
    words = (claim.replace(";", " ").rstrip(".").split() for claim in (str(stated), given))
    for told, own in zip(*words, strict=False):
        if told == own:
            continue
        for name in ("start", "length", "bits_to"):
            if own == str(getattr(certificate, name, None)) and told.isdecimal():
                return f": its {name} is {own}, but the claim says {shown(told)}"
        break
    return ""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a mapping of pairs; refuse two of one name, since readers may take either."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise NoCertificate("it names something twice")
    return dict(pairs)
