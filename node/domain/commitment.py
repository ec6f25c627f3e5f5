"""Storage commitment (PS3.4 Annex J): who asked whom to answer for the keeping of which instances, and what was said.

A *request* is what a peer asks of us; an *inquiry* is what we ask of a destination after a delivery. Both are named by their
Transaction UID and keep what was asked, so that either side may forget the association.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final


class ReportWay(StrEnum):
    """On which association a peer takes our report."""

    SAME = "same"  # only on the one on which it asked
    NEW = "new"  # only on one that we open
    EITHER = "either"  # on the same while it keeps that open and is quiet, else on a new one


@dataclass(frozen=True, slots=True)
class Reference:
    """An instance by its class and UID."""

    sop_class_uid: str
    sop_instance_uid: str


class Failure(IntEnum):
    """Failure Reason (0008,1197), PS3.3 C.14.1.1."""

    PROCESSING = 0x0110
    NO_SUCH_INSTANCE = 0x0112
    CLASS_CONFLICT = 0x0119
    CLASS_NOT_TAKEN = 0x0122
    REPEATED_TRANSACTION = 0x0131
    OUT_OF_RESOURCES = 0x0213


@dataclass(frozen=True, slots=True)
class CommitmentReport:
    """The answer to a request: what is kept, and what is not with the failure reason."""

    transaction_uid: str
    committed: tuple[Reference, ...]
    failed: tuple[tuple[Reference, int], ...] = ()

    @property
    def event_type(self) -> int:
        """1: all is kept; 2: some is not (PS3.4 J.3.3.1.1)."""
        return 2 if self.failed else 1


class RequestState(StrEnum):
    """What a peer asked of us."""

    ASKED = "asked"  # durable, to be reported
    REPORTED = "reported"  # the peer took the report
    HELD = "held"  # the peer cannot be told; a person decides, or it asks again


class RequestEvent(StrEnum):
    ASK = "ask"  # again, under the same transaction
    REPORT = "report"
    HOLD = "hold"


REQUEST_TRANSITIONS: Final[dict[tuple[RequestState, RequestEvent], RequestState]] = {
    **{(state, RequestEvent.ASK): RequestState.ASKED for state in RequestState},
    **{(state, RequestEvent.REPORT): RequestState.REPORTED for state in RequestState},
    (RequestState.ASKED, RequestEvent.HOLD): RequestState.HELD,
    (RequestState.HELD, RequestEvent.HOLD): RequestState.HELD,
}


class InquiryState(StrEnum):
    """What we ask of a destination."""

    MADE = "made"  # durable, and perhaps heard by the destination
    ASKED = "asked"  # it said that it will report
    EXPIRED = "expired"  # it did not in time; another inquiry was made, but its word still counts
    CONFIRMED = "confirmed"  # it keeps all that was asked for
    FAILED = "failed"  # it does not keep some of it


class InquiryEvent(StrEnum):
    ASK = "ask"
    EXPIRE = "expire"
    CONFIRM = "confirm"
    FAIL = "fail"


_OPEN: Final = (InquiryState.MADE, InquiryState.ASKED, InquiryState.EXPIRED)
INQUIRY_TRANSITIONS: Final[dict[tuple[InquiryState, InquiryEvent], InquiryState]] = {
    (InquiryState.MADE, InquiryEvent.ASK): InquiryState.ASKED,
    (InquiryState.ASKED, InquiryEvent.EXPIRE): InquiryState.EXPIRED,
    **{(state, InquiryEvent.CONFIRM): InquiryState.CONFIRMED for state in _OPEN},
    **{(state, InquiryEvent.FAIL): InquiryState.FAILED for state in _OPEN},
}


@dataclass(frozen=True, slots=True)
class FailureMeaning:
    """What a destination's failure reason means for the instance: `permanent` when sending it again cannot help."""

    permanent: bool
    reason: str


_MEANINGS: Final[dict[int, FailureMeaning]] = {
    Failure.PROCESSING: FailureMeaning(False, "it failed to look the object up"),
    Failure.NO_SUCH_INSTANCE: FailureMeaning(False, "it does not have the object"),
    Failure.CLASS_CONFLICT: FailureMeaning(True, "it has the object under another SOP class"),
    Failure.CLASS_NOT_TAKEN: FailureMeaning(True, "it does not commit to objects of this SOP class"),
    Failure.REPEATED_TRANSACTION: FailureMeaning(False, "it took the request for a repeated one"),
    Failure.OUT_OF_RESOURCES: FailureMeaning(False, "it is out of resources"),
}
UNMENTIONED: Final = FailureMeaning(False, "it did not mention the object in its report")


def failure_meaning(reason: int) -> FailureMeaning:
    """Reasons that the standard does not name are passing ones: asking again is bounded anyway."""
    return _MEANINGS.get(reason, FailureMeaning(False, f"it gave the reason {reason:04X}"))
