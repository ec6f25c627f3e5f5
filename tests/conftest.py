"""Fixtures that many tests share. Servers start when the first test asks for them and stop when the last has ended."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import settings

from tests import services
from tests.flow.nursery import Nursery
from tests.flow.nursery import nursery as open_nursery
from tests.orthanc import OrthancServer, orthanc_server

ROOT = Path(__file__).resolve().parent.parent

# The same examples at every run, and no clock: a change is judged by what it does, not by its luck or the machine's load.
settings.register_profile("same-for-all", deadline=None, derandomize=True)
settings.load_profile("same-for-all")

LONG = (  # the files that take longest, roughly longest first
    "e2e/test_correspondence.py",
    "flow/test_crash_going_up.py",
    "flow/test_crash_coming_home.py",
    "e2e/test_shift.py",
    "e2e/test_pixel_truth.py",
    "e2e/test_layers.py",
    "e2e/test_tools.py",
    "e2e/test_pages.py",
    "e2e/test_layouts.py",
    "e2e/test_report.py",
    "e2e/test_worklist.py",
    "e2e/test_unsent.py",
    "e2e/test_documents.py",
    "e2e/test_drafts.py",
    "e2e/test_orders.py",
    "e2e/test_previews.py",
    "e2e/test_set_aside.py",
    "real/test_loop_real.py",
    "real/test_documents_real.py",
    "real/test_sr_real.py",
    "unit/test_cli.py",
    "flow/test_letters.py",
    "flow/test_kill_receive.py",
    "wire/test_bombs.py",
    "flow/test_loop.py",
    "flow/test_postgres.py",
    "wire/test_large_object.py",
    "real/test_transcode_real.py",
    "real/test_presentation_real.py",
    "real/test_display_real.py",
    "real/test_deidentify_real.py",
    "properties/test_wire.py",
    "unit/flow/test_deliver.py",
    "web/test_worklist.py",
    "flow/test_tls.py",
    "flow/test_commitment_crash.py",
    "unit/flow/test_commit.py",
    "wire/test_retrieve_real.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files begin first: with one file on one core, a long one that began last would run alone at the end."""
    places = {ROOT / "tests" / name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path, len(LONG)))


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
def orthanc_of_the_run() -> Iterator[OrthancServer]:
    with orthanc_server() as server:
        yield server


@pytest.fixture
def orthanc(orthanc_of_the_run: OrthancServer) -> OrthancServer:
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
