"""The one ordered record of a study, from the first image received at the origin to the report in the origin's PACS."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Hop(StrEnum):
    """What can happen to a study, in the order in which it usually does."""

    FIRST_IMAGE = "first-image"  # first image received here
    COMPLETE = "complete"  # no more images expected here
    LATE_IMAGES = "late-images"
    ROUTED = "routed"
    PREPARED = "prepared"  # pseudonymised and compressed, proved lossless
    HELD = "held"
    SENDING = "sending"
    DELIVERED = "delivered"  # every instance taken by the destination
    VERIFIED = "verified"  # the destination confirmed what it holds
    READY = "ready"  # on the reading worklist with all its images
    CLAIMED = "claimed"
    RELEASED = "released"
    DRAFTED = "drafted"
    QUESTION_ASKED = "question-asked"  # the origin was asked; the reading waits for the answer
    UNREADABLE = "unreadable"  # the origin was asked to repeat
    ANSWERED = "answered"  # by the origin
    PRELIMINARY_SIGNED = "preliminary-signed"  # a senior is still to verify it
    SIGNED = "signed"
    CORRECTION_BEGUN = "correction-begun"  # by the signer, a short time after signing
    ADDENDUM_BEGUN = "addendum-begun"
    ADDENDUM_SIGNED = "addendum-signed"
    REPORT_BUILT = "report-built"
    REPORT_SENT = "report-sent"  # fetched by the origin
    REPORT_RECEIVED = "report-received"
    REPORT_REIDENTIFIED = "report-reidentified"
    REPORT_DELIVERED = "report-delivered"  # accepted by the origin's PACS
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One hop. `key` makes a repeat of the same hop one entry; `instances` is the count that the hop is about."""

    study_instance_uid: str
    node: str  # the facility code of the node where it happened
    hop: Hop
    at: datetime
    instances: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)  # never a patient's name or identifier
    key: str = ""
