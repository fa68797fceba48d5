"""The wheel holds all that the commands need, and its script works in any folder."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from experiments.files.provenance import sources_digest
from tests.conftest import ROOT

Amsgrad = Callable[..., "subprocess.CompletedProcess[str]"]

BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
OPTIMIZER = "import torch\nclass Mine(torch.optim.SGD):\n    pass\n"
INTRUDER = "raise SystemExit('the file of the user is taken for another one')\n"
SWEEP = "base: {opt: adam, steps: 100}\naxes: {lr: [0.1, 0.2]}\nkeep: [x]\n"


def ours(*places: str) -> set[str]:
    """The files of the project there, without what git ignores."""
    line = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *places]
    names = subprocess.check_output(line, cwd=ROOT, text=True).split("\0")[:-1]
    return {name for name in names if (ROOT / name).exists()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: an old build folder would get into it."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ours("amsgrad", "experiments", "pyproject.toml", "README.md", "LICENSE"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-c", BUILD, str(out)]
    subprocess.run(command, cwd=source, capture_output=True, check=True)
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script, installed into an environment that has the packages of this one."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment, symlinks=True)
    own = Path(sysconfig.get_path("purelib", vars={"base": str(environment)}))
    elsewhere = [path for path in sys.path if path.endswith("site-packages")]
    (own / "others.pth").write_text("\n".join(elsewhere) + "\n")
    scripts = environment / Path(sysconfig.get_path("scripts")).name
    pip = [sys.executable, "-m", "pip", "--python", str(scripts / "python")]
    options = ["--quiet", "--no-deps", "--no-index", "--force-reinstall"]
    subprocess.run([*pip, "install", *options, str(wheel)], capture_output=True, check=True)
    return scripts / "amsgrad"


@pytest.fixture
def amsgrad(program: Path, tmp_path: Path) -> Amsgrad:
    """Run the script in a folder whose files have the names of other modules."""
    (tmp_path / "experiments").mkdir()
    for name in ("experiments/__init__.py", "pickle.py"):
        (tmp_path / name).write_text(INTRUDER)
    (tmp_path / "my_module.py").write_text(OPTIMIZER)
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(program), *argv],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


def test_contents(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (about,) = {name.partition("/")[0] for name in names if ".dist-info/" in name}
        entry_points = archive.read(f"{about}/entry_points.txt").decode()
        for file in ("figures/figure1.csv", "figure2/figure2.csv"):
            readings = archive.read(f"experiments/{file}")
            assert readings == (ROOT / "experiments" / file).read_bytes()
    assert "amsgrad/py.typed" in names
    assert "amsgrad = experiments.__main__:script" in entry_points
    assert {name.partition("/")[0] for name in names} == {"amsgrad", "experiments", about}
    assert {name for name in names if name.endswith(".py")} == {
        name for name in ours("amsgrad", "experiments") if name.endswith(".py")
    }


def test_the_citation_and_the_changes_have_the_version_of_the_wheel(wheel: Path) -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert wheel.name.startswith(f"amsgrad-{cited['version']}-")
    (paper,) = cited["references"]
    assert [author["family-names"] for author in paper["authors"]] == ["Reddi", "Kale", "Kumar"]
    assert cited["version"] in (ROOT / "CHANGELOG.md").read_text()


def test_the_script_lists_and_suggests(amsgrad: Amsgrad, program: Path) -> None:
    done = amsgrad("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: {program} COMMAND ")
    assert "  run        run one optimizer" in done.stdout
    done = amsgrad("rum")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "amsgrad: error: rum is not a subcommand; did you mean run?\n"
    done = amsgrad("run", "--opt", "adm")
    assert done.returncode == 2
    assert "did you mean adam?" in done.stderr
    done = amsgrad("sweep", "merge", "--help")
    assert done.stdout.startswith(f"usage: {program} sweep merge FOLDER")


@pytest.mark.slow
@pytest.mark.parametrize("opt", ["adam", "my_module:Mine"])
def test_a_run_in_a_folder_of_misleading_names(opt: str, amsgrad: Amsgrad, tmp_path: Path) -> None:
    done = amsgrad("run", "--opt", opt, "--lr", "0.01", "--steps", "100", "--json")
    assert done.returncode == 0, done.stderr
    (file,) = tmp_path.glob("results/runs/*-*/provenance.json")
    found = json.loads(file.read_text())["sessions"][-1]
    assert found["command"][:2] == ["amsgrad run", "--opt"]
    assert found["commit"] == "unknown"
    assert found["sources_sha256"] == sources_digest(ROOT)


@pytest.mark.slow
def test_a_sweep_in_processes_and_its_merge(amsgrad: Amsgrad, tmp_path: Path) -> None:
    done = amsgrad("sweep", "--config", "sweep.yaml", "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert "amsgrad sweep merge results/sweeps/sweep" in done.stdout
    assert amsgrad("sweep", "merge", "results/sweeps/sweep").returncode == 0
    assert (tmp_path / "results/sweeps/sweep/sweep.nc").exists()


def test_the_readings_of_figure_1_are_found(program: Path, tmp_path: Path) -> None:
    code = (
        "from experiments.figures.readings import readings, text;"
        "print(readings(text(), 'online', 'adam', 'average_regret').value[0])"
    )
    command = [str(program.with_name("python")), "-P", "-c", code]
    assert subprocess.check_output(command, cwd=tmp_path, text=True) == "0.2792\n"
