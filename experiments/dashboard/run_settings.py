"""The settings of a tracked run that its numbers depend on."""

from typing import Any

from amsgrad.config.run_config import RUN
from amsgrad.options import Role

WITHOUT_EFFECT = {n for n, option in RUN.items() if option.role in (Role.WATCHES, Role.MACHINE)}


def settings_of(tracked: Any) -> dict[str, Any]:
    """Return the settings by name; empty for a run of another program than experiments.synthetic.

    Args:
        tracked: labml_app's model of the run.
    """
    given = {name: entry["computed"] for name, entry in tracked.configs.items()}
    if given.get("opt") is None or given.get("problem") is None:
        return {}
    return {name: value for name, value in given.items() if name not in WITHOUT_EFFECT}
