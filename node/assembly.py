"""The composition root: settings in, a running node out. The only file that names concrete adapters, and the list of stages."""

from __future__ import annotations

import fcntl
import logging
import shutil
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import uvicorn

from node.config import DicomSettings, Settings
from node.dicom.network.callers import Callers
from node.dicom.network.commit import CommitmentCaller
from node.dicom.network.offer import Offer
from node.dicom.network.receive import DicomServer
from node.dicom.network.send import StoreSender
from node.dicom.network.services.commitment import CommitmentProvider
from node.dicom.network.services.procedure_step import ProcedureStepProvider
from node.dicom.network.services.provider import Provider
from node.dicom.network.services.query import QueryProvider
from node.dicom.network.services.retrieve import GetProvider, MoveProvider, Workshop
from node.dicom.network.services.worklist import WorklistProvider
from node.dicom.network.tls import Tls, TlsFiles
from node.dicom.setup import configure
from node.dicom.vault import load_or_create_key
from node.domain.facility import Peer, PeerKind
from node.domain.route import Registry
from node.errors import Conflict, Invalid, NodeError, Retryable
from node.exchange.address import is_loopback
from node.exchange.doorbell import LinkDoorbell
from node.exchange.sender import LinkSender
from node.flow.commit import CommitmentDesk, CommitReportStage
from node.flow.commit import recover as recover_commitments
from node.flow.confirm import CommitStage
from node.flow.deliver import DeliverStage
from node.flow.dial import Dialler
from node.flow.homecoming import HomecomeStage
from node.flow.index import Indexer
from node.flow.peers import PeerDesk
from node.flow.prepare import PrepareStage
from node.flow.receive import Admission
from node.flow.report import ReportStage
from node.flow.retrieve import NodeArchive
from node.flow.route import RouteStage
from node.flow.runner import Runner
from node.flow.transform import TransformStage
from node.flow.webhook import WebhookStage
from node.ledger import registry as registry_rows
from node.ledger.search import LedgerSearch, unsupported
from node.ledger.sql import SqlLedger, open_ledger
from node.ports import Node, Stage
from node.storage.filesystem import open_storage
from node.storage.partial import PartialObjects
from node.storage.spool import Spool
from node.web.app import create_app
from node.web.renewal import Renewal
from node.workers.limits import Limited
from node.workers.local import LocalWorkers, WorkerPool
from worklists.correspondence.api import new_id
from worklists.correspondence.criticals import escalate
from worklists.correspondence.intake import LetterStage
from worklists.modality.services import ModalityDesk
from worklists.reading.api import limits_of, new_uid
from worklists.reading.desk import expire_leases
from worklists.reading.escalation import look_after_clocks
from worklists.reading.intake import ReadStage

log = logging.getLogger(__name__)

STAGES: tuple[type[Stage], ...] = (
    RouteStage,
    TransformStage,
    DeliverStage,
    CommitStage,
    CommitReportStage,
    ReadStage,
    ReportStage,
    HomecomeStage,
    LetterStage,
    WebhookStage,
    PrepareStage,
)

