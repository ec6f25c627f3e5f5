"""What the ledger makes of the faults of its database, on both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from node.errors import LedgerBusy, LedgerDamaged, StorageFull
from node.ledger.schema import audit, users
from node.ledger.sql import SqlLedger, open_ledger

NAME = "Nguyễn Thị Đào"


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[SqlLedger]:
    opened = open_ledger(ledger_url)
    yield opened
    opened.dispose()


@pytest.fixture
def a_file(tmp_path: Path) -> Iterator[tuple[Path, SqlLedger]]:
    """An SQLite file with tables, closed, and a ledger that has not looked at it yet."""
    file = tmp_path / "ledger.db"
    first = open_ledger(f"sqlite:///{file}")
    first.migrate()
    first.dispose()
    opened = open_ledger(f"sqlite:///{file}")
    yield file, opened
    opened.dispose()


def fill(ledger: SqlLedger) -> None:
    """Writes more than SQLite may."""
    with ledger.begin() as tx:
        tx.exec_driver_sql("PRAGMA max_page_count = 1")  # it keeps the pages that it has: the next one is too many
        tx.exec_driver_sql("CREATE TABLE more AS SELECT zeroblob(1000000) AS content")


def fault(ledger: SqlLedger, state: str) -> None:
    """Lets the server itself report this SQLSTATE (PostgreSQL, appendix A)."""
    with ledger.begin() as tx:
        tx.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '{state}'; END $$")


def test_an_error_of_the_database_does_not_quote_what_was_to_be_written(ledger: SqlLedger) -> None:
    row = {"username": "x", "display_name": NAME, "role": "admin"}
    with pytest.raises(IntegrityError) as caught, ledger.begin() as tx:
        tx.execute(insert(users).values(row | {"password_hash": None}))
    assert NAME not in str(caught.value).partition("[SQL:")[2]
    assert ledger.engine.hide_parameters


def test_a_full_disk_under_sqlite_is_told_as_that(a_file: tuple[Path, SqlLedger]) -> None:
    _, ledger = a_file
    with pytest.raises(StorageFull, match="Free space"):
        fill(ledger)
    with ledger.begin() as tx:
        assert tx.execute(audit.select()).all() == []


def test_a_full_disk_under_postgresql_is_told_as_that(postgres_url: str) -> None:
    ledger = open_ledger(postgres_url)
    with pytest.raises(StorageFull, match="Free space"):
        fault(ledger, "53100")
    with pytest.raises(LedgerDamaged, match="backup"):
        fault(ledger, "XX001")
    with pytest.raises(LedgerBusy):
        fault(ledger, "57P03")
    ledger.dispose()


@pytest.mark.parametrize("start", [0, 4096])
def test_a_damaged_file_is_no_passing_fault(a_file: tuple[Path, SqlLedger], start: int) -> None:
    file, ledger = a_file
    content = file.read_bytes()
    file.write_bytes(content[:start] + b"\x5a" * (len(content) - start))
    with pytest.raises(LedgerDamaged, match="backup") as caught, ledger.read() as tx:
        tx.execute(audit.select())
    assert str(file) not in str(caught.value)
    with pytest.raises(LedgerDamaged), ledger.begin() as tx:
        tx.execute(audit.select())
