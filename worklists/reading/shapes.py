"""What the reading desk's HTTP API sends and takes."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, time
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from node.domain.report import ReadingState
from node.domain.study import Priority
from worklists.reading.profiles import Seniority
from worklists.reading.subject import SPECIALITIES

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_MODALITY = r"^[A-Z0-9_]{1,16}$"
_USERNAME = r"^[a-z0-9._-]{0,64}$"


def _clean(text: str) -> str:
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    if _CONTROL.search(text):
        raise ValueError("control characters are not allowed")
    return text


def _known(speciality: str) -> str:
    if speciality not in SPECIALITIES:
        raise ValueError("this sub-speciality is not known")
    return speciality


def _clock_time(text: str) -> str:
    time.fromisoformat(text)
    return text


Words = Annotated[str, Field(max_length=4000), AfterValidator(_clean)]
Username = Annotated[str, Field(pattern=_USERNAME)]


class Clock(BaseModel):
    """The service clock; `left_seconds` is negative when it has run out."""

    limit_seconds: int
    used_seconds: int
    running: bool
    left_seconds: int
    overdue: bool


class Task(BaseModel):
    """One study on the worklist. `priors`: how many other studies of the same patient there are. `question_open`: the origin
    was asked and has not answered. `accepted`: what the treating doctor at the origin says of the report; `outcome`: whether
    the final diagnosis agrees with it. `in_scope`: it is in the caller's licensed and sub-speciality scope. `on_call`: the
    caller is, now. `study_date` is a DICOM DA."""

    id: str
    state: ReadingState
    priority: Priority
    study_instance_uid: str
    modality: str
    modalities: list[str]
    body_part: str
    description: str
    origin: str
    origin_name: str
    patient_name: str
    patient_id: str
    sex: str
    age: str
    study_date: str
    instances_received: int
    instances_expected: int | None
    ready_at: datetime | None
    waiting_seconds: int | None
    clock: Clock
    speciality: str
    clinical_question: str
    questions: list[str]
    priors: int
    claimed_by: str | None
    claimed_by_name: str | None
    mine: bool
    assigned_to: str | None
    assigned_to_name: str | None
    second_opinion: Literal["none", "open", "answered"]
    question_open: bool
    critical: Literal["none", "open", "noted"]
    accepted: Literal["none", "yes", "partly", "no"]
    outcome: Literal["none", "yes", "partly", "no"]
    in_scope: bool
    on_call: bool
    preliminary_by: str | None
    report_state: Literal["none", "draft", "preliminary", "final"]
    lease_until: datetime | None
    signed_at: datetime | None
    created_at: datetime


class TaskList(BaseModel):
    """`cursor` goes into `changed_after` of the next question."""

    items: list[Task]
    cursor: datetime


class Claim(BaseModel):
    """`override_scope`: the caller knows that it is outside their scope. `heartbeat`: signs of life will come."""

    model_config = ConfigDict(extra="forbid")

    override_scope: bool = False
    heartbeat: bool = False


class Heartbeat(BaseModel):
    """`idle_seconds`: how long the reader did nothing."""

    model_config = ConfigDict(extra="forbid")

    idle_seconds: float = Field(0.0, ge=0, le=1e9)


class NewPriority(BaseModel):
    model_config = ConfigDict(extra="forbid")

    priority: Priority


class Whom(BaseModel):
    """A radiologist; empty: whoever takes it."""

    model_config = ConfigDict(extra="forbid")

    username: Username = ""


class Next(BaseModel):
    """`after`: the task that the caller has just left."""

    model_config = ConfigDict(extra="forbid")

    after: str = Field("", max_length=64)


class AskOpinion(BaseModel):
    """`of`: a radiologist; empty: whoever takes it."""

    model_config = ConfigDict(extra="forbid")

    of: Username = ""
    question: Words


class AnswerOpinion(BaseModel):
    model_config = ConfigDict(extra="forbid")

    answer: Words


class OpinionShown(BaseModel):
    """A second opinion; empty `asked_of`: whoever takes it."""

    id: str
    asked_by: str
    asked_by_name: str
    asked_of: str
    asked_of_name: str
    question: str
    answer: str
    answered_by: str
    answered_by_name: str
    state: Literal["open", "answered"]
    asked_at: datetime
    answered_at: datetime | None


class OpinionList(BaseModel):
    items: list[OpinionShown]


class Prior(BaseModel):
    """An earlier (or later) study of the same patient at the same hospital. `study_date` is a DICOM DA, or empty."""

    study_instance_uid: str
    study_date: str
    modalities: list[str]
    body_part: str
    description: str
    instances: int
    report_sop_instance_uid: str | None


class PriorList(BaseModel):
    items: list[Prior]


class OnCall(BaseModel):
    """A window in local time (UTC+7); days from 0, Monday. One that ends before it begins goes over midnight."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    days: list[Annotated[int, Field(ge=0, le=6)]] = Field(min_length=1, max_length=7)
    begin: Annotated[str, Field(pattern=r"^\d\d:\d\d$"), AfterValidator(_clock_time)] = Field(alias="from")
    end: Annotated[str, Field(pattern=r"^\d\d:\d\d$"), AfterValidator(_clock_time)] = Field(alias="to")


class ReaderProfile(BaseModel):
    """What a radiologist may read, and when; empty lists set no limit."""

    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)

    licence_number: Annotated[str, Field(max_length=32), AfterValidator(_clean)] = ""
    seniority: Seniority = Seniority.READER
    modalities: list[Annotated[str, Field(pattern=_MODALITY)]] = Field(default_factory=list, max_length=40)
    specialities: list[Annotated[str, AfterValidator(_known)]] = Field(default_factory=list, max_length=20)
    on_call: list[OnCall] = Field(default_factory=list, max_length=50)


class ReaderShown(ReaderProfile):
    username: str
    display_name: str
    on_call_now: bool


class Colleague(BaseModel):
    """Someone who can be asked, or to whom a study can be given."""

    username: str
    display_name: str
    seniority: Seniority
    on_call_now: bool
    me: bool


class ColleagueList(BaseModel):
    items: list[Colleague]


class ReaderList(BaseModel):
    items: list[ReaderShown]
    specialities: list[str]
