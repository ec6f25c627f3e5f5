"""Files that can be made again: bounded, whole or not there."""

from __future__ import annotations

import os
import time
from pathlib import Path

from node.storage.prepared import PreparedFiles

KB = 1 << 10


def digest(number: int) -> str:
    return f"{number:064x}"


def filled(path: Path, size: int = 10 * KB) -> None:
    path.write_bytes(bytes(size))


def test_what_was_made_is_found_by_its_digest(tmp_path: Path) -> None:
    files = PreparedFiles(tmp_path / "display", 100 * KB)
    assert files.find(digest(1)) is None
    made = files.make(digest(1), filled)
    assert made is not None
    assert PreparedFiles(tmp_path / "display", 100 * KB).find(digest(1)) == made
    files.drop(digest(1))
    assert files.find(digest(1)) is None


def test_what_was_not_used_for_the_longest_time_makes_room(tmp_path: Path) -> None:
    files = PreparedFiles(tmp_path, 45 * KB)
    for number in range(4):
        path = files.make(digest(number), filled)
        assert path is not None
        os.utime(path, (time.time() - 10_000 + number,) * 2)
    assert files.find(digest(0)) is not None  # used again: the second one is the oldest now
    files.make(digest(9), filled)
    assert files.find(digest(0)) is not None
    assert files.find(digest(1)) is None
    assert sum(path.stat().st_size for path in tmp_path.glob("??/*")) <= 45 * KB


def test_what_is_too_large_is_not_kept(tmp_path: Path) -> None:
    files = PreparedFiles(tmp_path, 5 * KB)
    assert files.make(digest(1), filled) is None
    assert list(tmp_path.glob("??/*")) == []


def test_a_file_that_could_not_be_finished_is_not_there(tmp_path: Path) -> None:
    def broken(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError("no room")

    files = PreparedFiles(tmp_path, 100 * KB)
    assert files.make(digest(1), broken) is None
    assert files.find(digest(1)) is None
    assert list(tmp_path.glob("??/*")) == []
