"""The seams of the node: Protocols where there are two implementations or a layer may not know the other.

`Node` is the bundle that `node.assembly` builds and that every stage gets.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from node.config import Settings
from node.domain.commitment import CommitmentReport, Reference
from node.domain.facility import Peer, Service
from node.domain.job import Job, NextJob
from node.domain.retrieval import Wanted
from node.domain.route import Registry
from node.domain.study import Arrival


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """Aware, in UTC."""
        ...


class Storage(Protocol):
    """Where the bytes are: objects named by the SHA-256 of their dataset, never changed once written."""

    def adopt(self, files: Iterable[tuple[Path, str]]) -> None:
        """Takes durable local files in under their digests; the files themselves stay where they are.

        Idempotent, durable on return. Raises `StorageFull`.
        """
        ...

    def path(self, digest: str) -> Path:
        """A local file with the object's bytes. Raises `NotFound`."""
        ...

    def open(self, digest: str) -> BinaryIO: ...

    def exists(self, digest: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Admitted:
    """A caller that may open an association, and what it may ask for."""

    arrival: Arrival
    peer: Peer | None  # None: an unknown caller, let in by the registry's accept_unknown_callers
    services: frozenset[Service]


class SpoolFile(Protocol):
    """One object on its way in. Nothing of it is visible before `commit`."""

    @property
    def path(self) -> Path: ...

    def write(self, data: bytes | bytearray | memoryview) -> None: ...

    def room(self, size: int) -> memoryview | None:
        """Where the next `size` bytes may be put without a copy, until anything else is called; None: `write` them."""
        ...

    def filled(self, size: int) -> memoryview:
        """The bytes of `room` are there, as if they were written; returns them, valid until the next call."""
        ...

    def commit(self) -> None:
        """Returns when the bytes survive a power cut; raises `StorageFull`."""
        ...

    def abort(self) -> None: ...

    def quarantine(self, reason: str) -> None:
        """Keeps the bytes aside with the reason instead; durable on return."""
        ...


class Batch(Protocol):
    """The objects of one association or request, sharing one arrival."""

    def create(self) -> SpoolFile:
        """Raises `StorageFull` below the watermark, before anything is written."""
        ...

    def close(self) -> None: ...


class Aside(Protocol):
    """What was set aside, by the names that the ledger lists."""

    def path(self, name: str) -> Path:
        """Raises `NotFound`."""
        ...

    def discard(self, name: str) -> None:
        """Deletes it for good."""
        ...


class Intake(Protocol):
    """The durable doorstep of the node: what is committed here is never lost."""

    def begin(self, arrival: Arrival) -> Batch: ...

    def waiting_since(self) -> datetime | None:
        """When the oldest object came that is not in the ledger yet; None when there is none."""
        ...

    @property
    def aside(self) -> Aside: ...

    def try_again(self, name: str) -> None:
        """Gives what was set aside to the index once more. Raises `NotFound`."""
        ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One prepared instance for a sender."""

    instance_id: int
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    digest: str
    size: int
    path: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the destination said of one instance."""

    instance_id: int
    delivered: bool
    permanent: bool = False  # a refusal that no retry will change
    status: str = ""  # e.g. "0000", "A700", "HTTP 409"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Holding:
    """One instance that a peer retrieves; `item` None: its bytes are lost."""

    study_uid: str
    sop_instance_uid: str
    item: Outgoing | None


class Selection(Protocol):
    """The instances that a retrieve is about, as they were when it began; a few bytes of memory for each."""

    @property
    def kinds(self) -> Collection[tuple[str, str]]:
        """(SOP class, transfer syntax) of all."""
        ...

    @property
    def studies(self) -> Mapping[str, int]:
        """Study Instance UID to the number of instances."""
        ...

    def holdings(self, kinds: Collection[tuple[str, str]]) -> Iterator[Holding]:
        """The instances of these kinds, by study, series and number; read piece by piece."""
        ...


class Archive(Protocol):
    """What peers may retrieve of this node. Shadows, and objects that others took the place of, are not in it."""

    def select(self, wanted: Wanted) -> Selection: ...

    def destination(self, ae_title: str) -> Peer | None:
        """The registered peer to which objects can be sent under this AE title."""
        ...

    def note(self, actor: str, kind: str, studies: Mapping[str, Mapping[str, Any]]) -> None:
        """Writes one audit record for each study: Study Instance UID to its detail."""
        ...


class Sender(Protocol):
    """Carries instances to one peer. Raises `PeerUnreachable` or `PeerBusy` when nothing more can be sent now;
    what was said of earlier instances has been reported through `report` by then."""

    def send(
        self, peer: Peer, study_uid: str, items: Sequence[Outgoing], report: Callable[[Outcome], None]
    ) -> None: ...


class Verifier(Protocol):
    """Tells a node what a study consists of, and hears what it holds."""

    def announce(self, peer: Peer, study_uid: str, manifest: dict[str, Any]) -> dict[str, Any]:
        """Sends the manifest; returns the peer's {"received": count, "missing": [SOP Instance UID]}.

        Raises `PeerUnreachable`, `PeerBusy` or `PeerRefused`.
        """
        ...


class Inquiry(Protocol):
    """What is to happen when a destination speaks while it is asked for its commitment."""

    def accepted(self) -> None:
        """It will report."""
        ...

    def waiting(self) -> bool:
        """Whether its report is still to come; it may have come by another association."""
        ...

    def take(self, report: CommitmentReport) -> bool:
        """Its report, durable on return; False when it is not about anything that it was asked."""
        ...


class Committer(Protocol):
    """Storage commitment on associations that we open. Both raise `PeerUnreachable`, `PeerBusy` or `PeerRefused`."""

    def report(self, peer: Peer, calling_ae: str, report: CommitmentReport) -> None:
        """Tells a peer what we keep, under the title by which it knows us. Returns when it has taken it."""
        ...

    def ask(self, peer: Peer, transaction_uid: str, references: Sequence[Reference], inquiry: Inquiry) -> None:
        """Asks a destination to answer for these instances, and listens a little for its report."""
        ...


class Doorbell(Protocol):
    """Tells the peers that dial in to us that something waits for them."""

    closed: bool  # the node stops: nobody may wait any longer

    def ring(self) -> None:
        """May be called from any thread."""
        ...

    async def wait(self, seconds: float) -> None:
        """Returns when it rang or the time is over."""
        ...


class Stage(Protocol):
    """One kind of job. `work` may be slow, holds no transaction and is safe to repeat; `settle` is short and transactional."""

    kind: str

    def work(self, job: Job, node: Node) -> Any: ...

    def settle(self, tx: Any, job: Job, result: Any, node: Node) -> Iterable[NextJob]:
        """Writes the results and returns the next jobs (the runner enqueues them in the same transaction)."""
        ...


class Ledger(Protocol):
    """What is true. `begin` is a write transaction, `read` a snapshot; both give a SQLAlchemy connection."""

    def begin(self) -> AbstractContextManager[Any]: ...

    def read(self) -> AbstractContextManager[Any]: ...


class Partials(Protocol):
    """Objects that arrive in pieces (see `node.storage.partial`)."""

    def received(self, sender: str, sha256: str) -> int: ...

    def path(self, sender: str, sha256: str) -> Path: ...

    def writer(self, sender: str, sha256: str, offset: int) -> PieceWriter | None: ...

    def drop(self, sender: str, sha256: str) -> None: ...


class PieceWriter(Protocol):
    def write(self, data: bytes) -> bool: ...


@dataclass(frozen=True)
class Node:
    """Everything that a stage may use."""

    settings: Settings
    clock: Clock
    ledger: Ledger
    storage: Storage
    intake: Intake
    partials: Partials
    pool: Executor  # processes for pixels and headers
    registry: Callable[[], Registry]
    senders: dict[str, Sender]  # by peer kind
    verifier: Verifier
    committer: Committer
    doorbell: Doorbell
    wake: Callable[[], None]  # tells the workers that jobs may be due
    vault_key: bytes
    scratch: Path  # folder for files in the making, emptied at every start

    @property
    def facility(self) -> str:
        return self.settings.node.facility
