"""Asking a destination to answer for the keeping: its word makes a delivery verified, and what it lost goes again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from sqlalchemy import Row

from node.domain.commitment import CommitmentReport, Failure, InquiryState, Reference
from node.domain.delivery import DeliveryState, ItemState
from node.domain.timeline import Hop
from node.errors import PeerRefused
from node.flow.confirm import take_report
from node.ledger.commitment_tables import commitment_inquiries
from node.ports import Inquiry
from tests.unit.flow.station import COPY, CT, PACS, STUDY, Station, a_registry, an_object, numbered, unreachable

Make = Callable[..., Station]

KEEPER = replace(PACS, commitment=True)
HOUR = 3600.0


def uid(number: int) -> str:
    return f"{STUDY}.1.{number}"


@pytest.fixture
def station(make_station: Make) -> Station:
    """A node whose PACS answers for what it keeps."""
    station = make_station()
    station.registry = a_registry(COPY, peers=(KEEPER, CT))
    return station


def delivered(station: Station, count: int = 2) -> None:
    """A study of `count` objects is taken by the PACS."""
    station.receive(*numbered(range(1, count + 1)))
    station.drain()
    station.let(60)


def keeps_all(transaction: str, references: Sequence[Reference], inquiry: Inquiry) -> None:
    assert inquiry.take(CommitmentReport(transaction, tuple(references)))


def loses(*lost: str, reason: int = Failure.NO_SUCH_INSTANCE) -> Callable[[str, Sequence[Reference], Inquiry], None]:
    def speaks(transaction: str, references: Sequence[Reference], inquiry: Inquiry) -> None:
        kept = tuple(r for r in references if r.sop_instance_uid not in lost)
        failed = tuple((r, reason) for r in references if r.sop_instance_uid in lost)
        assert inquiry.take(CommitmentReport(transaction, kept, failed))

    return speaks


def asked(station: Station) -> list[str]:
    """The Transaction UIDs of what was asked."""
    return [transaction for _, transaction, _ in station.committer.asked]


def inquiries(station: Station) -> Sequence[Row[tuple[object, ...]]]:
    return station.rows(commitment_inquiries)


def report_about(station: Station, transaction: str) -> CommitmentReport:
    uids = next(uids for _, one, uids in station.committer.asked if one == transaction)
    return CommitmentReport(transaction, tuple(Reference("1.2.840.10008.5.1.4.1.1.7", one) for one in uids))


def test_what_the_destination_keeps_is_verified(station: Station) -> None:
    station.committer.speaks = keeps_all
    delivered(station)
    assert station.committer.asked == [("pacs", asked(station)[0], [uid(1), uid(2)])]
    assert station.delivery("pacs").state == DeliveryState.VERIFIED
    assert station.count(Hop.DELIVERED) == station.count(Hop.VERIFIED) == 1
    assert [row.state for row in inquiries(station)] == [InquiryState.CONFIRMED]
    assert station.jobs() == []


def test_a_report_that_comes_later_verifies_and_leaves_nothing_to_wait_for(station: Station) -> None:
    delivered(station)
    assert station.delivery("pacs").state == DeliveryState.DELIVERED
    assert [job.kind for job in station.jobs()] == ["commit"]
    station.let(HOUR)
    assert len(asked(station)) == 1
    assert take_report(station.node, "pacs", report_about(station, asked(station)[0]))
    assert station.delivery("pacs").state == DeliveryState.VERIFIED
    station.drain()
    assert station.jobs() == []


def test_a_report_that_is_faster_than_the_answer_counts(station: Station) -> None:
    def speaks_first(peer: object, transaction: str, references: Sequence[Reference], inquiry: Inquiry) -> None:
        keeps_all(transaction, references, inquiry)
        inquiry.accepted()

    station.committer.ask = speaks_first  # type: ignore[method-assign,assignment]
    delivered(station)
    assert station.delivery("pacs").state == DeliveryState.VERIFIED
    assert station.jobs() == []


def test_a_destination_that_does_not_answer_for_anything_is_not_asked(make_station: Make) -> None:
    station = make_station(COPY)
    delivered(station)
    assert station.committer.asked == []
    assert station.delivery("pacs").state == DeliveryState.DELIVERED
    assert station.jobs() == []


def test_what_was_lost_is_sent_again_and_asked_for_again(station: Station) -> None:
    station.committer.speaks = loses(uid(2))
    station.receive(*numbered(range(1, 4)))
    station.drain()
    station.clock.forward(60)
    while not asked(station):
        assert station.runner.step() is None
    assert station.delivery("pacs").state == DeliveryState.SENDING
    assert "does not have the object" in station.items("pacs")[1].reason
    station.committer.speaks = keeps_all
    station.drain()
    assert station.sender.sent == [uid(1), uid(2), uid(3), uid(2)]
    assert [uids for _, _, uids in station.committer.asked] == [[uid(1), uid(2), uid(3)]] * 2
    assert station.delivery("pacs").state == DeliveryState.VERIFIED
    assert station.count(Hop.DELIVERED) == station.count(Hop.VERIFIED) == 1
    assert [row.state for row in inquiries(station)] == [InquiryState.FAILED, InquiryState.CONFIRMED]
    assert {item.reason for item in station.items("pacs")} == {""}
    assert station.jobs() == []


def test_what_is_lost_again_and_again_is_refused_in_the_end_and_the_rest_verified(station: Station) -> None:
    station.committer.speaks = loses(uid(2))
    delivered(station, 3)
    for _ in range(6):
        station.let(HOUR)
    assert station.sender.sent.count(uid(2)) == 4
    assert station.sender.sent.count(uid(1)) == 1
    assert station.item_states("pacs") == [ItemState.DELIVERED, ItemState.REFUSED, ItemState.DELIVERED]
    assert "does not have the object" in station.items("pacs")[1].reason
    assert station.delivery("pacs").state == DeliveryState.VERIFIED
    assert len(asked(station)) == 4
    assert station.jobs() == []


def test_what_the_destination_will_never_keep_is_refused_at_once(station: Station) -> None:
    station.committer.speaks = loses(uid(1), uid(2), reason=Failure.CLASS_NOT_TAKEN)
    delivered(station)
    assert station.sender.sent == [uid(1), uid(2)]
    assert station.item_states("pacs") == [ItemState.REFUSED, ItemState.REFUSED]
    assert station.delivery("pacs").state == DeliveryState.REFUSED
    assert "does not commit to objects of this SOP class" in station.delivery("pacs").last_error
    assert (station.count(Hop.VERIFIED), station.count(Hop.REFUSED)) == (0, 1)
    assert station.jobs() == []


def test_what_a_report_does_not_mention_is_not_kept(station: Station) -> None:
    def forgets_one(transaction: str, references: Sequence[Reference], inquiry: Inquiry) -> None:
        station.committer.speaks = keeps_all
        assert inquiry.take(CommitmentReport(transaction, tuple(references[:1])))

    station.committer.speaks = forgets_one
    delivered(station)
    assert station.sender.sent == [uid(1), uid(2), uid(2)]
    assert inquiries(station)[0].failed == {uid(2): None}
    assert station.delivery("pacs").state == DeliveryState.VERIFIED


def test_a_silent_destination_is_asked_again_and_its_late_word_counts(station: Station) -> None:
    delivered(station)
    station.let(6 * HOUR + 1)
    first, second = asked(station)
    assert first != second
    assert [row.state for row in inquiries(station)] == [InquiryState.EXPIRED, InquiryState.ASKED]
    assert "has not said yet" in station.delivery("pacs").last_error
    assert take_report(station.node, "pacs", report_about(station, first))
    assert (station.delivery("pacs").state, station.delivery("pacs").last_error) == (DeliveryState.VERIFIED, "")
    assert take_report(station.node, "pacs", report_about(station, second))
    station.drain()
    assert station.jobs() == []
    assert station.count(Hop.VERIFIED) == 1


def test_late_images_are_verified_only_by_a_word_about_them(station: Station) -> None:
    delivered(station)
    station.receive(an_object(3))
    station.drain()
    station.let(60)
    first, second = asked(station)
    assert take_report(station.node, "pacs", report_about(station, first))
    assert station.delivery("pacs").state == DeliveryState.DELIVERED
    assert take_report(station.node, "pacs", report_about(station, second))
    assert station.delivery("pacs").state == DeliveryState.VERIFIED
    station.drain()
    assert station.jobs() == []


def test_a_destination_that_is_away_is_asked_under_the_same_name_when_it_is_back(station: Station) -> None:
    station.committer.away = unreachable()
    delivered(station)
    for _ in range(20):
        station.let(300)
    assert "cannot be reached" in station.delivery("pacs").last_error
    station.committer.away = None
    station.committer.speaks = keeps_all
    station.let(300)
    assert len(asked(station)) > 10
    assert len(set(asked(station))) == 1
    assert (station.delivery("pacs").state, station.delivery("pacs").last_error) == (DeliveryState.VERIFIED, "")


def test_a_destination_that_refuses_leaves_the_delivery_delivered_and_says_why(station: Station) -> None:
    station.committer.away = PeerRefused("pacs does not offer storage commitment.")
    delivered(station)
    station.let(HOUR)
    row = station.delivery("pacs")
    assert (row.state, "does not offer" in row.last_error) == (DeliveryState.DELIVERED, True)
    assert [(job.kind, job.state) for job in station.jobs()] == [("commit", "held")]
    assert len(asked(station)) == 1


def test_the_word_of_another_peer_or_about_nothing_does_not_count(station: Station) -> None:
    delivered(station)
    report = report_about(station, asked(station)[0])
    assert not take_report(station.node, "ct", report)
    assert not take_report(station.node, "pacs", replace(report, transaction_uid="2.25.9"))
    assert station.delivery("pacs").state == DeliveryState.DELIVERED


def test_a_word_that_comes_twice_has_no_effect_the_second_time(station: Station) -> None:
    delivered(station)
    report = report_about(station, asked(station)[0])
    for _ in range(2):
        assert take_report(station.node, "pacs", report)
    lost = replace(report, committed=(), failed=tuple((r, 0x0112) for r in report.committed))
    assert take_report(station.node, "pacs", lost)
    assert station.delivery("pacs").state == DeliveryState.VERIFIED
    assert station.count(Hop.VERIFIED) == 1
    assert station.sender.sent == [uid(1), uid(2)]


def test_a_crash_while_it_was_asked_asks_again_under_the_same_name(station: Station) -> None:
    stage = station.stages["commit"]
    work = stage.work

    def dies(job: object, node: object) -> object:
        stage.work = work  # type: ignore[method-assign]
        station.committer.away = unreachable()
        work(job, node)  # type: ignore[arg-type]
        raise AssertionError

    stage.work = dies  # type: ignore[method-assign]
    delivered(station)
    station.committer.away = None
    station.committer.speaks = keeps_all
    station.let(60)
    assert len(set(asked(station))) == 1
    assert station.delivery("pacs").state == DeliveryState.VERIFIED


def test_when_the_registry_asks_no_more_the_delivery_stays_delivered(station: Station) -> None:
    delivered(station)
    station.registry = a_registry(COPY, peers=(PACS, CT))
    station.let(7 * HOUR)
    assert len(asked(station)) == 1
    assert station.delivery("pacs").state == DeliveryState.DELIVERED
    assert station.jobs() == []
