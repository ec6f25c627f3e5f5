"""An order as an item of the Modality Worklist information model (PS3.4 Table K.6-1): keyword to value. Pure.

What is not here is answered empty when a modality wants it: the type 2 attributes of patients' admissions and transport.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from node.domain.order import LONG, REPEATED, Order, OrderState, OrderText
from node.domain.study import Priority

STEP: Final = "ScheduledProcedureStepSequence"
STATION: Final = "ScheduledStationAETitle"
DATE, TIME = "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime"
PRIORITY_TERMS: Final = {Priority.EMERGENCY: "STAT", Priority.URGENT: "HIGH", Priority.ROUTINE: "ROUTINE"}
_STATUS: Final = {OrderState.SCHEDULED: "SCHEDULED", OrderState.IN_PROGRESS: "STARTED"}  # PS3.3 C.4.10


def entry_of(order: Order, any_station: str) -> dict[str, Any]:
    """`any_station` is the AE title that an order for any station is told with: the attribute may not be empty."""
    text = order.text
    description = text.procedure_description or text.step_description or text.modality
    codes = _codes(text.procedure_code, text.procedure_code_scheme, description)
    return {
        "AccessionNumber": text.accession_number,
        "ReferringPhysicianName": text.referring_physician,
        "AdmittingDiagnosesDescription": text.reason[:LONG].replace("\n", " "),
        "PatientName": text.patient_name,
        "PatientID": text.patient_id,
        "IssuerOfPatientID": text.issuer_of_patient_id,
        "PatientBirthDate": text.birth_date,
        "PatientSex": text.sex,
        "PatientWeight": "" if text.weight is None else f"{text.weight:g}",
        "MedicalAlerts": text.alerts.split(REPEATED),
        "Allergies": text.allergies.split(REPEATED),
        "PregnancyStatus": text.pregnancy.number if text.pregnancy else None,
        "StudyInstanceUID": text.study_uid,
        "RequestingPhysician": text.referring_physician,
        "RequestingService": text.location,
        "RequestedProcedureDescription": description,
        "RequestedProcedureCodeSequence": codes,
        "CurrentPatientLocation": text.location,
        "RequestedProcedureID": text.procedure_id,
        "ReasonForTheRequestedProcedure": text.reason[:LONG].replace("\n", " "),
        "RequestedProcedurePriority": PRIORITY_TERMS[text.priority],
        "RequestedProcedureComments": text.reason,
        STEP: [
            {
                "Modality": text.modality,
                STATION: text.stations or any_station,
                DATE: text.scheduled_date,
                TIME: text.scheduled_time,
                "ScheduledPerformingPhysicianName": text.performing_physician,
                "ScheduledProcedureStepDescription": text.step_description or description,
                "ScheduledProtocolCodeSequence": codes,
                "ScheduledProcedureStepID": text.step_id,
                "ScheduledProcedureStepStatus": _STATUS.get(order.state, ""),
            }
        ],
    }


def _sample() -> dict[str, Any]:
    text = OrderText(patient_name="", patient_id="", modality="", scheduled_date="", scheduled_time="")
    never = datetime.min.replace(tzinfo=UTC)
    return entry_of(Order("", OrderState.SCHEDULED, 0, text, never, "", never), "")


def _codes(value: str, scheme: str, meaning: str) -> list[dict[str, str]]:
    return [{"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning}] if value else []


KNOWN: Final = frozenset(_sample()) - {STEP}  # what may be asked for, besides what is in the step's item
KNOWN_IN_STEP: Final = frozenset(_sample()[STEP][0])
