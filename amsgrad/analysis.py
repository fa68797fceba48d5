"""What is known of an optimizer without a run: its mean step, and whether it can fail at all."""

from functools import partial
from typing import Any

import numpy as np

from amsgrad.config.build import torch_class
from amsgrad.config.run_config import Config
from amsgrad.options import ConfigError
from amsgrad.problems.slope_text import numbers_of
from amsgrad.registry import name_of
from amsgrad.theory import mean_step as theory
from amsgrad.theory.zero_sum import HALVINGS, MeanSteps, ZeroSum, zero_sum, zero_sum_of_rule


def mean_step(
    opt: Any, slopes: Any, order: str = "cyclic", *, seed: int = 0, **options: Any
) -> theory.MeanStep:
    """Return the mean step D of an optimizer on linear losses with these slopes.

    Args:
        opt: the name of a rule (`amsgrad.RULES`), a rule of your own, a class of torch optimizers,
            or `package.module:Name`. A class is stepped as a black box, for some ten seconds.
        slopes: a text such as "1010,-10x100", or numbers.
        order: cyclic, shuffled or drawn.
        seed: of a random order.
        options: `beta1`, `beta2`, `eps` and the other hyper-parameters of the rule, or keywords of
            the class; `lr` for the rules whose bounds depend on it.

    Raises:
        ConfigError: an argument is not allowed.
        ValueError: the optimizer takes steps that are not finite, or its mean step cannot be
            measured.

    Example:
        >>> mean_step("adam", "1010,-10x100").goes_to
        1
        >>> mean_step("adam", "1010,-10x100", beta2=0.9999).goes_to
        -1
    """
    config = _config(opt, options, slopes=slopes, order=order, seed=seed)
    chosen = config.problem_options
    numbers = numbers_of(chosen["slopes"])
    if config.foreign:
        (found,) = mean_steps_of_class(config, chosen["order"], config.seed)([np.array(numbers)])
        return found
    return theory.mean_step(
        config.make_rule(), numbers, config.make_form(), chosen["order"], config.seed
    )


def can_fail(opt: Any, **options: Any) -> ZeroSum:
    """Return what the zero-sum test finds of an optimizer on slopes in turn; `verdict` is in words.

    Args:
        opt, options: as for `mean_step`.

    Raises:
        ConfigError, ValueError: as for `mean_step`.

    Example:
        >>> can_fail("amsgrad").verdict
        'cannot fail (proved)'
        >>> can_fail("adopt").verdict
        'fails'
    """
    config = _config(opt, options)
    if config.foreign:
        return zero_sum(mean_steps_of_class(config), at_once=HALVINGS)
    return zero_sum_of_rule(config.make_rule(), config.make_form())


def mean_steps_of_class(
    config: Config, order: str = "cyclic", seed: int = 0, most: int | None = None
) -> MeanSteps:
    """Return what measures D of a class of torch optimizers on many sequences at once.

    Args:
        config: with the class and its keywords.
        order, seed: as for `mean_step`.
        most: as for `black_box`.
    """
    from amsgrad.theory.black_box import black_box  # it imports torch

    cls, keywords = torch_class(config)
    return partial(
        black_box, cls, keywords=keywords, order=order, seed=seed, most=most, device=config.device
    )


def _config(opt: Any, options: dict[str, Any], **problem: Any) -> Config:
    config = Config(opt=name_of(opt), problem="sequence", **options, **problem)
    for name in options:
        if name not in (*config.rule_options, "lr"):
            raise ConfigError(
                f"{name} is no hyper-parameter of {config.opt}, nor one of this function"
            )
    return config
