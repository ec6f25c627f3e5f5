"""Retrieval of stored objects, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from node.domain.study import Arrival, InstanceHeader, Via
from node.ledger import objects, studies
from node.ledger.objects import Place
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


def test_headers_come_in_the_order_of_their_numbers(ledger: SqlLedger) -> None:
    with ledger.read() as tx:
        headers = [header["00200013"]["Value"][0] for _, header in objects.find_headers(tx, Place("1.2.3"))]
        assert headers == list(range(1, 151))
        assert len(objects.find_objects(tx, Place("1.2.3", "1.2.3.1", "1.2.3.1.7"))) == 1
        assert objects.origin_of(tx, "1.2.3") == "DEMO-DH"
        assert objects.origin_of(tx, "9") is None
