"""A study, its series and instances as a node knows them, and where they came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Via(StrEnum):
    """How an object came to this node."""

    DIMSE = "dimse"  # C-STORE from a modality, a workstation or a PACS
    STOW = "stow"  # DICOMweb STOW-RS from a local client
    LINK = "link"  # from another node, over the exchange link
    DESK = "desk"  # from this node's own reading desk (a signed report)
    HOME = "home"  # re-identified here after it came over the link


class Priority(StrEnum):
    """How soon a study must be read; the wire values are English, the labels are translated."""

    EMERGENCY = "emergency"
    URGENT = "urgent"
    ROUTINE = "routine"

    @property
    def rank(self) -> int:
        """0 is the most urgent."""
        return ("emergency", "urgent", "routine").index(self.value)


@dataclass(frozen=True, slots=True)
class Arrival:
    """The circumstances in which objects were received, kept beside the bytes from the first moment."""

    via: Via
    received_at: datetime
    peer: str = ""  # the peer's code in the registry, empty for a caller that only the demo setting lets in
    facility: str = ""  # the code of the facility that the objects come from
    calling_ae: str = ""
    called_ae: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class InstanceHeader:
    """What the index keeps of one received object. Texts are decoded, NFC; absent attributes are empty."""

    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    study_instance_uid: str
    series_instance_uid: str
    digest: str  # SHA-256 of the dataset's bytes as received, file meta information excluded; hexadecimal
    size: int  # bytes of the file
    modality: str = ""
    instance_number: int | None = None
    frames: int = 1
    rows: int = 0
    columns: int = 0
    series_number: int | None = None
    series_description: str = ""
    body_part: str = ""
    patient_id: str = ""
    issuer_of_patient_id: str = ""
    patient_name: str = ""
    birth_date: str = ""  # DICOM DA
    sex: str = ""
    age: str = ""  # DICOM AS
    accession_number: str = ""
    study_date: str = ""
    study_time: str = ""
    study_description: str = ""
    institution: str = ""
    study_id: str = ""
    referring_physician: str = ""
    timezone: str = ""  # +HHMM
    priority: Priority | None = None
    metadata: dict[str, Any] = field(default_factory=dict)  # DICOM JSON model (PS3.18 F) without bulk data


class StudyState(StrEnum):
    """The life of a study at one node."""

    RECEIVING = "receiving"
    COMPLETE = "complete"
    HELD = "held"


class StudyEvent(StrEnum):
    IMAGES = "images"  # an instance that was not there before
    QUIET = "quiet"  # the completion rule is met
    HOLD = "hold"
    RELEASE = "release"


STUDY_TRANSITIONS: dict[tuple[StudyState, StudyEvent], StudyState] = {
    (StudyState.RECEIVING, StudyEvent.IMAGES): StudyState.RECEIVING,
    (StudyState.RECEIVING, StudyEvent.QUIET): StudyState.COMPLETE,
    (StudyState.COMPLETE, StudyEvent.IMAGES): StudyState.RECEIVING,  # late images reopen it
    (StudyState.COMPLETE, StudyEvent.QUIET): StudyState.COMPLETE,
    (StudyState.RECEIVING, StudyEvent.HOLD): StudyState.HELD,
    (StudyState.COMPLETE, StudyEvent.HOLD): StudyState.HELD,
    (StudyState.HELD, StudyEvent.IMAGES): StudyState.HELD,
    (StudyState.HELD, StudyEvent.RELEASE): StudyState.RECEIVING,
}
