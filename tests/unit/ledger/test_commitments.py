"""Requests for commitment and inquiries as rows; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from node.domain.commitment import InquiryEvent, InquiryState, Reference, RequestEvent, RequestState
from node.domain.study import Arrival, InstanceHeader, Via
from node.errors import NotAllowed
from node.ledger import commitments, deliveries, studies
from node.ledger.sql import open_ledger

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
ONE, TWO = Reference("1.2.3", "1.2.1.1"), Reference("1.2.3", "1.2.1.2")
HEADER = InstanceHeader("1.2.1.1", "1.2.3", "1.2.840.10008.1.2.1", "1.2", "1.2.1", "a" * 64, 1000)


@pytest.fixture
def tx(ledger_url: str) -> Iterator[Connection]:
    """A write transaction in a ledger that has one object."""
    ledger = open_ledger(ledger_url)
    with ledger.begin() as tx:
        studies.add_instance(tx, HEADER, Arrival(Via.DIMSE, NOW), name_key="", shadow=False, packed=b"")
        yield tx
    ledger.dispose()


def keep(tx: Connection, *references: Reference, peer: str = "ct", now: datetime = NOW) -> None:
    commitments.keep_request(tx, peer, "2.25.1", called_ae="NODE", references=references, now=now)


def test_a_request_that_is_made_again_is_one_request_with_the_last_words(tx: Connection) -> None:
    keep(tx, ONE)
    commitments.move_request(tx, "ct", "2.25.1", RequestEvent.HOLD, last_error="Away.")
    later = NOW + timedelta(hours=1)
    keep(tx, ONE, TWO, now=later)
    row = commitments.request(tx, "ct", "2.25.1")
    assert row is not None
    assert (row.state, row.last_error, row.asked_at) == (RequestState.ASKED, "", later)
    assert row.items == [["1.2.3", "1.2.1.1"], ["1.2.3", "1.2.1.2"]]
    assert commitments.open_requests(tx) == [("ct", "2.25.1")]


def test_what_was_reported_is_open_no_more_and_cannot_be_held(tx: Connection) -> None:
    keep(tx, ONE)
    keep(tx, ONE, peer="mr")
    assert commitments.move_request(tx, "ct", "2.25.1", RequestEvent.REPORT, reported_at=NOW) == RequestState.REPORTED
    assert commitments.open_requests(tx) == [("mr", "2.25.1")]
    with pytest.raises(NotAllowed):
        commitments.move_request(tx, "ct", "2.25.1", RequestEvent.HOLD)
    assert commitments.move_request(tx, "us", "2.25.1", RequestEvent.REPORT) is None


def test_versions_of_many_instances_are_found(tx: Connection) -> None:
    found = commitments.held_versions(tx, {"1.2.1.1", *(f"9.{n}" for n in range(1200))})
    assert found == {"1.2.1.1": [("1.2.3", "a" * 64, True)]}


def test_inquiries_come_newest_first_whatever_the_clock_says(tx: Connection) -> None:
    delivery = deliveries.ensure(
        tx, study_uid="1.2", route="copy", destination="pacs", plan={}, priority=2, outward_uid="", now=NOW
    )
    for number, hours in ((1, 0), (2, -5), (3, 0)):
        now = NOW + timedelta(hours=hours)
        commitments.make_inquiry(
            tx, f"2.25.{number}", delivery_id=delivery, peer="pacs", items={"1.2.1.1": "1.2.3"}, now=now
        )
    assert [row.transaction_uid for row in commitments.inquiries_of(tx, delivery)] == ["2.25.3", "2.25.2", "2.25.1"]
    assert commitments.move_inquiry(tx, "2.25.2", InquiryEvent.ASK, asked_at=NOW) == InquiryState.ASKED
    assert commitments.move_inquiry(tx, "2.25.2", InquiryEvent.FAIL, failed={"1.2.1.1": None}) == InquiryState.FAILED
    row = commitments.inquiry(tx, "2.25.2")
    assert row is not None
    assert (row.state, row.failed, row.items) == (InquiryState.FAILED, {"1.2.1.1": None}, {"1.2.1.1": "1.2.3"})
    with pytest.raises(NotAllowed):
        commitments.move_inquiry(tx, "2.25.2", InquiryEvent.CONFIRM)
