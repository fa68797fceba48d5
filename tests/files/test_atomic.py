"""A file is the old one or the new one, whoever else writes and whatever kills the writer."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.files import atomic
from experiments.files.atomic import keep_first, remove_leftovers, replacing, write_text

ROOT = Path(__file__).parents[2]

HALF = """
import sys, time
from pathlib import Path
from experiments.files.atomic import replacing
with replacing(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    print("written", flush=True)
    time.sleep(60)
"""

MANY = """
import sys
from pathlib import Path
from experiments.files.atomic import write_text
for _ in range(40):
    write_text(Path(sys.argv[1]), sys.argv[2] * 300_000)
"""


def python(code: str, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_new_and_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    for text in ("one\n", "β → two\n"):
        write_text(target, text)
        assert target.read_bytes() == text.encode()
        assert names(tmp_path) == ["a.txt"]


def test_reader_sees_the_old_file_until_the_end(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with replacing(target) as file:
        file.write(b"new")
        file.flush()
        assert target.read_text() == "old"
    assert target.read_text() == "new"


def test_the_first_of_two_writers_may_win(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    for text in (b"first", b"second"):
        with replacing(target, keep_first) as file:
            file.write(text)
        assert names(tmp_path) == ["a.txt"]
    assert target.read_text() == "first"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_exception_keeps_the_old_file_and_leaves_nothing(
    tmp_path: Path, error: type[BaseException]
) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def interrupted() -> None:
        with replacing(target) as file:
            file.write(b"new")
            raise error

    with pytest.raises(error):
        interrupted()
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_failing_rename_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    with pytest.raises(IsADirectoryError):
        write_text(target, "text")
    assert names(tmp_path) == ["folder"]


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_text(tmp_path / "missing" / "a.txt", "text")
    assert names(tmp_path) == []


def test_the_user_s_group_may_read_it(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_text(tmp_path / "a.txt", "text")
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o644


def test_two_writers_in_one_process_do_not_share(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    with replacing(target) as first:
        first.write(b"first")
        with replacing(target) as second:
            second.write(b"second")
        assert target.read_text() == "second"
    assert target.read_text() == "first"
    assert names(tmp_path) == ["a.txt"]


def test_data_is_on_the_disk_before_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No test can cut the power; the order of the system's calls is what survives it."""
    calls = []
    flush = os.fsync

    def logged_flush(descriptor: int) -> None:
        calls.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")))
        flush(descriptor)

    def logged_replace(part: Path, path: Path) -> None:
        calls.append(path)
        os.replace(part, path)

    monkeypatch.setattr(os, "fsync", logged_flush)
    with replacing(tmp_path / "a.txt", logged_replace) as file:
        file.write(b"text")
    part, *others = calls
    assert part.suffix == atomic.PART
    assert others == [tmp_path / "a.txt", tmp_path]


def test_killed_writer_leaves_the_old_file_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with python(HALF, target) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "written\n"
        remove_leftovers(tmp_path)
        assert len(names(tmp_path)) == 2, "its writer lives"
        writer.send_signal(signal.SIGKILL)
    assert target.read_text() == "old"
    (left,) = set(names(tmp_path)) - {"a.txt"}
    assert left.endswith(atomic.PART)
    write_text(target, "new")
    assert target.read_text() == "new"
    remove_leftovers(tmp_path)
    assert names(tmp_path) == ["a.txt"]


def test_two_processes_never_mix(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_text(target, "a" * 300_000)
    seen = set()
    with python(MANY, target, "a") as first, python(MANY, target, "b") as second:
        while first.poll() is None or second.poll() is None:
            remove_leftovers(tmp_path)
            text = target.read_text()
            assert text in ("a" * 300_000, "b" * 300_000)
            seen.add(text[0])
    assert (first.returncode, second.returncode) == (0, 0)
    assert seen == {"a", "b"}
    assert names(tmp_path) == ["a.txt"]
