"""An order for an examination as a modality sees it: one requested procedure with one scheduled step (PS3.4 K.6.1.2), its
life, and the performed procedure steps that a modality reports of it (PS3.4 F.7).

Dates are DICOM DA, times DICOM TM in the local time of the node; texts are NFC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, Final

from node.domain.study import Priority

LOCAL: Final = timezone(timedelta(hours=7))  # Vietnam: UTC+7 all year
SHORT: Final = 16  # characters of SH and CS values, and of AE titles
LONG: Final = 64  # of LO
REPEATED: Final = "\\"  # between the values of an attribute


class OrderState(StrEnum):
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    DISCONTINUED = "discontinued"
    CANCELLED = "cancelled"


class OrderEvent(StrEnum):
    CHANGE = "change"  # a person corrects it
    BEGIN = "begin"  # a modality began (MPPS N-CREATE)
    COMPLETE = "complete"  # a modality ended it (MPPS N-SET), or a person says so for one that does not report
    DISCONTINUE = "discontinue"
    CANCEL = "cancel"  # a person
    RESCHEDULE = "reschedule"  # a person puts it back on the worklist


ORDER_TRANSITIONS: dict[tuple[OrderState, OrderEvent], OrderState] = {
    (OrderState.SCHEDULED, OrderEvent.CHANGE): OrderState.SCHEDULED,
    (OrderState.SCHEDULED, OrderEvent.BEGIN): OrderState.IN_PROGRESS,
    (OrderState.SCHEDULED, OrderEvent.COMPLETE): OrderState.COMPLETED,
    (OrderState.SCHEDULED, OrderEvent.CANCEL): OrderState.CANCELLED,
    (OrderState.SCHEDULED, OrderEvent.DISCONTINUE): OrderState.SCHEDULED,  # put back already, then the modality stopped
    (OrderState.IN_PROGRESS, OrderEvent.BEGIN): OrderState.IN_PROGRESS,
    (OrderState.IN_PROGRESS, OrderEvent.COMPLETE): OrderState.COMPLETED,
    (OrderState.IN_PROGRESS, OrderEvent.DISCONTINUE): OrderState.DISCONTINUED,
    (OrderState.IN_PROGRESS, OrderEvent.RESCHEDULE): OrderState.SCHEDULED,  # the modality will never say how it ended
    (OrderState.DISCONTINUED, OrderEvent.RESCHEDULE): OrderState.SCHEDULED,
    (OrderState.CANCELLED, OrderEvent.RESCHEDULE): OrderState.SCHEDULED,
    # What a modality did is a fact, whatever a person or an earlier step said; what was completed once stays completed
    (OrderState.CANCELLED, OrderEvent.BEGIN): OrderState.IN_PROGRESS,
    (OrderState.CANCELLED, OrderEvent.COMPLETE): OrderState.COMPLETED,
    (OrderState.CANCELLED, OrderEvent.DISCONTINUE): OrderState.CANCELLED,
    (OrderState.DISCONTINUED, OrderEvent.BEGIN): OrderState.IN_PROGRESS,
    (OrderState.DISCONTINUED, OrderEvent.COMPLETE): OrderState.COMPLETED,
    (OrderState.DISCONTINUED, OrderEvent.DISCONTINUE): OrderState.DISCONTINUED,
    (OrderState.COMPLETED, OrderEvent.BEGIN): OrderState.COMPLETED,
    (OrderState.COMPLETED, OrderEvent.COMPLETE): OrderState.COMPLETED,
    (OrderState.COMPLETED, OrderEvent.DISCONTINUE): OrderState.COMPLETED,
}

OPEN_STATES: Final = (OrderState.SCHEDULED, OrderState.IN_PROGRESS)


class Pregnancy(StrEnum):
    """Pregnancy Status (0010,21C0), PS3.3 C.2.3."""

    UNKNOWN = "unknown"
    NO = "no"
    POSSIBLE = "possible"
    YES = "yes"

    @property
    def number(self) -> int:
        return {"no": 1, "possible": 2, "yes": 3, "unknown": 4}[self.value]


@dataclass(frozen=True, slots=True)
class OrderText:
    """What a person or a file says of an order. Empty: not said."""

    patient_name: str  # PN, e.g. "Nguyễn Thị Đào"
    patient_id: str
    modality: str
    scheduled_date: str  # DA
    scheduled_time: str  # TM, hours to seconds
    issuer_of_patient_id: str = ""
    birth_date: str = ""
    sex: str = ""  # M | F | O
    accession_number: str = ""
    procedure_id: str = ""
    procedure_description: str = ""
    procedure_code: str = ""
    procedure_code_scheme: str = ""
    step_id: str = ""
    step_description: str = ""
    stations: tuple[str, ...] = ()  # AE titles; none: any station of the modality
    performing_physician: str = ""
    referring_physician: str = ""  # who asks for it; told as Requesting Physician, too
    reason: str = ""  # the clinical question
    location: str = ""  # ward and bed
    priority: Priority = Priority.ROUTINE
    weight: float | None = None  # kg
    pregnancy: Pregnancy | None = None
    allergies: str = ""  # several are separated by a backslash
    alerts: str = ""
    study_uid: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it is kept: every identifier is there. `revision` grows with each change of its text."""

    id: str
    state: OrderState
    revision: int
    text: OrderText
    created_at: datetime
    created_by: str  # username
    updated_at: datetime


class PerformedState(StrEnum):
    """Performed Procedure Step Status (0040,0252)."""

    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    DISCONTINUED = "discontinued"

    @property
    def term(self) -> str:
        """The defined term of DICOM."""
        return self.value.replace("-", " ").upper()


FINAL_EVENTS: Final = {
    PerformedState.COMPLETED: OrderEvent.COMPLETE,
    PerformedState.DISCONTINUED: OrderEvent.DISCONTINUE,
}


@dataclass(frozen=True, slots=True)
class ScheduledReference:
    """One item of the Scheduled Step Attributes Sequence: which order a performed step is about."""

    study_uid: str = ""
    accession_number: str = ""
    procedure_id: str = ""
    step_id: str = ""


@dataclass(frozen=True, slots=True)
class PerformedSeries:
    """One item of the Performed Series Sequence."""

    uid: str
    description: str = ""
    protocol: str = ""
    instances: tuple[str, ...] = ()  # SOP Instance UIDs, images and others


@dataclass(frozen=True, slots=True)
class PerformedStep:
    """What a modality said in one N-CREATE or N-SET. None and empty: it did not say."""

    sop_instance_uid: str
    state: PerformedState | None
    scheduled: tuple[ScheduledReference, ...] = ()
    patient_id: str = ""
    modality: str = ""
    step_id: str = ""
    description: str = ""
    station_ae: str = ""
    station_name: str = ""
    started: str = ""  # DA and TM joined by a blank, local time
    ended: str = ""
    series: tuple[PerformedSeries, ...] | None = None
    attributes: dict[str, Any] = field(default_factory=dict)  # DICOM JSON model (PS3.18 F) of all that was said
    shortcomings: tuple[
        str, ...
    ] = ()  # keywords of attributes that PS3.4 Table F.7.2-1 demands and that were not there
