"""The update rules by name. Each is one file, with all its facts, and one line here."""

from importlib import import_module

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
)

RULES: dict[str, Method] = {
    found.name: found
    for file in FILES
    for found in vars(import_module(f"{__name__}.{file}")).values()
    if isinstance(found, Method)
}
