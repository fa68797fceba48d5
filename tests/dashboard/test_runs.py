import threading
import time
from base64 import b64decode
from http.client import HTTPException
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray

from amsgrad.options import Role
from experiments.dashboard.run_packets import Config
from experiments.dashboard.run_settings import WITHOUT_EFFECT
from experiments.tracking.labml_tracker import labml_tracker
from tests.conftest import ROOT
from tests.dashboard.conftest import Serve
from tests.dashboard.served import Served, packet, synthetic

CURVES = {"average_regret", "regret", "x"}
RUN = "0123456789abcdef"
SHORT = ("--steps", 300_000)


def numbers(series: dict[str, Any], column: str) -> np.ndarray:
    return np.frombuffer(b64decode(series[column]), dtype=np.float32)


def test_run_is_listed_and_owned_with_all_of_its_parts(shared: Served, tmp_path: Path) -> None:
    before = shared.runs()
    summary = synthetic(shared.address, tmp_path / "runs", "--lr", 0.02, *SHORT)

    (listed,) = shared.runs(before)
    uuid = listed["run_uuid"]
    assert listed["name"] == "adam"
    assert listed["comment"].startswith("adam: slope 1010")
    assert listed["run_status"]["status"] == "completed"
    assert listed["run_status"]["details"] == "finished"
    run = shared.get(f"run/{uuid}")
    assert run["is_claimed"] is True
    assert run["is_project_run"] is True
    settings = {entry["name"]: entry["computed"] for entry in run["configs"]}
    assert settings["lr"] == 0.02
    assert settings["steps"] == 300_000
    assert settings.keys() == set(run["selected_configs"])
    curves = shared.curves(uuid)
    assert curves.keys() == CURVES
    assert shared.get(f"metrics/preferences/{uuid}")["series_preferences"] == [1, -1, 1]
    with xarray.open_dataset(Path(summary["run"]) / "trace.nc", engine="h5netcdf") as trace:
        for name in CURVES:
            assert numbers(curves[name], "step")[-1] == summary["steps"]
            assert numbers(curves[name], "value")[-1] == np.float32(trace[name][-1])
    charts = shared.get(f"custom_metrics/{uuid}")["metrics"]
    assert [chart["name"] for chart in charts] == ["x", "average_regret"]


def start(served: Served, number: int, opt: str, problem: str = "online", **more: object) -> str:
    """Track a short run of these settings; return its uuid."""
    uuid = f"{number:016}"
    configs = {
        name: {"name": name, "value": value, "computed": value}
        for name, value in {"opt": opt, "problem": problem, **more}.items()
    }
    served.track(uuid, packet(10, name=problem, configs=configs, started=float(number)))
    return uuid


def names(served: Served) -> list[str]:
    """Return the names in the list, the latest first, as each run's own page has them, too."""
    listed = served.runs()
    for run in listed:
        assert served.get(f"run/{run['run_uuid']}")["name"] == run["name"]
    return [run["name"] for run in listed]


@pytest.mark.slow
def test_runs_are_named_by_what_differs(serve: Serve) -> None:
    served = serve()
    usual = {"lr": 0.01, "beta2": 0.99, "steps": 10_000_000, "verify": 1000}
    first = start(served, 1, "adam", **usual)
    assert names(served) == ["adam"]
    start(served, 2, "amsgrad", **{**usual, "beta2": 0.999})
    assert names(served) == ["amsgrad", "adam"]
    other = start(served, 3, "adam", **{**usual, "beta2": 0.999, "verify": 0})
    assert names(served) == ["adam, beta2 0.999", "amsgrad", "adam, beta2 0.99"]
    start(served, 4, "adam", **{**usual, "beta2": 0.999})
    longer = start(served, 5, "adam", "stochastic", lr=0.01, delta=1.0, steps=300)
    start(served, 6, "adam", "stochastic", lr=0.01, delta=0.5, steps=3000)
    assert names(served) == [
        "adam, stochastic, delta 0.5, steps 3,000",
        "adam, stochastic, delta 1, steps 300",
        "adam, online, beta2 0.999 (2)",
        "adam, online, beta2 0.999",
        "amsgrad",
        "adam, online, beta2 0.99",
    ]

    deleted = {"run_uuids": [longer, f"{6:016}"]}
    assert served.ask("PUT", "/api/v1/runs", deleted)[0] == 200
    served.post(f"run/{other}", {"name": "the good one", "comment": "", "note": ""})
    # the page sends the name that it shows with each change
    served.post(f"run/{first}", {"name": "adam, beta2 0.99", "comment": "", "note": "old"})
    served.stop()
    again = serve()
    assert names(again) == ["adam, beta2 0.999", "the good one", "amsgrad", "adam, beta2 0.99"]
    start(again, 7, "adam", **{**usual, "beta2": 0.999, "lr": 1.0})
    assert names(again) == [
        "adam, lr 1, beta2 0.999",
        "adam, lr 0.01, beta2 0.999",
        "the good one",
        "amsgrad",
        "adam, lr 0.01, beta2 0.99",
    ]
    assert again.get(f"run/{first}")["note"] == "old"


