"""What peers may retrieve of this node: implements `node.ports.Archive` over the ledger and the storage.

A retrieve may take hours, so no transaction stays open: what it is about is noted once, and read again piece by piece.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from node.domain.facility import Peer, PeerKind
from node.domain.retrieval import Wanted
from node.errors import NotFound
from node.ledger import objects
from node.ledger.audit import audit
from node.ports import Holding, Node, Outgoing

Kind = tuple[str, str]  # SOP class, transfer syntax

_PIECE = 64  # objects read from the ledger at once


class NodeSelection:
    """Implements `node.ports.Selection`: a number of the ledger, a kind and a study for each instance, 16 bytes."""

    def __init__(self, node: Node, wanted: Wanted) -> None:
        self._node = node
        self._ids = array("q")
        self._kind_of = array("I")
        self._study_of = array("I")
        kinds: dict[Kind, int] = {}
        studies: dict[str, int] = {}
        counts: Counter[int] = Counter()
        with node.ledger.read() as tx:
            for row in objects.find_wanted(tx, wanted):
                study = studies.setdefault(row.study_uid, len(studies))
                self._ids.append(row.id)
                self._kind_of.append(kinds.setdefault((row.sop_class_uid, row.transfer_syntax_uid), len(kinds)))
                self._study_of.append(study)
                counts[study] += 1
        self._kinds = list(kinds)
        self._studies = list(studies)
        self.studies: Mapping[str, int] = {uid: counts[number] for uid, number in studies.items()}

    @property
    def kinds(self) -> Collection[Kind]:
        return self._kinds

    def holdings(self, kinds: Collection[Kind]) -> Iterator[Holding]:
        wanted = {number for number, kind in enumerate(self._kinds) if kind in kinds}
        piece: list[int] = []
        for at, kind in enumerate(self._kind_of):
            if kind in wanted:
                piece.append(at)
            if len(piece) == _PIECE:
                yield from self._read(piece)
                piece = []
        yield from self._read(piece)

    def _read(self, piece: list[int]) -> Iterator[Holding]:
        with self._node.ledger.read() as tx:
            rows = objects.find_stored(tx, [self._ids[at] for at in piece])
        for at in piece:
            row = rows[self._ids[at]]
            yield Holding(self._studies[self._study_of[at]], row.sop_instance_uid, _outgoing(row, self._node))


class NodeArchive:
    """Implements `node.ports.Archive`."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def select(self, wanted: Wanted) -> NodeSelection:
        return NodeSelection(self._node, wanted)

    def destination(self, ae_title: str) -> Peer | None:
        """None also when several peers have this title: images must not go to another's screen."""
        titled = self._node.registry().peers_by_ae(ae_title)
        reachable = [p for p in titled if p.kind == PeerKind.DICOM and p.host and p.port]
        return reachable[0] if len(reachable) == 1 else None

    def note(self, actor: str, kind: str, studies: Mapping[str, Mapping[str, Any]]) -> None:
        now = self._node.clock.now()
        with self._node.ledger.begin() as tx:
            for study_uid, detail in studies.items():
                audit(tx, now, actor, kind, study_uid, dict(detail))


def _outgoing(row: objects.ObjectRow, node: Node) -> Outgoing | None:
    try:
        path = node.storage.path(row.digest)
    except NotFound:
        return None
    return Outgoing(
        instance_id=row.id,
        sop_instance_uid=row.sop_instance_uid,
        sop_class_uid=row.sop_class_uid,
        transfer_syntax_uid=row.transfer_syntax_uid,
        digest=row.digest,
        size=row.size,
        path=path,
    )
