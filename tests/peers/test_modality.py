"""What modalities do all day: ask for their worklist, begin and end steps, store, ask for the keeping of what they stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset, FileMetaDataset

from node.domain.order import OrderState, OrderText
from tests import services
from tests.peers import ctn, dcmjs_dimse, dcmtk, odil, pynetdicom_apps
from tests.peers.conftest import TITLES
from tests.peers.gateway import AE_TITLE, Gateway, a_peer, running_gateway
from tests.peers.objects import CT_IMAGE, EXPLICIT, write_study
from worklists.modality import store
from worklists.modality.desk import Desk, enter

PERFORMED_STEP = "1.2.840.10008.3.1.2.3.3"
COMMITMENT, COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1", "1.2.840.10008.1.20.1.1"
STEP = "ScheduledProcedureStepSequence"
ORDERS = [
    OrderText("Nguyễn Thị Đào", "P1", "CT", "20260302", "083000", accession_number="A1", stations=("CT1",)),
    OrderText("Trần Văn Đức", "P2", "CT", "20260302", "143000", accession_number="A2", stations=("CT2",)),
    OrderText("Lê Thị Bưởi", "P3", "MR", "20260303", "090000", accession_number="A3"),
    OrderText("Phạm Văn Ổi", "P4", "US", "20260304", "090000", accession_number="A4", stations=("US1",)),
    OrderText("Hồ Thị Mơ", "P5", "DX", "20260305", "090000", accession_number="A5"),
    OrderText("Đỗ Văn Mận", "P6", "OT", "20260306", "090000", accession_number="A6", stations=("OT1",)),
]


@pytest.fixture(scope="module")
def report_port() -> int:
    """Where DCMJS listens for reports on the keeping of its objects."""
    return services.free_port()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, report_port: int) -> Iterator[Gateway]:
    """A node with orders; OLD is a device that reads Latin-1 only."""
    peers = [a_peer(title) for title in TITLES if title != dcmjs_dimse.TITLE]
    peers += [a_peer(dcmjs_dimse.TITLE, report_port), a_peer("OLD", charset="ISO_IR 100")]
    with running_gateway(tmp_path_factory.mktemp("gateway"), peers) as running:
        desk = Desk(datetime.now(UTC), "test")
        with running.process.ledger.begin() as tx:
            for number, text in enumerate(ORDERS, 1):
                enter(tx, desk, text, order_id=f"order-{number}", study_uid=f"2.25.4000.{number}")
        yield running


def state_of(gateway: Gateway, number: int) -> OrderState:
    with gateway.process.ledger.read() as tx:
        order = store.get_order(tx, f"order-{number}")
    assert order is not None
    return order.state


# The worklist


def keys(**step: str) -> dict[str, str]:
    """A question for the worklist; what is asked of the scheduled step by keyword."""
    wanted = dict.fromkeys(("PatientName", "AccessionNumber", "StudyInstanceUID"), "")
    return wanted | {f"{STEP}[0].{name}": value for name, value in ({"Modality": ""} | step).items()}


QUESTIONS = [
    (keys(Modality="CT"), {"A1", "A2"}),
    (keys(ScheduledStationAETitle="CT1", Modality="CT"), {"A1"}),
    (keys(ScheduledProcedureStepStartDate="20260302", ScheduledProcedureStepStartTime="120000-"), {"A2"}),
    (keys(ScheduledProcedureStepStartDate="20260303-20260303"), {"A3"}),
    (keys() | {"PatientName": "Bưởi*"}, {"A3"}),
    (keys() | {"PatientName": "le thi buoi"}, {"A3"}),
]
STATIONS = ("CT1", "CT2", "US1", "OT1")  # an order without one is for any of them
NAMES = {"A1": "Nguyễn Thị Đào", "A2": "Trần Văn Đức", "A3": "Lê Thị Bưởi"}
each_question = pytest.mark.parametrize(("asked", "found"), QUESTIONS)


@each_question
def test_dcmtk_gets_its_worklist(gateway: Gateway, tmp_path: Path, asked: dict[str, str], found: set[str]) -> None:
    wanted = {"SpecificCharacterSet": "ISO_IR 192"} | asked
    answers = dcmtk.find(gateway.port, tmp_path / "answers", wanted, model="-W")
    assert {ds.AccessionNumber: str(ds.PatientName) for ds in answers} == {number: NAMES[number] for number in found}


@each_question
def test_dcmjs_dimse_gets_its_worklist(gateway: Gateway, asked: dict[str, str], found: set[str]) -> None:
    step = {name.partition("].")[2]: value for name, value in asked.items() if "]." in name}
    elements = {name: value for name, value in asked.items() if "]." not in name}
    elements |= {"SpecificCharacterSet": "ISO_IR 192", STEP: [step]}
    said = dcmjs_dimse.ask(gateway.port, {"kind": "find", "level": "WORKLIST", "elements": elements})
    assert said.statuses == [0]
    named = {one["AccessionNumber"]: dcmjs_dimse.text(one["PatientName"]) for one in said.elements()}
    assert named == {number: NAMES[number] for number in found}


def test_pynetdicom_gets_its_worklist(gateway: Gateway, tmp_path: Path) -> None:
    wanted = {"SpecificCharacterSet": "ISO_IR 192", "PatientName": "", "AccessionNumber": "A1"}
    [answer] = pynetdicom_apps.find(gateway.port, tmp_path / "answers", wanted, model="-W")
    assert (str(answer.PatientName), answer.AccessionNumber) == (NAMES["A1"], "A1")


def test_odil_gets_its_worklist(gateway: Gateway) -> None:
    said = odil.script(gateway.port, "worklist", "PatientName", "AccessionNumber=A2")
    [answer] = [json.loads(line) for line in said.text.splitlines()]
    assert answer["00100010"]["Value"] == [{"Alphabetic": NAMES["A2"]}]
    [step] = answer["00400100"]["Value"]
    assert step["00400002"]["Value"] == ["20260302"]


def test_ctn_gets_its_worklist(gateway: Gateway, tmp_path: Path) -> None:
    question = _question()
    del question.file_meta
    question.save_as(tmp_path / "question", implicit_vr=True, little_endian=True)
    text = ctn.worklist(gateway.port, tmp_path / "question").text
    assert all(f"2.25.4000.{number}" in text for number in (1, 2, 3))


def shapes() -> dict[str, Dataset]:
    """The kinds of questions that DCMTK's worklist server comes with as examples, in our own words."""
    code = Dataset()
    code.CodeValue = code.CodingSchemeDesignator = code.CodeMeaning = ""
    procedure_only = _question(RequestedProcedureCodeSequence=[code])
    universal = _question(
        PatientID="", PatientBirthDate="", PatientSex="", MedicalAlerts="", Allergies="", RequestingPhysician="",
        RequestedProcedureDescription="", RequestedProcedureID="", RequestedProcedurePriority="",
        ScheduledProcedureStepSequence=[Dataset()],
    )  # fmt: skip
    step = Dataset()
    step.Modality, step.RequestedContrastAgent, step.ScheduledStationAETitle = "", "", "CT2"
    step.ScheduledProcedureStepStartDate = step.ScheduledProcedureStepStartTime = ""
    step.ScheduledPerformingPhysicianName = step.ScheduledProcedureStepDescription = ""
    step.ScheduledProcedureStepID = step.ScheduledProcedureStepLocation = step.PreMedication = ""
    step.CommentsOnTheScheduledProcedureStep = ""
    morning = Dataset()
    morning.ScheduledProcedureStepStartDate, morning.ScheduledProcedureStepStartTime = "20260302", "080000-100000"
    return {
        "procedure codes only": procedure_only,
        "all, with an empty item": universal,
        "one station, every attribute": _question(ScheduledProcedureStepSequence=[step]),
        "a time of one day": _question(ScheduledProcedureStepSequence=[morning]),
    }


