"""What is done with a study: completion, decisions with their reasons, priorities, deliveries."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import pytest

from node.domain.delivery import DeliveryState
from node.domain.job import Job
from node.domain.route import Condition, Field, Route, Start
from node.domain.study import Arrival, Priority, StudyState, Via
from node.domain.timeline import Hop
from node.flow.examine import examine_all
from node.flow.index import _write
from node.ledger.schema import deliveries, reading_tasks
from node.ports import Node
from tests.unit.flow.station import COPY, PACS, READ, STUDY, UP, Station, a_registry, an_object, numbered

Make = Callable[..., Station]


def test_a_study_is_complete_after_the_quiet_time_of_its_route_and_not_before(make_station: Make) -> None:
    station = make_station(COPY)
    station.receive(an_object(1))
    station.drain()
    station.let(59)
    assert station.study().state == StudyState.RECEIVING
    assert not station.delivery("pacs").closed
    station.let(1)
    assert station.study().state == StudyState.COMPLETE
    assert station.delivery("pacs").closed
    assert station.count(Hop.COMPLETE) == 1


def test_each_image_starts_the_quiet_time_anew(make_station: Make) -> None:
    station = make_station(COPY)
    for number in (1, 2, 3):
        station.receive(an_object(number))
        station.let(40)
        assert station.study().state == StudyState.RECEIVING
    station.let(20)
    assert station.study().state == StudyState.COMPLETE
    assert station.count(Hop.LATE_IMAGES) == 0


def test_the_longest_quiet_time_of_the_routes_that_apply_counts(make_station: Make) -> None:
    station = make_station(COPY, replace(UP, quiet_seconds=300))
    station.receive(an_object(1))
    station.drain()
    station.let(299)
    assert station.study().state == StudyState.RECEIVING
    station.let(1)
    assert station.study().state == StudyState.COMPLETE


def test_a_study_is_not_complete_while_something_that_came_in_time_lies_in_the_spool(make_station: Make) -> None:
    station = make_station(COPY)
    station.receive(an_object(1))
    while station.runner.step() is None:
        pass
    station.clock.forward(30)
    station.put(an_object(2))
    station.clock.forward(30)
    while station.runner.step() is None:  # the index is slow
        pass
    assert station.study().state == StudyState.RECEIVING
    station.drain()
    station.let(30)
    assert station.study().state == StudyState.COMPLETE
    assert station.study().instances == 2
    assert station.count(Hop.LATE_IMAGES) == 0


def test_what_came_into_the_spool_after_the_quiet_time_holds_nothing_up(make_station: Make) -> None:
    station = make_station(COPY)
    station.receive(an_object(1))
    while station.runner.step() is None:
        pass
    station.clock.forward(60)
    (file,) = station.put(an_object(1, study=f"{STUDY}.9"))
    late = station.clock.now().timestamp() + 1
    os.utime(file, (late, late))
    while station.runner.step() is None:
        pass
    assert station.study().state == StudyState.COMPLETE


def test_late_images_reopen_the_delivery_and_travel_alone(make_station: Make) -> None:
    station = make_station(COPY)
    station.receive(an_object(1), an_object(2))
    station.drain()
    station.let(60)
    assert station.delivery("pacs").state == DeliveryState.DELIVERED
    sent = list(station.sender.sent)
    station.receive(an_object(3))
    station.drain()
    assert not station.delivery("pacs").closed
    assert station.delivery("pacs").state == DeliveryState.SENDING
    station.let(60)
    assert station.delivery("pacs").state == DeliveryState.DELIVERED
    assert station.delivery("pacs").closed
    assert station.sender.sent == [*sent, f"{STUDY}.1.3"]
    assert len(station.rows(deliveries)) == 1


def test_a_decision_is_stored_with_its_reasons_and_the_revision_of_the_routes(make_station: Make) -> None:
    only_mr = Route("mr", "MR", (Condition(Field.MODALITY, ("MR",)),), COPY.action, ("pacs",))
    station = make_station(only_mr, COPY, UP)
    station.receive(an_object(1))
    station.drain()
    (decision,) = station.decisions()
    assert decision.revision == 1
    assert decision.reasons == [
        "[dimse] mr: no, modality is OT, must be MR",
        "[dimse] copy: yes, to pacs",
        "[dimse] up: yes, to hub",
    ]
    assert decision.targets == [
        {"route": "copy", "action": "forward", "to": "pacs"},
        {"route": "up", "action": "forward", "to": "hub"},
    ]


def test_a_route_may_look_at_the_ae_title_that_was_called(make_station: Make) -> None:
    emergency = Route("er", "", (Condition(Field.CALLED_AE, ("EMERGENCY",)),), COPY.action, ("pacs",))
    station = make_station(emergency)
    for number, title in ((1, "LIENTUYEN"), (2, "EMERGENCY")):
        arrival = Arrival(Via.DIMSE, station.clock.now(), calling_ae="CT1", called_ae=title)
        batch = station.node.intake.begin(arrival)
        file = batch.create()
        file.write(an_object(number, study=f"{STUDY}.{number}"))
        file.commit()
        batch.close()
        station.drain()
    assert [d.reasons for d in station.decisions()] == [
        ["[dimse] er: no, called_ae is LIENTUYEN, must be EMERGENCY"],
        ["[dimse] er: yes, to pacs"],
    ]


def test_the_same_decision_is_not_written_again(make_station: Make) -> None:
    station = make_station(COPY)
    for number in range(1, 5):
        station.receive(an_object(number))
        station.let(10)
    station.let(60)
    assert len(station.decisions()) == 1


def test_new_routes_and_new_facts_make_a_new_decision(make_station: Make) -> None:
    station = make_station(COPY)
    station.receive(an_object(1))
    station.drain()
    station.registry = replace(station.registry, revision=2)
    station.receive(an_object(2))
    station.drain()
    assert [d.revision for d in station.decisions()] == [1, 2]
    station.registry = a_registry(replace(COPY, when=(Condition(Field.MODALITY, ("MR",)),)), revision=2)
    station.receive(an_object(3, SeriesInstanceUID=f"{STUDY}.2", Modality="CT"))
    station.drain()
    assert station.decisions()[-1].reasons == ["[dimse] copy: no, modality is CT, OT, must be MR"]


def test_a_route_raises_the_priority_of_the_study_and_never_lowers_it(make_station: Make) -> None:
    station = make_station(
        replace(COPY, code="u", priority=Priority.URGENT), replace(UP, priority=Priority.EMERGENCY), READ
    )
    station.receive(an_object(1))
    station.drain()
    assert station.study().priority == Priority.EMERGENCY
    station.registry = a_registry(replace(COPY, priority=Priority.ROUTINE), revision=2)
    station.receive(an_object(2))
    station.drain()
    assert station.study().priority == Priority.EMERGENCY


def test_an_urgent_study_overtakes_the_routine_ones(make_station: Make) -> None:
    urgent = Route(
        "urgent", "", (Condition(Field.MODALITY, ("CT",)),), COPY.action, ("pacs",), priority=Priority.EMERGENCY
    )
    station = make_station(urgent, replace(COPY, when=(Condition(Field.MODALITY, ("CT",), negate=True),)))
    for number in (1, 2):
        station.receive(an_object(1, study=f"{STUDY}.{number}"))
    station.receive(an_object(1, study=f"{STUDY}.3", Modality="CT"))
    for _ in range(3):  # the three decisions
        station.runner.step()
    station.drain()
    assert [study for _, study, _ in station.sender.calls] == [f"{STUDY}.3", f"{STUDY}.1", f"{STUDY}.2"]


def test_nothing_leaves_before_completion_when_the_route_says_so(make_station: Make) -> None:
    station = make_station(replace(COPY, start=Start.COMPLETION))
    station.receive(*numbered(range(1, 4)))
    station.drain()
    assert station.rows(deliveries) == []
    station.let(60)
    assert station.item_states("pacs") == ["delivered"] * 3


def test_a_study_that_no_route_wants_is_complete_after_a_minute_and_goes_nowhere(make_station: Make) -> None:
    station = make_station()
    station.receive(an_object(1))
    station.let(0)
    station.let(60)
    assert station.study().state == StudyState.COMPLETE
    assert station.rows(deliveries) == []
    assert station.jobs() == []


def test_the_worklist_has_one_task_that_becomes_ready_when_the_study_is_complete(make_station: Make) -> None:
    station = make_station(READ)
    station.receive(an_object(1))
    station.drain()
    (task,) = station.rows(reading_tasks)
    assert (task.state, task.instances_received) == ("incomplete", 1)
    station.receive(an_object(2))
    station.drain()
    station.let(60)
    (task,) = station.rows(reading_tasks)
    assert (task.state, task.instances_received, task.ready_at) == ("ready", 2, station.clock.now())
    assert station.count(Hop.READY) == 1


def test_looking_again_at_a_finished_study_changes_nothing(make_station: Make) -> None:
    from node.domain.job import NextJob
    from node.ledger import jobs

    station = make_station(COPY, READ)
    station.receive(an_object(1))
    station.drain()
    station.let(60)
    before = (station.study(), station.hops(), station.decisions(), station.delivery("pacs"), station.items("pacs"))
    with station.ledger.begin() as tx:
        jobs.enqueue(tx, NextJob("route", STUDY), station.clock.now())
    station.drain()
    after = (station.study(), station.hops(), station.decisions(), station.delivery("pacs"), station.items("pacs"))
    assert after == before
    assert station.sender.sent == [f"{STUDY}.1.1"]


def test_images_that_come_between_looking_and_settling_are_not_declared_complete(make_station: Make) -> None:
    station = make_station(COPY)
    station.receive(an_object(1))
    station.drain()
    station.clock.forward(60)
    stage = station.stages["route"]
    look = stage.work

    def slow(job: object, node: object) -> object:
        found = look(job, node)  # type: ignore[arg-type]
        station.receive(an_object(2))
        return found

    stage.work = slow  # type: ignore[method-assign]
    station.runner.step()
    stage.work = look  # type: ignore[method-assign]
    assert station.study().state == StudyState.RECEIVING
    station.drain()
    station.let(60)
    assert station.study().state == StudyState.COMPLETE
    assert station.item_states("pacs") == ["delivered", "delivered"]


def test_images_that_are_being_indexed_while_the_route_settles_are_not_overlooked(make_station: Make) -> None:
    station = make_station(COPY)
    station.receive(an_object(1))
    station.drain()
    station.clock.forward(60)
    looked = Event()
    stage = station.stages["route"]
    look = stage.work

    def look_and_tell(job: Job, node: Node) -> object:
        found = look(job, node)
        looked.set()
        return found

    stage.work = look_and_tell  # type: ignore[method-assign]
    station.put(an_object(2))
    (examined,) = examine_all(station.spool.waiting(10), station.node.pool)
    job = station.claim()
    with ThreadPoolExecutor(1) as thread:
        with station.ledger.begin() as tx:  # the index has written, and not yet committed
            _write(tx, [examined], station.node)
            station.spool.done([examined.received.path])
            settled = thread.submit(station.runner.run, job)
            assert looked.wait(30)
            _wait_for_a_lock(station)
        settled.result(30)
    assert station.study().state == StudyState.RECEIVING
    station.drain()
    station.let(60)
    assert station.study().state == StudyState.COMPLETE
    assert station.hops().count(Hop.COMPLETE) == 1


def _wait_for_a_lock(station: Station) -> None:
    """Until another connection waits for this one (PostgreSQL; SQLite's writers wait before they begin)."""
    if station.ledger.engine.dialect.name != "postgresql":
        return
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    for _ in range(3000):
        with station.ledger.read() as tx:
            if tx.exec_driver_sql(query).scalar_one():
                return
        Event().wait(0.01)
    raise AssertionError("nobody waits")


@pytest.mark.parametrize("peers", [(), (PACS,)])
def test_a_return_without_a_node_to_return_to_says_so_in_its_reason(
    make_station: Make, peers: tuple[object, ...]
) -> None:
    from node.domain.route import Action

    station = make_station()
    station.registry = a_registry(replace(COPY, action=Action.RETURN, to=()), peers=peers)  # type: ignore[arg-type]
    station.receive(an_object(1))
    station.drain()
    (decision,) = station.decisions()
    assert decision.reasons == ["[dimse] copy: applies, but no node of facility 'DEMO-DH' is registered"]
