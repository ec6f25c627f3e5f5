"""Fixtures that many tests share. Servers start when the first test asks for them and stop when the last has ended."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from tests import services
from tests.flow.nursery import Nursery
from tests.flow.nursery import nursery as open_nursery

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def password_hasher() -> Iterator[PasswordHasher]:
    """Within the tests passwords are hashed as quickly as can be: what is slow on purpose would be most of their time.
    Gives the node's own hasher."""
    from node.ledger import users

    own = users._HASHER
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(users, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield own


@pytest.fixture
def free_port() -> int:
    """A TCP port of loopback that nobody listens on now."""
    return services.free_port()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real studies beside the repository, or the one that LIENTUYEN_TEST_DATA names; read only."""
    folder = Path(os.environ.get("LIENTUYEN_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("no real studies here: put them into ../shared/data or name their folder in LIENTUYEN_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[services.PostgresServer]:
    """A PostgreSQL server of this run."""
    with services.postgres_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: services.PostgresServer) -> Iterator[str]:
    """The SQLAlchemy URL of an empty database."""
    database = postgres.create()
    yield postgres.url(database)
    postgres.drop(database)


@pytest.fixture(scope="session")
def redis() -> Iterator[services.RedisServer]:
    """A Redis server of this run."""
    with services.redis_server() as server:
        yield server


@pytest.fixture
def redis_url(redis: services.RedisServer) -> str:
    """The URL of an empty Redis."""
    redis.flush()
    return redis.url


@pytest.fixture(scope="session")
def orthanc_of_the_run() -> Iterator[services.OrthancServer]:
    with services.orthanc_server() as server:
        yield server


@pytest.fixture
def orthanc(orthanc_of_the_run: services.OrthancServer) -> services.OrthancServer:
    """An Orthanc that holds nothing."""
    orthanc_of_the_run.clear()
    return orthanc_of_the_run


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Where nodes are forked."""
    with open_nursery() as opened:
        yield opened


@pytest.fixture(scope="session")
def chromium() -> Path | None:
    """The program for Playwright's `executable_path`; None: the browser that Playwright brings."""
    return services.find_chromium()


# The ledger on both databases. Its tables are made once per run and copied for every test.


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("ledger") / "template.db"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_postgres(postgres: services.PostgresServer) -> str:
    database = postgres.create()
    _migrate(postgres.url(database))
    return database


def _migrate(url: str) -> None:
    from node.ledger.sql import open_ledger

    ledger = open_ledger(url)
    try:
        ledger.migrate()
    finally:
        ledger.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh ledger with all its tables: every test that asks for it runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        file = tmp_path / "ledger.db"
        shutil.copyfile(request.getfixturevalue("migrated_sqlite"), file)
        yield f"sqlite:///{file}"
        return
    server: services.PostgresServer = request.getfixturevalue("postgres")
    database = server.create(request.getfixturevalue("migrated_postgres"))
    yield server.url(database)
    server.drop(database)
