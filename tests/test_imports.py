"""The rules of imports, and what a quick start must not load."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STDLIB = set(sys.stdlib_module_names)

# The only places for each heavy package. labml_nn goes with torch.
HOMES = {
    "torch": [
        "amsgrad/optimizers/",
        "amsgrad/engines/torch_loop.py",
        "amsgrad/engines/torch_lanes.py",
        "amsgrad/theory/black_box.py",
        "amsgrad/config/build.py",
        "experiments/run/real_optimizer.py",
        "experiments/figure2/networks.py",
        "experiments/figure2/training.py",
    ],
    "labml_nn": ["amsgrad/optimizers/"],
    "numba": [
        "amsgrad/cuda/kept.py",
        "amsgrad/cuda/lowering.py",
        "amsgrad/engines/jit.py",
        "amsgrad/engines/kernel_cache.py",
    ],
    "llvmlite": ["amsgrad/cuda/ptx.py"],
    "labml": ["experiments/tracking/labml_tracker.py"],
    "labml_app": ["experiments/dashboard/labml_parts.py"],
    "labml_db": ["experiments/dashboard/labml_parts.py"],
    "fastapi": ["experiments/dashboard/"],
    "matplotlib": [
        "amsgrad/picture.py",
        "amsgrad/panels.py",
        "experiments/run/comparison.py",
        "experiments/cards/picture.py",
        "experiments/run/picture.py",
        "experiments/figure2/picture.py",
        "experiments/figures/",
    ],
    "xarray": [
        "amsgrad/api.py",
        "amsgrad/dataset.py",
        "amsgrad/picture.py",
        "experiments/cards/dataset.py",
        "experiments/figure2/curves.py",
        "experiments/figure2/picture.py",
        "experiments/run/",
        "experiments/figures/",
        "experiments/sweeps/",
    ],
    "scipy": ["amsgrad/fit.py", "amsgrad/search/price.py", "amsgrad/theory/"],
    "dask": ["experiments/sweeps/cluster.py"],
    "distributed": ["experiments/sweeps/cluster.py"],
    "h5netcdf": ["experiments/run/trace.py"],
}
# Nothing imports a command but the list of them: the arrows go from the commands down.
COMMANDS = (
    "card",
    "certify",
    "compare",
    "search",
    "figure2.__main__",
    "figures.__main__",
    "dashboard.__main__",
    "sweep",
    "synthetic",
    "__main__",
)


def modules() -> list[Path]:
    return sorted(p for wing in ("amsgrad", "experiments") for p in (ROOT / wing).rglob("*.py"))


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_heavy_packages_have_one_place(path: Path) -> None:
    for full_name in imported(path):
        homes = HOMES.get(full_name.partition(".")[0])
        if homes is not None:
            assert any(name_of(path).startswith(home) for home in homes), full_name


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_the_science_knows_nothing_of_the_runs(path: Path) -> None:
    if name_of(path).startswith("amsgrad/"):
        forbidden = ("experiments", "labml.", "yaml", "json", "tqdm")
        assert not [name for name in imported(path) if name.startswith(forbidden)]


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_rules_problems_and_schedules_need_numpy_only(path: Path) -> None:
    name = name_of(path)
    if name.startswith(("amsgrad/rules/", "amsgrad/problems/")) or name == "amsgrad/schedules.py":
        tops = {full_name.partition(".")[0] for full_name in imported(path)}
        assert tops <= STDLIB | {"numpy", "amsgrad"}


def module_of(path: Path) -> str:
    return name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def graph() -> dict[str, set[str]]:
    """The modules that each module imports, at its top or within a function."""
    ours = {module_of(path): path for path in modules()}
    return {
        module: {
            found
            for name in imported(path)
            for found in (name, name.rpartition(".")[0])
            if found in ours and found != module
        }
        for module, path in ours.items()
    }


def room(module: str) -> str:
    """The folder of a module, or the module itself where it stands at the top of its wing."""
    return ".".join(module.split(".")[:2])


def test_no_imports_go_round() -> None:
    everything = graph()
    TopologicalSorter(everything).prepare()  # raises CycleError
    rooms: dict[str, set[str]] = {}
    for module, others in everything.items():
        found = {room(other) for other in others}
        rooms.setdefault(room(module), set()).update(found - {room(module)})
    TopologicalSorter(rooms).prepare()


def test_nothing_imports_a_command() -> None:
    commands = {f"experiments.{command}" for command in COMMANDS}
    for module, others in graph().items():
        assert not commands & others, module


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_no_file_is_long(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300


def test_engines_do_not_import_one_another() -> None:
    engines = ("reference", "compiled", "batch", "torch_loop", "torch_lanes")
    for engine in engines:
        names = imported(ROOT / "amsgrad" / "engines" / f"{engine}.py")
        others = [f"amsgrad.engines.{other}" for other in engines if other != engine]
        assert not [name for name in names if name.startswith(tuple(others))]


@pytest.mark.parametrize(
    "module",
    [
        "amsgrad",
        "experiments.__main__",
        "experiments.card",
        "experiments.certify",
        "experiments.compare",
        "experiments.config.arguments",
        "experiments.search",
        "experiments.synthetic",
        "experiments.figure2.__main__",
        "experiments.figures.__main__",
        "experiments.sweep",
        "experiments.dashboard.__main__",
    ],
)
def test_importing_is_quick(module: str) -> None:
    heavy = sorted(HOMES)
    code = f"import sys, {module}; print(sorted(set(sys.modules) & set({heavy})))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"
