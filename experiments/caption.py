"""A run in words, for captions and lists."""

from experiments.config import Config

SLOPES = {
    "online": "slope {big:g} if t mod {period} = 1, else {small:g}",
    "stochastic": "slope {big:g} with probability {probability:g}, else {small:g}, seed {seed}",
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
    step_size = STEP_SIZES[config.schedule].format(**vars(config))
    given = f"step size {step_size}"
    if config.beta1 is not None:
        beta1 = BETA1S[config.beta1_schedule].format(**vars(config))
        given += f", betas ({beta1}, {config.beta2:g})"
    if config.eps is not None:
        given += f", eps {config.eps:g}"
    if config.semantics is not None:
        given += f", {config.semantics} semantics"
    return (
        f"{SLOPES[config.problem].format(**vars(config))};"
        f" {given}, first t = {config.first_t}, x0 = {config.x0:g}, {config.dtype}"
    )
