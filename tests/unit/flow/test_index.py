"""From the spool into the ledger: nothing is lost, nothing counts twice, nothing blocks another."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from node.domain.study import Arrival, InstanceHeader, StudyState, Via
from node.domain.timeline import Hop
from node.errors import LedgerBusy
from node.flow import index as index_module
from node.ledger import studies
from node.ledger.schema import audit
from tests.unit.flow.station import STUDY, Station, an_object, numbered

Make = Callable[..., Station]


@pytest.fixture
def station(make_station: Make) -> Station:
    return make_station()


def test_what_was_received_is_in_the_ledger_and_in_the_storage_and_no_longer_in_the_spool(station: Station) -> None:
    station.receive(*numbered(range(1, 7)))
    assert station.study().instances == 6
    assert station.study().state == StudyState.RECEIVING
    assert all(station.node.storage.exists(row.digest) for row in station.instances())
    assert station.spool.waiting(10) == []
    assert list(station.spool.arrivals.iterdir()) == []
    assert station.hops() == [Hop.FIRST_IMAGE]


def test_the_stored_bytes_are_the_received_bytes(station: Station) -> None:
    content = an_object()
    station.receive(content)
    (row,) = station.instances()
    assert station.node.storage.path(row.digest).read_bytes() == content


def test_the_same_uid_with_the_same_bytes_has_no_effect(station: Station) -> None:
    station.receive(an_object(1), an_object(2))
    station.drain()
    before = (station.instances(), station.study(), station.hops(), station.jobs())
    station.clock.forward(5)
    station.receive(an_object(2), an_object(1), an_object(1))
    assert (station.instances(), station.study(), station.hops(), station.jobs()) == before


def test_other_bytes_under_the_same_uid_are_kept_beside_and_flagged(station: Station) -> None:
    station.receive(an_object(1))
    station.clock.forward(5)
    station.receive(an_object(1, InstanceNumber=77))
    old, new = station.instances()
    assert (old.current, old.conflict) == (False, False)
    assert (new.current, new.conflict) == (True, True)
    assert old.digest != new.digest
    assert all(station.node.storage.exists(digest) for digest in (old.digest, new.digest))
    assert station.study().instances == 1


def test_a_conflict_is_written_into_the_audit(station: Station) -> None:
    station.receive(an_object(1))
    station.receive(an_object(1, InstanceNumber=77))
    (record,) = station.rows(audit, audit.c.kind == "instance-conflict")
    assert (record.actor, record.subject) == ("ct", f"{STUDY}.1.1")


def test_the_older_bytes_sent_again_do_not_come_back_as_the_current_ones(station: Station) -> None:
    station.receive(an_object(1))
    station.receive(an_object(1, InstanceNumber=77))
    station.receive(an_object(1))
    assert [(row.current, row.conflict) for row in station.instances()] == [(False, False), (True, True)]


def test_a_uid_that_comes_in_another_study_too_takes_nothing_from_the_first(station: Station) -> None:
    station.receive(an_object(1), an_object(2))
    moved = an_object(1, study=f"{STUDY}.7", SOPInstanceUID=f"{STUDY}.1.1")
    station.receive(moved)
    assert station.study().instances == 2
    assert station.study(f"{STUDY}.7").instances == 1


def test_one_unreadable_file_in_a_batch_is_set_aside_and_blocks_no_other(station: Station) -> None:
    station.receive(an_object(1), b"this is not DICOM", an_object(2), b"")
    assert station.study().instances == 2
    assert len(station.quarantined()) == 2
    assert all(row.reason and row.peer == "ct" for row in station.quarantined())
    assert station.spool.waiting(10) == []
    assert list(station.spool.arrivals.iterdir()) == []


def test_one_object_that_the_ledger_refuses_is_set_aside_and_blocks_no_other(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = studies.add_instance

    def refuse_the_third(tx: Any, header: InstanceHeader, *arguments: Any, **more: Any) -> bool:
        if header.sop_instance_uid.endswith(".3"):
            raise ValueError("a column is too short for MAU-0001")
        return real(tx, header, *arguments, **more)

    monkeypatch.setattr(studies, "add_instance", refuse_the_third)
    station.receive(*numbered(range(1, 7)))
    assert station.study().instances == 5
    (row,) = station.quarantined()
    assert "MAU-0001" not in row.reason
    assert (station.spool.quarantine / row.name).read_bytes() == an_object(3)
    assert station.spool.waiting(10) == []


def test_an_object_whose_circumstances_were_lost_is_set_aside_and_blocks_no_other(station: Station) -> None:
    (stray,) = station.put(an_object(1))
    (station.spool.arrivals / f"{stray.name.partition('-')[0]}.json").unlink()
    (spoilt,) = station.put(an_object(2))
    (station.spool.arrivals / f"{spoilt.name.partition('-')[0]}.json").write_bytes(b"{")
    station.receive(an_object(3))
    assert [row.sop_instance_uid for row in station.instances()] == [f"{STUDY}.1.3"]
    assert len(station.quarantined()) == 2


def test_a_busy_ledger_leaves_everything_in_the_spool(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> None:
        raise LedgerBusy("The database did not answer in time.")

    station.put(*numbered(range(1, 4)))
    with monkeypatch.context() as patch:
        patch.setattr(index_module, "_write", busy)
        with pytest.raises(LedgerBusy):
            station.indexer.step()
    assert len(station.spool.waiting(10)) == 3
    assert station.quarantined() == []
    station.index()
    assert station.study().instances == 3


def test_late_images_reopen_the_study_and_are_on_the_record(station: Station) -> None:
    station.receive(an_object(1))
    station.let(0)
    station.let(61)
    assert station.study().state == StudyState.COMPLETE
    assert station.study().completed_at == station.clock.now()
    station.receive(an_object(2))
    assert station.study().state == StudyState.RECEIVING
    assert station.study().completed_at is None
    assert station.count(Hop.LATE_IMAGES) == 1
    station.let(0)
    station.let(61)
    assert station.study().state == StudyState.COMPLETE
    assert station.count(Hop.COMPLETE) == 2


def test_indexing_asks_for_the_route_once_for_each_study(station: Station) -> None:
    station.receive(*numbered(range(1, 4)), *numbered(range(1, 3), study=f"{STUDY}.8"))
    assert sorted((job.kind, job.subject) for job in station.jobs()) == [("route", STUDY), ("route", f"{STUDY}.8")]


def test_nothing_is_left_in_the_spool_of_a_batch_that_was_set_aside_whole(station: Station) -> None:
    station.receive(b"neither this", b"nor that is DICOM")
    assert len(station.quarantined()) == 2
    assert list(station.spool.arrivals.iterdir()) == []


def test_a_rush_of_objects_is_let_pass_and_then_indexed_in_one_batch(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = station.spool.begin(Arrival(Via.DIMSE, station.clock.now(), peer="ct", facility="DEMO-DH"))
    coming = iter(numbered(range(1, 41)))

    def receive(_: float = 0.0, count: int = 8) -> None:
        for content in itertools.islice(coming, count):
            file = batch.create()
            file.write(content)
            file.commit()

    receive(count=20)
    monkeypatch.setattr("node.flow.index.time.sleep", receive)  # while the index holds back, more comes
    assert station.indexer.step() == 40


def test_the_index_holds_back_for_a_limited_time_only(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = station.spool.begin(Arrival(Via.DIMSE, station.clock.now(), peer="ct", facility="DEMO-DH"))
    numbers = itertools.count(1)

    def receive(_: float = 0.0) -> None:
        for _ in range(20):
            file = batch.create()
            file.write(an_object(next(numbers)))
            file.commit()

    receive()
    monkeypatch.setattr("node.flow.index._PATIENCE", 0.0)
    monkeypatch.setattr("node.flow.index.time.sleep", lambda seconds: receive() if seconds else None)
    assert station.indexer.step() == 20
