"""The desk as the DICOM port needs it: each answer has its transactions, none is open while something is sent."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

from node.dicom.network.services.provider import Caller
from node.domain.order import PerformedStep
from node.domain.query import Identifier
from node.domain.route import Registry
from node.errors import NodeError
from node.ports import Clock, Ledger
from worklists.modality import desk, trace
from worklists.modality.desk import Desk
from worklists.modality.search import Asker, Found, question_of, search
from worklists.modality.trace import Told

log = logging.getLogger(__name__)

CALLERS: Final = 64  # whose questions wait at most to be noted
WAITING: Final = 8  # questions of one caller; the oldest go


class ModalityDesk:
    """Implements `Worklist` and `ProcedureSteps` of `node.dicom.network.services`.

    What was asked and told is noted a little later by `write_notes`: an answer must not wait for it, and a machine that
    asks without end costs no more than others.
    """

    def __init__(self, ledger: Ledger, clock: Clock, registry: Callable[[], Registry] = lambda: Registry(0)) -> None:
        self._ledger = ledger
        self._clock = clock
        self._registry = registry
        self._lock = threading.Lock()
        self._told: OrderedDict[str, deque[Told]] = OrderedDict()

    def ask(self, caller: Caller, identifier: Identifier) -> Found:
        """The orders that the identifier means."""
        question = question_of(asker_of(caller), identifier, self._clock.now())
        with self._ledger.read() as tx:
            return search(tx, question)

    def told(self, found: Found, *, answered: int, ending: str, milliseconds: float) -> None:
        """Keeps the question to be noted for the administrator."""
        told = Told(found.without_entries(), self._clock.now(), answered, ending, round(milliseconds, 1))
        code = found.question.asker.code
        with self._lock:
            self._told.setdefault(code, deque(maxlen=WAITING)).append(told)
            self._told.move_to_end(code)
            while len(self._told) > CALLERS:
                self._told.popitem(last=False)

    def write_notes(self) -> int:
        """Notes what was told since the last time; to be called every few seconds. Returns how many were noted."""
        with self._lock:
            waiting = sorted((told for queue in self._told.values() for told in queue), key=lambda told: told.at)
            self._told.clear()
        if not waiting:
            return 0
        try:
            with self._ledger.read() as tx:
                rows = trace.explained(tx, waiting)
            with self._ledger.begin() as tx:
                trace.note(tx, rows)
        except NodeError as error:  # the answers were given: these notes are lost, nothing else
            log.warning("worklist questions were not noted: %s", error.message)
            return 0
        return len(waiting)

    def begin(self, caller: Caller, step: PerformedStep) -> None:
        """Durable on return. Raises `Conflict` for a SOP Instance UID that is there."""
        with self._ledger.begin() as tx:
            desk.begin_step(tx, Desk(self._clock.now(), caller.code), step)

    def change(self, caller: Caller, step: PerformedStep) -> None:
        """Durable on return. Raises `NotFound`, also for a step of another machine (see `same_machine`), and `NotAllowed`
        when the step is over."""
        registry = self._registry()
        with self._ledger.begin() as tx:
            by = Desk(self._clock.now(), caller.code)
            desk.change_step(tx, by, step, lambda began: same_machine(registry, began, caller))


def same_machine(registry: Registry, began: str, caller: Caller) -> bool:
    """Whether a step that the peer of code `began` began is the caller's.

    It is when they are the same entry of the registry. A machine may report from two (console and scanner): then both belong
    to the same facility, and have the same host, or the one that began has none. Unknown callers are known by their
    titles, among themselves only.
    """
    owner, peer = registry.peer(began), caller.peer
    if peer is None:
        return owner is None and began == caller.code
    if began == peer.code:
        return True
    return owner is not None and owner.facility == peer.facility and owner.host in ("", peer.host)


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
