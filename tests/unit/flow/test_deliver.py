"""Onto the line: passing faults wait, permanent refusals stop one object, and the far end has the last word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from node.domain.delivery import DeliveryEvent, DeliveryState, ItemState
from node.domain.job import NextJob
from node.domain.timeline import Hop
from node.errors import NotAuthorized, PeerBusy, PeerRefused, PeerUnreachable
from node.flow import link
from node.ledger import deliveries, jobs
from node.ports import Outcome
from tests.unit.flow.station import (
    CALLER,
    COPY,
    HUB,
    OFFER,
    PACS,
    STUDY,
    UP,
    Station,
    a_registry,
    an_object,
    numbered,
    unreachable,
)

Make = Callable[..., Station]


def uid(number: int) -> str:
    return f"{STUDY}.1.{number}"


def retried(station: Station, destination: str) -> None:
    """What the administrator's "retry" does to a delivery that was refused as a whole."""
    with station.ledger.begin() as tx:
        row = station.delivery(destination)
        deliveries.move(tx, row.id, DeliveryEvent.RETRY, station.clock.now(), attempts=0, last_error="")
        jobs.enqueue(tx, NextJob("deliver", str(row.id)), station.clock.now())
        jobs.hurry(tx, "deliver", str(row.id), station.clock.now())


def test_a_study_is_delivered_once_with_a_status_for_each_object(make_station: Make) -> None:
    station = make_station(COPY)
    station.receive(*numbered(range(1, 5)))
    station.drain()
    station.let(60)
    assert station.delivery("pacs").state == DeliveryState.DELIVERED
    assert sorted(station.sender.sent) == [uid(n) for n in range(1, 5)]
    assert {(i.state, i.status) for i in station.items("pacs")} == {(ItemState.DELIVERED, "0000")}
    assert station.count(Hop.SENDING) == station.count(Hop.DELIVERED) == 1
    assert station.jobs() == []


def test_a_thousand_failures_are_not_the_end(make_station: Make) -> None:
    station = make_station(COPY)
    station.sender.away = unreachable()
    station.receive(an_object(1))
    station.drain()
    waits = []
    for _ in range(1000):
        (job,) = (j for j in station.jobs() if j.kind == "deliver")
        assert job.state == "open"
        waits.append(job.due_at - station.clock.now())
        station.clock.at = job.due_at
        station.drain()
    assert len(station.sender.calls) >= 1000
    assert max(waits) <= timedelta(minutes=5)
    assert min(waits[20:]) >= timedelta(minutes=3)
    assert station.delivery("pacs").attempts >= 1000
    assert "cannot be reached" in station.delivery("pacs").last_error
    station.sender.away = None
    station.let(300)
    assert station.delivery("pacs").state == DeliveryState.DELIVERED
    assert (station.delivery("pacs").attempts, station.delivery("pacs").last_error) == (0, "")
    assert station.jobs() == []


def test_a_permanent_refusal_stops_only_that_object(make_station: Make) -> None:
    station = make_station(COPY)
    station.sender.answers[uid(2)] = Outcome(0, False, permanent=True, status="0122", reason="SOP class not supported")
    station.receive(*numbered(range(1, 4)))
    station.drain()
    station.let(60)
    station.let(3600)
    assert station.item_states("pacs") == ["delivered", "refused", "delivered"]
    assert (station.items("pacs")[1].status, station.items("pacs")[1].reason) == ("0122", "SOP class not supported")
    assert station.sender.sent.count(uid(2)) == 1
    assert station.delivery("pacs").state == DeliveryState.DELIVERED
    assert station.jobs() == []


def test_an_object_that_cannot_be_taken_now_is_sent_again_alone(make_station: Make) -> None:
    station = make_station(COPY)
    station.sender.answers[uid(2)] = Outcome(0, False, status="A700", reason="Out of resources")
    station.receive(*numbered(range(1, 4)))
    station.drain()
    assert station.item_states("pacs") == ["delivered", "prepared", "delivered"]
    assert "Out of resources" in station.delivery("pacs").last_error
    station.sender.answers.clear()
    station.let(60)
    assert [station.sender.sent.count(uid(n)) for n in (1, 3)] == [1, 1]
    assert station.delivery("pacs").state == DeliveryState.DELIVERED