def _question(**elements: Any) -> Dataset:
    ds = Dataset()
    ds.SpecificCharacterSet, ds.PatientName, ds.AccessionNumber, ds.StudyInstanceUID = "ISO_IR 192", "", "", ""
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.31"
    ds.file_meta.MediaStorageSOPInstanceUID, ds.file_meta.TransferSyntaxUID = "2.25.1", EXPLICIT
    return ds


@pytest.fixture(scope="module")
def wlmscpfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """DCMTK's own worklist server with the same orders: what it answers is no opinion of ours. Gives its port."""
    folder, port = tmp_path_factory.mktemp("wlmscpfs"), services.free_port()
    (folder / AE_TITLE).mkdir()
    (folder / AE_TITLE / "lockfile").touch()
    for number, text in enumerate(ORDERS, 1):
        _worklist_file(text, f"2.25.4000.{number}").save_as(
            folder / AE_TITLE / f"{number}.wl", enforce_file_format=True
        )
    command = [services.find_program("wlmscpfs", "dcmtk"), "-dfr", "-csk", "-dfp", folder, port]
    with services.background(command, folder / "log", lambda: services.is_bound(port), "wlmscpfs"):
        yield port


def _worklist_file(text: OrderText, study: str) -> Dataset:
    ds = _question()
    ds.PatientName, ds.PatientID, ds.AccessionNumber, ds.StudyInstanceUID = (
        text.patient_name.replace(" ", "^", 1), text.patient_id, text.accession_number, study
    )  # fmt: skip
    step = Dataset()
    step.Modality, step.ScheduledStationAETitle = text.modality, list(text.stations or STATIONS)
    step.ScheduledProcedureStepStartDate, step.ScheduledProcedureStepStartTime = (
        text.scheduled_date,
        text.scheduled_time,
    )
    ds.ScheduledProcedureStepSequence = [step]
    return ds


