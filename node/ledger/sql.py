"""The database: one engine, write transactions and snapshots, migrations.

SQLite runs with WAL and `synchronous=FULL`, and every write transaction begins IMMEDIATE, so that two writers wait for each
other instead of failing at commit. On PostgreSQL writers run at READ COMMITTED, readers at REPEATABLE READ.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from node.errors import Invalid, LedgerBusy, LedgerDamaged, StorageFull

_WRITE = "lientuyen_write"

_FULL = {sqlite3.SQLITE_FULL, "53100"}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, "XX001", "XX002"}


def insert(tx: Connection, table: Table) -> Any:
    """An INSERT of the connection's dialect, which both have `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return postgresql.insert(table) if tx.dialect.name == "postgresql" else sqlite.insert(table)


@cache
def _insert_new(dialect: str, table: Table, key: tuple[str, ...]) -> Any:
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return make(table).on_conflict_do_nothing(index_elements=list(key))


def insert_new(tx: Connection, table: Table, *key: str) -> Any:
    """An INSERT that leaves a row of the same `key` as it is. Made once: give the values as parameters of `execute`."""
    return _insert_new(tx.dialect.name, table, key)


class SqlLedger:
    """Implements `node.ports.Ledger`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        # SQLite has one writer; waiting for it here is fair and quick, waiting inside SQLite is a sleep loop
        self._writer = threading.Lock() if engine.dialect.name == "sqlite" else None
        self._writing: dict[str, Any] = {_WRITE: True}
        self._reading: dict[str, Any] = {_WRITE: False}
        if engine.dialect.name == "postgresql":  # its default sees a new moment with every query
            self._reading["isolation_level"] = "REPEATABLE READ"

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A write transaction: commits at the end of the block, rolls back on any exception.

        Raises `LedgerBusy` when the database is locked or away, `StorageFull`, `LedgerDamaged`.
        """
        if self._writer is not None:
            with self._writer, self._transaction(write=True) as tx:
                yield tx
        else:
            with self._transaction(write=True) as tx:
                yield tx

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot for queries: all of them see the same moment."""
        with self._transaction(write=False) as tx:
            yield tx

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[Connection]:
        options = self._writing if write else self._reading
        with _translated(), self.engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    def migrate(self) -> None:
        """Brings the tables to the newest revision."""
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with _translated(), self.engine.connect().execution_options(**self._writing) as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()

    def dispose(self) -> None:
        self.engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    """Faults that pass by themselves become `LedgerBusy`, those of the disk `StorageFull` or `LedgerDamaged`."""
    try:
        yield
    except PoolTimeout as error:
        raise _busy() from error
    except DBAPIError as error:
        code = _code_of(error)
        if code in _FULL:
            raise StorageFull(
                "The disk of the database is full.", hint="Free space on it; the work goes on by itself."
            ) from error
        if code in _DAMAGED:
            raise LedgerDamaged(
                "The database is damaged.",
                hint="Stop the node, keep a copy of the database as it is, check the disk, then restore the last backup.",
            ) from error
        if isinstance(error, OperationalError) or error.connection_invalidated:
            raise _busy() from error
        raise


def _busy() -> LedgerBusy:
    return LedgerBusy("The database did not answer in time.", hint="It is tried again by itself.")


def _code_of(error: DBAPIError) -> int | str | None:
    """SQLite's primary result code, or PostgreSQL's SQLSTATE."""
    number: int | None = getattr(error.orig, "sqlite_errorcode", None)
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state if number is None else number & 0xFF


def open_ledger(url: str) -> SqlLedger:
    """`sqlite:///file` or `postgresql+psycopg://…`; makes the folder of an SQLite file. Raises `Invalid`."""
    address = _address(url)
    if address.drivername == "sqlite":
        arguments = {"timeout": 30, "check_same_thread": False}
        engine = create_engine(address, pool_size=32, connect_args=arguments, hide_parameters=True)
        if engine.url.database:
            Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        engine = create_engine(address, pool_size=16, max_overflow=16, pool_pre_ping=True, hide_parameters=True)
    return SqlLedger(engine)


def _address(url: str) -> URL:
    """The parsed address; nothing of a wrong one is shown, it may hold a password."""
    try:
        address = make_url(url)
    except ArgumentError:
        address = None
    if address is not None and address.drivername == "postgresql":
        return address.set(drivername="postgresql+psycopg")
    if address is None or address.drivername not in ("sqlite", "postgresql+psycopg"):
        raise Invalid(
            "The ledger's address (ledger.url) is of no known kind.",
            hint="Use sqlite:///file or postgresql+psycopg://user@host/database.",
        )
    return address


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions by itself
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=30000",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get(_WRITE, True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
