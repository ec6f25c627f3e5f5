"""Performed procedure steps (MPPS) over real associations: what machines tell of the orders that they examine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset
from pynetdicom import evt

from node.domain.order import OrderEvent
from tests.wire.conftest import NOW, ListeningNode
from tests.wire.department import MPPS, Department, a_department
from worklists.modality import desk
from worklists.modality.desk import Desk


@pytest.fixture
def department(start_node: Callable[..., ListeningNode], tmp_path: Path, migrated_sqlite: Path) -> Iterator[Department]:
    with a_department(start_node, migrated_sqlite, tmp_path) as made:
        yield made


def begun(study: str = "2.25.1", **changes: Any) -> Dataset:
    """The attributes of an N-CREATE; None removes one."""
    ds, item = Dataset(), Dataset()
    item.StudyInstanceUID, item.AccessionNumber, item.ScheduledProcedureStepID = study, "A1", "SPS1"
    item.RequestedProcedureID = "RP1"
    ds.ScheduledStepAttributesSequence = [item]
    ds.SpecificCharacterSet, ds.PatientName, ds.PatientID = "ISO_IR 192", "Nguyễn Thị Đào", "BN-1"
    ds.PerformedProcedureStepID, ds.PerformedStationAETitle, ds.Modality = "PPS1", "CT1", "CT"
    ds.PerformedProcedureStepStartDate, ds.PerformedProcedureStepStartTime = "20260302", "153500"
    ds.PerformedProcedureStepStatus, ds.PerformedSeriesSequence = "IN PROGRESS", []
    for keyword, value in changes.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    return ds


def ended(status: str = "COMPLETED", images: int = 3) -> Dataset:
    """The attributes of a final N-SET."""
    ds, series = Dataset(), Dataset()
    series.SeriesInstanceUID, series.ProtocolName, series.SeriesDescription = "2.25.900", "Sọ não", "Axial"
    series.RetrieveAETitle = series.OperatorsName = series.PerformingPhysicianName = None
    series.ReferencedImageSequence = []
    for number in range(images):
        image = Dataset()
        image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", f"2.25.900.{number}"
        series.ReferencedImageSequence.append(image)
    ds.SpecificCharacterSet, ds.PerformedProcedureStepStatus = "ISO_IR 192", status
    ds.PerformedProcedureStepEndDate, ds.PerformedProcedureStepEndTime = "20260302", "154200"
    ds.PerformedSeriesSequence = [series]
    return ds


def test_a_machine_begins_and_completes_what_it_found(department: Department) -> None:
    assoc = department.associate()
    create, _ = assoc.send_n_create(begun(), MPPS, "2.25.50")
    assert create.Status == 0x0000
    assert department.order("A1")["state"] == "in-progress"
    assert department.found("PatientID=BN-1") == []
    assert department.found("PatientID=BN-1", calling="BOTH") == ["A1"]
    again, _ = assoc.send_n_create(begun(), MPPS, "2.25.50")
    assert again.Status == 0x0111
    done, _ = assoc.send_n_set(ended(), MPPS, "2.25.50")
    assert done.Status == 0x0000
    late, _ = assoc.send_n_set(ended(), MPPS, "2.25.50")
    assert (late.Status, late.ErrorID) == (0x0110, 0xA506)
    assert late.ErrorComment == "Performed Procedure Step Object may no longer be updated"
    unknown, _ = assoc.send_n_set(ended(), MPPS, "2.25.51")
    assert unknown.Status == 0x0112
    assoc.release()
    order = department.order("A1")
    (performed,) = order["performed"]
    assert (order["state"], performed["state"], performed["shortcomings"]) == ("completed", "completed", [])
    assert (performed["started"], performed["ended"]) == ("20260302 153500", "20260302 154200")
    assert (performed["series"], performed["instances"], performed["arrived"]) == (1, 3, 0)
    assert department.step("2.25.50").series == [
        {
            "uid": "2.25.900",
            "description": "Axial",
            "protocol": "Sọ não",
            "instances": [f"2.25.900.{n}" for n in range(3)],
        }
    ]


def test_a_step_of_another_machine_is_there_for_nobody_else(department: Department) -> None:
    assoc, other = department.associate(), department.associate("OTHER")
    assert assoc.send_n_create(begun(), MPPS, "2.25.50")[0].Status == 0x0000
    assert other.send_n_set(ended("DISCONTINUED"), MPPS, "2.25.50")[0].Status == 0x0112
    assert (department.order("A1")["state"], department.step("2.25.50").state) == ("in-progress", "in-progress")
    assert assoc.send_n_set(ended(), MPPS, "2.25.50")[0].Status == 0x0000
    for each in (assoc, other):
        each.release()


def test_a_step_that_was_stopped_goes_back_on_the_worklist_when_a_person_says_so(department: Department) -> None:
    assoc = department.associate()
    assoc.send_n_create(begun(), MPPS, "2.25.50")
    stopped = ended("DISCONTINUED")
    del stopped.PerformedSeriesSequence
    assert assoc.send_n_set(stopped, MPPS, "2.25.50")[0].Status == 0x0000
    assoc.release()
    assert department.order("A1")["state"] == "discontinued"
    with department.ledger.begin() as tx:
        desk.act(tx, Desk(NOW, "ktv"), department.ids["A1"], OrderEvent.RESCHEDULE)
    assert department.found("PatientID=BN-1") == ["A1"]


def test_two_steps_of_one_order_are_over_when_both_are(department: Department) -> None:
    assoc = department.associate()
    for uid in ("2.25.50", "2.25.51"):
        assert assoc.send_n_create(begun(), MPPS, uid)[0].Status == 0
    assoc.send_n_set(ended("DISCONTINUED"), MPPS, "2.25.50")
    assert department.order("A1")["state"] == "in-progress"
    assoc.send_n_set(ended(), MPPS, "2.25.51")
    assert department.order("A1")["state"] == "completed"
    assoc.release()


@pytest.mark.parametrize(
    ("attributes", "status", "comment"),
    [
        (begun(PerformedProcedureStepStatus=None), 0x0120, "Missing: PerformedProcedureStepStatus"),
        (begun(ScheduledStepAttributesSequence=None), 0x0120, "Missing: ScheduledStepAttributesSequence"),
        (begun(study=""), 0x0120, "Missing: StudyInstanceUID"),
        (begun(PerformedProcedureStepStatus="COMPLETED"), 0x0106, "Invalid: PerformedProcedureStepStatus"),
        (begun(PerformedProcedureStepStatus="DONE"), 0x0106, "Invalid: PerformedProcedureStepStatus"),
    ],
)
def test_a_step_that_says_nothing_is_refused(
    department: Department, attributes: Dataset, status: int, comment: str
) -> None:
    assoc = department.associate()
    answer, _ = assoc.send_n_create(attributes, MPPS, "2.25.50")
    assoc.release()
    assert (answer.Status, answer.ErrorComment) == (status, comment)
    assert department.order("A1")["state"] == "scheduled"


def test_a_step_without_a_name_gets_one(department: Department) -> None:
    named: list[str] = []
    heard = (evt.EVT_DIMSE_RECV, lambda event: named.append(event.message.command_set.AffectedSOPInstanceUID))
    assoc = department.associate(handlers=[heard])
    answer, _ = assoc.send_n_create(begun(), MPPS, None)
    assert (answer.Status, named) == (0x0000, ["2.25.4711"])
    assert assoc.send_n_set(ended(), MPPS, "2.25.4711")[0].Status == 0x0000
    assoc.release()


def test_what_a_machine_leaves_out_is_noted_not_refused(department: Department) -> None:
    assoc = department.associate()
    bare = begun(PerformedProcedureStepID=None, PerformedProcedureStepStartDate=None)
    assert assoc.send_n_create(bare, MPPS, "2.25.50")[0].Status == 0x0000
    final = Dataset()
    final.PerformedProcedureStepStatus, final.PatientID = "COMPLETED", "BN-2"
    assert assoc.send_n_set(final, MPPS, "2.25.50")[0].Status == 0x0000
    assoc.release()
    (performed,) = department.order("A1")["performed"]
    assert performed["shortcomings"] == [
        "PerformedProcedureStepID",
        "PerformedProcedureStepStartDate",
        "N-SET PatientID",
        "PerformedProcedureStepEndDate",
        "PerformedProcedureStepEndTime",
        "PerformedSeriesSequence",
    ]
    assert performed["ended"] == "20260302 143000"  # the node's clock: it was told without a time
    assert department.step("2.25.50").patient_id == "BN-1"


def test_another_patient_than_the_orders_is_noted(department: Department) -> None:
    assoc = department.associate()
    assert assoc.send_n_create(begun(PatientID="BN-8"), MPPS, "2.25.50")[0].Status == 0x0000
    assoc.release()
    (performed,) = department.order("A1")["performed"]
    assert performed["patient_differs"] is True


def test_an_examination_that_nobody_ordered_is_kept(department: Department) -> None:
    assoc = department.associate()
    stranger = begun("2.25.777", PatientID="BN-99")  # the accession number is another patient's: no link by that
    assert assoc.send_n_create(stranger, MPPS, "2.25.50")[0].Status == 0x0000
    assert assoc.send_n_set(ended(), MPPS, "2.25.50")[0].Status == 0x0000
    assoc.release()
    assert (department.step("2.25.50").state, department.step("2.25.50").study_uid) == ("completed", "2.25.777")
    assert department.order("A1")["state"] == "scheduled"


def test_a_machine_with_a_study_uid_of_its_own_is_linked_by_the_accession_number(department: Department) -> None:
    assoc = department.associate()
    assert assoc.send_n_create(begun("2.25.777"), MPPS, "2.25.50")[0].Status == 0x0000
    assoc.release()
    assert department.order("A1")["state"] == "in-progress"
