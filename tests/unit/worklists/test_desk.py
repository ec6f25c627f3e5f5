"""Claims, leases and the intake of the reading desk, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from node.domain.job import Job
from node.domain.report import ReadingState, ReportText
from node.domain.study import Arrival, InstanceHeader, Priority, Via
from node.errors import NodeError, NotAllowed
from node.ledger import studies
from node.ledger.schema import audit, manifests, reading_tasks, timeline
from node.ledger.schema import studies as studies_table
from node.ledger.sql import SqlLedger
from tests.web.world import World, ledger_of, make_world
from worklists.reading import desk, store
from worklists.reading.desk import Desk, Reader
from worklists.reading.intake import ReadStage, task_id_of
from worklists.reading.store import TaskRow
from worklists.reporting import life
from worklists.reporting import store as reports
from worklists.reporting.life import Signing

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HERE = Desk("DEMO-TW", NOW, timedelta(minutes=30))
ANH, DUC = Reader("bs", "BS. Ánh"), Reader("bs2", "BS. Đức")
STUDY = "1.2.3"
TASK = task_id_of(STUDY)
HEADER = InstanceHeader(
    "1.2.3.1.1", "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1", STUDY, "1.2.3.1", "a" * 64, 1000
)


@pytest.fixture
def world(tmp_path: Path, ledger_url: str) -> Iterator[World]:
    made = make_world(tmp_path / "node", ledger_url)
    yield made
    made.node.pool.shutdown()
    ledger_of(made).dispose()


@pytest.fixture
def ledger(world: World) -> SqlLedger:
    return ledger_of(world)


def add_image(world: World, number: int, via: Via = Via.LINK, digest: str = "") -> None:
    arrival = Arrival(via, NOW, facility="DEMO-DH")
    header = replace(HEADER, sop_instance_uid=f"1.2.3.1.{number}", digest=digest or f"{number:064x}", rows=8, columns=8)
    with world.node.ledger.begin() as tx:
        studies.add_instance(tx, header, arrival, name_key="", shadow=False, packed=studies.pack({}))
        studies.summarise(tx, STUDY)


def put_manifest(world: World, closed: bool, expected: int, numbers: range) -> None:
    items = {f"1.2.3.1.{n}": f"{n:064x}" for n in numbers}
    with world.node.ledger.begin() as tx:
        tx.execute(manifests.delete())
        tx.execute(
            insert(manifests).values(
                study_uid=STUDY, peer="node-dh", closed=closed, priority="urgent", expected=expected, items=items,
                updated_at=NOW,
            )
        )  # fmt: skip


def read(world: World) -> TaskRow:
    stage = ReadStage()
    job = Job(1, "read", STUDY, {}, 0, 2, 0, "test")
    result = stage.work(job, world.node)
    with world.node.ledger.begin() as tx:
        stage.settle(tx, job, result, world.node)
    with world.node.ledger.read() as tx:
        task = store.get_task(tx, TASK)
    assert task is not None
    return task


def ready_task(world: World) -> None:
    add_image(world, 1)
    with world.node.ledger.begin() as tx:
        tx.execute(update(studies_table).values(state="complete"))
    assert read(world).state == ReadingState.READY


def hops(world: World, hop: str) -> int:
    with world.node.ledger.read() as tx:
        return len(tx.execute(select(timeline.c.id).where(timeline.c.hop == hop)).all())


@pytest.mark.timeout(1200)
def test_of_two_readers_at_once_exactly_one_gets_the_study(world: World) -> None:
    """A thousand times, two threads at a time."""
    ready_task(world)
    both = threading.Barrier(2)
    won: dict[str, list[int]] = {"bs": [], "bs2": []}
    rounds = 1000

    def compete(reader: Reader) -> None:
        for number in range(rounds):
            both.wait(300)
            try:
                with world.node.ledger.begin() as tx:
                    desk.claim(tx, replace(HERE, now=NOW + timedelta(seconds=number)), reader, TASK)
                won[reader.username].append(number)
            except NotAllowed:
                pass
            if both.wait(300) == 0:
                with world.node.ledger.begin() as tx:
                    tx.execute(update(reading_tasks).values(state="ready", claimed_by="", lease_until=None))

    threads = [threading.Thread(target=compete, args=(reader,)) for reader in (ANH, DUC)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(1100)
    assert sorted(won["bs"] + won["bs2"]) == list(range(rounds))
    assert hops(world, "claimed") == rounds


def test_a_study_is_ready_when_the_closed_manifest_is_here_with_the_same_bytes(world: World) -> None:
    add_image(world, 1)
    put_manifest(world, False, 2, range(1, 2))
    task = read(world)
    assert (task.state, task.instances_received, task.instances_expected) == (ReadingState.INCOMPLETE, 1, 2)
    put_manifest(world, True, 2, range(1, 3))
    assert read(world).state == ReadingState.INCOMPLETE
    add_image(world, 2, digest="f" * 64)
    assert read(world).state == ReadingState.INCOMPLETE
    add_image(world, 2)
    task = read(world)
    assert (task.state, task.instances_received, task.instances_expected) == (ReadingState.READY, 2, 2)
    assert task.ready_at == NOW
    assert hops(world, "ready") == 1


def test_late_images_take_a_ready_study_back_but_never_a_claimed_one(world: World) -> None:
    add_image(world, 1)
    put_manifest(world, True, 1, range(1, 2))
    assert read(world).state == ReadingState.READY
    put_manifest(world, True, 2, range(1, 3))
    task = read(world)
    assert (task.state, task.ready_at) == (ReadingState.INCOMPLETE, NOW)
    add_image(world, 2)
    read(world)
    with world.node.ledger.begin() as tx:
        desk.claim(tx, HERE, ANH, TASK)
    put_manifest(world, True, 3, range(1, 4))
    task = read(world)
    assert (task.state, task.claimed_by, task.instances_expected) == (ReadingState.CLAIMED, "bs", 3)
    assert hops(world, "ready") == 2  # with one image, and again with two


def test_our_own_reports_are_not_counted_as_images(world: World) -> None:
    ready_task(world)
    add_image(world, 9, via=Via.DESK)
    assert read(world).instances_received == 1


def test_asking_again_with_nothing_new_writes_nothing(world: World) -> None:
    ready_task(world)
    before = read(world)
    world.clock.forward(hours=1)
    assert read(world) == before


def test_a_more_urgent_study_makes_its_task_more_urgent(world: World) -> None:
    ready_task(world)
    with world.node.ledger.begin() as tx:
        studies.set_priority(tx, STUDY, Priority.EMERGENCY)
    assert read(world).priority == 0


def test_leases_that_ran_out_end_and_drafts_stay(world: World) -> None:
    ready_task(world)
    with world.node.ledger.begin() as tx:
        desk.claim(tx, HERE, ANH, TASK)
        life.save(tx, HERE, ANH, TASK, ReportText(findings="Bắt đầu"), (), None)
    with world.node.ledger.begin() as tx:
        assert desk.expire_leases(tx, NOW + timedelta(minutes=29)) == 0
        assert desk.expire_leases(tx, NOW + timedelta(minutes=30)) == 1
        assert desk.expire_leases(tx, NOW + timedelta(minutes=31)) == 0
        task = store.get_task(tx, TASK)
        report = reports.newest(tx, TASK, reports.DRAFT)
        node = tx.execute(select(timeline.c.node).where(timeline.c.hop == "released")).scalar_one()
    assert task is not None
    assert (task.state, task.claimed_by, task.lease_until) == (ReadingState.READY, "", None)
    assert report is not None
    assert report.text.findings == "Bắt đầu"
    assert node == "DEMO-TW"


def test_a_failed_signature_leaves_nothing_behind(world: World) -> None:
    ready_task(world)
    with world.node.ledger.begin() as tx:
        desk.claim(tx, HERE, ANH, TASK)
        life.save(tx, HERE, ANH, TASK, ReportText(conclusion="Bình thường."), (), None)

    class PowerCutError(NodeError):
        pass

    def sign_and_fail() -> None:
        with world.node.ledger.begin() as tx:
            seen = reports.newest(tx, TASK, reports.DRAFT)
            assert seen is not None
            signing = Signing("2.25.1", "2.25.2", "Bệnh viện", timedelta(minutes=10), seen.revision)
            life.sign_final(tx, HERE, ANH, TASK, signing)
            raise PowerCutError("now")

    with pytest.raises(PowerCutError):
        sign_and_fail()
    with world.node.ledger.read() as tx:
        report = reports.newest(tx, TASK, reports.DRAFT)
        assert report is not None
        kinds = tx.execute(select(audit.c.kind).where(audit.c.kind == "report-signed")).all()
        assert kinds == []
    assert hops(world, "signed") == 0
