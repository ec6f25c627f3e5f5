"""Pure decisions: conditions, targets with reasons, completeness, patience."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.facility import Facility, Peer, PeerKind, Tier
from node.domain.route import Action, Condition, Field, Registry, Route, RoutingFacts
from node.routing.completion import DEFAULT_QUIET_SECONDS, quiet_until
from node.routing.decide import decide
from node.routing.match import explain, first_failure, holds
from node.routing.retry import backoff

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
FACTS = RoutingFacts({Field.MODALITY: frozenset({"CT", "SR"}), Field.VIA: frozenset({"dimse"})})
FORWARD = Route("up", "", (Condition(Field.VIA, ("dimse",)),), Action.FORWARD, ("hub", "pacs"))
REGISTRY = Registry(
    7,
    (Tier("t", 1, ""),),
    (Facility("DH", "", "t"),),
    (Peer("hub", PeerKind.NODE, "TW"), Peer("dh", PeerKind.NODE, "DH"), Peer("pacs", PeerKind.DICOM, "DH")),
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Condition(Field.MODALITY, ("CT",)), True),
        (Condition(Field.MODALITY, ("MR", "SR")), True),
        (Condition(Field.MODALITY, ("MR",)), False),
        (Condition(Field.MODALITY, ()), False),
        (Condition(Field.MODALITY, ("MR",), negate=True), True),
        (Condition(Field.MODALITY, ("CT", "MR"), negate=True), False),
        (Condition(Field.BODY_PART, ("CHEST",)), False),
        (Condition(Field.BODY_PART, ("CHEST",), negate=True), True),
        (Condition(Field.MODALITY, ("ct",)), False),
    ],
)
def test_a_condition_holds_when_the_study_has_any_of_the_values(condition: Condition, expected: bool) -> None:
    assert holds(condition, FACTS) is expected


def test_all_conditions_of_a_route_must_hold_and_the_first_that_does_not_is_named() -> None:
    via, mr, chest = (
        Condition(Field.VIA, ("dimse",)),
        Condition(Field.MODALITY, ("MR",)),
        Condition(Field.BODY_PART, ("CHEST",)),
    )
    assert first_failure(replace(FORWARD, when=()), FACTS) is None
    assert first_failure(replace(FORWARD, when=(via,)), FACTS) is None
    assert first_failure(replace(FORWARD, when=(via, mr, chest)), FACTS) is mr


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (Condition(Field.MODALITY, ("MR", "US")), "modality is CT, SR, must be MR or US"),
        (Condition(Field.MODALITY, ("CT",), negate=True), "modality is CT, SR, must not be CT"),
        (Condition(Field.BODY_PART, ("CHEST",)), "body_part is nothing, must be CHEST"),
    ],
)
def test_why_a_condition_does_not_hold_is_said_in_words(condition: Condition, words: str) -> None:
    assert explain(condition, FACTS) == words


def test_every_route_that_applies_is_a_target_and_every_route_has_a_reason() -> None:
    read = Route("read", "", (), Action.READ)
    mr = Route("mr", "", (Condition(Field.MODALITY, ("MR",)),), Action.FORWARD, ("hub",))
    decision = decide(replace(REGISTRY, routes=(FORWARD, mr, read)), FACTS, origin="DH")
    assert [(t.route.code, t.destination) for t in decision.targets] == [("up", "hub"), ("up", "pacs"), ("read", "")]
    assert decision.reasons == (
        "up: yes, to hub, pacs",
        "mr: no, modality is CT, SR, must be MR",
        "read: yes",
    )
    assert decision.revision == 7


def test_a_return_goes_to_the_node_of_the_facility_that_the_study_came_from() -> None:
    back = Route("back", "", (), Action.RETURN)
    registry = replace(REGISTRY, routes=(back,))
    assert [t.destination for t in decide(registry, FACTS, origin="DH").targets] == ["dh"]
    lost = decide(registry, FACTS, origin="XX")
    assert lost.targets == ()
    assert lost.reasons == ("back: applies, but no node of facility 'XX' is registered",)


def test_without_routes_nothing_goes_anywhere() -> None:
    assert decide(REGISTRY, FACTS, origin="DH").targets == ()


def test_the_longest_quiet_time_counts_and_a_minute_without_routes() -> None:
    routes = [replace(FORWARD, quiet_seconds=s) for s in (5, 300, 60)]
    assert quiet_until(routes, NOW) == NOW + timedelta(seconds=300)
    assert quiet_until([], NOW) == NOW + timedelta(seconds=DEFAULT_QUIET_SECONDS)
    assert quiet_until([replace(FORWARD, quiet_seconds=0)], NOW) == NOW


@given(st.integers(1, 10**9), st.floats(0, 1, exclude_max=True))
def test_patience_stays_between_three_quarters_of_a_second_and_five_minutes(attempts: int, jitter: float) -> None:
    assert timedelta(seconds=0.75) <= backoff(attempts, jitter) <= timedelta(minutes=5)


@given(st.integers(1, 1000), st.floats(0, 1, exclude_max=True))
def test_patience_grows_with_every_failure(attempts: int, jitter: float) -> None:
    assert backoff(attempts, jitter) <= backoff(attempts + 1, jitter)


def test_the_first_waits_double_from_one_second() -> None:
    assert [backoff(n, 0).total_seconds() for n in range(1, 11)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
