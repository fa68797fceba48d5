"""A find as a file: JSON, with reals of the rule as the exact decimals that they stand for."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from amsgrad.config.run_config import Config
from amsgrad.options import ConfigError, shown
from amsgrad.problems.sequence import text_of
from amsgrad.registry import is_path, load
from amsgrad.search.find import Find, Minimal
from amsgrad.theory.enclosure import Enclosure
from experiments.files.external import source_digests
from experiments.files.strict_json import to_json
from experiments.finds import confirmation, law
from experiments.finds.confirmation import Confirmation
from experiments.finds.law import FindLaw

FORM = "amsgrad find, form 1"
DECIMAL = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?", re.ASCII)
BEFORE = 20  # characters shown before a difference
MOST_DIGITS = 500  # of a decimal, its exponent too: 1e-999999999 would fill the memory


class NoFind(ValueError):
    """A text is not a find; the message says why."""


@dataclass(frozen=True)
class FindFile:
    """The content of a file.

    Args:
        find: what it is about.
        confirmation: a run that shows it, if one was made.
        law: of a run at a decaying step, if one was found.
        provenance: how the file came about; nothing in it is checked.
    """

    find: Find
    confirmation: Confirmation | None = None
    law: FindLaw | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)


def is_find(text: str) -> bool:
    """Return whether a text says that it is a find."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    form = found.get("form") if isinstance(found, dict) else None
    return isinstance(form, str) and form.startswith(FORM.partition(",")[0])


def document(file: FindFile) -> dict[str, Any]:
    """Return the content as an object of JSON."""
    find, run = file.find, file.confirmation
    digests = source_digests(find.opt)
    return {
        "form": FORM,
        "claim": claim(find),
        "opt": find.opt,
        "options": {name: _text(value) for name, value in find.options.items()},
        **({"sources_sha256": digests} if digests else {}),
        "slopes": list(find.slopes),
        "order": find.order,
        "period": find.period,
        "largest": find.largest,
        "sum": find.sum,
        "mean_step": find.mean_step._asdict(),
        "proved": find.proved,
        **({"source": find.source} if find.source else {}),
        "price": find.price,
        "horizon": find.horizon,
        "minimal": asdict(find.minimal),
        **({"confirmation": confirmation.to_document(run)} if run else {}),
        **({"law": law.to_document(file.law)} if file.law else {}),
        **({"provenance": dict(file.provenance)} if file.provenance else {}),
    }


def claim(find: Find) -> str:
    """Return what a find says, in words."""
    best, other = ("-1", "+1") if find.sum > 0 else ("+1", "-1")
    losses = "g_(t mod P) x" if find.order == "cyclic" else "g_t x"
    if find.proved:
        way = (
            "in real arithmetic, with constant betas and with step sizes that never increase, tend"
            f" to 0 and are not summable {find.opt} goes to {other}, since its mean step D lies"
        )
    else:
        way = f"by measurement {find.opt} goes to {other}: its mean step D was estimated to lie"
    return (
        f"On the losses {losses} on [-1, 1] with these slopes g in {find.order} order the best x is"
        f" {best}, but {way} between the two numbers below."
    )


def to_text(file: FindFile) -> str:
    """Return the text of the file; lists of numbers stand on one line."""
    text = to_json(document(file), indent=2)
    on_one_line = re.sub(
        r"\[\s+([-\d,\s]+?)\s+\]", lambda found: f"[{' '.join(found[1].split())}]", text
    )
    return on_one_line + "\n"


def from_text(text: str) -> FindFile:
    """Return the content of a file.

    What follows from slopes, options and bounds is held to them; that D lies between the bounds is
    not checked here.

    Raises:
        NoFind: the text is not a find, or contradicts itself.
        ConfigError: it is of a rule or an optimizer that cannot be imported here.
    """
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except NoFind:
        raise
    except (ValueError, RecursionError) as error:
        raise NoFind(f"it cannot be read: {shown(str(error))}") from None
    if not isinstance(found, dict):
        raise NoFind("it is not an object")
    if found.get("form") != FORM:
        raise NoFind(f"its form is {shown(found.get('form'))}, not {FORM}")
    if isinstance(found.get("opt"), str) and is_path(found["opt"]):
        load(found["opt"])
    try:
        config = Config(opt=found["opt"], **found["options"])
        step = found["mean_step"]
        slopes = _list(found["slopes"])
        counted = {"period": len(slopes), "largest": max(map(abs, slopes)), "sum": sum(slopes)}
        for name, number in counted.items():
            if found[name] != number:
                raise NoFind(f"its {name} must be {number} by the rest, not {shown(found[name])}")
        find = Find(
            config.opt,
            config.rule_options,
            tuple(slopes),
            Enclosure(_decimal(step["lower"]), _decimal(step["upper"])),
            found["proved"] is True,
            str(found.get("source", "")),
            found["order"],
            Minimal(**found["minimal"]),
        )
        text_of(find.slopes)  # one that is too long cannot be run
        run, other = found.get("confirmation"), found.get("law")
        provenance = found.get("provenance", {})
        if not isinstance(provenance, dict):
            raise NoFind(f"its provenance is {shown(provenance)}, not an object")
        file = FindFile(
            find,
            None if run is None else confirmation.from_document(run),
            None if other is None else law.from_document(other),
            provenance,
        )
        expected = json.loads(to_text(file))
    except NoFind:
        raise
    except KeyError as error:
        raise NoFind(f"it lacks {shown(error.args[0])}") from None
    except ConfigError as error:
        raise NoFind(f"its options cannot be: {error}") from None
    except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise NoFind(shown(str(error))) from None
    expected["claim"] = expected.pop("claim")  # last: the numbers that it rests on come first
    for name, entry in expected.items():
        stated = found.pop(name, None)
        if json.dumps(stated) != json.dumps(entry):
            must, says = shown(entry), shown(stated)
            if must == says:
                must, says = _apart(str(entry), str(stated))
            raise NoFind(f"its {name} must be {must} by the rest, not {says}")
    if found:
        raise NoFind(f"it holds {shown(next(iter(found)))}")
    return file


def _apart(one: str, other: str) -> tuple[str, str]:
    """Return two texts from shortly before their first difference on."""
    same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    begin = max(0, same - BEFORE)
    return shown(f"...{one[begin:]}"), shown(f"...{other[begin:]}")


def _text(value: Any) -> Any:
    """Return a real as the shortest decimal that gives it, and anything else as it is."""
    return repr(float(value)) if isinstance(value, float) else value


def _list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    raise NoFind(f"its slopes are {shown(value)}, not a list of whole numbers")


def _decimal(text: Any) -> str:
    if isinstance(text, str) and len(text) <= MOST_DIGITS and DECIMAL.fullmatch(text):
        number = Decimal(text)
        if abs(number.adjusted()) <= MOST_DIGITS:
            return text
    raise NoFind(
        f"{shown(text)} is not a decimal in quotation marks, of up to {MOST_DIGITS} digits"
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a mapping of pairs; refuse two of one name, since readers may take either."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise NoFind("it names something twice")
    return dict(pairs)
