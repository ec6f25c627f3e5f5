"""pynetdicom as the other end of storage commitment: an archive that answers for what it keeps, and a modality that asks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation

from tests.peers.gateway import AE_TITLE, wait_for
from tests.peers.objects import CT_IMAGE
from tests.peers.programs import HOST
from tests.steady import steady

COMMITMENT = "1.2.840.10008.1.20.1"
WELL_KNOWN = "1.2.840.10008.1.20.1.1"
_SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]


@dataclass(frozen=True)
class Told:
    """A report as pynetdicom decoded it."""

    event_type: int
    transaction: str
    kept: tuple[str, ...]
    failed: dict[str, int]
    retrieve_ae: str


def told(event: Event) -> Told:
    ds = event.event_information
    return Told(
        event.event_type,
        str(ds.TransactionUID),
        tuple(item.ReferencedSOPInstanceUID for item in ds.get("ReferencedSOPSequence", [])),
        {item.ReferencedSOPInstanceUID: item.FailureReason for item in ds.get("FailedSOPSequence", [])},
        str(ds.get("RetrieveAETitle", "")),
    )


def action(transaction: str, *instances: tuple[str, str]) -> Dataset:
    """The action information about (SOP class, SOP Instance) UIDs."""
    ds = Dataset()
    ds.TransactionUID = transaction
    ds.ReferencedSOPSequence = [_item(*instance) for instance in instances]
    return ds


def _item(sop_class: str, uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, uid
    return item


@dataclass
class Modality:
    """Asks a gateway; hears reports on the same association and, where it listens, on new ones."""

    title: str
    answers: list[int] = field(default_factory=list)  # statuses for the next reports, then 0000
    heard: list[tuple[str, Told]] = field(default_factory=list)  # same | new, the report

    def take(self, way: str, event: Event) -> tuple[int, Dataset | None]:
        self.heard.append((way, told(event)))
        return (self.answers.pop(0) if self.answers else 0), None

    @contextmanager
    def calls(self, port: int) -> Iterator[Association]:
        ae = AE(self.title)
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20
        ae.add_requested_context(COMMITMENT)
        ae.add_requested_context(CT_IMAGE, ExplicitVRLittleEndian)
        handlers = [(evt.EVT_N_EVENT_REPORT, lambda event: self.take("same", event))]
        assoc = steady(ae.associate(HOST, port, ae_title=AE_TITLE, evt_handlers=handlers))
        assert assoc.is_established
        try:
            yield assoc
        finally:
            if assoc.is_established:
                assoc.release()

    @contextmanager
    def listens(self, port: int, *, roles: bool = True) -> Iterator[None]:
        """Takes reports on new associations; without `roles` it knows nothing of role selection."""
        ae = AE(self.title)
        ae.add_supported_context(COMMITMENT, _SYNTAXES, **({"scu_role": False, "scp_role": True} if roles else {}))
        handlers = [(evt.EVT_N_EVENT_REPORT, lambda event: self.take("new", event))]
        server = ae.start_server((HOST, port), block=False, evt_handlers=handlers)
        assert server is not None
        try:
            yield
        finally:
            server.shutdown()

    def wait(self, count: int = 1) -> list[tuple[str, Told]]:
        """What was heard, once it is so much."""
        return wait_for(lambda: self.heard if len(self.heard) >= count else None, f"{count} report(s)")


def send(assoc: Association, files: Sequence[Path]) -> list[tuple[str, str]]:
    """Stores the files; their (SOP class, SOP Instance) UIDs."""
    sent = []
    for file in files:
        ds = dcmread(file)
        assert assoc.send_c_store(ds).Status == 0
        sent.append((str(ds.SOPClassUID), str(ds.SOPInstanceUID)))
    return sent


def ask(assoc: Association, ds: Dataset, *, action_type: int = 1, instance: str = WELL_KNOWN) -> int:
    """N-ACTION; the status."""
    status, _ = assoc.send_n_action(ds, action_type, COMMITMENT, instance)
    return int(status.Status)


@dataclass
class Archive:
    """Takes objects and answers for them, on the association on which it is asked or by calling back."""

    title: str
    calls_back: int = 0  # the gateway's port; 0: it reports on the same association
    loses: list[str] = field(default_factory=list)  # SOP Instance UIDs that are not kept the next time
    reason: int = 0x0112
    silent: bool = False
    stored: list[str] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)  # how its reports were answered

    @contextmanager
    def listens(self, port: int) -> Iterator[None]:
        ae = AE(self.title)
        ae.add_supported_context(CT_IMAGE, _SYNTAXES)
        ae.add_supported_context(COMMITMENT, _SYNTAXES)
        handlers = [(evt.EVT_C_STORE, self._store), (evt.EVT_N_ACTION, self._action)]
        server = ae.start_server((HOST, port), block=False, evt_handlers=handlers)
        assert server is not None
        try:
            yield
        finally:
            server.shutdown()

    def _store(self, event: Event) -> int:
        self.stored.append(str(event.request.AffectedSOPInstanceUID))
        return 0

    def _action(self, event: Event) -> tuple[int, Dataset | None]:
        wanted = event.action_information
        self.asked.append([item.ReferencedSOPInstanceUID for item in wanted.ReferencedSOPSequence])
        if not self.silent:
            steady(event.assoc)
            report = self._report(wanted)
            tell: Callable[[], None] = (
                (lambda: self._call_back(report)) if self.calls_back else (lambda: self._tell(event.assoc, report))
            )
            threading.Timer(0.05, tell).start()
        return 0, None

    def _report(self, wanted: Dataset) -> Dataset:
        report = action(wanted.TransactionUID)
        lost = [item for item in wanted.ReferencedSOPSequence if item.ReferencedSOPInstanceUID in self.loses]
        report.ReferencedSOPSequence = [item for item in wanted.ReferencedSOPSequence if item not in lost]
        if lost:
            for item in lost:
                item.FailureReason = self.reason
                self.loses.remove(item.ReferencedSOPInstanceUID)
            report.FailedSOPSequence = lost
        return report

    def _tell(self, assoc: Any, report: Dataset) -> None:
        status, _ = assoc.send_n_event_report(report, 2 if "FailedSOPSequence" in report else 1, COMMITMENT, WELL_KNOWN)
        self.statuses.append(int(status.Status))

    def _call_back(self, report: Dataset) -> None:
        ae = AE(self.title)
        ae.add_requested_context(COMMITMENT)
        role = SCP_SCU_RoleSelectionNegotiation()
        role.sop_class_uid, role.scu_role, role.scp_role = COMMITMENT, False, True
        assoc = steady(ae.associate(HOST, self.calls_back, ae_title=AE_TITLE, ext_neg=[role]))
        assert assoc.is_established
        self._tell(assoc, report)
        assoc.release()
