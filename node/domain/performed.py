"""What PS3.4 Table F.7.2-1 demands of a performed procedure step. Attribute lists are in the DICOM JSON model (PS3.18 F)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from node.domain.order import PerformedState

STATUS: Final = "00400252"
SCHEDULED: Final = "00400270"
SERIES: Final = "00400340"
PATIENT_DIFFERS: Final = "patient-differs"  # among the shortcomings: its patient's ID is not the order's
_STUDY: Final = "0020000D"

AT_START: Final = {  # type 1 for the SCU of N-CREATE
    "00400253": "PerformedProcedureStepID",
    "00400241": "PerformedStationAETitle",
    "00400244": "PerformedProcedureStepStartDate",
    "00400245": "PerformedProcedureStepStartTime",
    "00080060": "Modality",
}
AT_END: Final = {  # type 1 in a final state
    "00400250": "PerformedProcedureStepEndDate",
    "00400251": "PerformedProcedureStepEndTime",
}
OF_SERIES: Final = {  # type 1 in each item of the Performed Series Sequence in a final state
    "0020000E": "SeriesInstanceUID",
    "00181030": "ProtocolName",
}


def lacking_at_start(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    """Keywords of what an N-CREATE should have said; the node makes do without them."""
    return tuple(_lacking(AT_START, attributes))


def lacking_at_end(attributes: Mapping[str, Any], state: PerformedState) -> tuple[str, ...]:
    """Keywords of what should have been said by the end; a discontinued step may have no series."""
    found = list(_lacking(AT_END, attributes))
    series = values(attributes, SERIES)
    if not series and state == PerformedState.COMPLETED:
        found.append("PerformedSeriesSequence")
    for item in series:
        found += _lacking(OF_SERIES, item)
    return tuple(dict.fromkeys(found))


def needed_at_start(attributes: Mapping[str, Any]) -> str:
    """The keyword of an attribute without which a step says nothing, or an empty text when all are there."""
    if not values(attributes, STATUS):
        return "PerformedProcedureStepStatus"
    items = values(attributes, SCHEDULED)
    if not items:
        return "ScheduledStepAttributesSequence"
    return "" if any(values(item, _STUDY) for item in items) else "StudyInstanceUID"


def values(attributes: Mapping[str, Any], tag: str) -> list[Any]:
    """The values of an attribute that are not empty."""
    element = attributes.get(tag) or {}
    return [value for value in element.get("Value") or [] if value not in (None, "")]


def _lacking(table: Mapping[str, str], attributes: Mapping[str, Any]) -> Iterable[str]:
    return (keyword for tag, keyword in table.items() if not values(attributes, tag))
