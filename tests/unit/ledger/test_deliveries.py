"""Deliveries and their items as rows; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from node.domain.delivery import DeliveryEvent, DeliveryState, ItemState
from node.domain.study import Arrival, InstanceHeader, Via
from node.errors import NotAllowed
from node.ledger import deliveries, studies
from node.ledger.schema import deliveries as table
from node.ledger.sql import open_ledger

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
HEADER = InstanceHeader("1.2.1.1", "1.2.3", "1.2.840.10008.1.2.1", "1.2", "1.2.1", "a" * 64, 1000)


@pytest.fixture
def tx(ledger_url: str) -> Iterator[Connection]:
    """A write transaction in a ledger that has a study of five objects."""
    ledger = open_ledger(ledger_url)
    with ledger.begin() as tx:
        for n in range(1, 6):
            header = replace(HEADER, sop_instance_uid=f"1.2.1.{n}", digest=f"{n:064x}")
            arrival = Arrival(Via.DIMSE, NOW, facility="DEMO-DH")
            studies.add_instance(tx, header, arrival, name_key="", shadow=False, packed=b"")
        yield tx
    ledger.dispose()


def a_delivery(tx: Connection, *, destination: str = "hub", priority: int = 2, now: datetime = NOW) -> int:
    return deliveries.ensure(
        tx,
        study_uid="1.2",
        route="up",
        destination=destination,
        plan={"identity": "keep"},
        priority=priority,
        outward_uid=f"2.25.{destination}",
        now=now,
    )


def test_a_study_has_one_delivery_for_each_route_and_destination(tx: Connection) -> None:
    first = a_delivery(tx)
    assert a_delivery(tx, priority=0) == first
    assert a_delivery(tx, destination="pacs") != first
    row = deliveries.get(tx, first)
    assert row is not None
    assert (row.state, row.priority, row.closed, row.attempts) == ("waiting", 0, False, 0)
    assert [d.destination for d in deliveries.of_study(tx, "1.2")] == ["hub", "pacs"]


def test_only_what_is_new_is_added(tx: Connection) -> None:
    delivery = a_delivery(tx)
    assert deliveries.add_items(tx, delivery, [1, 2]) == [1, 2]
    assert deliveries.add_items(tx, delivery, [1, 2, 3]) == [3]
    assert deliveries.add_items(tx, delivery, [3]) == []
    assert deliveries.counts(tx, delivery)[ItemState.WAITING] == 3


def test_items_are_found_by_state_with_what_was_received(tx: Connection) -> None:
    delivery = a_delivery(tx)
    deliveries.add_items(tx, delivery, [1, 2, 3])
    deliveries.set_item(tx, delivery, 2, ItemState.PREPARED, digest="f" * 64, outward_sop_uid="2.25.7", size=5)
    (item,) = deliveries.items(tx, delivery, [ItemState.PREPARED])
    assert (item.instance_id, item.digest, item.stored_digest) == (2, "f" * 64, f"{2:064x}")
    assert (item.sop_instance_uid, item.outward_sop_uid) == ("1.2.1.2", "2.25.7")
    assert len(deliveries.items(tx, delivery)) == 3
    assert deliveries.counts(tx, delivery) == {
        ItemState.WAITING: 2,
        ItemState.PREPARED: 1,
        ItemState.DELIVERED: 0,
        ItemState.REFUSED: 0,
        ItemState.HELD: 0,
    }


def test_the_most_urgent_delivery_waits_in_front(tx: Connection) -> None:
    late = a_delivery(tx, now=NOW + timedelta(minutes=1))
    tx.execute(table.update().values(route="old"))
    early = a_delivery(tx)
    assert [d.id for d in deliveries.waiting_for(tx, "hub")] == [early, late]
    deliveries.update_delivery(tx, late, NOW, priority=0)
    assert [d.id for d in deliveries.waiting_for(tx, "hub")] == [late, early]
    assert deliveries.waiting_for(tx, "pacs") == []


@pytest.mark.parametrize("event", [DeliveryEvent.REFUSE, DeliveryEvent.HOLD])
def test_what_stopped_does_not_wait_for_its_peer_until_someone_retries(tx: Connection, event: DeliveryEvent) -> None:
    delivery = a_delivery(tx)
    deliveries.move(tx, delivery, event, NOW, last_error="why")
    assert deliveries.waiting_for(tx, "hub") == []
    assert deliveries.move(tx, delivery, DeliveryEvent.RETRY, NOW) == DeliveryState.WAITING
    assert [d.id for d in deliveries.waiting_for(tx, "hub")] == [delivery]


def test_a_state_changes_only_as_the_table_allows(tx: Connection) -> None:
    delivery = a_delivery(tx)
    with pytest.raises(NotAllowed, match="'verify' is not possible while the state is 'waiting'"):
        deliveries.move(tx, delivery, DeliveryEvent.VERIFY, NOW)
    row = deliveries.get(tx, delivery)
    assert row is not None
    assert row.state == DeliveryState.WAITING


def test_a_delivery_is_found_by_the_name_under_which_the_study_left(tx: Connection) -> None:
    delivery = a_delivery(tx)
    found = deliveries.by_outward_uid(tx, "2.25.hub")
    assert found is not None
    assert found.id == delivery
    assert deliveries.by_outward_uid(tx, "1.2") is None


def test_what_came_home_under_that_name_is_not_taken_for_what_left(tx: Connection) -> None:
    """Whatever the order in which the database keeps the rows: PostgreSQL moves a row that is changed to the end."""
    left = a_delivery(tx)
    deliveries.ensure(
        tx, study_uid="1.2", route="home", destination="", plan={}, priority=2, outward_uid="2.25.hub", now=NOW
    )
    header = replace(HEADER, study_instance_uid="2.25.hub", sop_instance_uid="2.25.5", digest="d" * 64)
    arrival = Arrival(Via.LINK, NOW, facility="DEMO-TW")
    studies.add_instance(tx, header, arrival, name_key="", shadow=True, packed=b"")
    for destination in ("", "pacs"):
        deliveries.ensure(
            tx, study_uid="2.25.hub", route="home", destination=destination, plan={}, priority=2,
            outward_uid="2.25.hub", now=NOW,
        )  # fmt: skip
    deliveries.move(tx, left, DeliveryEvent.SEND, NOW)
    found = deliveries.by_outward_uid(tx, "2.25.hub")
    assert found is not None
    assert (found.id, found.study_uid) == (left, "1.2")
