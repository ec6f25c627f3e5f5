"""A whole node without its servers: real ledger, storage, spool, index, stages and runner; a clock that the test moves.

Only the far ends are played: a sender and a verifier that write down what they were given and answer as they are told.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from sqlalchemy import Row, select

from node.assembly import STAGES
from node.config import Settings
from node.dicom.setup import configure
from node.domain.commitment import CommitmentReport, Reference
from node.domain.facility import Facility, Peer, PeerKind, Tier
from node.domain.job import Job
from node.domain.route import (
    Action,
    Condition,
    DeidentificationProfile,
    Field,
    Identity,
    Registry,
    Route,
)
from node.domain.study import Arrival, Via
from node.domain.timeline import Hop
from node.errors import NodeError, PeerUnreachable
from node.flow.index import Indexer
from node.flow.runner import Runner
from node.ledger import jobs as jobs_rows
from node.ledger.schema import decisions, deliveries, delivery_items, instances, jobs, quarantine, studies, timeline
from node.ledger.sql import open_ledger
from node.ports import Inquiry, Node, Outcome, Outgoing
from node.storage.filesystem import FileStorage
from node.storage.partial import PartialObjects
from node.storage.spool import Spool
from tests.images import an_image, smooth

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
HERE, UPPER = "DEMO-DH", "DEMO-TW"
STUDY = "1.2.840.99999.1"

HUB = Peer("hub", PeerKind.NODE, UPPER, url="https://hub.example", token_file="hub.token")
CALLER = Peer("caller", PeerKind.NODE, HERE, token_sha256="0" * 64)  # dials in to us
PACS = Peer("pacs", PeerKind.DICOM, HERE, ae_title="PACS", host="127.0.0.1", port=104)
CT = Peer("ct", PeerKind.DICOM, HERE, ae_title="CT1")
PROFILE = DeidentificationProfile("consult", "Hội chẩn", ("cleanDescOpt",))
IMAGES = Condition(Field.VIA, ("dimse", "stow"))

UP = Route(
    "up", "Lên tuyến trên", (IMAGES,), Action.FORWARD, ("hub",), Identity.PSEUDONYMISE, "consult", quiet_seconds=60
)
COPY = Route("copy", "Vào PACS", (IMAGES,), Action.FORWARD, ("pacs",), quiet_seconds=60)
OFFER = Route("offer", "Chờ nút kia lấy", (IMAGES,), Action.FORWARD, ("caller",), quiet_seconds=60)
HOME = Route("home", "Kết quả trở về", (Condition(Field.VIA, ("link",)),), Action.HOMECOMING)
TO_PACS = Route("report", "Kết quả vào PACS", (Condition(Field.VIA, ("home",)),), Action.FORWARD, ("pacs",))
READ = Route("read", "Đọc tại đây", (IMAGES,), Action.READ, quiet_seconds=60)


def a_registry(*routes: Route, peers: Sequence[Peer] = (HUB, CALLER, PACS, CT), revision: int = 1) -> Registry:
    return Registry(
        revision=revision,
        tiers=(Tier("huyen", 1, "Huyện"), Tier("tw", 3, "Trung ương")),
        facilities=(Facility(HERE, "TTYT Định Hóa", "huyen"), Facility(UPPER, "BV TW Thái Nguyên", "tw")),
        peers=tuple(peers),
        routes=routes,
        profiles=(PROFILE,),
    )


def an_object(number: int = 1, *, study: str = STUDY, **more: Any) -> bytes:
    """A small image as a Part 10 file; `more` sets attributes."""
    attributes: dict[str, Any] = {
        "StudyInstanceUID": study,
        "SeriesInstanceUID": f"{study}.1",
        "SOPInstanceUID": f"{study}.1.{number}",
        "InstanceNumber": number,
        "PatientName": "NGUYỄN^VĂN MẪU",
        "PatientID": "MAU-0001",
        "StudyDate": "20260302",
        "SpecificCharacterSet": "ISO_IR 192",
    } | more
    ds: Dataset = an_image(smooth(8, 8, frames=1), **attributes)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


class Direct(Executor):
    """A pool that does the work at once, in the caller's thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@dataclass
