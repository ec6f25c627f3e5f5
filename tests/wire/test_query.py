"""C-FIND over real associations: DCMTK and pynetdicom ask the DICOM port, which asks a real ledger."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pynetdicom import AE
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation
from pynetdicom.sop_class import (
    PatientRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelFind,
)

from node.dicom.network.command import CommandField, encode_cancel, encode_request
from node.dicom.network.data_set import encode
from node.dicom.network.services.query import QueryProvider
from node.dicom.network.upper_layer import ProposedContext, encode_command
from node.domain.query import Entry, Query
from node.ledger.search import LedgerSearch, unsupported
from node.ledger.sql import SqlLedger, open_ledger
from tests import services
from tests.steady import steady
from tests.unit.ledger.test_search import DUC, HA, OTHER_SITE, add
from tests.wire.conftest import AE_TITLE, ListeningNode
from tests.wire.script import ACCEPTED, EXPLICIT, connected, fragment, request, status_of

STUDY_ROOT, PATIENT_ROOT = StudyRootQueryRetrieveInformationModelFind, PatientRootQueryRetrieveInformationModelFind
UTF8 = "SpecificCharacterSet=ISO_IR 192"


@dataclass
class HeldSearch:
    """A ledger's search that goes no further than its second answer until the caller is gone."""

    search: LedgerSearch
    held: bool = False
    holds: threading.Event = field(default_factory=threading.Event)
    ended: bool = False

    def __call__(self, query: Query, gone: Callable[[], bool]) -> Generator[Entry, None, None]:
        try:
            with closing(self.search(query, gone)) as found:
                for number, entry in enumerate(found):
                    yield entry
                    if self.held and number:
                        self.holds.set()
                    for _ in range(600 if self.held and number else 0):
                        if gone():
                            return
                        threading.Event().wait(0.05)
        finally:
            self.ended = True


@dataclass
class Archive:
    """A node whose ledger holds three studies of three patients."""

    node: ListeningNode
    ledger: SqlLedger
    search: HeldSearch
    folder: Path

    def findscu(self, *keys: str, root: str = "-S", options: tuple[str, ...] = ()) -> tuple[list[Dataset], str]:
        """(answers, what findscu said)."""
        program = services.find_program("findscu", "dcmtk")
        words = [word for key in (UTF8, *keys) for word in ("-k", key)]
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        command = [program, "-d", "-X", "-od", self.folder, root, *options, "-aec", AE_TITLE, *words, "127.0.0.1"]
        said = subprocess.run(
            [*command, str(self.node.server.port)], capture_output=True, text=True, timeout=60, check=False
        )
        return [dcmread(file, force=True) for file in sorted(self.folder.iterdir())], said.stdout + said.stderr

    def uids(self, *keys: str, root: str = "-S", keyword: str = "StudyInstanceUID") -> list[str]:
        found, said = self.findscu(*keys, root=root)
        assert "0x0000: Success" in said, said
        return sorted(str(ds[keyword].value) for ds in found)


@pytest.fixture
def archive(start_node: Callable[..., ListeningNode], migrated_sqlite: Path, tmp_path: Path) -> Iterator[Archive]:
    shutil.copyfile(migrated_sqlite, tmp_path / "ledger.db")
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    with ledger.begin() as tx:
        add(tx, 1, DUC)
        add(tx, 2, replace(DUC, sop_instance_uid="1.1.1.2", instance_number=2))
        add(tx, 3, HA)
        add(tx, 4, OTHER_SITE, facility="DEMO-TW")
    search = HeldSearch(LedgerSearch(ledger))
    node = start_node(providers=[QueryProvider(search, unsupported, most=3)])
    yield Archive(node, ledger, search, tmp_path / "answers")
    ledger.dispose()


STUDY, SERIES, IMAGE, PATIENT = (f"QueryRetrieveLevel={level}" for level in ("STUDY", "SERIES", "IMAGE", "PATIENT"))


def test_studies_are_found_by_names_ranges_and_lists(archive: Archive) -> None:
    uid = "StudyInstanceUID"
    assert archive.uids(STUDY, uid, "PatientName=Đức*") == ["1.1", "1.3"]
    assert archive.uids(STUDY, uid, "PatientName=VAN DUC NGUYEN") == ["1.1"]
    assert archive.uids(STUDY, uid, "StudyDate=20260301-", "StudyTime=08-09") == ["1.2"]
    assert archive.uids(STUDY, f"{uid}=1.1\\1.2\\7.7") == ["1.1", "1.2"]
    assert archive.uids(STUDY, uid, "ModalitiesInStudy=MR", "AccessionNumber=B?") == ["1.2"]
    assert archive.uids(STUDY, uid, "PatientName=Le*") == []


def test_every_level_is_answered_from_above_and_by_itself(archive: Archive) -> None:
    assert archive.uids(PATIENT, "PatientID=P_?", root="-P", keyword="PatientID") == ["P_1", "P_1", "P_2"]
    assert archive.uids(STUDY, "PatientID=P_2", "StudyInstanceUID", root="-P") == ["1.2"]
    series = archive.uids(SERIES, "StudyInstanceUID=1.1", "SeriesInstanceUID", keyword="SeriesInstanceUID")
    assert series == ["1.1.1"]
    relational = archive.uids(
        IMAGE, "PatientName=nguyen*", "InstanceNumber=2", "SOPInstanceUID", keyword="SOPInstanceUID"
    )
    assert relational == ["1.1.1.2"]


