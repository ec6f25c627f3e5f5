"""What a modality says by MPPS, in the ledger on both databases, however long it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom.dsutils import encode
from sqlalchemy import select

from node.dicom.network.command import CommandField
from node.dicom.network.services.procedure_step import PERFORMED_STEP, ProcedureStepProvider
from node.dicom.network.services.provider import Caller, Line, Request
from node.ledger.order_tables import performed_steps
from node.ledger.sql import SqlLedger, open_ledger
from worklists.modality.services import ModalityDesk

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
LONG_UID = "1.2." + "3" * 70


class StandingClock:
    def now(self) -> datetime:
        return NOW


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[SqlLedger]:
    opened = open_ledger(ledger_url)
    yield opened
    opened.dispose()


def told(ledger: SqlLedger, field: CommandField, uid: str, ds: Dataset) -> int:
    """The status of the answer."""
    provider = ProcedureStepProvider(ModalityDesk(ledger, StandingClock()), lambda: "2.25.4711")
    data_set = encode(ds, False, True)
    assert data_set is not None
    request = Request(
        field, 1, PERFORMED_STEP, PERFORMED_STEP, uid, ExplicitVRLittleEndian, data_set, {},
        Caller("CT1", "NODE", "10.0.0.7"), cast(Line, None),
    )  # fmt: skip
    (answer,) = provider.answer(request)
    return answer.status.code


def begun(**changes: Any) -> Dataset:
    ds, item = Dataset(), Dataset()
    item.StudyInstanceUID = changes.pop("StudyInstanceUID", "2.25.1")
    item.AccessionNumber = changes.pop("AccessionNumber", "A1")
    ds.ScheduledStepAttributesSequence = [item]
    ds.PatientID, ds.PerformedProcedureStepID, ds.Modality = "BN-1", "PPS1", "CT"
    ds.PerformedStationAETitle = "CT1"
    ds.PerformedProcedureStepStartDate, ds.PerformedProcedureStepStartTime = "20261122", "080000"
    ds.PerformedProcedureStepStatus = "IN PROGRESS"
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    return ds


@pytest.mark.filterwarnings("ignore::UserWarning")  # the toolkit's, of values that are too long
def test_what_is_too_long_for_the_ledger_is_cut_and_that_is_noted(ledger: SqlLedger) -> None:
    said = begun(
        SpecificCharacterSet="ISO_IR 192",
        StudyInstanceUID=LONG_UID,
        AccessionNumber="A" * 300,
        PatientID="B" * 65,
        Modality="C" * 17,
        PerformedProcedureStepID="D" * 400,
        PerformedStationAETitle="E" * 65,
        PerformedStationName="F" * 65,
        PerformedProcedureStepDescription="Ngực " * 60,
    )
    assert told(ledger, CommandField.N_CREATE_RQ, "2.25.50", said) == 0x0000
    more = Dataset()
    more.SpecificCharacterSet, more.PerformedProcedureStepDescription = "ISO_IR 192", "ắ" * 300
    assert told(ledger, CommandField.N_SET_RQ, "2.25.50", more) == 0x0000
    with ledger.read() as tx:
        row = tx.execute(select(performed_steps)).one()
    assert (row.study_uid, row.patient_id, row.modality) == (LONG_UID[:64], "B" * 64, "C" * 16)
    assert (row.step_id, row.station_ae, row.station_name) == ("D" * 64, "E" * 64, "F" * 64)
    assert row.description == "ắ" * 256
    assert set(row.shortcomings) == {
        "StudyInstanceUID > 64",
        "PatientID > 64",
        "Modality > 16",
        "PerformedProcedureStepID > 64",
        "PerformedStationAETitle > 64",
        "PerformedStationName > 64",
        "PerformedProcedureStepDescription > 256",
    }


@pytest.mark.parametrize("field", [CommandField.N_CREATE_RQ, CommandField.N_SET_RQ])
def test_a_step_is_named_by_a_uid(ledger: SqlLedger, field: CommandField) -> None:
    for uid in ("1.2.abc", LONG_UID, "../2.25.1", "2.25.1\n", "2.25.1\\2.25.2"):
        assert told(ledger, field, uid, begun()) == 0x0117
    with ledger.read() as tx:
        assert tx.execute(select(performed_steps)).first() is None