def test_names_of_others_are_left_alone(served: Served) -> None:
    start(served, 1, "adam", lr=0.1)
    served.track(f"{2:016}", packet(10, name="None, None"))
    own = {n: {"name": n, "value": n, "computed": n} for n in ("opt", "problem")}
    served.track(f"{3:016}", packet(10, name="my own", configs=own))
    assert sorted(names(served)) == ["None, None", "adam", "my own"]


def test_settings_without_effect_are_those_of_the_options() -> None:
    every = set(Config(opt="adam", every=1).settings())
    with_effect = set(Config(opt="adam").settings(Role.NUMBERS, Role.LENGTH))
    assert every - with_effect == WITHOUT_EFFECT


def base(served: Served, uuid: str) -> str:
    chosen: str = served.get(f"compare/preferences/{uuid}")["base_experiment"]
    return chosen


def test_run_is_compared_with_the_one_that_differs_least(served: Served) -> None:
    adam = start(served, 1, "adam", lr=0.5, beta2=0.99)
    amsgrad = start(served, 2, "amsgrad", lr=0.5, beta2=0.99)
    small = start(served, 3, "adam", lr=0.01, beta2=0.99)
    assert base(served, small) == amsgrad  # there is no nearer one yet
    little = start(served, 4, "amsgrad", lr=0.01, beta2=0.99)
    assert [base(served, uuid) for uuid in (little, small)] == [small, little]
    assert [base(served, uuid) for uuid in (adam, amsgrad)] == [amsgrad, adam]
    half = start(served, 5, "amsgrad", lr=0.5, beta2=0.5, every=7)
    assert base(served, half) == adam

    # what a person has chosen stays
    settings = {"base_experiment": amsgrad, "series_preferences": [], "base_series_preferences": []}
    served.post(f"compare/preferences/{small}", {**settings, "series_names": []})
    equal = start(served, 6, "rmsprop", lr=0.01, beta2=0.99)
    assert base(served, equal) == little
    assert base(served, small) == amsgrad


def test_optimizers_on_one_problem_are_compared_unasked(served: Served) -> None:
    adam = start(served, 1, "adam")
    start(served, 2, "adam")
    start(served, 3, "amsgrad", "stochastic")
    assert base(served, adam) == ""
    amsgrad = start(served, 4, "amsgrad")

    for uuid, other in ((amsgrad, f"{2:016}"), (f"{2:016}", amsgrad)):
        chosen = served.get(f"compare/preferences/{uuid}")
        assert chosen["base_experiment"] == other
        assert chosen["series_preferences"] == [1, -1, 1]
        assert chosen["base_series_preferences"] == [1, -1, 1]
    # the page sends no choice of curves with a new base: labml_app would then show none
    settings = {"base_experiment": adam, "series_preferences": [], "base_series_preferences": []}
    served.post(f"compare/preferences/{amsgrad}", {**settings, "series_names": []})
    chosen = served.get(f"compare/preferences/{amsgrad}")
    assert chosen["base_experiment"] == adam
    assert chosen["series_preferences"] == [1, -1, 1]
    assert chosen["base_series_preferences"] == [1, -1, 1]


def test_run_ends_soon_after_its_last_step(shared: Served, tmp_path: Path) -> None:
    before = shared.runs()
    warnings: list[str] = []
    with labml_tracker(
        name="online",
        comment="",
        tags=(),
        python_file=ROOT / "experiments" / "synthetic.py",
        defaults={"opt": "adam"},
        chosen={},
        folder=tmp_path / "labml",
        app=shared.address,
        warn=warnings.append,
    ) as tracker:
        for step in range(1, 10_001):
            tracker.save(step, {"x": 0.5 * step, "regret": 1.0, "average_regret": 0.0})
        last = time.monotonic()
    assert time.monotonic() - last < 2
    assert warnings == []
    (run,) = shared.runs(before)
    assert run["run_status"]["status"] == "completed"
    ends = numbers(shared.curves(run["run_uuid"])["x"], "last_step")
    assert ends[-1] == 10_000


