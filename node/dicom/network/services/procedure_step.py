"""Modality Performed Procedure Step SCP (PS3.4 F.7): N-CREATE begins a step, N-SET adds to it and ends it.

Without a status, a scheduled step's item and a study UID a step says nothing and is refused; what else PS3.4 Table F.7.2-1
demands and a modality leaves out or says at too great length is noted with the step, not refused: the examination has been
done whatever its report lacks. Success means durable: `ProcedureSteps` returns when the ledger has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol

from node.dicom.dataset import clean_text, json_metadata
from node.dicom.network.command import CommandField
from node.dicom.network.data_set import decode
from node.dicom.network.services.provider import Caller, Request, Response
from node.dicom.network.status import SUCCESS, Status
from node.domain.facility import Service
from node.domain.order import PerformedSeries, PerformedState, PerformedStep, ScheduledReference
from node.domain.performed import SCHEDULED, SERIES, STATUS, lacking_at_start, needed_at_start, values
from node.errors import Conflict, NodeError, NotAllowed, NotFound, Unreadable

PERFORMED_STEP: Final = "1.2.840.10008.3.1.2.3.3"
ERROR_ID: Final = 0x0903
NO_LONGER_UPDATED: Final = 0xA506  # PS3.4 F.7.2.2.3

_DUPLICATE: Final = Status(0x0111, "There is a step of this SOP Instance UID")
_UNKNOWN: Final = Status(0x0112, "There is no step of this SOP Instance UID")
_OVER: Final = Status(0x0110, "Performed Procedure Step Object may no longer be updated")
_UNNAMED: Final = Status(0x0117, "The SOP Instance UID is no UID")
_UNREADABLE: Final = Status(0x0110, "The attribute list cannot be read")
_TERMS: Final = {state.term: state for state in PerformedState}
_LONGEST: Final = 64  # characters of a UID
_UID: Final = re.compile(rf"[0-9.]{{1,{_LONGEST}}}")
_TEXTS: Final = {  # field of PerformedStep: tag, keyword, longest text that the ledger takes
    "patient_id": ("00100020", "PatientID", 64),
    "modality": ("00080060", "Modality", 16),
    "step_id": ("00400253", "PerformedProcedureStepID", 64),
    "description": ("00400254", "PerformedProcedureStepDescription", 256),
    "station_ae": ("00400241", "PerformedStationAETitle", 64),
    "station_name": ("00400242", "PerformedStationName", 64),
}
_NOT_TO_BE_SET: Final = {  # N-SET may not change what N-CREATE said of these (PS3.4 Table F.7.2-1)
    "00400253": "PerformedProcedureStepID",
    "00400241": "PerformedStationAETitle",
    "00400244": "PerformedProcedureStepStartDate",
    "00400245": "PerformedProcedureStepStartTime",
    "00080060": "Modality",
    "00100010": "PatientName",
    "00100020": "PatientID",
    SCHEDULED: "ScheduledStepAttributesSequence",
}


class ProcedureSteps(Protocol):
    """Who keeps the steps."""

    def begin(self, caller: Caller, step: PerformedStep) -> None:
        """Raises `Conflict` for a SOP Instance UID that is there."""
        ...

    def change(self, caller: Caller, step: PerformedStep) -> None:
        """Raises `NotFound`, and `NotAllowed` when the step is over."""
        ...


class ProcedureStepProvider:
    """Implements `Provider`. `new_uid` names a step that its modality has not named."""

    service = Service.PROCEDURE_STEP
    sop_classes = frozenset({PERFORMED_STEP})
    fields = frozenset({CommandField.N_CREATE_RQ, CommandField.N_SET_RQ})
    extended = b""

    def __init__(self, steps: ProcedureSteps, new_uid: Callable[[], str]) -> None:
        self._steps = steps
        self._new_uid = new_uid

    def answer(self, request: Request) -> Iterator[Response]:
        creates = request.field == CommandField.N_CREATE_RQ
        uid = request.sop_instance_uid or (self._new_uid() if creates else "")
        if not _UID.fullmatch(uid):
            yield Response(_UNNAMED)
            return
        try:
            attributes = json_metadata(decode(request.data_set, request.transfer_syntax))
        except Unreadable:
            yield Response(_UNREADABLE)
            return
        fault = _fault(attributes, creates=creates)
        if fault is not None:
            yield Response(fault)
            return
        try:
            if creates:
                self._steps.begin(request.caller, _begun(uid, attributes))
            else:
                self._steps.change(request.caller, _changed(uid, attributes))
        except NodeError as error:
            yield _failure(error)
            return
        yield Response(SUCCESS, sop_instance_uid=uid)


def _failure(error: NodeError) -> Response:
    if isinstance(error, Conflict):
        return Response(_DUPLICATE)
    if isinstance(error, NotFound):
        return Response(_UNKNOWN)
    if isinstance(error, NotAllowed):
        return Response(_OVER, numbers={ERROR_ID: NO_LONGER_UPDATED})
    raise error


def _fault(attributes: Mapping[str, Any], *, creates: bool) -> Status | None:
    if creates and (missing := needed_at_start(attributes)):
        return Status(0x0120, f"Missing: {missing}")
    status = values(attributes, STATUS)
    state = _TERMS.get(str(status[0])) if status else None
    if (status and state is None) or (creates and state != PerformedState.IN_PROGRESS):
        return Status(0x0106, "Invalid: PerformedProcedureStepStatus")
    return None


def _begun(uid: str, attributes: dict[str, Any]) -> PerformedStep:
    return _step(uid, attributes, lacking_at_start(attributes))


def _changed(uid: str, attributes: dict[str, Any]) -> PerformedStep:
    """What may not be set is left out, and that it was said is noted."""
    said = tuple(keyword for tag, keyword in _NOT_TO_BE_SET.items() if values(attributes, tag))
    kept = {tag: element for tag, element in attributes.items() if tag not in _NOT_TO_BE_SET}
    return _step(uid, kept, tuple(f"N-SET {keyword}" for keyword in said))


def _step(uid: str, attributes: dict[str, Any], shortcomings: tuple[str, ...]) -> PerformedStep:
    """What is too long for the ledger is cut, and that it was is noted."""
    texts = {name: _text(attributes, tag) for name, (tag, _, _) in _TEXTS.items()}
    scheduled = tuple(_reference(item) for item in values(attributes, SCHEDULED))
    cut = [f"{keyword} > {most}" for name, (_, keyword, most) in _TEXTS.items() if len(texts[name]) > most]
    if any(len(reference.study_uid) > _LONGEST for reference in scheduled):  # none of ours; the ledger cuts it
        cut.append(f"StudyInstanceUID > {_LONGEST}")
    status = values(attributes, STATUS)
    series = tuple(_series(item) for item in values(attributes, SERIES))
    return PerformedStep(
        sop_instance_uid=uid,
        state=_TERMS[str(status[0])] if status else None,
        scheduled=scheduled,
        started=_moment(attributes, "00400244", "00400245"),
        ended=_moment(attributes, "00400250", "00400251"),
        series=series if SERIES in attributes else None,
        attributes=attributes,
        shortcomings=(*shortcomings, *cut),
        **{name: texts[name][:most] for name, (_, _, most) in _TEXTS.items()},
    )


def _reference(item: Mapping[str, Any]) -> ScheduledReference:
    return ScheduledReference(
        study_uid=_text(item, "0020000D"),
        accession_number=_text(item, "00080050"),
        procedure_id=_text(item, "00401001"),
        step_id=_text(item, "00400009"),
    )


def _series(item: Mapping[str, Any]) -> PerformedSeries:
    images = [*values(item, "00081140"), *values(item, "00400220")]  # images, and other composite objects
    return PerformedSeries(
        uid=_text(item, "0020000E"),
        description=_text(item, "0008103E"),
        protocol=_text(item, "00181030"),
        instances=tuple(filter(None, (_text(image, "00081155") for image in images))),
    )


def _moment(attributes: Mapping[str, Any], date: str, time: str) -> str:
    return f"{_text(attributes, date)[:8]} {_text(attributes, time)[:13]}".strip()


def _text(item: Mapping[str, Any], tag: str) -> str:
    found = values(item, tag)
    value = found[0] if found else ""
    return clean_text(str(value.get("Alphabetic", "") if isinstance(value, Mapping) else value))
