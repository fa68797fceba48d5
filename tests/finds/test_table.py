"""The table of finds: one rule, its three searches, and files that hold."""

from pathlib import Path

import pytest

from experiments.certify import main as certify
from experiments.finds import __main__ as finds


def test_a_table_of_one_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(finds, "RULES", {"RMSprop": ["--opt", "rmsprop", "--beta2", "0.9"]})
    assert finds.main(["--out", str(tmp_path)]) == 0
    capsys.readouterr()
    rows = [
        line.split(" | ") for line in (tmp_path / "counterexamples.md").read_text().splitlines()
    ]
    rows = [row for row in rows if row[0] == "| RMSprop"]
    assert [row[1] for row in rows] == ["smallest", "short", "shown"]
    for row in rows:
        file = tmp_path / row[2].partition("](")[2].partition(")")[0]
        assert certify([str(file)]) in (0, 3)  # 3: that it is the smallest is not proved anew
        assert f"{file}: proved: rmsprop (beta2 0.9, " in capsys.readouterr().out
        assert float(row[4]) < 0 < int(row[3])
        assert float(row[7]) > 0
        assert row[8].startswith("R_T/T -> ")


def test_a_rule_that_never_fails_is_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(finds, "RULES", {"SGD": ["--opt", "sgd"]})
    assert finds.main(["--out", str(tmp_path)]) == 1
    assert "none exists, nothing proved" in capsys.readouterr().err
    assert not (tmp_path / "counterexamples.md").exists()


def test_bad_input_gets_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert finds.main(["--oout", "x"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