def test_last_point_is_the_last_record(served: Served) -> None:
    """x jumps between -1 and 1: no mean of neighbours would show its last value."""
    steps = list(range(1, 5001))
    jumps = [(-1.0) ** step for step in steps]
    for first in range(0, 5000, 1000):
        part = slice(first, first + 1000)
        curve = {"step": steps[part], "value": jumps[part]}
        served.track(RUN, {"track": {"x": curve, "regret": curve, "average_regret": curve}})
        for _ in range(2):  # it is the same for each reader
            for sent in served.curves(RUN).values():
                step, value = numbers(sent, "step"), numbers(sent, "value")
                assert (step[-1], value[-1]) == (first + 1000, 1.0)
                assert np.all(np.diff(step) > 0)
                assert len(step) <= 1024
    assert np.max(np.abs(value[:-1])) < 0.5

    compared = served.post(f"compare/metrics/{RUN}?current={RUN}", {"get_all": False})["series"]
    shown = {curve["name"]: curve for curve in compared}
    for sent in shown.values():
        assert (numbers(sent, "step")[-1], numbers(sent, "value")[-1]) == (5000, 1.0)
    assert [name for name, curve in shown.items() if curve["is_summary"]] == ["regret"]
    assert len(numbers(shown["regret"], "value")) == 1

    # labml repeats the value before for what is no number
    served.track(RUN, {"track": {"x": {"step": [5001, 5002], "value": [0.25, float("nan")]}}})
    x = served.curves(RUN)["x"]
    assert (numbers(x, "step")[-1], numbers(x, "value")[-1]) == (5002, 0.25)
    served.track(RUN, {"track": {"x": {"step": [5003], "value": [float("inf")]}}})
    x = served.curves(RUN)["x"]
    assert (numbers(x, "step")[-1], numbers(x, "value")[-1]) == (5003, 0.25)


def test_what_the_page_changes_is_kept(serve: Serve) -> None:
    served = serve()
    for number in range(3):
        served.track(f"{number:016}", packet(10))
    kept, archived, deleted = (f"{number:016}" for number in range(3))
    served.post(f"run/{kept}", {"comment": "the good one", "favourite_configs": []})
    served.post("runs/archive", {"run_uuids": [archived]})
    assert served.ask("PUT", "/api/v1/runs", {"run_uuids": [deleted]})[0] == 200
    served.stop()

    again = serve()
    (run,) = again.runs()
    assert (run["run_uuid"], run["comment"]) == (kept, "the good one")
    (run,) = again.get("runs/null?folder_name=archive")["runs"]
    assert run["run_uuid"] == archived
    assert again.ask("GET", f"/api/v1/run/{deleted}")[0] == 404


def test_visits_leave_nothing_behind(shared: Served) -> None:
    for _ in range(3):
        visitor = shared.post("auth/user", {"device": {"height": 900}, "referrer": ""})
        assert visitor["token"] == "local"
        assert visitor["user"]["projects"] == [shared.get("runs/null")["labml_token"]]


def test_computers_are_listed_without_the_sleep_of_labml_app(shared: Served) -> None:
    session = "session_uuid=0123456789&computer_uuid=9876543210&labml_version=0.5.3"
    now = time.time()
    load = {"step": [now, now + 1], "value": [0.25, 0.5]}
    begin = time.monotonic()
    shared.post(f"default/computer?{session}", [{"name": "mine", "track": {"cpu.perc": load}}])
    assert time.monotonic() - begin < 2
    (computer,) = shared.get("sessions/null")["sessions"]
    assert (computer["name"], computer["session_uuid"]) == ("mine", "0123456789")
    assert shared.get("cpu/0123456789")["series"]


def test_kill_loses_nothing_that_was_acknowledged(serve: Serve) -> None:
    acknowledged: dict[str, int] = {}
    chance = np.random.default_rng(6)
    for generation in range(4):
        served = serve()
        number = 0
        try:
            while True:
                uuid = f"{generation:08}{number // 5:08}"
                first = acknowledged.get(uuid, 0) + 1
                served.track(uuid, packet(first + 199, first))
                acknowledged[uuid] = first + 199
                number += 1
                if number == 1:
                    threading.Timer(0.6 * chance.random(), served.process.kill).start()
        except (OSError, HTTPException):
            served.kill()
    assert len(acknowledged) >= 4

    served = serve()
    listed = {run["run_uuid"] for run in served.runs()}
    assert acknowledged.keys() <= listed
    for uuid in listed:
        curves = served.curves(uuid)
        assert curves.keys() == CURVES
        ends = {float(numbers(series, "last_step")[-1]) for series in curves.values()}
        (end,) = ends
        # the last request may have been kept without its answer
        assert end - acknowledged.get(uuid, 0) in (0, 200)
        assert np.allclose(numbers(curves["x"], "value"), 0.5 * numbers(curves["x"], "step"))
