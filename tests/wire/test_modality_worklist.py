"""The modality worklist over real associations: DCMTK's findscu and pynetdicom against a real ledger."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from tests import services
from tests.wire.conftest import ListeningNode
from tests.wire.department import DAO, DUC, MWL, Department, a_department
from worklists.modality import trace

STEP = "ScheduledProcedureStepSequence[0]"
ALL = ["A1", "A2", "A3"]


@pytest.fixture
def department(start_node: Callable[..., ListeningNode], tmp_path: Path, migrated_sqlite: Path) -> Iterator[Department]:
    with a_department(start_node, migrated_sqlite, tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ((), ALL),
        ((f"{STEP}.Modality=CT",), ["A1", "A3"]),
        ((f"{STEP}.Modality=CT\\MR",), ALL),
        ((f"{STEP}.ScheduledStationAETitle=MR2",), ["A2", "A3"]),  # A3 is for any station
        ((f"{STEP}.ScheduledStationAETitle=CT1", f"{STEP}.Modality=CT"), ["A1", "A3"]),
        ((f"{STEP}.ScheduledStationAETitle=M*",), ["A2", "A3"]),
        ((f"{STEP}.ScheduledProcedureStepStartDate=20260302",), ["A1"]),
        ((f"{STEP}.ScheduledProcedureStepStartDate=20260303-",), ["A2", "A3"]),
        ((f"{STEP}.ScheduledProcedureStepStartDate=-20260303",), ["A1", "A2"]),
        ((f"{STEP}.ScheduledProcedureStepStartDate=20260302-20260303",), ["A1", "A2"]),
        (  # one span of time, not the same hours of each day (PS3.4 K.6.1.2.2)
            (
                f"{STEP}.ScheduledProcedureStepStartDate=20260302-20260303",
                f"{STEP}.ScheduledProcedureStepStartTime=150000-0859",
            ),
            ["A1"],
        ),
        (
            (
                f"{STEP}.ScheduledProcedureStepStartDate=20260302-20260305",
                f"{STEP}.ScheduledProcedureStepStartTime=160000-095959",
            ),
            ["A2"],
        ),
        ((f"{STEP}.ScheduledProcedureStepStartTime=0800-1030",), ["A2", "A3"]),
        ((f"{STEP}.ScheduledPerformingPhysicianName=LE^HA",), ["A1"]),
        ((f"{STEP}.ScheduledProcedureStepID=SPS1",), ["A1"]),
        (("PatientName=nguyen thi dao",), ["A1"]),
        (("PatientName=ĐÀO*",), ["A1"]),
        (("PatientName=Le*",), ["A3"]),
        (("PatientName=NGUYENTHIDAO",), ["A1"]),
        (("PatientName=Le^Duc^Anh",), ["A3"]),
        (("PatientName=Hoang*",), []),
        (("PatientID=BN-2",), ["A2"]),
        (("PatientID=BN-*",), ALL),
        (("AccessionNumber=A3",), ["A3"]),
        (("RequestedProcedureID=RP1",), ["A1"]),
        (("RequestedProcedureID=rp1",), []),
        (("StudyInstanceUID=2.25.2",), ["A2"]),
        (("PatientID=BN-2", f"{STEP}.Modality=CT"), []),
    ],
)
def test_findscu_finds_what_its_keys_mean(department: Department, keys: tuple[str, ...], expected: list[str]) -> None:
    assert department.found(*keys) == expected


DUMP = """\
(0008,0005) CS [ISO_IR 192]
(0008,0050) SH
(0010,0010) PN [Nguyễn*]
(0010,0020) LO
(0020,000d) UI
(0040,0100) SQ
(fffe,e000) na
(0008,0060) CS [CT]
(0040,0001) AE [CT1]
(0040,0002) DA [20260302]
(0040,0003) TM
(fffe,e00d) na
(fffe,e0dd) na
(0040,1001) SH
"""


def test_a_query_file_of_a_worklist_server_finds_the_same(department: Department, tmp_path: Path) -> None:
    dump, query = tmp_path / "query.txt", tmp_path / "query.wl"
    dump.write_text(DUMP, encoding="utf-8")
    done = subprocess.run(
        [services.find_program("dump2dcm", "dcmtk"), "-F", "+te", dump, query], capture_output=True, check=False
    )
    assert query.is_file(), done.stderr
    (answer,) = department.findscu(query)
    assert (str(answer.PatientName), answer.RequestedProcedureID) == ("Nguyễn Thị Đào", "RP1")


TOP_1 = ("RequestedProcedureID", "RequestedProcedureDescription", "StudyInstanceUID", "PatientName", "PatientID")
STEP_1 = (
    "ScheduledStationAETitle", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime", "Modality",
    "ScheduledProcedureStepDescription", "ScheduledProcedureStepID",
)  # fmt: skip
TOP_2 = (
    "AccessionNumber", "ReferringPhysicianName", "RequestingPhysician", "AdmissionID", "CurrentPatientLocation",
    "ReferencedPatientSequence", "PatientBirthDate", "PatientSex", "PatientWeight", "PatientState", "PregnancyStatus",
    "ConfidentialityConstraintOnPatientDataDescription", "MedicalAlerts", "Allergies", "SpecialNeeds",
    "ReferencedStudySequence", "RequestedProcedurePriority", "PatientTransportArrangements",
    "RequestedProcedureCodeSequence",
)  # fmt: skip
STEP_2 = (
    "ScheduledPerformingPhysicianName", "ScheduledStationName", "ScheduledProcedureStepLocation", "PreMedication",
    "RequestedContrastAgent", "ScheduledProtocolCodeSequence",
)  # fmt: skip


def everything(**asked: str) -> Dataset:
    """A question that wants all attributes of types 1 and 2 of PS3.4 Table K.6-1."""
    ds, item = Dataset(), Dataset()
    for keyword in (*TOP_1, *TOP_2):
        setattr(ds, keyword, [] if keyword.endswith("Sequence") else None)
    for keyword in (*STEP_1, *STEP_2):
        setattr(item, keyword, [] if keyword.endswith("Sequence") else None)
    for keyword, text in asked.items():
        setattr(item if keyword in STEP_1 else ds, keyword, text)
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.ScheduledProcedureStepSequence = [item]
    return ds


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_every_attribute_that_must_be_answered_is(department: Department, syntax: str) -> None:
    assoc = department.associate(syntaxes=[syntax])
    (first, answer), (last, _) = list(assoc.send_c_find(everything(PatientID="BN-1"), MWL))
    assoc.release()
    assert (first.Status, last.Status) == (0xFF00, 0x0000)
    assert answer is not None
    (item,) = answer.ScheduledProcedureStepSequence
    assert [keyword for keyword in TOP_1 if not answer[keyword].value] == []
    assert [keyword for keyword in STEP_1 if not item[keyword].value] == []
    assert [keyword for keyword in TOP_2 if keyword not in answer] == []
    assert [keyword for keyword in STEP_2 if keyword not in item] == []
    assert (str(answer.PatientName), answer.PatientWeight, answer.PregnancyStatus) == ("Nguyễn Thị Đào", 52.5, 1)
    assert (list(answer.Allergies), answer.RequestedProcedurePriority) == (["iod", "penicillin"], "STAT")
    (code,) = answer.RequestedProcedureCodeSequence
    assert (code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning) == ("18.0149", "99LOCAL", "CT sọ não")
    assert (item.ScheduledStationAETitle, item.ScheduledProcedureStepStartTime) == ("CT1", "153000")


def test_an_order_for_any_station_is_told_with_the_one_that_asks(department: Department) -> None:
    keys = ("-k", "PatientID=BN-3", "-k", f"{STEP}.ScheduledStationAETitle")
    (answer,) = department.findscu(*keys)
    assert answer.ScheduledProcedureStepSequence[0].ScheduledStationAETitle == "CT1"


def test_a_machine_that_reads_no_utf8_gets_no_question_marks(department: Department) -> None:
    department.enter(
        {**DAO, "accession_number": "A9", "patient_id": "BN-9", "patient_name": "Trần Thị Hà", "reason": "Ca “khó” – Đ"}
    )
    keys = (
        "-k",
        "SpecificCharacterSet",
        "-k",
        "PatientName",
        "-k",
        "PatientID=BN-1",
        "-k",
        "RequestedProcedureDescription",
    )
    (old,) = department.findscu(*keys, calling="OLD")
    assert (old.SpecificCharacterSet, str(old.PatientName)) == ("ISO_IR 100", "Nguyen Thi Dao")
    (ascii_only,) = department.findscu(*keys, calling="ASCII")
    assert str(ascii_only.PatientName) == "Nguyen Thi Dao"
    assert ascii_only.RequestedProcedureDescription == "CT so nao"
    assert "SpecificCharacterSet" not in ascii_only
    (text,) = department.findscu("-k", "PatientID=BN-9", "-k", "RequestedProcedureComments", calling="ASCII")
    assert text.RequestedProcedureComments == 'Ca "kho" - D'


def test_a_machine_that_names_a_wrong_station_hears_of_everything(department: Department) -> None:
    assert department.found(f"{STEP}.ScheduledStationAETitle=XX") == ["A3"]
    assert department.found(f"{STEP}.ScheduledStationAETitle=XX", calling="OLD") == ALL


def test_a_machine_may_be_told_of_near_days_only(department: Department) -> None:
    assert department.found(calling="NEAR") == ["A1", "A2"]
    assert department.found(f"{STEP}.ScheduledProcedureStepStartDate=20260305", calling="NEAR") == ["A3"]


def test_a_question_of_another_time_zone_is_asked_and_answered_in_it(department: Department) -> None:
    keys = (
        "TimezoneOffsetFromUTC=+0000",
        f"{STEP}.ScheduledProcedureStepStartDate=20260302",
        f"{STEP}.ScheduledProcedureStepStartTime=0800-0900",
    )
    words = [word for key in (*keys, "AccessionNumber") for word in ("-k", key)]
    (answer,) = department.findscu(*words)
    assert (answer.AccessionNumber, answer.TimezoneOffsetFromUTC) == ("A1", "+0000")
    assert answer.ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartTime == "083000"


def test_what_is_asked_for_and_not_kept_is_said_with_each_answer(department: Department) -> None:
    question = everything()
    question.AdmissionID = "ADM-1"
    assoc = department.associate()
    statuses = [status.Status for status, _ in assoc.send_c_find(question, MWL)]
    assoc.release()
    assert statuses == [0xFF01, 0xFF01, 0xFF01, 0x0000]


def test_a_cancelled_question_ends_with_that(department: Department) -> None:
    department.orders.held = True
    department.enter(*({**DUC, "accession_number": f"B{n}"} for n in range(200)))
    assoc = department.associate()
    statuses = []
    for number, (status, _) in enumerate(assoc.send_c_find(everything(), MWL, msg_id=7)):
        statuses.append(status.Status)
        if number == 1:
            assoc.send_c_cancel(7, query_model=MWL)
    assoc.release()
    assert statuses[-1] == 0xFE00
    assert len(statuses) < 200
    department.orders.write_notes()
    with department.ledger.read() as tx:
        assert trace.recent(tx)[0]["ending"] == "cancelled"


def test_an_identifier_that_is_none_is_refused_and_the_next_is_answered(department: Department) -> None:
    bad = Dataset()
    item = Dataset()
    item.add_new("ScheduledProcedureStepStartDate", "LO", "morgen")
    bad.ScheduledProcedureStepSequence = [item]
    assoc = department.associate(syntaxes=[ImplicitVRLittleEndian])
    ((status, _),) = list(assoc.send_c_find(bad, MWL))
    assert status.Status == 0xA900
    assert len(list(assoc.send_c_find(everything(), MWL))) == 4
    assoc.release()


def test_a_caller_whose_threads_are_slow_hears_every_answer(department: Department) -> None:
    """Guards `steady`: pynetdicom's thread stands where it would take the first answer of the second question."""
    assoc = department.associate()
    assert len(list(assoc.send_c_find(everything(), MWL))) == 4
    wait, stands, goes_on = assoc._reactor_checkpoint.wait, threading.Event(), threading.Event()

    def wait_long(timeout: float | None = None) -> bool:
        wait(timeout)
        stands.set()
        return goes_on.wait(10)

    assoc._reactor_checkpoint.wait = wait_long  # type: ignore[method-assign]
    assert stands.wait(10)
    answers = assoc.send_c_find(everything(), MWL)
    while assoc.dimse.msg_queue.qsize() < 4:
        threading.Event().wait(0.01)
    goes_on.set()
    threading.Event().wait(0.1)
    assert len(list(answers)) == 4
    assoc.release()


def test_the_trace_says_why_orders_were_left_out_and_names_nobody(department: Department) -> None:
    department.found(
        "PatientName=Nguyen*", "PatientID=BN-7", f"{STEP}.ScheduledStationAETitle=CT9", f"{STEP}.Modality=CT"
    )
    assert department.orders.write_notes() == 1
    with department.ledger.read() as tx:
        (asked,) = trace.recent(tx)
    assert (asked["caller"], asked["calling_ae"], asked["answered"], asked["ending"]) == ("ct1", "CT1", 0, "success")
    assert {key["key"]: key["value"] for key in asked["keys"]} == {
        "PatientName": None,
        "PatientID": None,
        "ScheduledStationAETitle": "CT9",
        "Modality": "CT",
    }
    reasons = {reason["because"]: reason for reason in asked["left_out"]}
    assert (reasons["ScheduledStationAETitle"]["orders"], asked["looked_at"]) == (2, 3)
    assert set(reasons["ScheduledStationAETitle"]["found"]) == {"CT1", "MR1", "MR2"}
    assert (reasons["Modality"]["orders"], reasons["PatientID"]["orders"], reasons["PatientID"]["found"]) == (1, 3, [])
    assert "Nguyen" not in str(asked)
    assert "BN-" not in str(asked)
