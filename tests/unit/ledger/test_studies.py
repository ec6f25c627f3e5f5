"""Studies, series and instances as rows; snapshots of them; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from node.domain.study import Arrival, InstanceHeader, Priority, StudyEvent, StudyState, Via
from node.errors import NotAllowed
from node.ledger import studies
from node.ledger.schema import instances
from node.ledger.sql import SqlLedger, open_ledger

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
HEADER = InstanceHeader(
    "1.2.1.1", "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1", "1.2", "1.2.1", "a" * 64, 1000, modality="CT",
    patient_name="NGUYỄN^VĂN MẪU", patient_id="MAU-0001", body_part="CHEST",
)  # fmt: skip


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[SqlLedger]:
    opened = open_ledger(ledger_url)
    yield opened
    opened.dispose()


def add(tx: Any, number: int = 1, *, at: datetime = NOW, via: Via = Via.DIMSE, **more: Any) -> bool:
    header = replace(HEADER, **{"sop_instance_uid": f"1.2.1.{number}", "digest": f"{number:064x}"} | more)
    arrival = Arrival(via, at, peer="ct", facility="DEMO-DH")
    return studies.add_instance(
        tx, header, arrival, name_key="mau nguyen van", shadow=False, packed=studies.pack({"00080060": {"vr": "CS"}})
    )


def test_a_reader_sees_one_moment_however_long_it_looks(ledger: SqlLedger) -> None:
    with ledger.begin() as tx:
        add(tx, 1)
    count = select(func.count()).select_from(instances)
    with ledger.read() as reader:
        assert reader.execute(count).scalar_one() == 1
        with ledger.begin() as tx:
            add(tx, 2)
        assert reader.execute(count).scalar_one() == 1
    with ledger.read() as reader:
        assert reader.execute(count).scalar_one() == 2


def test_a_writer_sees_what_was_committed_while_it_waited(ledger: SqlLedger) -> None:
    """The connections come from one pool: a reader's snapshot must not stick to the next transaction."""
    count = select(func.count()).select_from(instances)
    for number in range(1, 4):
        with ledger.read() as reader:
            reader.execute(count)
        with ledger.begin() as tx:
            add(tx, number)
            if tx.dialect.name == "postgresql":
                assert tx.exec_driver_sql("SHOW transaction_isolation").scalar_one() == "read committed"


def test_the_study_counts_its_current_instances_and_knows_its_modalities(ledger: SqlLedger) -> None:
    with ledger.begin() as tx:
        assert add(tx, 1)
        assert add(tx, 2, at=NOW + timedelta(seconds=9), series_instance_uid="1.2.2", modality="SR")
        assert not add(tx, 2, at=NOW + timedelta(minutes=9), series_instance_uid="1.2.2", modality="SR")
        assert add(tx, 1, digest="b" * 64, at=NOW + timedelta(seconds=5))
        studies.summarise(tx, "1.2")
        study = studies.get(tx, "1.2")
        assert study is not None
        assert (study.instances, study.modalities) == (2, "CT\\SR")
        assert study.last_received_at == NOW + timedelta(seconds=9)
        assert study.first_received_at == NOW
        assert [row.digest for row in studies.current_instances(tx, "1.2")] == [f"{2:064x}", "b" * 64]


def test_a_report_and_its_pseudonymous_twin_do_not_replace_each_other(ledger: SqlLedger) -> None:
    with ledger.begin() as tx:
        add(tx, 1, via=Via.LINK, study_instance_uid="2.25.1")
        add(tx, 1, via=Via.HOME, digest="c" * 64)
        rows = tx.execute(select(instances.c.current, instances.c.conflict)).all()
    assert [tuple(row) for row in rows] == [(True, False), (True, False)]


def test_instances_can_be_asked_for_by_the_way_they_came(ledger: SqlLedger) -> None:
    with ledger.begin() as tx:
        add(tx, 1)
        add(tx, 2, via=Via.DESK)
        assert [i.sop_instance_uid for i in studies.current_instances(tx, "1.2", (Via.DESK,))] == ["1.2.1.2"]
        assert studies.header(tx, 1) == {"00080060": {"vr": "CS"}}


def test_a_study_takes_its_priority_from_its_first_object_or_is_routine(ledger: SqlLedger) -> None:
    with ledger.begin() as tx:
        add(tx, 1, priority=Priority.URGENT)
        add(tx, 2, study_instance_uid="1.3")
        assert [studies.get(tx, uid).priority for uid in ("1.2", "1.3")] == ["urgent", "routine"]  # type: ignore[union-attr]


def test_a_state_changes_only_as_the_table_allows(ledger: SqlLedger) -> None:
    with ledger.begin() as tx:
        add(tx, 1)
        assert studies.move(tx, "1.2", StudyEvent.QUIET, NOW) == StudyState.RECEIVING
        assert studies.move(tx, "1.2", StudyEvent.QUIET, NOW + timedelta(hours=1)) == StudyState.COMPLETE
        study = studies.get(tx, "1.2")
        assert study is not None
        assert study.completed_at == NOW
        studies.move(tx, "1.2", StudyEvent.HOLD, NOW)
    with pytest.raises(NotAllowed), ledger.begin() as tx:
        studies.move(tx, "1.2", StudyEvent.QUIET, NOW)


def test_the_same_manifest_again_is_no_news(ledger: SqlLedger) -> None:
    values: dict[str, Any] = {"peer": "dh", "priority": Priority.URGENT, "expected": 2, "withheld": 1}
    with ledger.begin() as tx:
        for closed, items, news in (
            (False, {"1.1": "a"}, True),
            (False, {"1.1": "a"}, False),
            (False, {"1.1": "a", "1.2": "b"}, True),
            (True, {"1.1": "a", "1.2": "b"}, True),
            (True, {"1.2": "b", "1.1": "a"}, False),
        ):
            assert studies.put_manifest(tx, "1.2", closed=closed, items=items, now=NOW, **values) is news
        row = studies.manifest(tx, "1.2")
        assert row is not None
        assert (row.closed, row.priority, row.expected, row.withheld) == (True, "urgent", 2, 1)
        assert studies.manifest(tx, "9") is None
