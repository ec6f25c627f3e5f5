"""The journal after a crash: what was acknowledged is there, whole; what is torn, short or filed is not."""

from __future__ import annotations

import errno
import os
import platform
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from node.storage import blocks
from node.storage.blocks import BLOCK
from node.storage.journal import LARGEST, SLOT, Journal, Record

HEAD = 16 * BLOCK


def opened(path: Path, slots: int = 8) -> Journal:
    return Journal(path / "journal", slots=slots)


def put(journal: Journal, content: bytes, note: bytes = b"note") -> Record:
    entry = journal.begin()
    assert entry is not None
    for at in range(0, len(content), 100_003):
        assert entry.write(memoryview(content)[at : at + 100_003])
    return entry.commit(note)


def contents(journal: Journal) -> list[bytes]:
    """What is not filed, the oldest first."""
    found: list[bytes] = []
    for record in journal.pending(99):
        journal.read(record, lambda content: found.append(bytes(content)))
    return found


def change(path: Path, at: int, data: bytes) -> None:
    with (path / "journal").open("r+b") as file:
        file.seek(at)
        file.write(data)


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 131_072, 526_012, LARGEST])
def test_what_was_committed_is_there_after_a_crash_with_its_note(tmp_path: Path, size: int) -> None:
    content = random.Random(size).randbytes(size)
    put(opened(tmp_path), content, b"who sent it")
    again = opened(tmp_path)
    assert contents(again) == [content]
    assert [record.note for record in again.pending(9)] == [b"who sent it"]


def test_what_was_not_committed_is_not_there_and_its_place_is_used_again(tmp_path: Path) -> None:
    journal = opened(tmp_path, slots=2)
    half, dropped = journal.begin(), journal.begin()
    assert half is not None
    assert dropped is not None
    half.write(memoryview(bytes(500_000)))
    dropped.abort()
    dropped.abort()
    again = opened(tmp_path, slots=2)
    assert contents(again) == []
    assert put(again, b"a").slot != put(again, b"b").slot


def test_an_object_that_is_too_large_is_refused_whole(tmp_path: Path) -> None:
    entry = opened(tmp_path).begin()
    assert entry is not None
    assert entry.write(memoryview(bytes(LARGEST)))
    assert not entry.write(memoryview(b"x"))
    assert len(entry.content) == LARGEST


@pytest.mark.parametrize("at", [0, 4_000, 131_072, 299_999])
def test_an_object_of_which_a_part_did_not_reach_the_disk_is_not_there_and_its_neighbours_are(
    tmp_path: Path, at: int
) -> None:
    journal = opened(tmp_path)
    records = [put(journal, bytes([n]) * 300_000) for n in (1, 2, 3)]
    change(tmp_path, HEAD + records[1].slot * SLOT + at, b"\0")
    assert [content[:1] for content in contents(opened(tmp_path))] == [b"\1", b"\3"]


@pytest.mark.parametrize("at", [0, 9, 26, 40, 45, 51])
def test_an_object_whose_seal_is_torn_is_not_there(tmp_path: Path, at: int) -> None:
    record = put(opened(tmp_path), bytes(5000), b"a note")
    change(tmp_path, HEAD + record.slot * SLOT + 2 * BLOCK + at, b"\xff")
    assert contents(opened(tmp_path)) == []


