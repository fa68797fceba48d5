"""A folder that is removed while a command works in it: one sentence, and it does not come back."""

import random
import re
import signal

import pytest

from tests.faults.commands import ALL, Small
from tests.faults.conftest import Prepare

MOMENTS = 4  # per command


@pytest.mark.slow
@pytest.mark.parametrize("small", ALL, ids=lambda small: small.name)
def test_a_folder_that_is_removed(small: Small, prepare: Prepare) -> None:
    prepared = prepare(small)
    changes = re.compile(
        r"\d+ (rename|fd)(?!.*/latest)"
    )  # what the link leads to is written by then
    last = max(n for n, call in enumerate(prepared.calls, 1) if changes.match(call))
    for at in random.Random(small.name).sample(range(2, last + 1), min(MOMENTS, last - 1)):
        ended = prepared.run(at=at, error=-signal.SIGSTOP)
        said = f"at call {ended.calls[at - 1]}: {ended.status}\n{ended.err}"
        *warnings, sentence = ended.err.splitlines()
        assert ended.status in (1, 2), said
        assert re.match(r"\w+: error: ", sentence), said
        assert ended.status == 2 or " is gone" in sentence or "No such file" in sentence, said
        assert all(re.match(r"\w+: warning: ", line) for line in warnings), said
        if "/labml" not in "".join(prepared.calls[at - 1 : at + 1]):  # it makes those above, too
            assert list(prepared.folder.iterdir()) == [], said
