"""Where a C-MOVE sends to: a registered peer, over as many associations as its objects need, opened when they are needed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import BinaryIO, Final

from node.dicom.network.command import MOVE_ORIGINATOR, MOVE_ORIGINATOR_MESSAGE
from node.dicom.network.requestor import Requestor
from node.dicom.network.send import CONTEXTS, Key, proposals
from node.dicom.network.tls import Tls
from node.dicom.network.upper_layer import ProposedContext
from node.domain.facility import Peer
from node.errors import NodeError, PeerUnreachable

_PATIENCE: Final = 3  # objects in a row that break the line, or that the peer has no room for, before we give up
_OUT_OF_RESOURCES: Final = range(0xA700, 0xA800)


class Destination:
    """Implements `suboperations.Target`. Once the peer cannot be reached, nothing more is accepted: the rest fails quickly."""

    def __init__(
        self,
        peer: Peer,
        ae_title: str,
        originator: str,
        message_id: int,
        *,
        connect_seconds: float,
        response_seconds: float,
        tls: Tls | None = None,
    ) -> None:
        self._peer = peer
        self._ae_title = ae_title
        self._numbers = {MOVE_ORIGINATOR_MESSAGE: message_id}
        self._texts = {MOVE_ORIGINATOR: originator}
        self._connect_seconds = connect_seconds
        self._response_seconds = response_seconds
        self._tls = tls
        self._keys: list[Key] = []
        self._association: Requestor | None = None
        self._accepted: dict[str, dict[str, int]] = {}
        self._faults = 0
        self._given_up: NodeError | None = None

    def groups(self, kinds: Collection[Key]) -> Iterator[list[Key]]:
        """Kinds of objects that fit into one association; it is closed between them."""
        group: list[Key] = []
        keys: dict[Key, None] = {}
        for kind in kinds:
            more = dict.fromkeys(proposals(kind, self._peer.syntaxes))
            if group and len(keys | more) > CONTEXTS:
                yield from self._turn(group, keys)
                group, keys = [], {}
            keys |= more
            group.append(kind)
        if group:
            yield from self._turn(group, keys)

    def _turn(self, group: list[Key], keys: dict[Key, None]) -> Iterator[list[Key]]:
        self.close()
        self._keys = list(keys)
        yield group

    def accepted(self, sop_class_uid: str) -> Mapping[str, int]:
        """Opens the association when there is none. Raises `PeerUnreachable`, `PeerBusy`, `PeerRefused`."""
        if self._given_up is not None:
            raise self._given_up
        if self._association is None and self._keys:
            try:
                self._open()
            except NodeError as error:
                self._given_up = error
                raise
        return self._accepted.get(sop_class_uid, {})

    def _open(self) -> None:
        contexts = [ProposedContext(2 * i + 1, sop_class, (uid,)) for i, (sop_class, uid) in enumerate(self._keys)]
        association = Requestor(
            self._peer,
            self._ae_title,
            contexts,
            connect_seconds=self._connect_seconds,
            response_seconds=self._response_seconds,
            tls=self._tls,
        )
        self._association, self._accepted = association, {}
        for context in contexts:
            if context.id in association.accepted:
                self._accepted.setdefault(context.abstract_syntax, {})[context.transfer_syntaxes[0]] = context.id

    def store(self, context_id: int, sop_class_uid: str, sop_instance_uid: str, data_set: BinaryIO) -> int:
        """Raises `PeerUnreachable` when the line broke; the next object goes over a new one."""
        association = self._association
        if association is None:
            raise PeerUnreachable("The association with the destination is gone.")
        try:
            status = association.store(
                context_id, sop_class_uid, sop_instance_uid, data_set, numbers=self._numbers, texts=self._texts
            )
        except (NodeError, OSError) as error:
            self.abort()
            fault = error if isinstance(error, NodeError) else PeerUnreachable("An object cannot be read.")
            self._count(fault)
            raise fault from error
        if status in _OUT_OF_RESOURCES:
            self._count(PeerUnreachable(f"The destination is out of resources (status {status:04X})."))
        else:
            self._faults = 0
        return status

    def _count(self, fault: NodeError) -> None:
        self._faults += 1
        if self._faults >= _PATIENCE:
            self._given_up = fault

    def close(self) -> None:
        if self._association is not None:
            self._association.release()
        self._association, self._accepted = None, {}

    def abort(self) -> None:
        if self._association is not None:
            self._association.abort()
        self._association, self._accepted = None, {}