def test_a_study_of_which_the_peer_takes_nothing_is_refused_and_says_so(make_station: Make) -> None:
    station = make_station(COPY)
    station.sender.answers[uid(1)] = Outcome(0, False, permanent=True, status="0122")
    station.receive(an_object(1))
    station.drain()
    station.let(60)
    assert station.delivery("pacs").state == DeliveryState.REFUSED
    assert "could be sent" in station.delivery("pacs").last_error


@pytest.mark.parametrize("error", [NotAuthorized("'hub' does not accept the token."), PeerRefused("'hub' refuses.")])
def test_a_peer_that_refuses_the_study_is_not_asked_again_until_a_person_says_so(
    make_station: Make, error: PeerRefused
) -> None:
    station = make_station(UP)
    station.sender.away = error
    station.receive(*numbered(range(1, 20)))  # two chunks: the second is prepared after the first was refused
    station.drain()
    station.let(3600)
    assert station.delivery("hub").state == DeliveryState.REFUSED
    assert station.delivery("hub").last_error.endswith(str(error))
    assert len(station.sender.calls) == 1
    assert station.count(Hop.REFUSED) == 1
    assert station.jobs() == []
    station.sender.away = None
    retried(station, "hub")
    station.drain()
    assert station.delivery("hub").state == DeliveryState.VERIFIED
    assert set(station.item_states("hub")) == {"delivered"}


def test_a_peer_that_left_the_registry_is_named_and_the_delivery_can_be_retried(make_station: Make) -> None:
    station = make_station(COPY)
    station.receive(an_object(1))
    station.runner.step()
    station.registry = a_registry(COPY, peers=(HUB,), revision=2)
    station.drain()
    row = station.delivery("pacs")
    assert row.state == DeliveryState.REFUSED
    assert "'pacs' is not in the registry any more" in row.last_error
    assert station.sender.calls == []
    station.registry = a_registry(COPY, peers=(HUB, PACS), revision=3)
    retried(station, "pacs")
    station.drain()
    station.let(60)
    assert station.delivery("pacs").state == DeliveryState.DELIVERED


def test_an_object_whose_prepared_bytes_are_lost_stops_alone(make_station: Make) -> None:
    station = make_station(COPY)
    station.receive(*numbered(range(1, 4)))
    station.runner.step()
    station.node.storage.path(station.items("pacs")[1].digest).unlink()
    station.drain()
    station.let(60)
    assert station.item_states("pacs") == ["delivered", "held", "delivered"]
    assert "storage" in station.items("pacs")[1].reason
    assert station.delivery("pacs").state == DeliveryState.DELIVERED
    assert station.jobs() == []


# What the far end says that it holds


def test_a_delivery_is_verified_when_the_far_end_holds_all_of_a_closed_study(make_station: Make) -> None:
    station = make_station(UP)
    station.receive(*numbered(range(1, 4)))
    station.drain()
    assert station.delivery("hub").state == DeliveryState.SENDING
    assert {m["closed"] for m in station.verifier.manifests} == {False}
    station.let(60)
    assert station.delivery("hub").state == DeliveryState.VERIFIED
    last = station.verifier.manifests[-1]
    assert (last["closed"], last["expected"], last["withheld"], len(last["items"])) == (True, 3, 0, 3)
    assert station.count(Hop.VERIFIED) == 1


def test_what_arrived_before_the_line_broke_is_not_sent_again(make_station: Make) -> None:
    station = make_station(UP)
    station.sender.away = PeerUnreachable("cut")
    station.receive(*numbered(range(1, 4)))
    station.drain()
    assert {i.state for i in station.items("hub")} == {ItemState.PREPARED}
    arrived = {i.outward_sop_uid for i in station.items("hub")[:2]}
    station.sender.away = None
    station.sender.taken |= arrived
    station.sender.calls.clear()
    station.let(120)
    assert station.delivery("hub").state == DeliveryState.VERIFIED
    assert arrived.isdisjoint(station.sender.sent)
    assert len(station.sender.sent) == 1


