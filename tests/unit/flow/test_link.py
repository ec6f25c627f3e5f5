"""The answering end of a link: a peer sees, fetches and changes what is its own, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from node.domain.delivery import DeliveryState
from node.domain.facility import Peer, PeerKind
from node.domain.study import Priority, StudyState, Via
from node.domain.timeline import Hop
from node.errors import NotFound
from node.flow import link
from node.ledger.schema import timeline
from tests.unit.flow.station import CALLER, OFFER, READ, STUDY, Station, an_object, numbered

Make = Callable[..., Station]

OTHER = Peer("other", PeerKind.NODE, "DEMO-XX", token_sha256="1" * 64)
UP = replace(READ, when=(), quiet_seconds=1)


def a_manifest(items: dict[str, str], *, closed: bool = True, priority: Priority = Priority.ROUTINE) -> Any:
    return SimpleNamespace(closed=closed, priority=priority, expected=len(items), withheld=0, items=items)


def an_entry(study: str, at: datetime, hop: Hop = Hop.COMPLETE, key: str = "") -> Any:
    content = {"study_instance_uid": study, "hop": hop, "at": at, "instances": 1, "detail": {}, "key": key}
    return SimpleNamespace(study_instance_uid=study, hop=hop, model_dump=lambda: dict(content))


def offered(station: Station) -> dict[str, Any]:
    station.receive(*numbered(range(1, 4)))
    station.drain()
    station.let(60)
    (waiting,) = link.outbox(station.node, CALLER)
    return waiting


def digests(waiting: dict[str, Any]) -> dict[str, str]:
    return {item["sop_instance_uid"]: item["digest"] for item in waiting["items"]}


# What waits


def test_what_waits_for_a_peer_is_seen_and_fetched_by_that_peer_only(make_station: Make) -> None:
    station = make_station(OFFER)
    waiting = offered(station)
    uid = waiting["items"][0]["sop_instance_uid"]
    assert len(waiting["items"]) == 3
    assert link.outbox(station.node, OTHER) == []
    assert link.outbox_file(station.node, CALLER, waiting["delivery"], uid).read_bytes() == an_object(1)
    with pytest.raises(NotFound):
        link.outbox_file(station.node, OTHER, waiting["delivery"], uid)
    with pytest.raises(NotFound):
        link.take_receipt(station.node, OTHER, waiting["delivery"], digests(waiting))
    assert station.item_states("caller") == ["prepared"] * 3


@pytest.mark.parametrize(("delivery", "uid"), [(0, "1.2.3"), (1, "1.2.3"), (999, f"{STUDY}.1.1"), (-1, "")])
def test_a_peer_that_asks_for_something_else_is_told_that_there_is_nothing(
    make_station: Make, delivery: int, uid: str
) -> None:
    station = make_station(OFFER)
    offered(station)
    with pytest.raises(NotFound, match="Nothing like that"):
        link.outbox_file(station.node, CALLER, delivery, uid)


def test_a_receipt_ends_the_delivery_and_may_be_repeated(make_station: Make) -> None:
    station = make_station(OFFER)
    waiting = offered(station)
    link.take_receipt(station.node, CALLER, waiting["delivery"], digests(waiting))
    row, hops = station.delivery("caller"), station.hops()
    assert row.state == DeliveryState.VERIFIED
    assert link.outbox(station.node, CALLER) == []
    station.clock.forward(5)
    link.take_receipt(station.node, CALLER, waiting["delivery"], digests(waiting))
    assert (station.delivery("caller"), station.hops()) == (row, hops)


def test_a_receipt_with_a_wrong_digest_has_no_effect(make_station: Make) -> None:
    station = make_station(OFFER)
    waiting = offered(station)
    wrong = dict.fromkeys(digests(waiting), "f" * 64) | {"9.9.9": "0" * 64}
    link.take_receipt(station.node, CALLER, waiting["delivery"], wrong)
    assert station.item_states("caller") == ["prepared"] * 3
    assert station.delivery("caller").state == DeliveryState.SENDING
    assert link.outbox(station.node, CALLER) == [waiting]


def test_a_receipt_for_some_leaves_the_others_waiting(make_station: Make) -> None:
    station = make_station(OFFER)
    waiting = offered(station)
    first, *_ = digests(waiting).items()
    link.take_receipt(station.node, CALLER, waiting["delivery"], dict([first]))
    (left,) = link.outbox(station.node, CALLER)
    assert len(left["items"]) == 2
    assert station.delivery("caller").state == DeliveryState.SENDING
    assert station.count(Hop.DELIVERED) == 0


def test_a_receipt_that_comes_after_the_delivery_was_refused_is_noted_and_no_error(make_station: Make) -> None:
    from node.flow.deliver import refuse

    station = make_station(OFFER)
    waiting = offered(station)
    with station.ledger.begin() as tx:
        refuse(tx, waiting["delivery"], "The peer left.", station.node)
    link.take_receipt(station.node, CALLER, waiting["delivery"], digests(waiting))
    assert station.item_states("caller") == ["delivered"] * 3


# Manifests


def received(station: Station, *numbers: int) -> dict[str, str]:
    station.receive(*(an_object(n) for n in numbers), via=Via.LINK, peer="caller", facility=CALLER.facility)
    return {row.sop_instance_uid: row.digest for row in station.instances()}


def test_a_study_with_a_manifest_is_complete_when_everything_in_it_is_here(make_station: Make) -> None:
    station = make_station(UP)
    items = received(station, 1, 2)
    coming = items | {f"{STUDY}.1.3": "a" * 64}
    answer = link.take_manifest(station.node, CALLER, STUDY, a_manifest(coming))
    assert answer == {"received": 2, "missing": [f"{STUDY}.1.3"]}
    station.let(3600)
    assert station.study().state == StudyState.RECEIVING
    items = received(station, 3)
    answer = link.take_manifest(station.node, CALLER, STUDY, a_manifest(items))
    assert answer == {"received": 3, "missing": []}
    station.drain()
    assert station.study().state == StudyState.COMPLETE


def test_a_manifest_that_is_still_open_keeps_the_study_open(make_station: Make) -> None:
    station = make_station(UP)
    items = received(station, 1)
    link.take_manifest(station.node, CALLER, STUDY, a_manifest(items, closed=False))
    station.let(3600)
    assert station.study().state == StudyState.RECEIVING


def test_other_bytes_than_the_manifest_names_do_not_count(make_station: Make) -> None:
    station = make_station(UP)
    items = received(station, 1)
    answer = link.take_manifest(station.node, CALLER, STUDY, a_manifest(dict.fromkeys(items, "b" * 64)))
    assert answer == {"received": 0, "missing": list(items)}
    station.drain()
    assert station.study().state == StudyState.RECEIVING


def test_a_manifest_may_come_before_the_first_image(make_station: Make) -> None:
    station = make_station(UP)
    expected = {f"{STUDY}.1.1": "a" * 64}
    assert link.take_manifest(station.node, CALLER, STUDY, a_manifest(expected))["missing"] == [f"{STUDY}.1.1"]
    station.drain()
    assert station.jobs() == []
    items = received(station, 1)
    link.take_manifest(station.node, CALLER, STUDY, a_manifest(items))
    station.drain()
    assert station.study().state == StudyState.COMPLETE


def test_a_manifest_raises_the_priority_and_never_lowers_it(make_station: Make) -> None:
    station = make_station(UP)
    items = received(station, 1)
    link.take_manifest(station.node, CALLER, STUDY, a_manifest(items, priority=Priority.EMERGENCY))
    assert station.study().priority == Priority.EMERGENCY
    link.take_manifest(station.node, CALLER, STUDY, a_manifest(items, priority=Priority.ROUTINE))
    assert station.study().priority == Priority.EMERGENCY


def test_a_peer_cannot_describe_another_facilitys_study(make_station: Make) -> None:
    station = make_station(UP)
    items = received(station, 1)
    with pytest.raises(NotFound, match="no such study of yours"):
        link.take_manifest(station.node, OTHER, STUDY, a_manifest(items))
    link.take_manifest(station.node, CALLER, "1.2.3.4", a_manifest({}))
    with pytest.raises(NotFound, match="no such study of yours"):
        link.take_manifest(station.node, OTHER, "1.2.3.4", a_manifest({}))


# Timeline


def test_entries_of_a_peer_about_its_own_studies_are_kept_once(make_station: Make) -> None:
    station = make_station(UP)
    received(station, 1)
    at = station.clock.now() - timedelta(minutes=1)
    for _ in range(2):
        link.take_entries(station.node, CALLER, [an_entry(STUDY, at, Hop.ROUTED), an_entry(STUDY, at, Hop.PREPARED)])
    kept = station.rows(timeline, timeline.c.hop.in_(["routed", "prepared"]))
    assert [(row.hop, row.node, row.at) for row in kept] == [
        ("routed", CALLER.facility, at),
        ("prepared", CALLER.facility, at),
    ]


def test_entries_of_a_peer_about_others_studies_are_dropped(make_station: Make) -> None:
    station = make_station(UP)
    received(station, 1)
    before = station.rows(timeline)
    now = station.clock.now()
    link.take_entries(station.node, OTHER, [an_entry(STUDY, now), an_entry("9.9.9", now)])
    link.take_entries(station.node, CALLER, [an_entry("9.9.9", now)])
    assert station.rows(timeline) == before


def test_a_peer_hears_of_its_own_studies_only(make_station: Make) -> None:
    station = make_station(UP)
    received(station, 1)
    theirs = an_object(1, study=f"{STUDY}.5")
    station.receive(theirs, via=Via.LINK, peer="other", facility=OTHER.facility)
    station.let(2)
    cursor, entries = link.entries_for(station.node, CALLER, 0)
    assert {e["study_instance_uid"] for e in entries} == {STUDY}
    assert link.entries_for(station.node, CALLER, cursor) == (cursor, [])
    _, entries = link.entries_for(station.node, OTHER, 0)
    assert {e["study_instance_uid"] for e in entries} == {f"{STUDY}.5"}


def test_what_a_peer_told_us_is_not_told_back_to_it(make_station: Make) -> None:
    station = make_station(UP)
    station.receive(an_object(1), via=Via.LINK, peer="other", facility=OTHER.facility)
    link.take_entries(station.node, OTHER, [an_entry(STUDY, station.clock.now(), Hop.ROUTED)])
    _, entries = link.entries_for(station.node, OTHER, 0)
    assert "routed" not in {e["hop"] for e in entries}