_HOUR = 3600.0
_CONVERT_SECONDS = 600.0  # of CPU time that encoding an object anew may take,
_CONVERT_MEMORY = 4 << 30  # and bytes: a few kilobytes of coded pixels may stand for more than any machine has
_KEEP_ALIVE = 120  # seconds: on a slow line every new connection costs a reader several round trips
_CLOCKS = 15.0  # seconds between looks at the service clocks
_TICK = 2.0  # seconds between looks at the registry, the leases and the quarantine


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class RegistryCache:
    """The registry in force; asks the ledger for a newer revision at most once a second."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._value: Registry | None = None
        self._asked = float("-inf")

    def __call__(self) -> Registry:
        """Raises `Retryable` rather than answer with a registry that nobody applied."""
        with self._lock:
            if self._value is None or time.monotonic() - self._asked > 1.0:
                try:
                    self._ask()
                except Retryable:
                    if self._value is None:
                        raise
                self._asked = time.monotonic()
            assert self._value is not None
            return self._value

    def _ask(self) -> None:
        with self._ledger.read() as tx:
            if self._value is None or registry_rows.current_revision(tx) != self._value.revision:
                self._value = registry_rows.current(tx)


class NodeProcess:
    """Everything of one node in one process. `start` returns when it serves; `stop` leaves nothing half-done."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        directory = settings.node.directory
        directory.mkdir(parents=True, exist_ok=True)
        self._lock = _own(directory)
        configure()
        self.ledger = open_ledger(settings.ledger_url)
        self.ledger.migrate()
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        self._arrived = threading.Event()
        self._diallers: dict[Peer, Dialler] = {}
        self._warned = self._clocks_seen = float("-inf")
        self._said: set[str] = set()  # faults of peers that were logged once
        self._doorbell = LinkDoorbell()
        self._link = LinkSender(directory / "secrets")
        self.tls = Tls(_tls_files(settings.dicom), SystemClock().now, directory / "secrets")
        modules = ("node.dicom.derive", "node.flow.index")
        self.pool: Executor = WorkerPool(settings.workers.processes, modules)
        self._converters = Limited(self.pool, seconds=_CONVERT_SECONDS, memory=_CONVERT_MEMORY)
        self._aside: Executor = WorkerPool(1, modules, eager=False)  # for headers that take long
        self.partials = PartialObjects(directory / "partial", min_free_bytes=settings.storage.min_free_mb << 20)
        self.node = self._build(directory)
        self.spool = self.node.intake
        assert isinstance(self.spool, Spool)
        self.indexer = Indexer(self.node, self.spool, self._aside)
        self.runner = Runner(self.node, {stage.kind: stage() for stage in STAGES}, owner="local")
        self.workers = LocalWorkers(self.runner.step, settings.workers.threads)
        self.callers = Callers(most=max(1, settings.dicom.max_associations // 2))  # nobody keeps the others out
        self.peers = PeerDesk(self.node, self.callers, self.tls)
        self.dicom = self._dicom_server()
        self._renewal: Renewal | None = None
        self.web: uvicorn.Server | None = None
        self.web_port = settings.web.port

    def _build(self, directory: Path) -> Node:
        scratch = directory / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        secrets = directory / "secrets"
        secrets.mkdir(mode=0o700, exist_ok=True)
        clock = SystemClock()
        settings = self.settings
        return Node(
            settings=settings,
            clock=clock,
            ledger=self.ledger,
            storage=open_storage(settings.storage_url),
            intake=Spool(directory / "spool", min_free_bytes=settings.storage.min_free_mb << 20, clock=clock),
            partials=self.partials,
            pool=self.pool,
            registry=RegistryCache(self.ledger),
            senders={
                PeerKind.DICOM.value: StoreSender(
                    settings.dicom.ae_title, tls=self.tls, pool=self._converters, scratch=scratch
                ),
                PeerKind.NODE.value: self._link,
            },
            verifier=self._link,
            committer=CommitmentCaller(settings.dicom.ae_title, tls=self.tls),
            doorbell=self._doorbell,
            wake=self._wake,
            vault_key=load_or_create_key(secrets / "vault.key"),
            scratch=scratch,
        )

    def _dicom_server(self) -> DicomServer:
        part = self.settings.dicom
        offer = Offer(
            ae_titles=frozenset() if part.any_called_ae else frozenset({part.ae_title, *part.more_ae_titles}),
            admit=Admission(self.node),
            intake=self.node.intake,
            received=self._arrived.set,
            tls=self.tls,
            callers=self.callers,
            idle_seconds=part.idle_seconds,
            max_object_bytes=part.max_object_mb << 20,
            providers=self._providers(),
            private_classes=lambda: frozenset(self.node.registry().private_sop_classes),
        )
        return DicomServer(
            offer,
            host=part.host,
            port=part.port,
            max_associations=part.max_associations,
            tls_port=part.tls_port or None,
        )

    def _providers(self) -> list[Provider]:
        """The services of the DICOM port besides verification and storage."""
        orders = self.orders = ModalityDesk(self.ledger, self.node.clock, self.node.registry)
        shop = Workshop(NodeArchive(self.node), self._converters, self.node.scratch)
        return [
            QueryProvider(LedgerSearch(self.ledger), unsupported),
            WorklistProvider(orders),
            CommitmentProvider(CommitmentDesk(self.node)),
            ProcedureStepProvider(orders, new_uid),
            MoveProvider(shop, self.settings.dicom.ae_title, tls=self.tls),
            GetProvider(shop),
        ]

    def _wake(self) -> None:
        self._arrived.set()
        for dialler in list(self._diallers.values()):
            dialler.nudge()
        self.workers.wake()

    def start(self) -> None:
        """Takes up what was left, then serves. Raises `Invalid` when an address cannot be used."""
        self.runner.recover()
        recover_commitments(self.node)
        self.indexer.note_quarantine()
        self._run("index", self._index)
        self._run("tick", self._tick)
        self.workers.start()
        try:
            self.dicom.start()
            self._start_web()
        except OSError as error:
            self.stop()
            raise Invalid(
                f"A port of this node cannot be used ({error.strerror}).",
                hint="Another program may have it: change dicom.port or web.port, or stop that program.",
            ) from error

    def stop(self) -> None:
        self._stopping.set()
        self._arrived.set()
        for dialler in self._diallers.values():
            dialler.stop()
        self._doorbell.close()
        if self.web is not None:
            self.web.should_exit = True
        self.dicom.stop()
        self.workers.stop()
        for thread in self._threads:
            thread.join(10)
        self._link.close()
        for pool in (self._aside, self.pool):
            pool.shutdown(wait=True, cancel_futures=True)
        self.ledger.dispose()
        self._lock.close()

    def _run(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _index(self) -> None:
        while not self._stopping.is_set():
            self._arrived.clear()
            try:
                if self.indexer.step():
                    continue
                wait = 2.0
            except NodeError as error:
                log.warning("the index waits: %s", error)
                wait = 1.0
            except Exception as error:
                log.error("the index failed (%s); it goes on", type(error).__name__)
                wait = 1.0
            self._arrived.wait(wait)

    def _tick(self) -> None:
        """Each step by itself: nobody is told less of a critical finding because a folder cannot be written."""
        while not self._stopping.wait(_TICK):
            for step in (self._look_after_desk, self._dial, self.indexer.note_quarantine, self.partials.expire,
                         self.orders.write_notes, self._look_after_certificates):  # fmt: skip
                try:
                    step()
                except NodeError as error:
                    log.warning("%s", error)
                except Exception as error:
                    log.error("the tick failed (%s); it goes on", type(error).__name__)

    def _look_after_desk(self) -> None:
        while escalate(self.node, new_id()):
            pass
        with self.ledger.begin() as tx:
            expire_leases(tx, self.node.clock.now())
        if time.monotonic() - self._clocks_seen > _CLOCKS:
            self._clocks_seen = time.monotonic()
            look_after_clocks(self.node, limits_of(self.node))

    def _look_after_certificates(self) -> None:
        if self._renewal is not None:
            self._renewal.look()
        if time.monotonic() - self._warned > _HOUR:
            self._warned = time.monotonic()
            self.peers.warn()

    def _dial(self) -> None:
        wanted = {p for p in self.node.registry().peers if p.kind == PeerKind.NODE and p.url}
        for peer in self._diallers.keys() - wanted:
            self._diallers.pop(peer).stop()
        for peer in wanted - self._diallers.keys():
            try:
                dialler = Dialler(self.node, peer, self._link.client(peer))
            except NodeError as error:  # this peer's fault, not the others'
                if error.message not in self._said:
                    log.warning("%s", error)
                self._said.add(error.message)
                continue
            self._diallers[peer] = dialler
            dialler.start()

    def _start_web(self) -> None:
        part = self.settings.web
        if not is_loopback(part.host) and not (part.tls_certificate and part.tls_key):
            raise Invalid(
                f"Plain HTTP is refused on {part.host}: patients' data would travel readable.",
                hint="Set web.tls_certificate and web.tls_key, or web.host = '127.0.0.1'.",
            )
        listener = socket.create_server((part.host, part.port), reuse_port=False, backlog=128)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # accepted ones inherit it; asyncio forgets
        self.web_port = int(listener.getsockname()[1])
        config = uvicorn.Config(
            create_app(self.node, self.peers),
            log_level="warning",
            access_log=False,
            ssl_certfile=part.tls_certificate,
            ssl_keyfile=part.tls_key,
            timeout_graceful_shutdown=2,
            timeout_keep_alive=_KEEP_ALIVE,
            server_header=False,
        )
        config.load()
        if config.ssl is not None and part.tls_certificate and part.tls_key:
            self._renewal = Renewal(config.ssl, part.tls_certificate, part.tls_key)
        self.web = uvicorn.Server(config)
        server = self.web
        self._run("web", lambda: server.run(sockets=[listener]))
        deadline = time.monotonic() + 30
        while not server.started and time.monotonic() < deadline:
            if not self._threads[-1].is_alive():
                raise Invalid("The web server did not start.", hint="See the log above.")
            time.sleep(0.02)


def _tls_files(part: DicomSettings) -> TlsFiles:
    return TlsFiles(
        part.tls_certificate,
        part.tls_key,
        part.tls_client_ca,
        require_certificates=part.tls_client_certificates == "require",
    )


def _own(directory: Path) -> IO[str]:
    lock = (directory / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise Conflict(
            f"Another process already runs the node in {directory}.", hint="Stop it first, or choose another folder."
        ) from None
    return lock


def build(settings: Settings) -> NodeProcess:
    """A node that is ready to start."""
    return NodeProcess(settings)
