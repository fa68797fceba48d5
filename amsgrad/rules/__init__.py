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
