"""DIMSE status codes as tables: what we answer to a C-STORE, and what a peer's answer to ours means.

Sources: PS3.4 B.2.3 (storage service), PS3.7 Annex C (all services).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from node.errors import (
    Conflict,
    NodeError,
    NotAuthorized,
    PeerBusy,
    Retryable,
    StorageFull,
    Unreadable,
    UnsupportedSyntax,
)


@dataclass(frozen=True, slots=True)
class Status:
    """A status code and the error comment (0000,0902) that goes with it: at most 64 ASCII characters."""

    code: int
    comment: str = ""


_COMMENT: Final = 64  # VR LO

SUCCESS: Final = Status(0x0000)
MISMATCH: Final = Status(0xA900, "The data set is not the object that the command names")
NO_DATA_SET: Final = Status(0xC000, "The request came without a data set")
TOO_LARGE: Final = Status(0x0213, "The object is larger than this node takes")
NO_SUCH_CLASS: Final = Status(0x0122, "This SOP class was not agreed for this context")
UNRECOGNIZED: Final = Status(0x0211, "This node does not offer this operation here")
PROCESSING_FAILURE: Final = Status(0x0110, "This node failed, the object was not kept")

PENDING: Final = Status(0xFF00)
PENDING_UNMATCHED: Final = Status(0xFF01)  # an optional key was not matched (PS3.4 C.4.1.1.4)
CANCELLED: Final = Status(0xFE00)
NOT_ALLOWED: Final = Status(0x0124, "The caller may not do this here")
NO_SUCH_INSTANCE: Final = Status(0x0112, "There is no such SOP instance here")
INVALID_ARGUMENT: Final = Status(0x0115, "The request's data set is not what this operation needs")
NO_SUCH_ACTION: Final = Status(0x0123, "There is no such action")
FAILED: Final = Status(0x0110, "This node failed to process the request")

_STORE_ANSWERS: Final[tuple[tuple[type[NodeError], Status], ...]] = (  # the first that fits
    (StorageFull, Status(0xA700, "The node's disk is nearly full, try again later")),
    (PeerBusy, Status(0xA700, "The node is busy, try again later")),
    (Unreadable, Status(0xC000, "The object cannot be read; it was put aside")),
    (NotAuthorized, Status(0x0124, "The caller may not store here")),
    (UnsupportedSyntax, Status(0x0122, "This SOP class or syntax is not taken here")),
    (Conflict, MISMATCH),
    (NodeError, PROCESSING_FAILURE),
)


def store_status(error: BaseException) -> Status:
    """The answer to a C-STORE that failed with `error`."""
    return next((status for kind, status in _STORE_ANSWERS if isinstance(error, kind)), PROCESSING_FAILURE)


def put_aside(error: Unreadable) -> Status:
    """The answer to a C-STORE whose object was put aside: the reason in our words, which hold no values of the object."""
    status = store_status(error)
    return Status(status.code, f"Put aside: {error.message}"[:_COMMENT]) if error.message.isascii() else status


_SERVICE_ANSWERS: Final[tuple[tuple[type[NodeError], Status], ...]] = (  # the first that fits; PS3.7 Annex C
    (NotAuthorized, NOT_ALLOWED),
    (StorageFull, Status(0x0213, "The node's disk is nearly full, try again later")),
    (Retryable, Status(0x0213, "The node is busy, try again later")),
    (Unreadable, Status(0xC000, "The data set of the request cannot be read")),
)


def service_status(error: BaseException) -> Status:
    """The answer to a request, other than C-STORE, that failed with `error`; providers give better ones where they can."""
    return next((status for kind, status in _SERVICE_ANSWERS if isinstance(error, kind)), FAILED)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a peer's status means for one instance."""

    delivered: bool
    permanent: bool
    reason: str


_VERDICTS: Final[tuple[tuple[int, int, Verdict], ...]] = (  # first code, last code
    (0x0000, 0x0000, Verdict(True, False, "")),
    (0xB000, 0xB000, Verdict(True, False, "Stored; the peer changed elements.")),
    (0xB006, 0xB006, Verdict(True, False, "Stored; the peer discarded elements.")),
    (0xB007, 0xB007, Verdict(True, False, "Stored; the peer finds that the data set does not match its SOP class.")),
    (0x0001, 0x0001, Verdict(True, False, "Stored; the peer ignored optional attributes.")),
    (0x0107, 0x0107, Verdict(True, False, "Stored; the peer did not know some attributes.")),
    (0x0116, 0x0116, Verdict(True, False, "Stored; the peer found an attribute out of range.")),
    (0xB001, 0xBFFF, Verdict(True, False, "Stored with a warning.")),
    (0x0110, 0x0110, Verdict(False, False, "The peer failed to process the object.")),
    (0x0111, 0x0111, Verdict(True, False, "The peer has this object already.")),
    (0x0122, 0x0122, Verdict(False, True, "The peer does not take this SOP class: enable it there.")),
    (0x0124, 0x0124, Verdict(False, True, "The peer does not allow this node to store: allow our AE title there.")),
    (0x0210, 0x0210, Verdict(False, False, "The peer took the message for a repeated one.")),
    (0x0211, 0x0211, Verdict(False, True, "The peer does not offer storing.")),
    (0x0213, 0x0213, Verdict(False, True, "The peer's limits do not allow this object.")),
    (0xA700, 0xA7FF, Verdict(False, False, "The peer is out of resources, perhaps its disk is full.")),
    (0xA800, 0xA8FF, Verdict(False, True, "The peer does not take this SOP class: enable it there.")),
    (0xA900, 0xA9FF, Verdict(False, True, "The peer finds that the data set does not match its SOP class.")),
    (0xC000, 0xCFFF, Verdict(False, True, "The peer cannot understand the object.")),
    (0xFE00, 0xFE00, Verdict(False, False, "The peer cancelled the operation.")),
)
_OTHER: Final = Verdict(False, True, "The peer refused the object.")


def verdict(code: int) -> Verdict:
    """What the peer's C-STORE status `code` means. Codes that the standard does not name are permanent refusals."""
    return next((found for first, last, found in _VERDICTS if first <= code <= last), _OTHER)