@pytest.mark.parametrize("shape", shapes())
def test_every_shape_of_question_is_answered_as_dcmtk_answers_it(
    gateway: Gateway, wlmscpfs: int, tmp_path: Path, shape: str
) -> None:
    file = tmp_path / "question.dcm"
    shapes()[shape].save_as(file, enforce_file_format=True)
    answers = dcmtk.find(gateway.port, tmp_path / "answers", {}, file, model="-W")
    theirs = dcmtk.find(wlmscpfs, tmp_path / "theirs", {}, file, model="-W")
    assert {ds.AccessionNumber for ds in answers} == {ds.AccessionNumber for ds in theirs} != set()
    assert all(ds.StudyInstanceUID and ds.PatientName for ds in answers)


def test_an_old_device_gets_names_without_accents_and_no_question_marks(gateway: Gateway, tmp_path: Path) -> None:
    wanted = keys(Modality="CT") | {"AccessionNumber": "A2"}
    [answer] = dcmtk.find(gateway.port, tmp_path / "answers", wanted, model="-W", title="OLD")
    assert str(answer.PatientName) == "Tran Van Duc"


# Performed steps


def begin(uid: str, study: str, accession: str, **more: Any) -> dict[str, Any]:
    """N-CREATE of a step for an order."""
    scheduled = {
        "StudyInstanceUID": study, "AccessionNumber": accession, "ReferencedStudySequence": [],
        "RequestedProcedureID": accession, "RequestedProcedureDescription": "", "ScheduledProcedureStepID": accession,
        "ScheduledProcedureStepDescription": "", "ScheduledProtocolCodeSequence": [],
    }  # fmt: skip
    elements = {
        "ScheduledStepAttributesSequence": [scheduled], "PatientName": "", "PatientID": "", "PatientBirthDate": "",
        "PatientSex": "", "PerformedProcedureStepID": "PPS1", "PerformedStationAETitle": dcmjs_dimse.TITLE,
        "PerformedProcedureStepStartDate": "20260302", "PerformedProcedureStepStartTime": "083100",
        "PerformedProcedureStepStatus": "IN PROGRESS", "Modality": "CT", "PerformedSeriesSequence": [],
    }  # fmt: skip
    return {"kind": "create", "sop_class": PERFORMED_STEP, "instance": uid, "elements": elements | more}


def end(uid: str, status: str = "COMPLETED") -> dict[str, Any]:
    """N-SET that ends a step."""
    series = {"SeriesInstanceUID": "2.25.4001", "ProtocolName": "Ngực", "SeriesDescription": ""}
    elements = {
        "PerformedProcedureStepStatus": status, "PerformedProcedureStepEndDate": "20260302",
        "PerformedProcedureStepEndTime": "084500", "PerformedSeriesSequence": [series],
    }  # fmt: skip
    return {"kind": "set", "sop_class": PERFORMED_STEP, "instance": uid, "elements": elements}


