"""Taking objects in by C-STORE (PS3.4 Annex B): fragments go from the socket straight to the spool, as they were sent.

Memory is bounded whatever an object's size, and success is answered only when the object is durable. An object that cannot be
kept is read to its end and dropped, so that its association goes on and the answer says why.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from node.dicom.dataset import read_uids, require_uids
from node.dicom.network import status as answers
from node.dicom.network.command import Command
from node.dicom.network.faults import noted
from node.dicom.network.offer import Offer
from node.dicom.network.status import Status, put_aside, store_status
from node.dicom.part10 import DEFLATED, SOP_CLASS, SOP_INSTANCE, UidScan, file_meta
from node.dicom.syntaxes import EXPLICIT_BIG, IMPLICIT_LITTLE
from node.errors import Unreadable
from node.ports import Admitted, Batch, SpoolFile

_HEAD: Final = 32768  # bytes of a data set that are kept for the quick check


class IncomingObject:
    """An object on its way in; without a file its bytes are read and dropped."""

    def __init__(self, command: Command, transfer_syntax: str, limit: int, scan: UidScan) -> None:
        self.command = command
        self.refusal: Status = answers.PROCESSING_FAILURE
        self._syntax = transfer_syntax
        self._scan = scan
        self._limit = limit
        self._file: SpoolFile | None = None
        self._size = 0
        self._head = bytearray()

    def open(self, batch: Batch, called_ae: str, calling_ae: str) -> None:
        """Raises what the spool raises."""
        named = (self.command.sop_class_uid, self.command.sop_instance_uid)
        self._file = batch.create()
        self._file.write(file_meta(*named, self._syntax, calling_ae, called_ae))

    def take(self, data: memoryview) -> None:
        self._size += len(data)
        if self._file is None:
            return
        if self._size > self._limit:
            self.drop(answers.TOO_LARGE)
            return
        if len(self._head) < _HEAD:
            self._head += data[: _HEAD - len(self._head)]
        try:
            self._file.write(data)
        except Exception as error:  # the rest is read and dropped, the answer says why
            self.drop(store_status(noted(error)))

    def room(self, size: int) -> memoryview | None:
        """Where the next `size` bytes may be put before `filled` says so; None: give them to `take`."""
        if self._file is None or self._size + size > self._limit:
            return None
        return self._file.room(size)

    def filled(self, size: int) -> None:
        """So many bytes stand where `room` said."""
        assert self._file is not None
        self._size += size
        try:
            added = self._file.filled(size)
        except Exception as error:  # the rest is read and dropped, the answer says why
            self.drop(store_status(noted(error)))
            return
        if len(self._head) < _HEAD:
            self._head += added[: _HEAD - len(self._head)]

    def drop(self, refusal: Status) -> None:
        if self._file is not None:
            self._file.abort()
        self._file, self.refusal = None, refusal

    def finish(self) -> tuple[Status, str]:
        """(the answer, what became of it: stored, put aside, refused). Success means durable."""
        file = self._file
        if file is None:
            return self.refusal, "refused"
        try:
            if not self._is_the_named_one(file):
                self.drop(answers.MISMATCH)
                return answers.MISMATCH, "refused"
            file.commit()
        except Unreadable as error:
            return self._put_aside(file, error)
        except Exception as error:
            self.drop(store_status(noted(error)))
            return self.refusal, "refused"
        self._file = None
        return answers.SUCCESS, "stored"

    def _is_the_named_one(self, file: SpoolFile) -> bool:
        """Whether the object is the one that the command names. Raises `Unreadable`."""
        syntax, found = self._syntax, None
        if syntax not in DEFLATED:
            found = self._scan(bytes(self._head))
        try:
            require_uids(found or {})
        except Unreadable:
            found = read_uids(file.path)
            require_uids(found)
        assert found is not None
        return (found[SOP_CLASS], found[SOP_INSTANCE]) == (self.command.sop_class_uid, self.command.sop_instance_uid)

    def _put_aside(self, file: SpoolFile, error: Unreadable) -> tuple[Status, str]:
        try:
            file.quarantine(error.message)
        except Exception as failure:
            self.drop(store_status(noted(failure)))
            return self.refusal, "refused"
        self._file = None
        return put_aside(error), "put aside"


class StoreIntake:
    """What the objects of one association share: their circumstances and their place in the spool."""

    def __init__(self, offer: Offer, admitted: Admitted, counts: Counter[str]) -> None:
        self._offer = offer
        self._arrival = admitted.arrival
        own = admitted.peer.max_object_mb << 20 if admitted.peer else 0
        self._limit = min(own, offer.max_object_bytes) if own else offer.max_object_bytes
        self._counts = counts
        self._batch: Batch | None = None
        self._scans: dict[str, UidScan] = {}  # by transfer syntax

    def begin(self, command: Command, transfer_syntax: str) -> IncomingObject:
        scan = self._scans.get(transfer_syntax)
        if scan is None:
            implicit, little = transfer_syntax == IMPLICIT_LITTLE, transfer_syntax != EXPLICIT_BIG
            scan = self._scans[transfer_syntax] = UidScan(implicit=implicit, little=little)
        incoming = IncomingObject(command, transfer_syntax, self._limit, scan)
        try:
            if self._batch is None:
                self._batch = self._offer.intake.begin(self._arrival)
            incoming.open(self._batch, self._arrival.called_ae, self._arrival.calling_ae)
        except Exception as error:  # the data set is read and dropped, the answer says why
            incoming.drop(store_status(noted(error)))
        return incoming

    def finish(self, incoming: IncomingObject) -> Status:
        status, became = incoming.finish()
        self._counts[became] += 1
        if became != "refused":
            self._offer.received()
        return status

    def close(self) -> None:
        if self._batch is not None:
            self._batch.close()
