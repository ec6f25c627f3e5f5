"""What a service class is to the association engine: a provider answers a request with responses.

Verification and the taking in of objects are the engine's own (`association`, `storing`); everything else is a `Provider`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol, runtime_checkable

from node.dicom.network.command import CommandField
from node.dicom.network.status import Status
from node.domain.facility import Peer, Service


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is at the other end of an association, as the registry knows it (`peer` None: an unknown caller let in)."""

    calling_ae: str
    called_ae: str
    address: str
    peer: Peer | None = None

    @property
    def code(self) -> str:
        """What logs and the audit call it: the peer's code, else its AE title."""
        return self.peer.code if self.peer else self.calling_ae


class Line(Protocol):
    """What a provider may do with the association while it answers. All raise `ConnectionLostError` or `ProtocolError`
    when the peer is gone or broke the protocol: let them pass."""

    def cancelled(self) -> bool:
        """Whether the caller has sent C-CANCEL for this request; looks at the line without waiting."""
        ...

    def accepted(self, sop_class_uid: str) -> Mapping[str, int]:
        """For C-GET: {transfer syntax: context id} of the contexts where the caller takes objects of this class (the SCP
        role was negotiated, PS3.7 D.3.3.4)."""
        ...

    def store(self, context_id: int, sop_class_uid: str, sop_instance_uid: str, data_set: BinaryIO) -> int:
        """A C-STORE sub-operation of C-GET on this association; returns the caller's status."""
        ...

    def wait(self, seconds: float) -> bool:
        """After the last response: waits, and says whether the caller was quiet all the time and is still there. False: it
        wants to say something (perhaps to leave); end the answer then."""
        ...

    def report(self, sop_class_uid: str, sop_instance_uid: str, event_type: int, data_set: bytes) -> int:
        """After the last response: an N-EVENT-REPORT to the caller on this association; returns its status."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """A DIMSE request, whole: its command set, and its data set as bytes in the transfer syntax of the context."""

    field: CommandField
    message_id: int
    abstract_syntax: str
    sop_class_uid: str  # Affected or Requested SOP Class UID
    sop_instance_uid: str  # Affected or Requested SOP Instance UID
    transfer_syntax: str
    data_set: bytes
    elements: Mapping[int, bytes]  # the command set: element number of group 0000 to the raw value
    caller: Caller
    line: Line
    extended: bytes = b""  # what was agreed of the extended negotiation of this class (e.g. PS3.4 C.5.1.1)

    def number(self, element: int) -> int | None:
        """A US value of the command set, e.g. 0x1008 Action Type ID."""
        value = self.elements.get(element, b"")
        return int.from_bytes(value, "little") if len(value) == 2 else None

    def text(self, element: int) -> str:
        """An AE or UI value of the command set, e.g. 0x0600 Move Destination."""
        return self.elements.get(element, b"").decode("ascii", "replace").strip("\0 ")


@dataclass(frozen=True, slots=True)
class Response:
    """One response. A pending status (FF00, FF01) means that more follow."""

    status: Status
    data_set: bytes = b""
    sop_instance_uid: str = ""  # when it is another than the request's: N-CREATE that named none
    remaining: int | None = None  # sub-operations of C-MOVE and C-GET (PS3.7 9.1.4.1.7)
    completed: int | None = None
    failed: int | None = None
    warned: int | None = None
    numbers: Mapping[int, int] = field(default_factory=dict)  # more US elements, e.g. {0x1008: 1} Action Type ID


class Provider(Protocol):
    """One service class. Called from the thread of each association at the same time: it keeps no state of a request.

    `answer` yields the responses; the engine sends each before it asks for the next, so memory stays bounded. A `NodeError`
    that it raises is answered with the status of `status.service_status`, anything else with 0110 and a line in the log.
    What stands after the last response runs when that was sent (storage commitment reports there).
    """

    service: Service
    sop_classes: frozenset[str]
    fields: frozenset[CommandField]  # other operations are answered with 0211
    extended: bytes  # what we support of the service class' extended negotiation (e.g. PS3.4 C.5.1.1); b"" for none

    def answer(self, request: Request) -> Iterator[Response]: ...


@runtime_checkable
class Attentive(Protocol):
    """A provider that also has something to say when a caller is quiet."""

    def attention(self, caller: Caller, line: Line, transfer_syntax: str) -> Callable[[], None] | None:
        """What is done in the first quiet moment of an association on which one of the classes was agreed, and again in the
        first one after each request; None: nothing. `line` is that of no request: only `wait` and `report` have a meaning."""
        ...