def test_an_answer_is_unicode_and_says_where_the_study_is(archive: Archive) -> None:
    ((ds,), _) = archive.findscu(STUDY, "PatientID=P_2", "PatientName", "NumberOfStudyRelatedInstances", "SeriesDate")
    assert str(ds.PatientName) == "Trần^Thị^Hà=陳氏河"
    assert (ds.RetrieveAETitle, ds.InstanceAvailability) == (AE_TITLE, "ONLINE")
    assert ds.NumberOfStudyRelatedInstances == 1
    assert ds.SeriesDate == ""


def test_sequences_are_matched_within_their_items(archive: Archive) -> None:
    ((ds,), _) = archive.findscu(STUDY, "StudyInstanceUID", "ProcedureCodeSequence[0].CodeValue=CODE M*")
    assert ds.StudyInstanceUID == "1.2"
    assert ds.ProcedureCodeSequence[0].CodeValue == "CODE MR"


def test_pending_says_when_a_key_was_not_matched(archive: Archive) -> None:
    _, said = archive.findscu(STUDY, "PatientID=P_2", "SeriesDescription=T1")
    assert re.search(r"0xff01", said, re.IGNORECASE), said
    _, said = archive.findscu(STUDY, "PatientID=P_2")
    assert not re.search(r"0xff01", said, re.IGNORECASE), said


def find_request(root: str) -> bytes:
    """All studies, as a C-FIND on context 1."""
    ds = Dataset()
    ds.QueryRetrieveLevel, ds.StudyInstanceUID = "STUDY", ""
    command = encode_request(CommandField.C_FIND_RQ, 7, root, data_set=True)
    return encode_command(1, command, 0) + fragment(encode(ds, EXPLICIT))


def test_cancel_ends_the_query_while_it_searches(archive: Archive) -> None:
    archive.search.held = True
    with connected(archive.node.server.port) as peer:
        peer.send(request(ProposedContext(1, STUDY_ROOT, (EXPLICIT,))))
        assert peer.read_pdu()[0] == ACCEPTED
        peer.send(find_request(STUDY_ROOT))
        assert archive.search.holds.wait(30)
        peer.send(encode_command(1, encode_cancel(7), 0))
        assert status_of(peer, 7) == 0xFE00
    assert archive.search.ended


def test_too_many_answers_end_with_a_refusal(archive: Archive) -> None:
    with archive.ledger.begin() as tx:
        add(tx, 9, replace(HA, study_instance_uid="1.9", series_instance_uid="1.9.1", sop_instance_uid="1.9.1.1"))
    found, said = archive.findscu(STUDY, "StudyInstanceUID")
    assert len(found) == 3
    assert "0xa700" in said.lower()
    assert "narrow the query" in said


def test_a_level_that_the_model_has_not_is_refused(archive: Archive) -> None:
    for keys, root in (((PATIENT, "PatientID"), "-S"), (("PatientID",), "-P")):
        found, said = archive.findscu(*keys, root=root)
        assert found == []
        assert "0xa900" in said.lower()


def test_a_date_and_a_time_are_one_range_for_who_negotiates_that(archive: Archive) -> None:
    ds = Dataset()
    ds.QueryRetrieveLevel, ds.StudyInstanceUID = "STUDY", ""
    ds.StudyDate, ds.StudyTime = "20260301-20260302", "22-07"
    assert _ask(archive, ds, None) == ([], b"")
    assert _ask(archive, ds, b"\1\1\0\0\0") == (["1.1"], b"\1\1\0\0\0")


def _ask(archive: Archive, ds: Dataset, wanted: bytes | None) -> tuple[list[str], bytes]:
    """(Study Instance UIDs, what was agreed of the extended negotiation)."""
    ae = AE("WORKSTATION")
    ae.add_requested_context(STUDY_ROOT)
    items = []
    if wanted is not None:
        item = SOPClassExtendedNegotiation()
        item.sop_class_uid, item.service_class_application_information = STUDY_ROOT, wanted
        items.append(item)
    assoc = steady(ae.associate("127.0.0.1", archive.node.server.port, ae_title=AE_TITLE, ext_neg=items))
    assert assoc.is_established
    answers = [answer.StudyInstanceUID for _, answer in assoc.send_c_find(ds, STUDY_ROOT) if answer is not None]
    agreed = assoc.acceptor.sop_class_extended.get(STUDY_ROOT, b"")
    assoc.release()
    return answers, agreed


def test_a_caller_that_leaves_while_it_is_answered_leaves_nothing_behind(archive: Archive) -> None:
    archive.search.held = True
    with connected(archive.node.server.port) as peer:
        peer.send(request(ProposedContext(1, PATIENT_ROOT, (EXPLICIT,))))
        assert peer.read_pdu()[0] == ACCEPTED
        peer.send(find_request(PATIENT_ROOT))
        assert archive.search.holds.wait(30)
    archive.node.wait_until_alone()
    archive.search.held = False
    assert archive.uids(STUDY, "StudyInstanceUID", "PatientID=P_2") == ["1.2"]
