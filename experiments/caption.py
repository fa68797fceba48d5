"""A run in words, for captions and lists."""

from amsgrad.problems import parameter_names
from experiments.config import RULE_OPTIONS, Config

LOSSES = {
    "online": "slope {big:g} if t mod {period} = 1, else {small:g}",
    "stochastic": "slope {big:g} with probability {probability:g}, else {small:g}, seed {seed}",
    "theorem1": "slope {big:g} if t mod 3 = 1, else -1",
    "theorem2": "slope {period} if t mod {period} = 1, else -1",
    "theorem3": "slope {big:g} with probability (1 + {delta:g}) / ({big:g} + 1), else -1,"
    " seed {seed}",
    "adopt": "slope {period}^2 with probability 1/{period}, else -{period}, seed {seed}",
    "adashift": "slope {big:g} with probability (1 + {delta:g}) / ({big:g} + 1), else -1,"
    " unconstrained, seed {seed}",
    "acprop1": "slope {period} if t mod {period} = 1, else -1",
    "acprop2": "slope {period}/2 if t mod {period} = 1, -1 if t mod {period} = {period} - 2,"
    " else 0",
    "zhang": "Zhang's {period} batches in {order} order, a = {a:g}, seed {seed}",
    "adafom": "5.5 x^2 if t mod 11 = 1, else -0.5 x^2",
}
STEP_SIZES = {
    "constant": "{lr:g}",
    "inverse_sqrt": "{lr:g} / sqrt(k)",
    "shifted_inverse_sqrt": "{lr:g} / sqrt(1 + {schedule_rate:g} k)",
}
BETA1S = {
    "constant": "{beta1:g}",
    "exponential": "{beta1:g} * {beta1_rate:g}^(k-1)",
    "harmonic": "{beta1:g} / k",
}


def caption(config: Config) -> str:
    """All settings that decide the numbers; k is the number of a step, t the problem's time."""
    settings = vars(config)
    given = [f"step size {STEP_SIZES[config.schedule].format(**settings)}"]
    if config.beta1 is not None:
        given.append(f"beta1 {BETA1S[config.beta1_schedule].format(**settings)}")
    for name in sorted(RULE_OPTIONS - {"beta1", "semantics"}):
        if settings[name] is not None:
            given.append(f"{name} {settings[name]:g}")
    if config.semantics is not None:
        given.append(f"{config.semantics} semantics")
    numbers = sorted(parameter_names(config.problem))
    plain = ", ".join([config.problem, *(f"{name} {settings[name]}" for name in numbers)])
    return (
        f"{LOSSES.get(config.problem, plain).format(**settings)}; {', '.join(given)},"
        f" first t = {config.first_t}, x0 = {config.x0:g}, {config.dtype}"
    )
