"""The preloaded library, the server of the commands, and each command undisturbed."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.commands import Small
from tests.faults.lab import Lab
from tests.faults.prepared import Prepared

Prepare = Callable[[Small], Prepared]


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    if sys.platform != "linux":
        pytest.skip("the library that lets calls fail is one for Linux")
    if shutil.which("gcc") is None:
        pytest.skip("gcc, which compiles the library that lets calls fail, is missing")
    scratch = tmp_path_factory.mktemp("lab")
    library = scratch / "shim.so"
    source = Path(__file__).with_name("shim.c")
    options = ["-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC"]
    subprocess.run(["gcc", *options, "-o", library, source, "-ldl"], check=True)
    lab = Lab(library, scratch)
    yield lab
    lab.close()


@pytest.fixture(scope="session")
def prepare(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Prepare:
    made: dict[str, Prepared] = {}

    def prepared(small: Small) -> Prepared:
        if small.name not in made:
            made[small.name] = Prepared(lab, small, tmp_path_factory.mktemp(small.name))
        return made[small.name]

    return prepared
