"""What peers ask us to answer for the keeping of: never missing before the index had its turn, told until they took it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Row

from node.dicom.network.services.provider import Caller
from node.domain.commitment import CommitmentReport, Reference, ReportWay, RequestState
from node.domain.facility import Service
from node.errors import PeerRefused
from node.flow.commit import CommitmentDesk, recover
from node.ledger.commitment_tables import commitment_requests
from tests.unit.flow.station import CT, PACS, STUDY, Station, a_registry, an_object, unreachable

Make = Callable[..., Station]

MODALITY = replace(CT, host="127.0.0.1", port=11112, services=(Service.STORE, Service.COMMITMENT))
CALLER = Caller("CT1", "NODE", "127.0.0.1", MODALITY)
SC = "1.2.840.10008.5.1.4.1.1.7"  # the class of `an_object`
MR = "1.2.840.10008.5.1.4.1.1.4"
TRANSACTION = "2.25.1"


def instance(number: int, sop_class: str = SC) -> Reference:
    return Reference(sop_class, f"{STUDY}.1.{number}")


@pytest.fixture
def station(make_station: Make) -> Station:
    """A node that knows the modality and its address."""
    station = make_station()
    station.registry = a_registry(peers=(MODALITY, PACS))
    return station


@pytest.fixture
def desk(station: Station) -> CommitmentDesk:
    return CommitmentDesk(station.node)


def the_request(station: Station) -> Row[tuple[object, ...]]:
    (row,) = station.rows(commitment_requests)
    return row


def failures(report: CommitmentReport | None) -> dict[str, int]:
    assert report is not None
    return {reference.sop_instance_uid: reason for reference, reason in report.failed}


def test_what_is_in_the_ledger_and_the_storage_is_kept(station: Station, desk: CommitmentDesk) -> None:
    station.receive(an_object(1), an_object(2))
    desk.asked(CALLER, TRANSACTION, [instance(1), instance(2)])
    assert desk.decided(CALLER, TRANSACTION) == CommitmentReport(TRANSACTION, (instance(1), instance(2)))


def test_each_thing_that_is_not_kept_has_its_reason(station: Station, desk: CommitmentDesk) -> None:
    station.receive(an_object(1), an_object(2), an_object(3))
    lost = next(row for row in station.instances() if row.sop_instance_uid == f"{STUDY}.1.3")
    station.node.storage.path(lost.digest).unlink()
    desk.asked(CALLER, TRANSACTION, [instance(1), instance(2, MR), instance(3), instance(4)])
    report = desk.decided(CALLER, TRANSACTION)
    assert failures(report) == {f"{STUDY}.1.2": 0x0119, f"{STUDY}.1.3": 0x0110, f"{STUDY}.1.4": 0x0112}
    assert report is not None
    assert report.committed == (instance(1),)
    assert report.event_type == 2


def test_of_an_object_that_came_again_with_other_bytes_the_newer_counts(station: Station, desk: CommitmentDesk) -> None:
    station.receive(an_object(1))
    (old,) = station.instances()
    station.receive(an_object(1, PatientID="MAU-0002"))
    station.node.storage.path(old.digest).unlink()
    desk.asked(CALLER, TRANSACTION, [instance(1)])
    assert failures(desk.decided(CALLER, TRANSACTION)) == {}


def test_nothing_is_missing_before_the_index_has_taken_what_came_before_the_request(
    station: Station, desk: CommitmentDesk
) -> None:
    station.put(an_object(1))
    desk.asked(CALLER, TRANSACTION, [instance(1)])
    assert desk.decided(CALLER, TRANSACTION) is None
    station.index()
    assert failures(desk.decided(CALLER, TRANSACTION)) == {}


def test_what_came_after_the_request_keeps_nobody_waiting(station: Station, desk: CommitmentDesk) -> None:
    desk.asked(CALLER, TRANSACTION, [instance(1)])
    station.clock.forward(1)
    station.put(an_object(2))
    assert failures(desk.decided(CALLER, TRANSACTION)) == {f"{STUDY}.1.1": 0x0112}


def test_a_clock_that_was_set_back_makes_nothing_missing(station: Station, desk: CommitmentDesk) -> None:
    station.put(an_object(1))
    station.clock.forward(-3600)
    desk.asked(CALLER, TRANSACTION, [instance(1)])
    assert desk.decided(CALLER, TRANSACTION) is None


def test_what_is_known_to_be_kept_is_not_held_up_by_the_spool(station: Station, desk: CommitmentDesk) -> None:
    station.receive(an_object(1))
    station.put(an_object(2))
    desk.asked(CALLER, TRANSACTION, [instance(1)])
    assert failures(desk.decided(CALLER, TRANSACTION)) == {}


def test_a_caller_that_left_is_called_back_under_the_title_that_it_called(
    station: Station, desk: CommitmentDesk
) -> None:
    station.receive(an_object(1))
    desk.asked(CALLER, TRANSACTION, [instance(1)])
    desk.left(CALLER, TRANSACTION)
    station.drain()
    assert station.committer.reports == [("ct", "NODE", CommitmentReport(TRANSACTION, (instance(1),)))]
    assert the_request(station).state == RequestState.REPORTED
    assert the_request(station).reported_at == station.clock.now()
    assert [job for job in station.jobs() if job.kind == "commit-report"] == []


def test_while_the_caller_may_still_be_there_no_other_association_is_opened(
    station: Station, desk: CommitmentDesk
) -> None:
    desk.asked(CALLER, TRANSACTION, [instance(1)])
    station.let(60)
    assert station.committer.reports == []
    station.let(60)
    assert len(station.committer.reports) == 1


def test_what_was_reported_on_the_same_association_is_not_reported_again(
    station: Station, desk: CommitmentDesk
) -> None:
    station.receive(an_object(1))
    desk.asked(CALLER, TRANSACTION, [instance(1)])
    desk.reported(CALLER, CommitmentReport(TRANSACTION, (instance(1),)))
    station.let(3600)
    assert station.committer.reports == []
    assert the_request(station).state == RequestState.REPORTED
    assert [job for job in station.jobs() if job.kind == "commit-report"] == []


def test_after_a_crash_the_report_goes_out_at_once(station: Station, desk: CommitmentDesk) -> None:
    desk.asked(CALLER, TRANSACTION, [instance(1)])
    recover(station.node)
    station.drain()
    assert len(station.committer.reports) == 1


def test_a_job_waits_for_the_index_too(station: Station, desk: CommitmentDesk) -> None:
    station.put(an_object(1))
    desk.asked(CALLER, TRANSACTION, [instance(1)])
    desk.left(CALLER, TRANSACTION)
    assert station.runner.step() is None
    assert station.committer.reports == []
    station.let(1)
    [(_, _, report)] = station.committer.reports
    assert failures(report) == {}


def test_a_peer_that_is_away_for_days_is_told_when_it_is_back(station: Station, desk: CommitmentDesk) -> None:
    station.committer.away = unreachable()
    desk.asked(CALLER, TRANSACTION, [instance(1)])
    desk.left(CALLER, TRANSACTION)
    began = station.clock.now()
    while station.clock.now() - began < timedelta(days=1):
        station.drain()
        (job,) = station.jobs()
        assert job.state == "open"
        assert job.due_at - station.clock.now() <= timedelta(minutes=5)
        station.clock.at = job.due_at
    assert "cannot be reached" in the_request(station).last_error
    station.committer.away = None
    station.drain()
    assert len(station.committer.reports) == 1
    assert (the_request(station).state, the_request(station).last_error) == (RequestState.REPORTED, "")


def test_a_peer_that_refuses_is_on_the_operators_list_and_may_ask_again(station: Station, desk: CommitmentDesk) -> None:
    station.committer.away = PeerRefused("ct answered the report with status 0112.")
    desk.asked(CALLER, TRANSACTION, [instance(1)])
    desk.left(CALLER, TRANSACTION)
    station.let(3600)
    assert (the_request(station).state, "0112" in the_request(station).last_error) == (RequestState.HELD, True)
    [(kind, state)] = [(job.kind, job.state) for job in station.jobs()]
    assert (kind, state) == ("commit-report", "held")
    station.committer.away = None
    desk.asked(CALLER, TRANSACTION, [instance(1)])
    desk.left(CALLER, TRANSACTION)
    station.drain()
    assert len(station.committer.reports) == 1
    assert the_request(station).state == RequestState.REPORTED
    assert station.jobs() == []


def test_a_refusal_does_not_count_when_the_peer_was_told_meanwhile(station: Station, desk: CommitmentDesk) -> None:
    station.committer.away = PeerRefused("ct answered the report with status 0112.")
    desk.asked(CALLER, TRANSACTION, [instance(1)])
    desk.left(CALLER, TRANSACTION)
    job, stage = station.claim(), station.stages["commit-report"]
    report = station.committer.report

    def told_meanwhile(*arguments: object) -> None:
        desk.reported(CALLER, CommitmentReport(TRANSACTION, (), ((instance(1), 0x0112),)))
        report(*arguments)  # type: ignore[arg-type]

    station.committer.report = told_meanwhile  # type: ignore[method-assign,assignment]
    assert stage.work(job, station.node).report is None
    assert the_request(station).state == RequestState.REPORTED


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"host": ""}, "has no address"),
        ({"port": 0}, "has no address"),
        ({"code": "other"}, "not in the registry any more"),
    ],
)
def test_who_cannot_be_called_back_is_held_with_the_reason(
    station: Station, desk: CommitmentDesk, changes: dict[str, object], reason: str
) -> None:
    station.registry = a_registry(peers=(replace(MODALITY, **changes),))  # type: ignore[arg-type]
    desk.asked(CALLER, TRANSACTION, [instance(1)])
    desk.left(CALLER, TRANSACTION)
    station.drain()
    assert station.committer.reports == []
    assert the_request(station).state == RequestState.HELD
    assert reason in the_request(station).last_error
    assert [job.state for job in station.jobs()] == ["held"]


def test_who_is_told_on_its_own_associations_only_waits_for_the_next_one(
    station: Station, desk: CommitmentDesk
) -> None:
    patient = replace(MODALITY, commitment_reports=ReportWay.SAME)
    station.registry = a_registry(peers=(patient,))
    caller = replace(CALLER, peer=patient)
    desk.asked(caller, TRANSACTION, [instance(1)])
    assert desk.owed(caller) == []  # it may still be told on the association on which it asks
    desk.left(caller, TRANSACTION)
    assert desk.owed(caller) == [TRANSACTION]
    for _ in range(3):
        station.let(3600)
        assert (the_request(station).state, [job.state for job in station.jobs()]) == (RequestState.ASKED, ["open"])
    assert "only on associations that it opens" in the_request(station).last_error
    report = desk.decided(caller, TRANSACTION)
    assert report is not None
    desk.reported(caller, report)
    station.drain()
    assert (station.committer.reports, station.jobs(), desk.owed(caller)) == ([], [], [])


def test_after_a_crash_a_peer_that_must_call_itself_is_owed_its_report(station: Station, desk: CommitmentDesk) -> None:
    patient = replace(MODALITY, commitment_reports=ReportWay.SAME)
    station.registry = a_registry(peers=(patient,))
    desk.asked(CALLER, TRANSACTION, [instance(1)])
    recover(station.node)
    station.drain()
    assert desk.owed(CALLER) == [TRANSACTION]
    station.registry = a_registry(peers=(MODALITY,))  # may be called from now on
    station.let(3600)
    assert len(station.committer.reports) == 1


def test_the_same_transaction_of_two_peers_are_two_requests(station: Station, desk: CommitmentDesk) -> None:
    other = Caller("PACS", "NODE", "127.0.0.1", PACS)
    for caller in (CALLER, other, CALLER):
        desk.asked(caller, TRANSACTION, [instance(1)])
        desk.left(caller, TRANSACTION)
    station.drain()
    assert sorted(peer for peer, _, _ in station.committer.reports) == ["ct", "pacs"]
    assert len(station.rows(commitment_requests)) == 2
