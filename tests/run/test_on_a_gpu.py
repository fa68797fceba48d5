"""What a run on a GPU is held to, what it says of its cost, and what is kept of the device."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from amsgrad.config.build import build_torch_loop
from amsgrad.config.run_config import Config
from amsgrad.rules import RULES
from experiments.command import CommandError
from experiments.files import provenance
from experiments.run.execute import cost_on_a_gpu
from experiments.run.verified import verify_torch

REAL = [
    {"opt": name, **({} if semantics is None else {"semantics": semantics})}
    for name, method in RULES.items()
    for semantics in method.counterparts
]


@pytest.mark.parametrize("options", REAL, ids=lambda options: "-".join(options.values()))
def test_a_real_optimizer_is_held_to_the_reference_engine(options: dict[str, str]) -> None:
    """On the CPU; on a GPU it is the same comparison."""
    config = Config(**options, verify=150, engine="torch")
    found: Any = verify_torch(build_torch_loop(config), config)
    assert (found["steps"], found["against"]) == (150, "the reference engine")
    assert max(found["largest"].values()) <= found["tolerance"] < 1e-2
    assert verify_torch(build_torch_loop(config), Config(**options, verify=0)) == {"steps": 0}


def test_one_that_computes_something_else_is_refused() -> None:
    config = Config(opt="adam", engine="torch", verify=150)
    wrong = build_torch_loop(Config(opt="adam", engine="torch", beta2=0.98))
    with pytest.raises(CommandError, match=r"^After step 1 our rule has v = "):
        verify_torch(wrong, config)


def test_the_cost_is_an_estimate_and_says_so() -> None:
    said = cost_on_a_gpu(200_000)
    assert said.startswith("200,000 steps one after another on a GPU may take 30 to 60 s (an est")
    assert "not measured" in said


KERNEL = {
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15": "535.104.05",
    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.15  Release": "550.54.15",
    "something else": None,
}


@pytest.mark.parametrize("text", KERNEL)
def test_provenance_holds_the_device_and_its_driver(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    told: dict[str, Any] = {"verification": {}, "arguments": [], "started": now, "finished": now}
    monkeypatch.setattr(provenance, "NVIDIA", tmp_path / "version")
    h100 = {"name": "NVIDIA H100", "capability": "9.0", "cuda": "12.4"}
    found = provenance.collect(engine="torch", device=h100, **told)
    assert found["gpu"] == {**h100, "driver": None}
    (tmp_path / "version").write_text(f"{text}\nGCC version: 11.4.0\n")
    found = provenance.collect(engine="torch", device=h100, **told)
    assert (found["device"], found["gpu"]) == ("NVIDIA H100", {**h100, "driver": KERNEL[text]})
    assert "gpu" not in provenance.collect(engine="torch", **told)
