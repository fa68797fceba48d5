"""Whether a sweep computes on a GPU, decided before anything is written."""

from collections.abc import Sequence

from amsgrad.cuda.driver import OLDEST, Device, NoDevice, devices
from amsgrad.options import ConfigError
from experiments.sweeps.groups import Where, grouped, why_not_on_gpu, worth_a_gpu
from experiments.sweeps.plan import Plan


def gpus(device: Where, plan: Plan, workers: int | None, scheduler: bool) -> Sequence[Device]:
    """Return the GPUs of this machine that the sweep computes on; none for the processor.

    Args:
        device: "auto" takes one where it is worth it, in this process alone.
        plan: of the sweep.
        workers: the number of processes here; each has a GPU of its own.
        scheduler: whether another machine computes; its GPUs are not known here.

    Raises:
        ConfigError: "cuda" was asked for, but there is no GPU, or it cannot compute a cell.
    """
    if device == "cpu":
        return []
    if device == "auto":
        return [] if workers is not None or scheduler else _worth_it(plan)
    try:
        found = [] if scheduler else usable()
    except NoDevice as error:
        raise ConfigError(f"--device cuda was given, but {error}; use cpu") from None
    for work in map(plan.work, range(len(plan.chunks))):
        if why := why_not_on_gpu(work):
            raise ConfigError(f"--device cuda was given, but {why}")
    if workers is not None and workers > len(found):
        raise ConfigError(
            f"--workers must be at most {len(found)} with --device cuda, one for each GPU, but"
            f" {workers} was given"
        )
    return found


def usable() -> list[Device]:
    """Return the GPUs of this machine that are new enough.

    Raises:
        NoDevice: there is none.
    """
    found = devices()
    enough = [device for device in found if device.capability >= OLDEST]
    if not enough:
        old, least = ("{}.{}".format(*of) for of in (found[0].capability, OLDEST))
        raise NoDevice(
            f"the CUDA device {found[0].name} has compute capability {old}, and {least} or later"
            " is needed"
        )
    return enough


def described(device: Device) -> dict[str, str]:
    """Return what a provenance says of a GPU."""
    major, minor = device.capability
    return {"name": device.name, "capability": f"{major}.{minor}"}


def _worth_it(plan: Plan) -> Sequence[Device]:
    cells = sum(cells.size for cells, how in plan.chunks if how == "steps")
    most = max(config.steps for config in plan.configs)
    if not worth_a_gpu(cells, most, plan.configs):  # not even all of them in one batch
        return []
    try:
        found = usable()
    except NoDevice:
        return []
    groups = grouped(map(plan.work, range(len(plan.chunks))), "auto")
    return found if any(group.on_gpu for group in groups) else []
