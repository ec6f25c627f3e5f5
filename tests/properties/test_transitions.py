"""Studies and deliveries as state machines: whatever happens in whatever order, the rows follow the tables and the promises
that the tables make hold."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from node.domain.delivery import DELIVERY_TRANSITIONS, DeliveryEvent, DeliveryState
from node.domain.report import READING_TRANSITIONS, ReadingEvent, ReadingState
from node.domain.study import STUDY_TRANSITIONS, Arrival, InstanceHeader, StudyEvent, StudyState, Via
from node.domain.transitions import advance
from node.errors import NotAllowed
from node.ledger import deliveries, studies
from node.ledger.sql import SqlLedger, open_ledger

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
HEADER = InstanceHeader("1.2.1.1", "1.2.3", "1.2.840.10008.1.2.1", "1.2", "1.2.1", "a" * 64, 1000)


class Rows(RuleBasedStateMachine):
    """A study and a delivery in a ledger, beside what the tables say of them."""

    ledger: SqlLedger

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.ledger = open_ledger(f"sqlite:///{Path(self.folder.name) / 'ledger.db'}")
        self.ledger.migrate()
        with self.ledger.begin() as tx:
            arrival = Arrival(Via.DIMSE, NOW, facility="DH")
            studies.add_instance(tx, HEADER, arrival, name_key="", shadow=False, packed=b"")
            self.delivery = deliveries.ensure(
                tx, study_uid="1.2", route="up", destination="hub", plan={}, priority=2, outward_uid="", now=NOW
            )
        self.study_state, self.delivery_state = StudyState.RECEIVING, DeliveryState.WAITING

    def teardown(self) -> None:
        self.ledger.dispose()
        self.folder.cleanup()

    @rule(event=st.sampled_from(StudyEvent))
    def something_happens_to_the_study(self, event: StudyEvent) -> None:
        self.now += timedelta(seconds=1)
        if (expected := STUDY_TRANSITIONS.get((self.study_state, event))) is None:
            with pytest.raises(NotAllowed), self.ledger.begin() as tx:
                studies.move(tx, "1.2", event, self.now)
            return
        with self.ledger.begin() as tx:
            assert studies.move(tx, "1.2", event, self.now) == self.study_state
        self.study_state = expected

    @rule(event=st.sampled_from(DeliveryEvent))
    def something_happens_to_the_delivery(self, event: DeliveryEvent) -> None:
        self.now += timedelta(seconds=1)
        if (expected := DELIVERY_TRANSITIONS.get((self.delivery_state, event))) is None:
            with pytest.raises(NotAllowed), self.ledger.begin() as tx:
                deliveries.move(tx, self.delivery, event, self.now)
            return
        with self.ledger.begin() as tx:
            assert deliveries.move(tx, self.delivery, event, self.now) == expected
        self.delivery_state = expected

    @invariant()
    def the_rows_say_what_the_tables_say(self) -> None:
        with self.ledger.read() as tx:
            study, delivery = studies.get(tx, "1.2"), deliveries.get(tx, self.delivery)
            waiting = deliveries.waiting_for(tx, "hub")
        assert study is not None
        assert delivery is not None
        assert study.state == self.study_state
        assert (study.completed_at is not None) == (self.study_state == StudyState.COMPLETE)
        assert delivery.state == self.delivery_state
        open_ones = (DeliveryState.WAITING, DeliveryState.SENDING, DeliveryState.DELIVERED)
        assert bool(waiting) == (self.delivery_state in open_ones)


class Reading(RuleBasedStateMachine):
    """A reading task by its table alone."""

    def __init__(self) -> None:
        super().__init__()
        self.state = ReadingState.INCOMPLETE
        self.signed = self.drafted = False

    @rule(event=st.sampled_from(ReadingEvent))
    def something_happens(self, event: ReadingEvent) -> None:
        try:
            self.state = advance(READING_TRANSITIONS, self.state, event)
        except NotAllowed:
            assert (self.state, event) not in READING_TRANSITIONS
            return
        self.drafted |= event == ReadingEvent.DRAFT
        self.signed |= event == ReadingEvent.SIGN

    @invariant()
    def nothing_is_signed_before_it_is_written(self) -> None:
        if self.signed or self.state in (ReadingState.PRELIMINARY, ReadingState.VERIFYING):
            assert self.drafted

    @invariant()
    def what_is_signed_stays_signed_while_it_is_corrected_or_amended(self) -> None:
        assert self.signed == (self.state in (ReadingState.FINAL, ReadingState.AMENDING))


QUICK = settings(max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))


def test_rows_follow_the_tables() -> None:
    run_state_machine_as_test(Rows, settings=QUICK)


def test_a_reading_task_keeps_its_promises() -> None:
    run_state_machine_as_test(Reading, settings=settings(max_examples=300, stateful_step_count=20, deadline=None))