def test_what_the_far_end_lost_is_sent_again_after_a_while(make_station: Make) -> None:
    station = make_station(UP)
    station.receive(*numbered(range(1, 4)))
    station.drain()
    lost = station.sender.sent[1]
    station.verifier.missing = [lost]
    station.let(60)
    assert station.delivery("hub").state == DeliveryState.SENDING
    for _ in range(10):
        station.let(120)
    assert station.sender.sent.count(lost) > 1
    assert all(station.sender.sent.count(u) == 1 for u in set(station.sender.sent) - {lost})
    station.verifier.missing = []
    station.let(600)
    assert station.delivery("hub").state == DeliveryState.VERIFIED
    assert station.jobs() == []


def test_a_verifier_that_is_away_is_asked_again(make_station: Make) -> None:
    station = make_station(UP)
    station.verifier.away = PeerBusy("'hub' asks to come back later.")
    station.receive(an_object(1))
    station.drain()
    station.let(60)
    assert station.delivery("hub").state != DeliveryState.VERIFIED
    station.verifier.away = None
    station.let(300)
    assert station.delivery("hub").state == DeliveryState.VERIFIED


def test_late_images_of_a_verified_study_are_announced_and_verified_again(make_station: Make) -> None:
    station = make_station(UP)
    station.receive(an_object(1))
    station.drain()
    station.let(60)
    station.receive(an_object(2))
    station.drain()
    assert station.delivery("hub").state == DeliveryState.SENDING
    assert station.verifier.manifests[-1]["closed"] is False
    station.let(60)
    assert station.delivery("hub").state == DeliveryState.VERIFIED
    assert station.verifier.manifests[-1]["expected"] == 2
    assert station.count(Hop.VERIFIED) == 2


def test_an_object_that_came_twice_with_other_bytes_counts_once_in_the_manifest(make_station: Make) -> None:
    station = make_station(UP)
    station.receive(an_object(1), an_object(2))
    station.drain()
    station.receive(an_object(2, InstanceNumber=77))
    station.drain()
    station.let(60)
    last = station.verifier.manifests[-1]
    assert (last["expected"], last["withheld"], len(last["items"])) == (2, 0, 2)
    newest = station.items("hub")[-1]
    assert last["items"][newest.outward_sop_uid] == newest.digest
    assert station.delivery("hub").state == DeliveryState.VERIFIED


# A peer that dials in


def test_a_peer_that_dials_in_is_only_told_that_something_waits(make_station: Make) -> None:
    station = make_station(OFFER)
    station.receive(an_object(1))
    station.drain()
    assert station.bell.rings >= 1
    assert station.sender.calls == []
    assert station.delivery("caller").state == DeliveryState.SENDING
    assert station.item_states("caller") == ["prepared"]


def test_a_peer_that_fetched_everything_before_the_study_was_complete_has_it_when_it_is(make_station: Make) -> None:
    station = make_station(OFFER)
    station.receive(an_object(1), an_object(2))
    station.drain()
    (waiting,) = link.outbox(station.node, CALLER)
    digests = {i["sop_instance_uid"]: i["digest"] for i in waiting["items"]}
    link.take_receipt(station.node, CALLER, waiting["delivery"], digests)
    assert station.delivery("caller").state == DeliveryState.SENDING
    station.let(60)
    assert station.delivery("caller").state == DeliveryState.VERIFIED
    assert station.count(Hop.DELIVERED) == 1
    assert station.jobs() == []


def test_two_routes_to_two_peers_do_not_wait_for_each_other(make_station: Make) -> None:
    station = make_station(COPY, replace(UP, code="up2"))
    station.sender.away = unreachable()
    station.receive(an_object(1))
    station.runner.step()
    station.drain()
    station.sender.away = None
    station.let(3600)
    assert station.delivery("pacs").state == DeliveryState.DELIVERED
    assert station.delivery("hub").state == DeliveryState.VERIFIED
