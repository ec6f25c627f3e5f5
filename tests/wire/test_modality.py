"""Modality worklist and MPPS over real associations: DCMTK's findscu and pynetdicom against a real ledger."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.sop_class import ModalityPerformedProcedureStep, ModalityWorklistInformationFind
from sqlalchemy import select

from node.dicom.network.services.procedure_step import ProcedureStepProvider
from node.dicom.network.services.provider import Caller
from node.dicom.network.services.worklist import WorklistProvider
from node.domain.facility import Charset, Peer, PeerKind, Service
from node.domain.order import OrderEvent
from node.domain.query import Identifier
from node.domain.route import Registry
from node.domain.study import Arrival, Via
from node.ledger.order_tables import performed_steps
from node.ledger.sql import SqlLedger, open_ledger
from node.ports import Admitted
from tests import services
from tests.steady import steady
from tests.wire.conftest import AE_TITLE, NOW, ListeningNode, StoppedClock, dcmtk
from worklists.modality import desk, form, reads, trace
from worklists.modality.desk import Desk
from worklists.modality.search import Found
from worklists.modality.services import ModalityDesk

MPPS, MWL = ModalityPerformedProcedureStep, ModalityWorklistInformationFind
STEP = "ScheduledProcedureStepSequence[0]"
CT = Peer("ct1", PeerKind.DICOM, "ttyt", ae_title="CT1", services=(Service.WORKLIST, Service.PROCEDURE_STEP))
PEERS = {
    "CT1": CT,
    "OLD": replace(CT, code="old", ae_title="OLD", charset=Charset.LATIN1, worklist_any_station=True),
    "ASCII": replace(CT, code="ascii", ae_title="ASCII", charset=Charset.ASCII),
    "BOTH": replace(CT, code="both", ae_title="BOTH", worklist_in_progress=True),
    "OTHER": replace(CT, code="other", ae_title="OTHER", facility="bvt"),
    "NEAR": replace(CT, code="near", ae_title="NEAR", worklist_days=1),
}
DAO = {
    "patient_name": "Nguyễn Thị Đào", "patient_id": "BN-1", "issuer_of_patient_id": "TTYT", "modality": "CT",
    "stations": ["CT1"], "scheduled_date": "20260302", "scheduled_time": "1530", "birth_date": "31/01/1970", "sex": "Nữ",
    "accession_number": "A1", "procedure_id": "RP1", "step_id": "SPS1", "procedure_description": "CT sọ não",
    "procedure_code": "18.0149", "performing_physician": "Lê^Hà", "referring_physician": "BS. Trần Quốc Việt",
    "reason": "Chấn thương đầu", "location": "Khoa Cấp cứu", "priority": "cấp cứu", "weight": "52,5",
    "pregnancy": "không", "allergies": "iod; penicillin", "alerts": "MRSA",
}  # fmt: skip
BINH = {
    "patient_name": "Trần Văn Bình", "patient_id": "BN-2", "modality": "MR", "stations": ["MR1", "MR2"],
    "scheduled_date": "20260303", "scheduled_time": "0900", "accession_number": "A2", "procedure_description": "MR gối",
}  # fmt: skip
DUC = {
    "patient_name": "Lê Đức Anh", "patient_id": "BN-3", "modality": "CT", "scheduled_date": "20260305",
    "scheduled_time": "1000", "accession_number": "A3", "procedure_description": "CT ngực",
}  # fmt: skip


class HeldDesk(ModalityDesk):
    """A desk that takes its time between two answers when a test wants."""

    held = False

    def ask(self, caller: Caller, identifier: Identifier) -> Found:
        found = super().ask(caller, identifier)
        if self.held:
            found.entries = _Slow(found.entries)
        return found


class _Slow(list[Any]):
    def __iter__(self) -> Iterator[Any]:
        for entry in super().__iter__():
            yield entry
            threading.Event().wait(0.05)


@dataclass
class Department:
    """A node's DICOM port, its orders, and machines that ask."""

    node: ListeningNode
    ledger: SqlLedger
    orders: HeldDesk
    folder: Path
    ids: dict[str, str] = field(default_factory=dict)  # accession number: order

    def enter(self, *forms: dict[str, Any]) -> None:
        with self.ledger.begin() as tx:
            for given in forms:
                number = len(self.ids) + 1
                text = form.checked(given, NOW)
                order = desk.enter(tx, Desk(NOW, "ktv"), text, order_id=f"{number:032x}", study_uid=f"2.25.{number}")
                self.ids[order.text.accession_number] = order.id

    def order(self, accession_number: str) -> dict[str, Any]:
        with self.ledger.read() as tx:
            found = reads.show_order(tx, self.ids[accession_number])
        assert found is not None
        return found

    def findscu(self, *arguments: str | Path, calling: str = "CT1") -> list[Dataset]:
        """The answers to `findscu -W`."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        titles = ("-aet", calling, "-aec", AE_TITLE, "-X", "-od", self.folder)
        where = ("127.0.0.1", str(self.node.server.port))
        done = dcmtk("findscu", "-v", "-W", *titles, *where, *arguments)  # query files come last
        assert "Received Final Find Response (Success)" in done.stdout + done.stderr, done.stdout + done.stderr
        return [dcmread(file, force=True) for file in sorted(self.folder.iterdir())]

    def found(self, *keys: str, calling: str = "CT1") -> list[str]:
        """Accession numbers of what is told for these keys."""
        words = [word for key in ("SpecificCharacterSet=ISO_IR 192", "AccessionNumber", *keys) for word in ("-k", key)]
        return [str(ds.AccessionNumber) for ds in self.findscu(*words, calling=calling)]

    def associate(self, calling: str = "CT1", syntaxes: Any = None, handlers: Any = None) -> Association:
        ae = AE(calling)
        for uid in (MWL, MPPS):
            ae.add_requested_context(uid, syntaxes or ExplicitVRLittleEndian)
        assoc = ae.associate("127.0.0.1", self.node.server.port, ae_title=AE_TITLE, evt_handlers=handlers or [])
        assert assoc.is_established
        return steady(assoc)

    def step(self, uid: str) -> Any:
        with self.ledger.read() as tx:
            return tx.execute(select(performed_steps).where(performed_steps.c.sop_instance_uid == uid)).one()


@pytest.fixture
def department(start_node: Callable[..., ListeningNode], tmp_path: Path, migrated_sqlite: Path) -> Iterator[Department]:
    file = tmp_path / "ledger.db"
    shutil.copyfile(migrated_sqlite, file)
    ledger = open_ledger(f"sqlite:///{file}")
    orders = HeldDesk(ledger, StoppedClock(), lambda: Registry(1, peers=tuple(PEERS.values())))
    providers = [WorklistProvider(orders), ProcedureStepProvider(orders, lambda: "2.25.4711")]

    def admit(calling_ae: str, called_ae: str, address: str) -> Admitted:
        peer = PEERS[calling_ae]
        arrival = Arrival(Via.DIMSE, NOW, peer=peer.code, calling_ae=calling_ae, called_ae=called_ae, address=address)
        return Admitted(arrival, peer, frozenset(peer.services))

    node = start_node(providers=providers, admit=admit)
    made = Department(node, ledger, orders, tmp_path / "answers")
    made.enter(DAO, BINH, DUC)
    yield made
    node.server.stop()
    ledger.dispose()


ALL = ["A1", "A2", "A3"]


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
