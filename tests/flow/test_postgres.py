"""The main job with both nodes' ledgers on PostgreSQL: only the address of the ledger is another one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from node.ledger.schema import instances, registry_revisions, users
from node.ledger.sql import open_ledger
from tests.flow.ended import check_ended_once
from tests.flow.loop import Loop, wait_for
from tests.services import PostgresServer

Push = Callable[[Loop, Path], bool]


@pytest.fixture
def on_postgres(loop: Loop, postgres: PostgresServer) -> Iterator[Loop]:
    """The loop; each node finds its registry and its people in a PostgreSQL database of its own."""
    databases = {name: postgres.create() for name in ("district", "hub")}
    for name, database in databases.items():
        _move(f"sqlite:///{loop.site(name).folder / 'ledger.db'}", postgres.url(database))
        loop.environments[name] = {"LIENTUYEN_LEDGER__URL": postgres.url(database)}
    yield loop
    for name in list(loop.processes):
        loop.kill(name)
    for database in databases.values():
        postgres.drop(database)


def _move(old_url: str, new_url: str) -> None:
    old, new = open_ledger(old_url), open_ledger(new_url)
    new.migrate()
    with old.read() as source, new.begin() as target:
        for table in (registry_revisions, users):
            target.execute(table.insert(), [dict(row) for row in source.execute(select(table)).mappings()])
    old.dispose()
    new.dispose()


def _instances(url: str) -> int:
    ledger = open_ledger(url)
    with ledger.read() as tx:
        count = tx.execute(select(func.count()).select_from(instances)).scalar_one()
    ledger.dispose()
    return int(count)


def check(loop: Loop, study: Path) -> None:
    """The loop ended once; the other node's part of the record comes up to a poll later than the report itself."""
    loop.wait_reports()
    wait_for(lambda: _record_is_whole(loop), 60, "the whole way is on the district's record")
    check_ended_once(loop, study)
    check_where_it_is(loop)


def _record_is_whole(loop: Loop) -> bool:
    with loop.api("district", "admin") as api:
        (item,) = api.get("/api/studies").json()["items"]
        hops = {e["hop"] for e in api.get(f"/api/studies/{item['study_instance_uid']}/timeline").json()["items"]}
        return hops >= {"ready", "signed", "report-received", "report-reidentified", "report-delivered"}


def check_where_it_is(loop: Loop) -> None:
    """Both ledgers are on PostgreSQL, and none beside them."""
    for name in ("district", "hub"):
        assert _instances(loop.environments[name]["LIENTUYEN_LEDGER__URL"]) > 0
        assert _instances(f"sqlite:///{loop.site(name).folder / 'ledger.db'}") == 0


def test_the_whole_loop(on_postgres: Loop, ct_study: Path, storescu: Push) -> None:
    loop = on_postgres
    loop.start("hub")
    loop.start("district")
    assert storescu(loop, ct_study)
    (task,) = loop.wait_task(images=4)
    loop.sign(task["id"])
    check(loop, ct_study)


def test_the_whole_loop_though_each_node_is_killed_twice(on_postgres: Loop, ct_study: Path, storescu: Push) -> None:
    loop = on_postgres
    loop.start("hub", crash="index.after_commit")
    loop.start("district", crash="transform.after_settle")
    loop.wait_ready("hub")
    loop.wait_ready("district")
    taken = storescu(loop, ct_study)
    for name in ("district", "hub"):
        loop.wait_killed(name)
        loop.start(name)
    if not taken:  # the district was gone before the last image: the modality sends again
        assert storescu(loop, ct_study)
    (task,) = loop.wait_task(images=4)
    loop.kill("hub")
    loop.kill("district")
    loop.start("hub", crash="report.after_settle")
    loop.wait_ready("hub")
    with suppress(httpx.TransportError):  # it may die before it has answered
        loop.sign(task["id"])
    loop.wait_killed("hub")
    loop.start("hub")
    loop.start("district", crash="homecome.after_work")
    loop.wait_killed("district")
    loop.start("district")
    check(loop, ct_study)
