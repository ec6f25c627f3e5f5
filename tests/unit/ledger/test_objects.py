"""Searches and retrieval of stored objects, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from node.domain.study import Arrival, InstanceHeader, Via
from node.ledger import objects, studies
from node.ledger.objects import Place, Search
from node.ledger.sql import SqlLedger, open_ledger

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HEADER = InstanceHeader(
    "1.2.3.1.1", "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1", "1.2.3", "1.2.3.1", "a" * 64, 1000, modality="CT",
    patient_id="P_1", accession_number="A%1", study_date="20260301", rows=8, columns=8, series_number=1,
)  # fmt: skip


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[SqlLedger]:
    opened = open_ledger(ledger_url)
    with opened.begin() as tx:
        for number in range(150, 0, -1):
            header = replace(
                HEADER, sop_instance_uid=f"1.2.3.1.{number}", instance_number=number, digest=f"{number:064x}"
            )
            packed = studies.pack({"00200013": {"vr": "IS", "Value": [number]}})
            arrival = Arrival(Via.DIMSE, NOW, facility="DEMO-DH")
            studies.add_instance(tx, header, arrival, name_key="dao nguyen thi", shadow=False, packed=packed)
        studies.summarise(tx, "1.2.3")
    yield opened
    opened.dispose()


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (Search(), 1),
        (Search(uids=("1.2.3", "9")), 1),
        (Search(uids=("9",)), 0),
        (Search(patient_id="P_1"), 1),
        (Search(patient_id="P_?"), 1),
        (Search(patient_id="P?1*"), 1),
        (Search(patient_id="%"), 0),
        (Search(patient_id="*%*"), 0),
        (Search(accession_number="A%*"), 1),
        (Search(accession_number="a%1"), 0),
        (Search(name_words=("nguyen", "dao")), 1),
        (Search(name_words=("le",)), 0),
        (Search(name_key="dao nguyen thi"), 1),
        (Search(name_key="dao"), 0),
        (Search(dates=("20260301", "20260301")), 1),
        (Search(dates=("", "20260228")), 0),
        (Search(dates=("20260301", "")), 1),
        (Search(modalities=("MR", "CT")), 1),
        (Search(modalities=("MR",)), 0),
        (Search(offset=1), 0),
    ],
)
def test_studies_are_found_by_what_they_are(ledger: SqlLedger, search: Search, found: int) -> None:
    with ledger.read() as tx:
        rows = objects.search_studies(tx, search)
    assert len(rows) == found
    assert all((row.series_count, row.instances) == (1, 150) for row in rows)


def test_series_are_counted(ledger: SqlLedger) -> None:
    with ledger.read() as tx:
        (row,) = objects.search_series(tx, "1.2.3", modality="CT", uid="1.2.3.1")
        assert row.instance_count == 150
        assert list(objects.search_series(tx, "1.2.3", modality="MR")) == []


def test_headers_come_in_the_order_of_their_numbers(ledger: SqlLedger) -> None:
    with ledger.read() as tx:
        headers = [header["00200013"]["Value"][0] for _, header in objects.find_headers(tx, Place("1.2.3"))]
        assert headers == list(range(1, 151))
        assert len(objects.find_objects(tx, Place("1.2.3", "1.2.3.1", "1.2.3.1.7"))) == 1
        assert objects.origin_of(tx, "1.2.3") == "DEMO-DH"
        assert objects.origin_of(tx, "9") is None