def test_a_file_that_was_cut_off_gives_what_is_left(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    put(journal, b"first")
    second = put(journal, bytes(300_000))
    os.truncate(tmp_path / "journal", HEAD + second.slot * SLOT + 1000)
    assert contents(opened(tmp_path)) == [b"first"]


def test_what_is_filed_does_not_come_back_and_what_is_not_does(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    first, _, third = (put(journal, bytes([n])) for n in (1, 2, 3))
    journal.forget([first])
    assert contents(opened(tmp_path)) == [b"\2", b"\3"]
    journal.forget([third])
    assert contents(journal) == [b"\2"]
    assert contents(opened(tmp_path))[0] == b"\2"  # the third may come again, which has no effect


def test_after_a_clean_end_nothing_is_looked_for(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    record = put(journal, b"filed")
    journal.forget([record])
    reads: list[int] = []

    class Watched(blocks.Lane):
        def read(self, length: int, offset: int) -> memoryview:
            reads.append(length)
            return super().read(length, offset)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "Lane", Watched)
        assert len(opened(tmp_path)) == 0
    assert reads == [BLOCK, BLOCK]


def test_an_older_object_under_a_new_one_that_was_cut_short_is_not_taken_for_it(tmp_path: Path) -> None:
    journal = opened(tmp_path, slots=1)
    journal.forget([put(journal, b"old" * 100_000)])
    entry = journal.begin()
    assert entry is not None
    entry.write(memoryview(b"new" * 10))
    assert contents(opened(tmp_path, slots=1)) == []


@pytest.mark.parametrize("torn", [0, 1])
def test_one_torn_head_loses_nothing(tmp_path: Path, torn: int) -> None:
    journal = opened(tmp_path)
    journal.forget([put(journal, b"filed")])
    put(journal, b"safe")
    change(tmp_path, torn * BLOCK + 8, b"\xee" * 8)
    again = opened(tmp_path)
    assert b"safe" in contents(again)
    again.forget(again.pending(9))
    put(again, b"next")
    assert contents(opened(tmp_path)) == [b"next"]


@pytest.mark.parametrize("torn", [(0,), (1,), (0, 1)])
def test_after_a_torn_head_what_is_filed_first_does_not_hide_the_rest(tmp_path: Path, torn: tuple[int, ...]) -> None:
    journal = opened(tmp_path)
    for n in range(3):
        put(journal, bytes([n]) * 100)
    for block in torn:
        change(tmp_path, block * BLOCK, b"\xee" * BLOCK)
    again = opened(tmp_path)
    for _ in range(2):
        again.forget(again.pending(1))  # and the power goes
        left = contents(again)
        assert [content for content in contents(opened(tmp_path)) if content in left] == left
    again.forget(again.pending(1))
    assert contents(opened(tmp_path)) == []


@pytest.mark.parametrize("head", [b"\xee", b"\0"])
def test_without_any_head_everything_whole_is_kept_and_nothing_new_is_taken_before_it_is_filed(
    tmp_path: Path, head: bytes
) -> None:
    put(opened(tmp_path), b"safe")
    change(tmp_path, 0, head * 2 * BLOCK)
    again = opened(tmp_path)
    assert contents(again) == [b"safe"]
    assert again.begin() is None
    assert contents(opened(tmp_path)) == [b"safe"]
    again.forget(again.pending(9))
    put(again, b"next")
    assert contents(opened(tmp_path)) == [b"next"]


def test_a_seal_inside_an_object_is_nobodys(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    record = put(journal, bytes(100))
    with (tmp_path / "journal").open("rb") as file:
        file.seek(HEAD + record.slot * SLOT)
        forged = file.read(2 * BLOCK)
    journal.forget([record])
    entry = journal.begin()
    assert entry is not None
    entry.write(memoryview(forged * 20))
    again = opened(tmp_path)
    assert contents(again) == []


def test_no_room_is_told_and_comes_back(tmp_path: Path) -> None:
    journal = opened(tmp_path, slots=2)
    records = [put(journal, b"1"), put(journal, b"2")]
    assert journal.begin() is None
    assert journal.crowded
    journal.forget(records)
    assert not journal.crowded
    assert journal.begin() is not None


def test_a_write_that_fails_is_told_and_the_place_is_free_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = opened(tmp_path, slots=1)
    journal.forget([put(journal, b"first")])
    entry = journal.begin()
    assert entry is not None

    def broken(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("node.storage.blocks.os.fdatasync", broken)
        with pytest.raises(OSError, match="Input/output"):
            entry.commit(b"")
        entry.abort()
    assert contents(journal) == []
    put(journal, b"second")
    assert contents(opened(tmp_path, slots=1)) == [b"second"]


def test_many_write_at_once_and_each_finds_its_own(tmp_path: Path) -> None:
    journal = opened(tmp_path, slots=40)
    wanted = [random.Random(n).randbytes(n * 7919) for n in range(32)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda content: put(journal, content), wanted))
    assert sorted(contents(opened(tmp_path, slots=40))) == sorted(wanted)


@pytest.mark.parametrize("missing", ["asynchronous", "direct"])
def test_a_system_without_it_writes_at_once_with_the_same_effect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    if missing == "asynchronous":
        monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    else:
        real: Callable[..., int] = os.open

        def no_direct(path: object, flags: int, *more: object) -> int:
            if flags & os.O_DIRECT:
                raise OSError(22, "Invalid argument")
            return real(path, flags, *more)

        monkeypatch.setattr("node.storage.blocks.os.open", no_direct)
    content = random.Random(1).randbytes(700_000)
    put(opened(tmp_path), content)
    assert contents(opened(tmp_path)) == [content]


def test_when_the_head_cannot_be_written_nothing_is_taken_on_its_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = opened(tmp_path)
    journal.forget([put(journal, b"first")])  # the head says that there is nothing to look for

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(blocks.Lane, "write", fail)
        with pytest.raises(OSError, match="Input/output"):
            journal.begin()
    put(journal, b"second")
    assert contents(opened(tmp_path)) == [b"second"]
