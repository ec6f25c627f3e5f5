"""On PostgreSQL, who changes something of a task holds the task's row before anything else, as signing does: nobody waits
in a ring. SQLite has one writer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, text

from node.domain.letter import Letter
from node.domain.study import Arrival, InstanceHeader, Priority, Via
from node.ledger import letters, notices, studies
from node.ledger.schema import reading_tasks
from node.ledger.timeline import take_turn
from tests.services import PostgresServer
from tests.unit.worklists.test_desk import ANH, DUC, HEADER, HERE, NOW, STUDY, TASK
from tests.web.world import World, ledger_of, make_world
from worklists.correspondence import criticals
from worklists.correspondence.criticals import Told, escalate
from worklists.correspondence.desk import Post
from worklists.reading import desk, hands, opinions, store
from worklists.reading.intake import _new_task as a_task

FINDING, OTHER = "a" * 32, "b" * 32
Act = Callable[[World], object]


class _Person:
    username, display_name, role = "bs", "BS. Ánh", "radiologist"


@pytest.fixture
def world(tmp_path: Path, postgres: PostgresServer, migrated_postgres: str) -> Iterator[World]:
    """A task in the hands of ANH with an open critical finding and a notice about its clock."""
    database = postgres.create(migrated_postgres)
    made = make_world(tmp_path / "node", postgres.url(database))
    header: InstanceHeader = replace(HEADER, rows=8, columns=8)
    with made.node.ledger.begin() as tx:
        arrival = Arrival(Via.LINK, NOW, facility="DEMO-DH")
        studies.add_instance(tx, header, arrival, name_key="", shadow=False, packed=studies.pack({}))
        studies.summarise(tx, STUDY)
        task = a_task(STUDY, store.Arrived(1, 1, True), Priority.ROUTINE, NOW)
        columns = {name: getattr(task, name) for name in store.TaskRow.__slots__}
        held = {"state": "drafting", "claimed_by": "bs", "clock_running_since": NOW, "ready_at": NOW}
        tx.execute(insert(reading_tasks).values({**columns, **held}))
        raise_finding(tx, FINDING)
        notices.tell(tx, key=f"clock:{TASK}:1", audience="bs", kind="overdue", now=NOW)
    yield made
    made.node.pool.shutdown()
    ledger_of(made).dispose()
    postgres.drop(database)


def raise_finding(tx: Connection, new_id: str) -> None:
    post = Post("DEMO-TW", NOW, new_id)
    limit = timedelta(minutes=15)
    criticals.raise_finding(tx, post, _Person(), TASK, category=1, text="Tràn khí.", limit=limit)


def in_transaction(act: Callable[[Connection], object]) -> Act:
    def run(world: World) -> None:
        with world.node.ledger.begin() as tx:
            act(tx)

    return run


def note(tx: Connection) -> None:
    criticals.note_told(tx, Post("DEMO-TW", NOW, OTHER), _Person(), FINDING, Told("BS. Thu", "telephone", True))


def withdraw(tx: Connection) -> None:
    criticals.withdraw(tx, Post("DEMO-TW", NOW, OTHER), _Person(), FINDING, "Nhầm.")


def noted_at_origin(tx: Connection) -> None:
    letter = Letter(OTHER, STUDY, "DEMO-DH", "noted", "BS. Thu", NOW, {"read_back": True}, FINDING)
    letters.get(tx, FINDING)
    criticals.noted_by_letter(tx, letter, NOW, "vi")
    take_turn(tx)


def answered(tx: Connection) -> None:
    desk.answered(tx, HERE, STUDY)


def hurry(tx: Connection) -> None:
    desk.set_priority(tx, HERE, ANH, TASK, Priority.URGENT)


def ask_colleague(tx: Connection) -> None:
    opinions.ask(tx, HERE, ANH, TASK, of=DUC.username, question="Gãy?", new_id=OTHER)


def hand_over(tx: Connection) -> None:
    hands.hand_over(tx, HERE, ANH, TASK, DUC.username)


def escalate_late(world: World) -> None:
    world.clock.forward(days=1)
    assert escalate(world.node, OTHER) == 1


ACTS: dict[str, Act] = {
    "raise": in_transaction(lambda tx: raise_finding(tx, OTHER)),
    "escalate": escalate_late,
    **{act.__name__: in_transaction(act) for act in (note, withdraw, noted_at_origin, answered, hurry, ask_colleague,
                                                     hand_over)},
}  # fmt: skip


@pytest.mark.parametrize("act", ACTS.values(), ids=list(ACTS))
def test_whatever_happens_beside_a_signature_does_not_wait_for_it_in_a_ring(world: World, act: Act) -> None:
    errors: list[BaseException] = []

    def beside() -> None:
        try:
            act(world)
        except BaseException as error:  # told by the test's own thread
            errors.append(error)

    other = threading.Thread(target=beside)
    with world.node.ledger.begin() as tx:  # as signing does: the task, the notices about it, the turn
        store.get_task(tx, TASK, hold=True)
        other.start()
        wait_until_it_waits(world, other)
        notices.over(tx, f"clock:{TASK}", NOW)
        take_turn(tx)
    other.join(30)
    assert not other.is_alive()
    assert errors == []


def wait_until_it_waits(world: World, other: threading.Thread) -> None:
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    until = time.monotonic() + 30
    while other.is_alive() and time.monotonic() < until:
        with world.node.ledger.read() as tx:
            if tx.execute(waiting).scalar_one():
                return
        other.join(0.02)
    raise AssertionError("the other transaction neither waited nor could it have gone on")
