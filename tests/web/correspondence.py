"""Letters between the reading hospital and the origin: a study that they are about, and what came of them."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import select

from node.assembly import STAGES
from node.domain.job import Job
from node.domain.letter import Letter
from node.domain.study import Via
from node.flow.runner import Runner
from node.ledger.desk_tables import notices
from tests.web.world import STUDY, World, ct
from worklists.reading.intake import ReadStage, task_id_of

TASK = task_id_of(STUDY)
ID = "0123456789abcdef0123456789abcdef"


def run_jobs(world: World) -> None:
    """The jobs of letters and of the worklist that are due."""
    stages = {stage.kind: stage() for stage in STAGES if stage.kind in {"letter", "read"}}
    runner = Runner(world.node, stages, owner="test")
    for _ in range(50):
        if runner.step() is not None:
            return
    raise AssertionError("the jobs do not end")


def put_on_worklist(world: World, facility: str = "DEMO-DH", *, receive: bool = True, study: str = STUDY) -> None:
    if receive:
        world.receive(ct(1), ct(2), via=Via.LINK, facility=facility, peer="node-dh")
    with world.node.ledger.begin() as tx:
        tx.exec_driver_sql("UPDATE studies SET state = 'complete'")
    job = Job(1, "read", study, {}, 0, 2, 0, "test")
    stage = ReadStage()
    result = stage.work(job, world.node)
    with world.node.ledger.begin() as tx:
        stage.settle(tx, job, result, world.node)


def from_origin(world: World, kind: str, *, about: str = "", id: str = ID, study: str = STUDY, **body: Any) -> None:
    """A letter of the origin's arrives by the link."""
    from node.flow.letters import take_letters, to_json

    letter = Letter(id, study, "DEMO-DH", kind, "BS. Phạm Thu", world.clock.now(), body, about)
    (peer,) = [p for p in world.node.registry().peers if p.code == "node-dh"]
    take_letters(world.node, peer, [to_json(letter)])
    run_jobs(world)


def told(world: World, *kinds: str) -> list[tuple[str, str, bool]]:
    with world.node.ledger.read() as tx:
        rows = tx.execute(select(notices).order_by(notices.c.id))
        return [(r.kind, r.audience, r.urgent) for r in rows if not kinds or r.kind in kinds]


def state(client: TestClient) -> str:
    return str(client.get(f"/api/reading/tasks/{TASK}").json()["state"])
