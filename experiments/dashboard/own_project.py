"""The project of the local user, in which all runs are listed."""

from __future__ import annotations

from experiments.dashboard.labml_parts import project, run, user
from experiments.dashboard.naming import has_own_name


def own_token() -> str:
    """Return the token of the project."""
    owner = user.get_or_create_user(identifier="local", is_local_user=True)
    token: str = owner.default_project.labml_token
    return token


def forget(run_uuids: set[str]) -> dict[str, str]:
    """Delete runs; return the name and the note that a person has given to one of them."""
    home = project.get_project(own_token())
    known = run_uuids & home.runs.keys()
    written = {}
    for uuid in known:
        forgotten = run.get(uuid)
        if has_own_name(forgotten):
            written["name"] = forgotten.name
        if forgotten.note:
            written["note"] = forgotten.note
        run.delete(uuid)
        del home.runs[uuid]
    if known:
        for folder in [key.load() for key in home.folders.values()]:
            folder.run_uuids -= known
            folder.save()
        home.save()
    return written
