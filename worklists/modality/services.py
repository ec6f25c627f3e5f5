"""The desk as the DICOM port needs it: each answer has its transactions, none is open while something is sent."""

from __future__ import annotations

import logging

from node.dicom.network.services.provider import Caller
from node.domain.order import PerformedStep
from node.domain.query import Identifier
from node.errors import NodeError
from node.ports import Clock, Ledger
from worklists.modality import desk, trace
from worklists.modality.desk import Desk
from worklists.modality.search import Asker, Found, question_of, search

log = logging.getLogger(__name__)


class ModalityDesk:
    """Implements `Worklist` and `ProcedureSteps` of `node.dicom.network.services`."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def ask(self, caller: Caller, identifier: Identifier) -> Found:
        """The orders that the identifier means."""
        question = question_of(asker_of(caller), identifier, self._clock.now())
        with self._ledger.read() as tx:
            return search(tx, question)

    def told(self, found: Found, *, answered: int, ending: str, milliseconds: float) -> None:
        """Notes the answer for the administrator. It has been given: a fault here is logged and goes no further."""
        try:
            with self._ledger.begin() as tx:
                trace.note(
                    tx, found, self._clock.now(), answered=answered, ending=ending, milliseconds=round(milliseconds, 1)
                )
        except NodeError as error:
            log.warning("a worklist question of %s was not noted: %s", found.question.asker.code, error.message)

    def begin(self, caller: Caller, step: PerformedStep) -> None:
        """Durable on return. Raises `Conflict` for a SOP Instance UID that is there."""
        with self._ledger.begin() as tx:
            desk.begin_step(tx, Desk(self._clock.now(), caller.code), step)

    def change(self, caller: Caller, step: PerformedStep) -> None:
        """Durable on return. Raises `NotFound`, and `NotAllowed` when the step is over."""
        with self._ledger.begin() as tx:
            desk.change_step(tx, Desk(self._clock.now(), caller.code), step)


def asker_of(caller: Caller) -> Asker:
    peer = caller.peer
    if peer is None:
        return Asker(caller.code, caller.calling_ae, caller.address)
    return Asker(
        caller.code,
        caller.calling_ae,
        caller.address,
        any_station=peer.worklist_any_station,
        in_progress=peer.worklist_in_progress,
        days=peer.worklist_days,
    )
