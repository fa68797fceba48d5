"""What is known of an optimizer without a run: its mean step, and whether it can fail at all."""

from typing import Any

from amsgrad.config.run_config import Config
from amsgrad.options import ConfigError
from amsgrad.problems.slope_text import numbers_of
from amsgrad.registry import name_of
from amsgrad.theory import mean_step as theory
from amsgrad.theory.zero_sum import ZeroSum, zero_sum_of_rule


def mean_step(
    opt: Any, slopes: Any, order: str = "cyclic", *, seed: int = 0, **options: Any
) -> theory.MeanStep:
    """Return the mean step D of a rule on linear losses with these slopes.

    Args:
        opt: the name of a rule (`amsgrad.RULES`), a rule of your own, or `package.module:Name`.
        slopes: a text such as "1010,-10x100", or numbers.
        order: cyclic, shuffled or drawn.
        seed: of a random order.
        options: `beta1`, `beta2`, `eps` and the other hyper-parameters of the rule; `lr` for the
            rules whose bounds depend on it.

    Raises:
        ConfigError: an argument is not allowed.
        ValueError: the rule takes steps that are not finite.

    Example:
        >>> mean_step("adam", "1010,-10x100").goes_to
        1
        >>> mean_step("adam", "1010,-10x100", beta2=0.9999).goes_to
        -1
    """
    config = _config(opt, options, slopes=slopes, order=order, seed=seed)
    chosen = config.problem_options
    numbers = numbers_of(chosen["slopes"])
    return theory.mean_step(
        config.make_rule(), numbers, config.make_form(), chosen["order"], config.seed
    )


def can_fail(opt: Any, **options: Any) -> ZeroSum:
    """Return what the zero-sum test finds of a rule; its `verdict` is in words.

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
    return zero_sum_of_rule(config.make_rule(), config.make_form())


def _config(opt: Any, options: dict[str, Any], **problem: Any) -> Config:
    config = Config(opt=name_of(opt), problem="sequence", **options, **problem)
    if config.foreign:
        raise ConfigError(f"opt must be a rule, with an update of its own, but {opt} was given")
    for name in options:
        if name not in (*config.rule_options, "lr"):
            raise ConfigError(f"{name} has no effect on the mean step of {config.opt}")
    return config
