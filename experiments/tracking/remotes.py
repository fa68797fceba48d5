"""The public part of a git remote: its host and its path, without who uses it and how."""

import re
from collections.abc import Iterable

URL = re.compile(
    r"(?P<scheme>https?|ssh|git)://(?:[^/]*@)?"
    r"(?P<place>(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?/[^@?#\s]*)",
    re.IGNORECASE | re.ASCII,
)
# As ssh takes it: git knows it by a colon before the first slash.
SHORT = re.compile(r"(?:[^/:@]*@)?(?P<place>[\w.-]{2,}:(?!//)[^@?#:\s]*)", re.ASCII)


def without_users(remotes: Iterable[str]) -> list[str]:
    """Return the remotes without the names, passwords and tokens of those who use them.

    Left out are folders, and remotes that may hold such in another place.
    """
    found = []
    for remote in remotes:
        if match := URL.fullmatch(remote):
            found.append(f"{match['scheme']}://{match['place']}")
        elif match := SHORT.fullmatch(remote):
            found.append(match["place"])
    return found
