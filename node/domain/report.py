"""A radiologist's report, and the life of a reading task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from node.domain.measurement import Measurement


@dataclass(frozen=True, slots=True)
class ReportText:
    """What the radiologist wrote. Texts are NFC; empty sections are left out of the documents."""

    technique: str = ""
    findings: str = ""
    conclusion: str = ""
    recommendation: str = ""
    key_images: tuple[str, ...] = ()  # SOP Instance UIDs
    language: str = "vi"  # RFC 5646
    comparison: str = ""  # with which earlier study, and what changed
    limitations: str = ""  # technical
    answers: tuple[tuple[str, str], ...] = ()  # (question of the consultation, answer)
    template: str = ""  # code of the template that it was written by
    fields: tuple[tuple[str, Any], ...] = ()  # (field id of the template, value)


class SignatureRole(StrEnum):
    AUTHOR = "author"  # who read
    VERIFIER = "verifier"  # the senior who took responsibility; the same person when there is only one


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed, as printed and as Verifying Observer (PS3.3 C.17.2)."""

    role: SignatureRole
    username: str
    name: str  # e.g. "BS. Trần Thị Hồng Ánh"
    licence_number: str  # số GPHN; may be empty
    organization: str
    at: datetime  # aware

    @property
    def person(self) -> tuple[str, str, str]:
        """What tells people apart, also where the user name is not known."""
        return self.username, self.name, self.licence_number

    def to_json(self) -> dict[str, Any]:
        """The form in which the ledger keeps it."""
        return {
            "role": self.role.value,
            "username": self.username,
            "name": self.name,
            "licence_number": self.licence_number,
            "organization": self.organization,
            "at": self.at.isoformat(),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Signature:
        return cls(
            role=SignatureRole(stored["role"]),
            username=stored["username"],
            name=stored["name"],
            licence_number=stored.get("licence_number", ""),
            organization=stored.get("organization", ""),
            at=datetime.fromisoformat(stored["at"]),
        )


class ReportStatus(StrEnum):
    PRELIMINARY = "preliminary"  # signed by the author, a senior is still to verify it
    FINAL = "final"
    ADDENDUM = "addendum"  # beside a final report, which stays as it is


def answered_for(verification: str, completion: str, preliminary: str) -> bool:
    """Whether somebody answers for a structured report, by its flags (PS3.3 C.17.2; empty: not there): verified, complete, and
    not said to be preliminary. Most systems leave the optional Preliminary Flag out; what a machine or a trainee wrote is
    then told by UNVERIFIED alone."""
    stated = (verification, completion or "COMPLETE", preliminary or "FINAL")
    return stated == ("VERIFIED", "COMPLETE", "FINAL")


@dataclass(frozen=True, slots=True)
class CriticalNote:
    """A critical finding as the report records it (PS3.20 9.7.2)."""

    category: int  # 1 minutes, 2 hours, 3 days
    text: str
    raised_at: datetime
    channel: str = ""
    noted_by: str = ""  # who took note at the origin; empty: nobody yet
    read_back: bool = False
    noted_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """The form in which the ledger keeps it."""
        return {
            "category": self.category,
            "text": self.text,
            "raised_at": self.raised_at.isoformat(),
            "channel": self.channel,
            "noted_by": self.noted_by,
            "read_back": self.read_back,
            "noted_at": self.noted_at.isoformat() if self.noted_at else None,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> CriticalNote:
        noted_at = stored.get("noted_at")
        return cls(
            category=int(stored["category"]),
            text=stored["text"],
            raised_at=datetime.fromisoformat(stored["raised_at"]),
            channel=stored.get("channel", ""),
            noted_by=stored.get("noted_by", ""),
            read_back=bool(stored.get("read_back", False)),
            noted_at=datetime.fromisoformat(noted_at) if noted_at else None,
        )


@dataclass(frozen=True, slots=True)
class Addendum:
    """What was added to a final report after it was signed. The report's own text stays as it is."""

    text: ReportText
    signatures: tuple[Signature, ...]
    at: datetime  # aware


@dataclass(frozen=True, slots=True)
class SignedReport:
    """A report version as it was signed: everything that the documents made of it need to be the same on every repeat.

    An addendum is a version whose `text` and `signatures` are those of the final report that it stands beside, and whose
    last of `addenda` is its own.
    """

    text: ReportText
    study_instance_uid: str
    sop_instance_uid: str  # of the SR; those of the other documents are derived from it
    series_instance_uid: str
    observer_name: str  # display name of the radiologist, e.g. "BS. Trần Thị Hồng Ánh"
    observer_organization: str
    signed_at: datetime  # aware
    version: int = 1
    predecessors: tuple[tuple[str, str], ...] = field(default=())  # (SOP, Series Instance UID) of the earlier versions
    status: ReportStatus = ReportStatus.FINAL
    signatures: tuple[Signature, ...] = ()  # in the order of signing
    measurements: tuple[Measurement, ...] = ()
    criticals: tuple[CriticalNote, ...] = ()
    addenda: tuple[Addendum, ...] = ()  # in the order of signing

    @property
    def verifier(self) -> Signature | None:
        """Who answers for the report; None while it is preliminary."""
        if self.status is ReportStatus.PRELIMINARY:
            return None
        senior = [s for s in self.signatures if s.role is SignatureRole.VERIFIER]
        return (senior or list(self.signatures) or [self._signed_by(SignatureRole.VERIFIER)])[-1]

    @property
    def author(self) -> Signature | None:
        """Who wrote it, when that is not the one who answers for it."""
        written = next((s for s in self.signatures if s.role is SignatureRole.AUTHOR), None)
        if self.status is ReportStatus.PRELIMINARY:
            return written or self._signed_by(SignatureRole.AUTHOR)
        verifier = self.verifier
        same = written is None or verifier is None or written.person == verifier.person
        return None if same else written

    def _signed_by(self, role: SignatureRole) -> Signature:
        return Signature(role, "", self.observer_name, "", self.observer_organization, self.signed_at)


class ReadingState(StrEnum):
    INCOMPLETE = "incomplete"  # images still arrive
    READY = "ready"
    CLAIMED = "claimed"
    DRAFTING = "drafting"
    NEEDS_INFO = "needs-info"  # the origin was asked; the clock stands
    UNREADABLE = "unreadable"  # the origin was asked to repeat; the clock stands
    PRELIMINARY = "preliminary"  # signed by a trainee, waits for a senior
    VERIFYING = "verifying"  # a senior has it
    FINAL = "final"
    AMENDING = "amending"  # an addendum or a correction is being written; the final report stands until that is signed
    CANCELLED = "cancelled"


class ReadingEvent(StrEnum):
    ARRIVED = "arrived"  # all images that were announced are here
    LATE = "late"  # more images were announced or came after that
    CLAIM = "claim"
    RELEASE = "release"  # by the reader, or because the lease ran out
    LEAVE = "leave"  # the same, while images are still missing
    DRAFT = "draft"
    ASK = "ask"  # the origin is asked something without which the study cannot be read
    ANSWERED = "answered"
    REJECT = "reject"  # the images cannot be read
    SIGN_PRELIMINARY = "sign-preliminary"
    SIGN = "sign"
    CORRECT = "correct"  # by the signer, a short time after signing
    AMEND = "amend"
    CANCEL = "cancel"


_S, _E = ReadingState, ReadingEvent

READING_TRANSITIONS: dict[tuple[ReadingState, ReadingEvent], ReadingState] = {
    (_S.INCOMPLETE, _E.ARRIVED): _S.READY,
    (_S.INCOMPLETE, _E.LATE): _S.INCOMPLETE,
    (_S.READY, _E.ARRIVED): _S.READY,
    (_S.READY, _E.LATE): _S.INCOMPLETE,
    (_S.INCOMPLETE, _E.CLAIM): _S.CLAIMED,  # an emergency is read while its images come
    (_S.READY, _E.CLAIM): _S.CLAIMED,
    (_S.CLAIMED, _E.RELEASE): _S.READY,
    (_S.DRAFTING, _E.RELEASE): _S.READY,
    (_S.CLAIMED, _E.LEAVE): _S.INCOMPLETE,
    (_S.DRAFTING, _E.LEAVE): _S.INCOMPLETE,
    (_S.CLAIMED, _E.DRAFT): _S.DRAFTING,
    (_S.DRAFTING, _E.DRAFT): _S.DRAFTING,
    (_S.CLAIMED, _E.ASK): _S.NEEDS_INFO,
    (_S.DRAFTING, _E.ASK): _S.NEEDS_INFO,
    (_S.NEEDS_INFO, _E.ANSWERED): _S.READY,
    (_S.NEEDS_INFO, _E.CLAIM): _S.CLAIMED,  # the reader goes on without an answer
    (_S.CLAIMED, _E.REJECT): _S.UNREADABLE,
    (_S.DRAFTING, _E.REJECT): _S.UNREADABLE,
    (_S.UNREADABLE, _E.ANSWERED): _S.READY,
    (_S.UNREADABLE, _E.CLAIM): _S.CLAIMED,
    (_S.DRAFTING, _E.SIGN_PRELIMINARY): _S.PRELIMINARY,
    (_S.DRAFTING, _E.SIGN): _S.FINAL,
    (_S.PRELIMINARY, _E.CLAIM): _S.VERIFYING,
    (_S.VERIFYING, _E.DRAFT): _S.VERIFYING,
    (_S.VERIFYING, _E.RELEASE): _S.PRELIMINARY,
    (_S.VERIFYING, _E.SIGN): _S.FINAL,
    (_S.FINAL, _E.CORRECT): _S.AMENDING,
    (_S.FINAL, _E.AMEND): _S.AMENDING,
    (_S.AMENDING, _E.DRAFT): _S.AMENDING,
    (_S.AMENDING, _E.RELEASE): _S.FINAL,
    (_S.AMENDING, _E.SIGN): _S.FINAL,
    (_S.INCOMPLETE, _E.CANCEL): _S.CANCELLED,
    (_S.READY, _E.CANCEL): _S.CANCELLED,
    # a repeated image answers a request to repeat
    (_S.NEEDS_INFO, _E.ARRIVED): _S.NEEDS_INFO,
    (_S.NEEDS_INFO, _E.LATE): _S.NEEDS_INFO,
    (_S.UNREADABLE, _E.ARRIVED): _S.READY,
    (_S.UNREADABLE, _E.LATE): _S.UNREADABLE,
    # images that come while someone reads, or after, never take the study from the reader: they are shown beside
    **{
        (state, event): state
        for state in (_S.CLAIMED, _S.DRAFTING, _S.PRELIMINARY, _S.VERIFYING, _S.FINAL, _S.AMENDING)
        for event in (_E.ARRIVED, _E.LATE)
    },
}
