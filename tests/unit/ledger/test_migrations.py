"""Migrations keep what is there and fill what is new, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import text

import node.ledger
from node.dicom.network.identifier import key_of
from node.domain.query import Level, Query
from node.ledger import criticals
from node.ledger.schema import metadata
from node.ledger.search import find
from node.ledger.sql import SqlLedger, open_ledger
from node.ledger.studies import pack

STUDY = (
    "INSERT INTO studies (uid, state, shadow, origin, priority, patient_id, issuer_of_patient_id, patient_name, name_key,"
    " birth_date, sex, age, accession_number, study_date, study_time, description, modalities, body_part, institution,"
    " instances, first_received_at, last_received_at) VALUES (:uid, 'complete', false, '', 'routine', 'P1', '', :name, :key,"
    " '', '', '', '', '20260302', '', '', 'CT', '', '', 1, '2026-03-02 08:00:00', '2026-03-02 08:00:00')"
)
INSTANCE = (
    "INSERT INTO instances (sop_instance_uid, study_uid, series_uid, sop_class_uid, transfer_syntax_uid, digest, size,"
    " frames, rows, columns, header, via, peer, facility, calling_ae, received_at, current, conflict)"
    " VALUES (:uid, :uid, :uid, '', '', :uid, 1, 1, 0, 0, :header, 'dimse', '', '', '', '2026-03-02 08:00:00', true, false)"
)
TASK = (
    "INSERT INTO reading_tasks (id, study_uid, state, priority, instances_received, claimed_by, created_at, updated_at)"
    " VALUES ('t', :uid, 'ready', 2, 1, '', '2026-03-02 08:00:00+00:00', '2026-03-02 08:00:00+00:00')"
)
FINDING = (
    "INSERT INTO critical_findings (id, task_id, category, text, state, raised_by, raised_at, due_at, channel, noted_by,"
    " read_back, escalated_at) VALUES ('f', 't', 1, 'Vỡ lách', 'told', 'bs', '2026-03-02 08:00:00+00:00',"
    " '2026-03-02 08:15:00+00:00', '', '', false, '2026-03-02 08:15:00+00:00')"
)
HEADER = {
    "00080090": {"vr": "PN", "Value": [{"Alphabetic": "Trần^Hà", "Ideographic": "陳"}]},
    "00080201": {"vr": "SH", "Value": ["+0700"]},
    "00200010": {"vr": "SH", "Value": ["S7"]},
}


@pytest.fixture(params=["sqlite", "postgresql"])
def old_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlLedger]:
    """A ledger as the first release made it, with 1,200 studies; the header of one cannot be read."""
    sqlite = request.param == "sqlite"
    opened = open_ledger(f"sqlite:///{tmp_path / 'old.db'}" if sqlite else request.getfixturevalue("postgres_url"))
    move(opened, "0001")
    names = [("1.0", "Lê^Văn", "le van"), *((f"1.{n}", "Nguyễn^Văn^Đức", "duc nguyen van") for n in range(1, 1200))]
    with opened.begin() as tx:
        tx.execute(text(STUDY), [{"uid": uid, "name": name, "key": key} for uid, name, key in names])
        headers = [{"uid": uid, "header": b"?" if uid == "1.0" else pack(HEADER)} for uid, _, _ in names]
        tx.execute(text(INSTANCE), headers)
    yield opened
    opened.dispose()


def move(ledger: SqlLedger, revision: str, *, back: bool = False) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(next(iter(node.ledger.__path__)), "migrations")))
    with ledger.engine.connect() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if back else command.upgrade)(config, revision)
        connection.commit()


def test_old_studies_are_found_by_what_was_not_kept_before(old_ledger: SqlLedger) -> None:
    old_ledger.migrate()

    def found(name: str, value: str) -> int:
        key = key_of(name, value)
        assert key is not None
        with old_ledger.read() as tx:
            return len(list(find(tx, Query(Level.STUDY, (key,)))))

    assert found("PatientName", "DUC*") == 1199
    assert found("PatientName", "van le") == 1
    assert found("StudyID", "S7") == 1199
    assert found("ReferringPhysicianName", "ha tran*") == 1199
    with old_ledger.read() as tx:
        zones = tx.execute(text("SELECT DISTINCT timezone, referring_physician FROM studies ORDER BY timezone")).all()
    assert [tuple(zone) for zone in zones] == [("", ""), ("+0700", "Trần^Hà=陳")]


def test_the_migrations_make_the_tables_of_the_schema(old_ledger: SqlLedger) -> None:
    old_ledger.migrate()
    with old_ledger.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_tables_of_searches_can_be_taken_back(old_ledger: SqlLedger) -> None:
    move(old_ledger, "0002")
    move(old_ledger, "0001", back=True)
    with old_ledger.begin() as tx:
        assert tx.execute(text("SELECT count(*) FROM studies WHERE name_key = 'le van'")).scalar() == 1
    old_ledger.migrate()


def test_a_finding_that_waits_since_before_is_escalated_again(old_ledger: SqlLedger) -> None:
    move(old_ledger, "0006")
    with old_ledger.begin() as tx:
        tx.execute(text(TASK), {"uid": "1.1"})
        tx.execute(text(FINDING))
    old_ledger.migrate()
    with old_ledger.read() as tx:
        assert criticals.overdue(tx, datetime(2026, 3, 2, 8, 14, tzinfo=UTC)) == []
        (late,) = criticals.overdue(tx, datetime(2026, 3, 2, 8, 16, tzinfo=UTC))
    assert (late.id, late.escalated_at) == ("f", datetime(2026, 3, 2, 8, 15, tzinfo=UTC))