class MovedClock:
    """Stands still until the test moves it."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class PlayedSender:
    """Takes everything unless told otherwise; `away` is raised first, `answers` are by SOP Instance UID."""

    calls: list[tuple[str, str, list[str]]] = field(default_factory=list)  # peer, study, SOP Instance UIDs
    contents: dict[str, bytes] = field(default_factory=dict)
    away: NodeError | None = None
    answers: dict[str, Outcome] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    before: Callable[[], None] = lambda: None

    def send(self, peer: Peer, study_uid: str, items: Sequence[Outgoing], report: Callable[[Outcome], None]) -> None:
        self.calls.append((peer.code, study_uid, [i.sop_instance_uid for i in items]))
        self.before()
        if self.away is not None:
            raise self.away
        for item in items:
            answer = self.answers.get(item.sop_instance_uid)
            self.contents[item.sop_instance_uid] = item.path.read_bytes()
            if answer is None:
                self.taken.add(item.sop_instance_uid)
                report(Outcome(item.instance_id, delivered=True, status="0000"))
            else:
                report(
                    Outcome(
                        item.instance_id, answer.delivered, answer.permanent, answer.status or "A900", answer.reason
                    )
                )

    @property
    def sent(self) -> list[str]:
        """All SOP Instance UIDs that were offered, repeats included."""
        return [uid for _, _, uids in self.calls for uid in uids]


@dataclass
class PlayedVerifier:
    """Holds what the sender delivered, but for `missing`."""

    sender: PlayedSender
    manifests: list[dict[str, Any]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    away: NodeError | None = None

    def announce(self, peer: Peer, study_uid: str, manifest: dict[str, Any]) -> dict[str, Any]:
        if self.away is not None:
            raise self.away
        self.manifests.append(manifest)
        lost = [uid for uid in manifest["items"] if uid in self.missing or uid not in self.sender.taken]
        return {"received": len(manifest["items"]) - len(lost), "missing": lost}


@dataclass
class PlayedCommitter:
    """Takes reports and requests; `away` is raised first, `speaks` is what a destination does on the association."""

    reports: list[tuple[str, str, CommitmentReport]] = field(default_factory=list)  # peer, our AE title, report
    asked: list[tuple[str, str, list[str]]] = field(default_factory=list)  # peer, transaction, SOP Instance UIDs
    away: NodeError | None = None
    speaks: Callable[[str, Sequence[Reference], Inquiry], None] = lambda transaction, references, inquiry: None

    def report(self, peer: Peer, calling_ae: str, report: CommitmentReport) -> None:
        if self.away is not None:
            raise self.away
        self.reports.append((peer.code, calling_ae, report))

    def ask(self, peer: Peer, transaction_uid: str, references: Sequence[Reference], inquiry: Inquiry) -> None:
        self.asked.append((peer.code, transaction_uid, [r.sop_instance_uid for r in references]))
        if self.away is not None:
            raise self.away
        inquiry.accepted()
        self.speaks(transaction_uid, references, inquiry)


@dataclass
class Bell:
    """Counts how often it was rung."""

    closed: bool = False
    rings: int = 0

    def ring(self) -> None:
        self.rings += 1

    async def wait(self, seconds: float) -> None:
        """Nobody waits in these tests."""


class Station:
    """One node; see the module."""

    def __init__(self, folder: Path, ledger_url: str, registry: Registry, *, facility: str = HERE) -> None:
        configure()
        self.folder = folder
        self.clock = MovedClock()
        self.ledger = open_ledger(ledger_url)
        self.registry = registry
        self.spool = Spool(folder / "spool", min_free_bytes=0, clock=self.clock)
        self.sender, self.bell = PlayedSender(), Bell()
        self.verifier = PlayedVerifier(self.sender)
        self.committer = PlayedCommitter()
        (folder / "scratch").mkdir(parents=True)
        self.node = Node(
            settings=Settings.model_validate({"node": {"facility": facility, "directory": folder}}),
            clock=self.clock,
            ledger=self.ledger,
            storage=FileStorage(folder / "objects"),
            intake=self.spool,
            partials=PartialObjects(folder / "partial", min_free_bytes=0),
            pool=Direct(),
            registry=lambda: self.registry,
            senders={"node": self.sender, "dicom": self.sender},
            verifier=self.verifier,
            committer=self.committer,
            doorbell=self.bell,
            wake=lambda: None,
            vault_key=bytes(range(32)),
            scratch=folder / "scratch",
        )
        self.indexer = Indexer(self.node, self.spool)
        self.stages = {stage.kind: stage() for stage in STAGES}
        self.runner = Runner(self.node, self.stages, owner="local")

    # what happens to it

    def put(self, *contents: bytes, via: Via = Via.DIMSE, peer: str = "ct", facility: str = HERE) -> list[Path]:
        """Objects into the spool, as of now by the clock; not indexed yet."""
        arrival = Arrival(via, self.clock.now(), peer=peer, facility=facility, calling_ae="CT1")
        batch = self.spool.begin(arrival)
        paths = []
        for content in contents:
            file = batch.create()
            file.write(content)
            file.commit()
            seconds = self.clock.now().timestamp()
            os.utime(file.path, (seconds, seconds))
            paths.append(file.path)
        batch.close()
        return paths

    def index(self) -> None:
        now = self.clock.now().timestamp()
        for file in self.spool.incoming.iterdir():  # what the node received from itself has the machine's time
            if file.stat().st_mtime > now:
                os.utime(file, (now, now))
        while self.indexer.step():
            pass

    def receive(self, *contents: bytes, **arrival: Any) -> None:
        """Objects through the doorstep and the index."""
        self.put(*contents, **arrival)
        self.index()

    def drain(self, most: int = 300) -> int:
        """Runs what is due now, and indexes what that received, until nothing is due. Returns how many jobs ran."""
        for ran in range(most):
            self.index()
            if self.runner.step() is not None:
                return ran
        raise AssertionError(f"there is still something due after {most} jobs")

    def claim(self) -> Job:
        """The job that is due now, in the runner's hands."""
        with self.ledger.begin() as tx:
            job = jobs_rows.claim(tx, f"{self.runner.owner}:test", self.clock.now(), timedelta(minutes=1))
        assert job is not None
        return job

    def let(self, seconds: float) -> None:
        """Time goes by; then what is due is done."""
        self.clock.forward(seconds)
        self.drain()

    # what it knows

    def rows(self, table: Any, *where: Any) -> Sequence[Row[Any]]:
        with self.ledger.read() as tx:
            return tx.execute(select(table).where(*where).order_by(*table.primary_key.columns)).all()

    def study(self, uid: str = STUDY) -> Row[Any]:
        (row,) = self.rows(studies, studies.c.uid == uid)
        return row

    def delivery(self, destination: str) -> Row[Any]:
        (row,) = self.rows(deliveries, deliveries.c.destination == destination)
        return row

    def items(self, destination: str) -> Sequence[Row[Any]]:
        return self.rows(delivery_items, delivery_items.c.delivery_id == self.delivery(destination).id)

    def item_states(self, destination: str) -> list[str]:
        return [item.state for item in self.items(destination)]

    def instances(self) -> Sequence[Row[Any]]:
        return self.rows(instances)

    def jobs(self) -> Sequence[Row[Any]]:
        return self.rows(jobs)

    def decisions(self) -> Sequence[Row[Any]]:
        return self.rows(decisions)

    def quarantined(self) -> Sequence[Row[Any]]:
        return self.rows(quarantine)

    def hops(self, uid: str = STUDY) -> list[str]:
        return [row.hop for row in self.rows(timeline, timeline.c.study_uid == uid)]

    def count(self, hop: Hop, uid: str = STUDY) -> int:
        return self.hops(uid).count(hop.value)

    def close(self) -> None:
        self.ledger.dispose()


def unreachable() -> PeerUnreachable:
    return PeerUnreachable("'hub' cannot be reached.", hint="It is tried again by itself.")


def numbered(numbers: Iterable[int], **more: Any) -> list[bytes]:
    return [an_object(n, **more) for n in numbers]
