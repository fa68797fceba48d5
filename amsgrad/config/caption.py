"""A run in words, for captions and lists."""

from amsgrad.config.run_config import Config
from amsgrad.schedules import BETA1_SCHEDULES, FORMULAS, SCHEDULES


def caption(config: Config) -> str:
    """Return all settings that decide the numbers; k is the number of a step, t the time."""
    step_size = FORMULAS[SCHEDULES[config.schedule]]
    given = [f"step size {step_size.format(start=config.lr, rate=config.schedule_rate)}"]
    if config.beta1 is not None:
        beta1 = FORMULAS[BETA1_SCHEDULES[config.beta1_schedule]]
        given.append(f"beta1 {beta1.format(start=config.beta1, rate=config.beta1_rate)}")
    for name, value in sorted(config.rule_options.items()):
        if name == "semantics":
            continue
        if name != "beta1":
            plain = isinstance(value, str | bool)
            given.append(f"{name} {value}" if plain else f"{name} {value:g}")
    if "semantics" in config.rule_options:
        given.append(f"{config.rule_options['semantics']} semantics")
    if config.memory0 is not None:
        given.append(f"memory at first {config.memory0}")
    return (
        f"{config.make_problem().in_words}; {', '.join(given)}, first t = {config.first_t},"
        f" x0 = {config.x0:g}, {config.dtype}"
    )
