"""The doorstep: what was committed is never lost, what was not is never seen, and a full disk is told in time."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from node.domain.study import Arrival, Via
from node.errors import StorageFull
from node.storage.journal import Entry
from node.storage.notes import arrival_to_json
from node.storage.spool import Spool, SpoolBatch, SpoolObject

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
ARRIVAL = Arrival(Via.DIMSE, NOW, peer="ct", facility="DEMO-DH", calling_ae="CT1", called_ae="LT", address="10.0.0.7")


@dataclass
class Clock:
    at: datetime = NOW

    def now(self) -> datetime:
        return self.at


def open_spool(folder: Path, *, min_free_bytes: int = 0) -> Spool:
    return Spool(folder, min_free_bytes=min_free_bytes, clock=Clock())


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return open_spool(tmp_path)


def test_nothing_is_seen_before_it_is_committed_and_then_all_of_it(spool: Spool) -> None:
    batch = spool.begin(ARRIVAL)
    file = batch.create()
    file.write(b"first ")
    file.write(memoryview(b"second"))
    assert spool.waiting(9) == []
    assert spool.waiting_since() is None
    file.commit()
    (received,) = spool.waiting(9)
    assert received.path.read_bytes() == b"first second"
    assert received.arrival.calling_ae == "CT1"
    assert spool.waiting_since() == received.arrival.received_at


def test_an_object_has_the_time_at_which_it_came_not_its_associations(spool: Spool) -> None:
    file = spool.begin(ARRIVAL).create()
    file.commit()
    later = NOW + timedelta(minutes=20)
    os.utime(file.path, (later.timestamp(), later.timestamp()))
    (received,) = spool.waiting(9)
    assert received.arrival.received_at == later


def test_after_a_crash_what_was_committed_is_there_with_its_circumstances_and_what_was_not_is_gone(
    spool: Spool, tmp_path: Path
) -> None:
    batch = spool.begin(ARRIVAL)
    whole, half = batch.create(), batch.create()
    whole.write(b"whole")
    whole.commit()
    half.write(b"ha")
    again = open_spool(tmp_path)
    (received,) = again.waiting(9)
    assert received.path.read_bytes() == b"whole"
    assert (received.arrival.peer, received.arrival.facility, received.arrival.address) == ("ct", "DEMO-DH", "10.0.0.7")
    assert [p.suffix for p in again.incoming.iterdir()] == [".dcm"]


def test_an_aborted_object_leaves_nothing(spool: Spool) -> None:
    batch = spool.begin(ARRIVAL)
    file = batch.create()
    file.write(b"half")
    file.abort()
    batch.close()
    assert list(spool.incoming.iterdir()) == []
    assert list(spool.arrivals.iterdir()) == []


def test_the_oldest_come_first_and_not_more_than_asked_for(spool: Spool) -> None:
    batch = spool.begin(ARRIVAL)
    for n in range(5):
        file = batch.create()
        file.write(bytes([n]))
        file.commit()
    assert [r.path.read_bytes() for r in spool.waiting(3)] == [b"\0", b"\1", b"\2"]


def test_the_circumstances_stay_as_long_as_an_object_of_theirs_or_their_association(spool: Spool) -> None:
    batch = spool.begin(ARRIVAL)
    for _ in range(2):
        batch.create().commit()
    first, second = (r.path for r in spool.waiting(9))
    spool.done([first])
    assert spool.waiting(9)[0].arrival.peer == "ct"
    spool.done([second])
    assert len(list(spool.arrivals.iterdir())) == 1  # the association may send more
    batch.close()
    assert list(spool.arrivals.iterdir()) == []


def test_what_is_set_aside_is_kept_with_its_reason_over_a_restart(spool: Spool, tmp_path: Path) -> None:
    batch = spool.begin(ARRIVAL)
    whole, half = batch.create(), batch.create()
    whole.write(b"not DICOM")
    whole.commit()
    half.write(b"nor this")
    spool.set_aside(whole.path, "It is not DICOM.", ARRIVAL)
    half.quarantine("The stream broke.")
    found = {reason: (arrival.calling_ae, size) for _, reason, arrival, size in open_spool(tmp_path).quarantined()}
    assert found == {"It is not DICOM.": ("CT1", 9), "The stream broke.": ("CT1", 8)}
    assert spool.waiting(9) == []


def test_below_the_watermark_nothing_is_begun_and_above_it_again(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = spool.begin(ARRIVAL)
    with monkeypatch.context() as patch:
        patch.setattr(spool, "_min_free", 1 << 62)
        with pytest.raises(StorageFull, match="receiving goes on by itself"):
            batch.create()
    assert list(spool.incoming.iterdir()) == []
    batch.create().commit()
    assert len(spool.waiting(9)) == 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("step", ["write", "commit", "quarantine"])
def test_a_disk_that_fills_up_meanwhile_is_told_and_nothing_half_is_kept(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, number: int, step: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(number, "No space left on device")

    file = spool.begin(ARRIVAL).create()
    with monkeypatch.context() as patch:
        if step == "write":
            patch.setattr(file, "_file", type("Full", (), {"write": full, "close": lambda _: None})())
        patch.setattr("node.storage.spool.os.fdatasync", full)
        steps: dict[str, Callable[[], None]] = {
            "write": lambda: file.write(b"x"),
            "commit": file.commit,
            "quarantine": lambda: file.quarantine("why"),
        }
        with pytest.raises(StorageFull):
            steps[step]()
    assert list(spool.incoming.iterdir()) == []
    assert spool.waiting(9) == []


def put(spool: Spool, content: bytes, batch: SpoolBatch | None = None) -> SpoolObject:
    file = (batch or spool.begin(ARRIVAL)).create()
    file.write(content)
    file.commit()
    return file


@pytest.mark.parametrize("size", [0, 5, 900_000, 1 << 20, 3_000_000])
def test_small_and_large_objects_survive_a_crash_alike(spool: Spool, tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    file = spool.begin(ARRIVAL).create()
    for at in range(0, size, 131_066):
        file.write(memoryview(content)[at : at + 131_066])
    file.commit()
    (received,) = open_spool(tmp_path).waiting(9)
    assert received.path.read_bytes() == content
    assert (received.arrival.calling_ae, received.arrival.received_at) == ("CT1", received.arrival.received_at)


def test_an_object_keeps_the_time_at_which_it_was_committed_over_a_crash(tmp_path: Path) -> None:
    clock = Clock()
    spool = Spool(tmp_path, min_free_bytes=0, clock=clock)
    batch = spool.begin(ARRIVAL)
    clock.at = NOW + timedelta(minutes=7)
    put(spool, b"x", batch)
    again = open_spool(tmp_path)
    assert again.waiting_since() == clock.at
    (received,) = again.waiting(9)
    assert received.arrival.received_at == clock.at
    assert again.waiting_since() == clock.at


def test_what_was_filed_and_indexed_does_not_come_back_after_a_crash(spool: Spool, tmp_path: Path) -> None:
    put(spool, b"first")
    spool.done([received.path for received in spool.waiting(9)])
    put(spool, b"second")
    (received,) = open_spool(tmp_path).waiting(9)
    assert received.path.read_bytes() == b"second"


def test_a_crash_while_objects_are_filed_loses_and_doubles_nothing(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = spool.begin(ARRIVAL)
    for n in range(6):
        put(spool, bytes([n]) * 1000, batch)

    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("node.storage.spool.sync_together", broken)
        with pytest.raises(OSError, match="Input/output"):
            spool.waiting(9)
    (spool.incoming / f"{batch.name}-000003.dcm").write_bytes(b"what a power cut left of it")
    (spool.incoming / f"{batch.name}-000004.copy").write_bytes(b"half")
    again = open_spool(tmp_path)
    assert [received.path.read_bytes() for received in again.waiting(9)] == [bytes([n]) * 1000 for n in range(6)]
    assert {path.suffix for path in again.incoming.iterdir()} == {".dcm"}


@pytest.mark.parametrize(
    "note",
    [
        {"name": "../../outside-1"},
        {"name": "/outside-1"},
        {"name": "20260302T013000ab-1\n"},
        {"name": 7},
        {"at": "long ago"},
        {"arrival": None, "name": ""},
    ],
)
def test_a_record_of_the_journal_never_names_a_place_outside(
    tmp_path: Path, note: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "deep" / "spool"
    first = open_spool(folder)
    put(first, b"ours")
    entry = first.journal.begin()
    assert entry is not None
    entry.write(memoryview(b"strange"))
    said = {"name": "20260302T013000ab-000001", "at": NOW.isoformat(), "arrival": arrival_to_json(ARRIVAL)} | note
    entry.commit(json.dumps(said).encode())
    spool = open_spool(folder)
    found = {received.path.read_bytes(): received for received in spool.waiting(9)}
    assert (found[b"ours"].fault, found[b"ours"].arrival.peer) == ("", "ct")
    assert found[b"strange"].fault == "The note of who sent it is missing or damaged."
    assert {received.path.parent for received in found.values()} == {spool.incoming}
    assert "the journal" in caplog.text
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["spool"]
    assert len(open_spool(folder).waiting(9)) == 2


def test_a_disk_that_is_full_when_objects_are_filed_is_told_and_they_stay_safe(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(spool, b"safe")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("node.storage.spool._write_all", full)
        with pytest.raises(StorageFull):
            spool.waiting(9)
    assert spool.waiting_since() == NOW
    assert [received.path.read_bytes() for received in spool.waiting(9)] == [b"safe"]


def test_an_object_may_be_looked_at_before_it_is_committed_and_goes_on_growing(spool: Spool, tmp_path: Path) -> None:
    file = spool.begin(ARRIVAL).create()
    file.write(b"a head ")
    assert file.path.read_bytes() == b"a head "
    file.write(b"and more")
    assert file.path.read_bytes() == b"a head and more"
    file.commit()
    assert [received.path.read_bytes() for received in spool.waiting(9)] == [b"a head and more"]
    looked_at = put(spool, b"committed")
    assert looked_at.path.read_bytes() == b"committed"
    assert len(open_spool(tmp_path).waiting(9)) == 2


def test_what_was_looked_at_and_committed_survives_a_crash(spool: Spool, tmp_path: Path) -> None:
    file = spool.begin(ARRIVAL).create()
    file.write(b"looked at")
    assert file.path.exists()
    file.commit()
    (received,) = open_spool(tmp_path).waiting(9)
    assert received.path.read_bytes() == b"looked at"


def test_an_object_that_was_looked_at_can_be_dropped_or_set_aside(spool: Spool) -> None:
    batch = spool.begin(ARRIVAL)
    dropped, aside = batch.create(), batch.create()
    for file in (dropped, aside):
        file.write(b"x")
        assert file.path.exists()
    dropped.abort()
    aside.quarantine("why")
    assert list(spool.incoming.iterdir()) == []
    assert [reason for _, reason, _, _ in spool.quarantined()] == ["why"]
    assert len(spool.journal) == 0


def test_circumstances_that_do_not_fit_beside_an_object_are_kept_all_the_same(spool: Spool, tmp_path: Path) -> None:
    batch = spool.begin(replace(ARRIVAL, address="x" * 5000))
    put(spool, b"content", batch)
    (received,) = open_spool(tmp_path).waiting(9)
    assert received.arrival.address == "x" * 5000


def test_an_association_that_ended_leaves_its_circumstances_until_its_objects_are_indexed(spool: Spool) -> None:
    batch = spool.begin(ARRIVAL)
    put(spool, b"x", batch)
    batch.close()
    (received,) = spool.waiting(9)
    assert received.arrival.peer == "ct"
    spool.done([received.path])
    assert list(spool.arrivals.iterdir()) == []


def test_a_crowded_journal_files_by_itself_and_then_there_is_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.storage.spool._SLOTS", 8)
    spool = open_spool(tmp_path)
    batch = spool.begin(ARRIVAL)
    for n in range(40):
        put(spool, bytes([n]), batch)
    assert [received.path.read_bytes() for received in spool.waiting(99)] == [bytes([n]) for n in range(40)]


def test_without_room_in_the_journal_objects_have_files_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.storage.spool._SLOTS", 0)
    spool = open_spool(tmp_path)
    put(spool, b"alone")
    assert [path.suffix for path in spool.incoming.iterdir()] == [".dcm"]
    assert [received.path.read_bytes() for received in open_spool(tmp_path).waiting(9)] == [b"alone"]


def test_many_associations_at_once_lose_nothing(spool: Spool, tmp_path: Path) -> None:
    def associate(number: int) -> None:
        batch = spool.begin(ARRIVAL)
        for n in range(12):
            put(spool, f"{number}-{n}".encode() * 20_000, batch)
        batch.close()

    found: list[bytes] = []
    with ThreadPoolExecutor(8) as threads:
        running = [threads.submit(associate, number) for number in range(8)]
        while not all(future.done() for future in running) or spool.waiting(1):
            waiting = spool.waiting(10)
            found += [received.path.read_bytes() for received in waiting]
            spool.done([received.path for received in waiting])
    for future in running:
        future.result()
    assert sorted(found) == sorted(f"{number}-{n}".encode() * 20_000 for number in range(8) for n in range(12))
    assert list(spool.arrivals.iterdir()) == []
    assert open_spool(tmp_path).waiting(9) == []


def test_an_object_may_be_filed_and_indexed_before_its_commit_returns(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[bytes] = []
    give_back = Entry._give_back

    def indexed_meanwhile(entry: Entry) -> None:
        waiting = spool.waiting(9)
        found.extend(received.path.read_bytes() for received in waiting)
        spool.done([received.path for received in waiting])
        give_back(entry)

    monkeypatch.setattr(Entry, "_give_back", indexed_meanwhile)
    batch = spool.begin(ARRIVAL)
    put(spool, b"quick", batch)
    batch.close()
    assert found == [b"quick"]
    assert spool.waiting_since() is None
    assert list(spool.arrivals.iterdir()) == []


def test_what_somebody_else_is_filing_is_not_handed_out_before_it_is_durable(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(spool, b"object")
    seen: list[int] = []

    def look(*_: object) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(spool, "file", lambda limit: None)
            seen.append(len(spool.waiting(9)))

    monkeypatch.setattr("node.storage.spool.sync_together", look)
    spool.file(9)
    assert seen == [0]
    assert [received.path.read_bytes() for received in spool.waiting(9)] == [b"object"]


def test_the_circumstances_are_made_durable_with_the_objects(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    put(spool, b"object")
    synced: list[Path] = []
    monkeypatch.setattr("node.storage.spool.sync_together", lambda files, folders: synced.extend(files))
    spool.file(9)
    assert sorted(path.suffix for path in synced) == [".dcm", ".json"]


def test_circumstances_that_a_power_cut_spoilt_are_written_again_while_the_journal_knows_them(
    spool: Spool, tmp_path: Path
) -> None:
    batch = spool.begin(ARRIVAL)
    put(spool, b"object", batch)
    (spool.arrivals / f"{batch.name}.json").write_bytes(b"")
    (received,) = open_spool(tmp_path).waiting(9)
    assert received.fault == ""
    assert received.arrival == ARRIVAL


def test_circumstances_that_nothing_refers_to_any_more_are_gone_after_a_restart(spool: Spool, tmp_path: Path) -> None:
    small, large, done = spool.begin(ARRIVAL), spool.begin(ARRIVAL), spool.begin(ARRIVAL)
    put(spool, b"done", done)
    spool.done([received.path for received in spool.waiting(9)])  # a crash comes before the association ends
    put(spool, b"small", small)
    put(spool, b"large" * 300_000, large)
    (spool.arrivals / f".{done.name}.json.4711").write_bytes(b"half")
    again = open_spool(tmp_path)
    assert [path.stem for path in again.arrivals.iterdir()] == [large.name]  # the journal knows the other's
    assert [received.fault for received in again.waiting(9)] == ["", ""]
