"""A department with orders on a node's DICOM port, and machines that ask it for the worklist and tell of their steps."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.sop_class import ModalityPerformedProcedureStep, ModalityWorklistInformationFind
from sqlalchemy import select

from node.dicom.network.services.procedure_step import ProcedureStepProvider
from node.dicom.network.services.provider import Caller
from node.dicom.network.services.worklist import WorklistProvider
from node.domain.facility import Charset, Peer, PeerKind, Service
from node.domain.query import Identifier
from node.domain.route import Registry
from node.domain.study import Arrival, Via
from node.ledger.order_tables import performed_steps
from node.ledger.sql import SqlLedger, open_ledger
from node.ports import Admitted
from tests.steady import steady
from tests.wire.conftest import AE_TITLE, NOW, ListeningNode, StoppedClock, dcmtk
from worklists.modality import desk, form, reads
from worklists.modality.desk import Desk
from worklists.modality.search import Found
from worklists.modality.services import ModalityDesk

MPPS, MWL = ModalityPerformedProcedureStep, ModalityWorklistInformationFind
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


@contextmanager
def a_department(start_node: Callable[..., ListeningNode], migrated_sqlite: Path, folder: Path) -> Iterator[Department]:
    """Holds three orders, and listens until the block ends."""
    file = folder / "ledger.db"
    shutil.copyfile(migrated_sqlite, file)
    ledger = open_ledger(f"sqlite:///{file}")
    orders = HeldDesk(ledger, StoppedClock(), lambda: Registry(1, peers=tuple(PEERS.values())))
    providers = [WorklistProvider(orders), ProcedureStepProvider(orders, lambda: "2.25.4711")]

    def admit(calling_ae: str, called_ae: str, address: str) -> Admitted:
        peer = PEERS[calling_ae]
        arrival = Arrival(Via.DIMSE, NOW, peer=peer.code, calling_ae=calling_ae, called_ae=called_ae, address=address)
        return Admitted(arrival, peer, frozenset(peer.services))

    node = start_node(providers=providers, admit=admit)
    made = Department(node, ledger, orders, folder / "answers")
    made.enter(DAO, BINH, DUC)
    yield made
    node.server.stop()
    ledger.dispose()
