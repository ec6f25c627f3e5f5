"""Entities and the tables of their lives."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest

from node.domain.commitment import (
    INQUIRY_TRANSITIONS,
    REQUEST_TRANSITIONS,
    Failure,
    InquiryEvent,
    InquiryState,
    RequestEvent,
    RequestState,
    failure_meaning,
)
from node.domain.delivery import DELIVERY_TRANSITIONS, DeliveryEvent, DeliveryState
from node.domain.facility import Peer, PeerKind
from node.domain.job import NextJob
from node.domain.report import READING_TRANSITIONS, ReadingEvent, ReadingState
from node.domain.route import Registry
from node.domain.study import STUDY_TRANSITIONS, Priority, StudyEvent, StudyState
from node.domain.transitions import advance
from node.errors import NotAllowed

TABLES: list[tuple[Any, type[StrEnum], type[StrEnum], StrEnum]] = [
    (STUDY_TRANSITIONS, StudyState, StudyEvent, StudyState.RECEIVING),
    (DELIVERY_TRANSITIONS, DeliveryState, DeliveryEvent, DeliveryState.WAITING),
    (READING_TRANSITIONS, ReadingState, ReadingEvent, ReadingState.INCOMPLETE),
    (REQUEST_TRANSITIONS, RequestState, RequestEvent, RequestState.ASKED),
    (INQUIRY_TRANSITIONS, InquiryState, InquiryEvent, InquiryState.MADE),
]


@pytest.mark.parametrize(("table", "states", "events", "start"), TABLES)
def test_every_state_can_be_reached_and_every_event_is_used(
    table: Any, states: type[StrEnum], events: type[StrEnum], start: StrEnum
) -> None:
    reached = {start}
    while more := {to for (at, _), to in table.items() if at in reached} - reached:
        reached |= more
    assert reached == set(states)
    assert {event for _, event in table} == set(events)


@pytest.mark.parametrize(("table", "states", "events", "start"), TABLES)
def test_what_is_not_in_the_table_is_not_allowed(
    table: Any, states: type[StrEnum], events: type[StrEnum], start: StrEnum
) -> None:
    refused = 0
    for state in states:
        for event in events:
            if (state, event) in table:
                assert advance(table, state, event) == table[state, event]
            else:
                refused += 1
                with pytest.raises(NotAllowed, match=f"'{event}' is not possible while the state is '{state}'"):
                    advance(table, state, event)
    assert refused > 0


def test_late_images_reopen_a_delivery_in_every_state() -> None:
    for state in DeliveryState:
        after = advance(DELIVERY_TRANSITIONS, state, DeliveryEvent.MORE)
        assert after in (DeliveryState.WAITING, DeliveryState.SENDING)


def test_late_images_never_take_a_study_from_its_reader() -> None:
    for state in (ReadingState.CLAIMED, ReadingState.DRAFTING, ReadingState.FINAL):
        assert advance(READING_TRANSITIONS, state, ReadingEvent.LATE) == state


def test_a_signed_report_changes_only_by_a_correction_or_an_addendum() -> None:
    ways = {event: to for (at, event), to in READING_TRANSITIONS.items() if at == ReadingState.FINAL}
    assert {event for event, to in ways.items() if to != ReadingState.FINAL} == {
        ReadingEvent.CORRECT,
        ReadingEvent.AMEND,
    }


def test_every_failure_reason_has_a_meaning_and_only_the_hopeless_are_permanent() -> None:
    permanent = {reason for reason in Failure if failure_meaning(reason).permanent}
    assert permanent == {Failure.CLASS_CONFLICT, Failure.CLASS_NOT_TAKEN}
    assert failure_meaning(0xC123).reason == "it gave the reason C123"
    assert not failure_meaning(0xC123).permanent


def test_priorities_rank_from_emergency_to_routine() -> None:
    assert sorted(Priority, key=lambda p: p.rank) == [Priority.EMERGENCY, Priority.URGENT, Priority.ROUTINE]
    assert [p.rank for p in Priority] == [0, 1, 2]


@pytest.mark.parametrize(
    ("job", "key"),
    [
        (NextJob("route", "1.2"), "route:1.2"),
        (NextJob("transform", "5", part="17"), "transform:5:17"),
        (NextJob("tick", ""), "tick"),
    ],
)
def test_a_job_is_told_apart_by_kind_subject_and_part(job: NextJob, key: str) -> None:
    assert job.key == key


def test_peers_are_found_by_code_by_title_and_by_the_facility_that_they_serve() -> None:
    pacs = Peer("pacs", PeerKind.DICOM, "DH", ae_title="PACS")
    untitled = Peer("x", PeerKind.DICOM, "DH")
    hub = Peer("hub", PeerKind.NODE, "DH")
    registry = Registry(1, peers=(untitled, pacs, hub))
    assert registry.peer("pacs") is pacs
    assert registry.peer("PACS") is None
    assert registry.peers_by_ae("PACS") == (pacs,)
    assert registry.peers_by_ae("") == ()
    assert registry.node_of("DH") is hub
    assert registry.node_of("TW") is None