def test_a_step_begins_and_ends_once(gateway: Gateway) -> None:
    uid = "2.25.4100.4"
    said = dcmjs_dimse.ask(gateway.port, begin(uid, "2.25.4000.4", "A4"), begin(uid, "2.25.4000.4", "A4"))
    assert said.statuses == [0x0000, 0x0111]
    assert state_of(gateway, 4) == OrderState.IN_PROGRESS
    said = dcmjs_dimse.ask(gateway.port, end(uid), end(uid), end("2.25.4100.99"))
    assert said.statuses == [0x0000, 0x0110, 0x0112]
    assert state_of(gateway, 4) == OrderState.COMPLETED


def test_a_step_without_a_name_gets_one(gateway: Gateway) -> None:
    """odil sends no SOP Instance UID, which N-CREATE may leave to the node (PS3.7 10.1.5.1.4)."""
    scheduled = Dataset()
    scheduled.StudyInstanceUID, scheduled.AccessionNumber = "2.25.4000.6", "A6"
    begun, ended = Dataset(), Dataset()
    begun.SpecificCharacterSet, begun.ScheduledStepAttributesSequence = "ISO_IR 192", [scheduled]
    begun.PerformedProcedureStepStatus, begun.PerformedProcedureStepID = "IN PROGRESS", "PPS6"
    begun.PerformedStationAETitle, begun.Modality = odil.TITLE, "OT"
    begun.PerformedProcedureStepStartDate, begun.PerformedProcedureStepStartTime = "20260306", "090000"
    ended.PerformedProcedureStepStatus = "DISCONTINUED"
    said = odil.script(gateway.port, "step", begun.to_json(), ended.to_json())
    answer = json.loads(said.text)
    assert answer["uid"].startswith("2.25.")
    assert answer["statuses"] == [0x0000, 0x0000, 0x0110]
    assert state_of(gateway, 6) == OrderState.DISCONTINUED


# Keeping


def please_keep(transaction: str, *instances: str) -> dict[str, Any]:
    """N-ACTION that asks for the keeping of CT images."""
    items = [{"ReferencedSOPClassUID": CT_IMAGE, "ReferencedSOPInstanceUID": uid} for uid in instances]
    elements = {"TransactionUID": transaction, "ReferencedSOPSequence": items}
    return {"kind": "action", "sop_class": COMMITMENT, "instance": COMMITMENT_INSTANCE, "type": 1, "elements": elements}


def failures(event: dict[str, Any]) -> dict[str, int]:
    items = event["elements"].get("FailedSOPSequence", [])
    return {item["ReferencedSOPInstanceUID"]: item["FailureReason"] for item in items}


def test_what_is_not_here_is_told_on_a_new_association(
    gateway: Gateway, report_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "node.dicom.network.services.commitment._QUIET", 10.0
    )  # it leaves at once, even when we are slow
    request = please_keep("2.25.4200.1", "2.25.4000.77.2.1")
    said = dcmjs_dimse.ask(gateway.port, request, listen=report_port, events=1)
    assert said.statuses == [0]
    [event] = said.events
    assert (event["where"], event["type"]) == ("later", 2)
    assert failures(event) == {"2.25.4000.77.2.1": 274}


def test_a_whole_examination_on_one_association(gateway: Gateway, tmp_path: Path) -> None:
    """Worklist, performed step, objects, and the promise to keep them: many modalities propose all of it at once."""
    study, uid = "2.25.4000.5", "2.25.4100.5"
    files = write_study(tmp_path, study, 2)
    question = {"AccessionNumber": "A5", "StudyInstanceUID": "", STEP: [{"Modality": "DX"}]}
    said = dcmjs_dimse.ask(
        gateway.port,
        {"kind": "find", "level": "WORKLIST", "elements": question},
        begin(uid, study, "A5"),
        *dcmjs_dimse.stores(files),
        end(uid),
        please_keep("2.25.4200.2", f"{study}.2.1", f"{study}.2.2"),
        linger=6000,
    )
    assert said.statuses == [0] * 6
    assert [one["StudyInstanceUID"] for one in said.elements()] == [study]
    assert state_of(gateway, 5) == OrderState.COMPLETED
    [event] = said.events
    assert (event["where"], event["type"]) == ("same", 1)
    kept = event["elements"]["ReferencedSOPSequence"]
    assert {item["ReferencedSOPInstanceUID"] for item in kept} == {f"{study}.2.1", f"{study}.2.2"}
    assert len(gateway.wait_instances(study, 2)) == 2
