"""A radiologist's report as plain text sections, and the life of a reading task."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class ReportText:
    """What the radiologist wrote. Texts are NFC; empty sections are left out of the documents."""

    technique: str = ""
    findings: str = ""
    conclusion: str = ""
    recommendation: str = ""
    key_images: tuple[str, ...] = ()  # SOP Instance UIDs
    language: str = "vi"  # RFC 5646


@dataclass(frozen=True, slots=True)
class SignedReport:
    """A report version as it was signed: everything that the documents made of it need to be the same on every repeat."""

    text: ReportText
    study_instance_uid: str
    sop_instance_uid: str  # of the SR; the PDF twin's is derived from it
    series_instance_uid: str
    observer_name: str  # display name of the radiologist, e.g. "BS. Trần Thị Hồng Ánh"
    observer_organization: str
    signed_at: datetime  # aware
    version: int = 1
    predecessors: tuple[str, ...] = field(default=())


class ReadingState(StrEnum):
    INCOMPLETE = "incomplete"  # images still arrive
    READY = "ready"
    CLAIMED = "claimed"
    DRAFTING = "drafting"
    FINAL = "final"
    CANCELLED = "cancelled"


class ReadingEvent(StrEnum):
    ARRIVED = "arrived"  # all images that were announced are here
    LATE = "late"  # more images were announced or came after that
    CLAIM = "claim"
    RELEASE = "release"  # by the reader, or because the lease ran out
    DRAFT = "draft"
    SIGN = "sign"
    CANCEL = "cancel"


READING_TRANSITIONS: dict[tuple[ReadingState, ReadingEvent], ReadingState] = {
    (ReadingState.INCOMPLETE, ReadingEvent.ARRIVED): ReadingState.READY,
    (ReadingState.INCOMPLETE, ReadingEvent.LATE): ReadingState.INCOMPLETE,
    (ReadingState.READY, ReadingEvent.ARRIVED): ReadingState.READY,
    (ReadingState.READY, ReadingEvent.LATE): ReadingState.INCOMPLETE,
    (ReadingState.READY, ReadingEvent.CLAIM): ReadingState.CLAIMED,
    (ReadingState.CLAIMED, ReadingEvent.RELEASE): ReadingState.READY,
    (ReadingState.DRAFTING, ReadingEvent.RELEASE): ReadingState.READY,
    (ReadingState.CLAIMED, ReadingEvent.DRAFT): ReadingState.DRAFTING,
    (ReadingState.DRAFTING, ReadingEvent.DRAFT): ReadingState.DRAFTING,
    (ReadingState.DRAFTING, ReadingEvent.SIGN): ReadingState.FINAL,
    (ReadingState.INCOMPLETE, ReadingEvent.CANCEL): ReadingState.CANCELLED,
    (ReadingState.READY, ReadingEvent.CANCEL): ReadingState.CANCELLED,
    # images that come while someone reads, or after, never take the study from the reader: they are shown beside
    (ReadingState.CLAIMED, ReadingEvent.ARRIVED): ReadingState.CLAIMED,
    (ReadingState.CLAIMED, ReadingEvent.LATE): ReadingState.CLAIMED,
    (ReadingState.DRAFTING, ReadingEvent.ARRIVED): ReadingState.DRAFTING,
    (ReadingState.DRAFTING, ReadingEvent.LATE): ReadingState.DRAFTING,
    (ReadingState.FINAL, ReadingEvent.ARRIVED): ReadingState.FINAL,
    (ReadingState.FINAL, ReadingEvent.LATE): ReadingState.FINAL,
}
