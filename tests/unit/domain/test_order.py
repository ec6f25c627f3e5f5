"""The life of an order."""

from __future__ import annotations

from itertools import product

import pytest

from node.domain.order import ORDER_TRANSITIONS, OrderEvent, OrderState, PerformedState, Pregnancy
from node.domain.performed import lacking_at_end, lacking_at_start, needed_at_start
from node.domain.transitions import advance
from node.errors import NotAllowed

BY_MACHINES = (OrderEvent.BEGIN, OrderEvent.COMPLETE, OrderEvent.DISCONTINUE)


def after(*events: OrderEvent) -> OrderState:
    state = OrderState.SCHEDULED
    for event in events:
        state = advance(ORDER_TRANSITIONS, state, event)
    return state


def test_an_order_is_begun_and_completed() -> None:
    assert after(OrderEvent.CHANGE, OrderEvent.BEGIN) == OrderState.IN_PROGRESS
    assert after(OrderEvent.BEGIN, OrderEvent.COMPLETE) == OrderState.COMPLETED


def test_what_a_machine_did_is_never_refused() -> None:
    for state, event in product(OrderState, BY_MACHINES):
        advance(ORDER_TRANSITIONS, state, event)


def test_what_was_completed_stays_completed() -> None:
    assert {ORDER_TRANSITIONS.get((OrderState.COMPLETED, event)) for event in OrderEvent} == {
        OrderState.COMPLETED,
        None,
    }


def test_what_was_stopped_or_cancelled_can_be_put_back() -> None:
    assert after(OrderEvent.BEGIN, OrderEvent.DISCONTINUE, OrderEvent.RESCHEDULE) == OrderState.SCHEDULED
    assert after(OrderEvent.CANCEL, OrderEvent.RESCHEDULE) == OrderState.SCHEDULED
    assert after(OrderEvent.BEGIN, OrderEvent.RESCHEDULE, OrderEvent.DISCONTINUE) == OrderState.SCHEDULED


@pytest.mark.parametrize("state", [state for state in OrderState if state != OrderState.SCHEDULED])
def test_only_what_waits_is_corrected_or_cancelled(state: OrderState) -> None:
    for event in (OrderEvent.CHANGE, OrderEvent.CANCEL):
        with pytest.raises(NotAllowed):
            advance(ORDER_TRANSITIONS, state, event)


def test_terms_are_those_of_the_standard() -> None:
    assert [state.term for state in PerformedState] == ["IN PROGRESS", "COMPLETED", "DISCONTINUED"]
    assert {state: state.number for state in Pregnancy} == {"no": 1, "possible": 2, "yes": 3, "unknown": 4}


def test_a_step_needs_a_status_and_a_study() -> None:
    status = {"00400252": {"vr": "CS", "Value": ["IN PROGRESS"]}}
    empty = {"00400270": {"vr": "SQ", "Value": [{"0020000D": {"vr": "UI"}}]}}
    full = {"00400270": {"vr": "SQ", "Value": [{"0020000D": {"vr": "UI", "Value": ["1.2"]}}]}}
    assert needed_at_start({}) == "PerformedProcedureStepStatus"
    assert needed_at_start(status) == "ScheduledStepAttributesSequence"
    assert needed_at_start(status | empty) == "StudyInstanceUID"
    assert needed_at_start(status | full) == ""
    assert "Modality" in lacking_at_start(status)


def test_a_step_that_was_stopped_may_have_no_series() -> None:
    times = {tag: {"vr": "DA", "Value": ["x"]} for tag in ("00400250", "00400251")}
    assert lacking_at_end(times, PerformedState.DISCONTINUED) == ()
    assert lacking_at_end(times, PerformedState.COMPLETED) == ("PerformedSeriesSequence",)
    series = {"00400340": {"vr": "SQ", "Value": [{"0020000E": {"vr": "UI", "Value": ["1.2"]}}]}}
    assert lacking_at_end(times | series, PerformedState.COMPLETED) == ("ProtocolName",)
