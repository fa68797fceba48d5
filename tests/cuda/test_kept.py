"""PTX on disk: it is made once, and what is damaged is made again."""

from pathlib import Path

import pytest
from numba.core import config

from amsgrad.cuda.kept import kept


def function() -> None:
    """Beside which the text is kept."""


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    return []


def get(made: list[str]) -> str:
    def make() -> str:
        made.append("made")
        return "// a text\nret;"

    return kept(function, "name", make)


def test_a_text_is_made_once(made: list[str]) -> None:
    assert [get(made) for _ in range(3)] == ["// a text\nret;"] * 3
    assert made == ["made"]


@pytest.mark.parametrize("damage", [b"", b"// a text\nret", b"\xff\xfe"])
def test_a_damaged_file_is_made_again(made: list[str], damage: bytes, tmp_path: Path) -> None:
    get(made)
    (path,) = tmp_path.rglob("name.ptx")
    path.write_bytes(damage)
    assert get(made) == "// a text\nret;"
    assert len(made) == 2
    get(made)
    assert len(made) == 2
    path.write_text(path.read_text().replace("ret", "exit", 1))
    assert get(made) == "// a text\nret;"
    assert [file.name for file in path.parent.iterdir()] == ["name.ptx"]


def test_a_folder_that_cannot_be_written_costs_time_only(made: list[str], tmp_path: Path) -> None:
    get(made)
    (path,) = tmp_path.rglob("name.ptx")
    path.unlink()
    path.mkdir()
    assert get(made) == "// a text\nret;"
    assert [file.name for file in path.parent.iterdir()] == ["name.ptx"]
