"""The update rules by name. Each is one file, with all its facts, and one line here."""

from importlib import import_module

from amsgrad.registry import Registry
from amsgrad.rules.method import Method

FILES = (
    "adam",
    "amsgrad",
    "sgd",
    "rmsprop",
    "adagrad",
    "adamnc",
    "adamx",
    "adopt",
    "adashift",
    "acprop",
    "yogi",
    "padam",
    "bounds",
    "signum",
    "ef_signum",
    "lion",
    "adabelief",
    "nadam",
    "adamax",
)

RULES: Registry[Method] = Registry(
    (
        (found.name, found)
        for file in FILES
        for found in vars(import_module(f"{__name__}.{file}")).values()
        if isinstance(found, Method)
    ),
    "a rule, made by @method (amsgrad/rules/method.py)",
    lambda found: isinstance(found, Method),
)


def title_of(opt: str) -> str:
    """Return the name of a rule as papers write it; of package.module:Class, the class."""
    return RULES[opt].title if opt in RULES else opt.rpartition(":")[2]
