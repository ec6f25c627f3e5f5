"""The shapes of the HTTP API of orders: what a form may hold, and what is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from node.domain.numbers import Count
from node.domain.study import Priority

Text = Annotated[str, Field(max_length=2000)]
State = Literal["scheduled", "in-progress", "completed", "discontinued", "cancelled"]


class OrderForm(BaseModel):
    """An order as a person writes it. Dates: 20261122, 2026-11-22 or 22/11/2026; times: 0830, 08:30. Empty identifiers are
    made by the node; without a scheduled date the order is for now; without stations any machine of the modality is told."""

    model_config = ConfigDict(extra="forbid")

    patient_name: Text
    patient_id: Text
    modality: Text = Field(description="CT, MR, DX, CR, US, MG, XA … or a Vietnamese word for it.")
    issuer_of_patient_id: Text = ""
    birth_date: Text = Field("", description="Also a year alone.")
    sex: Text = Field("", description="M, F or O.")
    accession_number: Text = Field("", description="At most 16 characters, unique.")
    procedure_id: Text = ""
    procedure_description: Text = ""
    procedure_code: Text = ""
    procedure_code_scheme: Text = ""
    step_id: Text = ""
    step_description: Text = ""
    stations: list[Text] = Field(default_factory=list, max_length=32, description="AE titles.")
    scheduled_date: Text = ""
    scheduled_time: Text = ""
    performing_physician: Text = ""
    referring_physician: Text = ""
    reason: Text = Field("", description="The clinical question.")
    location: Text = Field("", description="Ward and bed.")
    priority: Priority = Priority.ROUTINE
    weight: float | Text | None = Field(None, description="Kilograms.")
    pregnancy: Literal["no", "possible", "yes", "unknown", ""] | None = None
    allergies: Text = Field("", description="Several are separated by semicolons.")
    alerts: Text = ""
    study_uid: Text = ""


class OrderChange(OrderForm):
    """A correction; `revision` is that of the order as it was read."""

    revision: Count


class Order(BaseModel):
    """An order as it is kept. Dates are DICOM DA, times TM; several allergies or alerts are separated by backslashes."""

    id: str
    state: State
    revision: int
    patient_name: str
    patient_id: str
    issuer_of_patient_id: str
    birth_date: str
    sex: str
    accession_number: str
    procedure_id: str
    procedure_description: str
    procedure_code: str
    procedure_code_scheme: str
    step_id: str
    step_description: str
    modality: str
    stations: list[str]
    scheduled_date: str
    scheduled_time: str
    performing_physician: str
    referring_physician: str
    reason: str
    location: str
    priority: Priority
    weight: float | None
    pregnancy: Literal["no", "possible", "yes", "unknown"] | None
    allergies: str
    alerts: str
    study_uid: str
    created_at: datetime
    created_by: str
    created_by_name: str
    updated_at: datetime
    images: int


class Performed(BaseModel):
    """A performed procedure step. `started` and `ended` are DICOM DA and TM joined by a blank, in local time."""

    state: Literal["in-progress", "completed", "discontinued"]
    peer: str
    station_ae: str
    station_name: str
    description: str
    started: str
    ended: str
    series: int
    instances: int
    arrived: int
    patient_differs: bool
    shortcomings: list[str]
    updated_at: datetime


class OrderDetail(Order):
    performed: list[Performed]


class OrderList(BaseModel):
    items: list[Order]
    total: int


class Station(BaseModel):
    """A machine that may ask for its worklist."""

    ae_title: str
    name: str


class Procedure(BaseModel):
    modality: str
    description: str
    code: str
    scheme: str


class Suggestions(BaseModel):
    stations: list[Station]
    procedures: list[Procedure]
    physicians: list[str]
    locations: list[str]


class PatientDetails(BaseModel):
    """What the newest order says of a patient."""

    patient_name: str
    birth_date: str
    sex: str
    issuer_of_patient_id: str
    allergies: str
    alerts: str


class FormFault(BaseModel):
    field: str
    code: str
    message: str


class Row(BaseModel):
    """One order of a file; without faults it is (or in a preview: would be) taken."""

    number: int
    faults: list[FormFault]
    patient_name: str
    patient_id: str
    modality: str
    procedure_description: str
    scheduled_date: str
    scheduled_time: str
    accession_number: str
    order_id: str


class Imported(BaseModel):
    format: Literal["dicom", "json", "csv"]
    preview: bool
    taken: int
    rows: list[Row]
    faults: list[FormFault]
    passed_over: list[str]


class AskedKey(BaseModel):
    key: str
    kind: str
    value: str | None


class LeftOut(BaseModel):
    because: str
    orders: int
    only: int
    found: list[str]


class WorklistQuestion(BaseModel):
    """What a modality asked and how many orders it was told. Values of names and identifiers are not kept."""

    id: int
    at: datetime
    caller: str
    calling_ae: str
    address: str
    keys: list[AskedKey]
    ignored: list[str]
    answered: int
    ending: Literal["success", "cancelled", "gone"]
    looked_at: int
    left_out: list[LeftOut]
    milliseconds: float


class WorklistCaller(BaseModel):
    """Who asked, or may ask and never did (`last_at` null)."""

    caller: str
    name: str
    ae_title: str
    questions: int
    last_at: datetime | None


class WorklistTrace(BaseModel):
    callers: list[WorklistCaller]
    items: list[WorklistQuestion]


class PatientQuestion(BaseModel):
    model_config = ConfigDict(extra="forbid")

    patient_id: str = Field(min_length=1, max_length=64)
