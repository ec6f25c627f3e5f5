"""The doorstep: what was committed is never lost, what was not is never seen, and a full disk is told in time."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from node.domain.study import Arrival, Via
from node.errors import StorageFull
from node.storage.spool import Spool

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
