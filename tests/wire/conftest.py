"""A listening node, small generated objects, DCMTK's programs, and a peer that says whatever a test wants."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from node.dicom.dataset import dataset_digest, read_header
from node.dicom.network.offer import Offer
from node.dicom.network.receive import DicomServer
from node.dicom.network.tls import Tls, TlsFiles
from node.domain.facility import Peer, PeerKind, Service
from node.domain.study import Arrival, Via
from node.errors import NotAuthorized, StorageFull
from node.ports import Admitted, Outgoing
from node.storage.spool import Spool, SpoolBatch
from tests import services

AE_TITLE = "NODE"
NOW = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)


class StoppedClock:
    """A clock that stands."""

    def now(self) -> datetime:
        return NOW


class SwitchableSpool(Spool):
    """The real spool, whose disk can be full when a test wants, and which notes what was committed."""

    full = False

    def check_space(self) -> None:
        if self.full:
            raise StorageFull("The disk is full.")
        super().check_space()

    def begin(self, arrival: Arrival) -> SpoolBatch:
        self.last_arrival = arrival
        return super().begin(arrival)


@dataclass
class ListeningNode:
    """A node's DICOM port and what came in through it."""

    server: DicomServer
    spool: SwitchableSpool
    commits: list[int] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def received(self) -> None:
        with self.changed:
            self.commits.append(len(self.commits) + 1)
            self.changed.notify_all()

    @property
    def files(self) -> list[Path]:
        return [waiting.path for waiting in self.spool.waiting(10_000)]

    @property
    def digests(self) -> list[str]:
        return sorted(dataset_digest(path) for path in self.files)

    def parts(self) -> list[Path]:
        return list(self.spool.incoming.glob("*.part"))

    def wait_until_alone(self) -> None:
        """Returns when no connection is open any more."""
        for _ in range(200):
            if self.server.connections == 0:
                return
            threading.Event().wait(0.05)
        raise AssertionError("a connection stayed open")


def admit_modalities(calling_ae: str, called_ae: str, address: str) -> Admitted:
    """Everybody but STRANGER."""
    if calling_ae == "STRANGER":
        raise NotAuthorized("The caller is unknown.", hint="Add it to the registry.")
    arrival = Arrival(Via.DIMSE, NOW, peer="ct1", calling_ae=calling_ae, called_ae=called_ae, address=address)
    return Admitted(arrival, None, frozenset(Service))


@pytest.fixture
def start_node(tmp_path: Path) -> Iterator[Callable[..., ListeningNode]]:
    """Starts a node; keywords change the server's settings."""
    started: list[ListeningNode] = []

    def start(**changes: Any) -> ListeningNode:
        spool = SwitchableSpool(tmp_path / f"node{len(started)}", min_free_bytes=0, clock=StoppedClock())
        settings: dict[str, Any] = {
            "ae_titles": frozenset({AE_TITLE}),
            "admit": admit_modalities,
            "idle_seconds": 20.0,
            "max_object_bytes": 1 << 30,
            "tls": Tls(TlsFiles(), StoppedClock().now),
        } | changes
        most, tls_port = settings.pop("max_associations", 8), settings.pop("tls_port", None)
        node = ListeningNode.__new__(ListeningNode)
        offer = Offer(intake=spool, received=lambda: node.received(), **settings)
        server = DicomServer(offer, host="127.0.0.1", port=0, max_associations=most, tls_port=tls_port)
        node.__init__(server, spool)  # type: ignore[misc]
        server.start()
        started.append(node)
        return node

    yield start
    for node in started:
        node.server.stop()


@pytest.fixture
def node(start_node: Callable[..., ListeningNode]) -> ListeningNode:
    """A node that listens."""
    return start_node()


def an_image(number: int = 1, rows: int = 64, **changes: Any) -> Dataset:
    """A small CT image; keywords set or (None) remove attributes."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = CTImageStorage
    ds.SOPInstanceUID = f"2.25.7.{number}"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "2.25.5", "2.25.6"
    ds.Modality, ds.InstanceNumber = "CT", number
    ds.PatientName, ds.PatientID = "Nguyễn^Thị Đào", "P1"
    ds.Rows = ds.Columns = rows
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PixelData = bytes(i * number % 251 if i % 2 == 0 else i % 15 for i in range(2 * rows * rows))
    ds["PixelData"].VR = "OW"
    for keyword, value in changes.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.get("SOPClassUID", CTImageStorage)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.get("SOPInstanceUID", "2.25.1")
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return ds


@pytest.fixture
def image_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes `an_image` and returns its file."""

    def write(number: int = 1, **changes: Any) -> Path:
        path = tmp_path / f"image{number}.dcm"
        an_image(number, **changes).save_as(path, enforce_file_format=True)
        return path

    return write


def dcmtk(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs a program of DCMTK to its end."""
    command = [str(services.find_program(program, "dcmtk")), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def store(node: ListeningNode, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`storescu -v` to the node."""
    return dcmtk("storescu", "-v", "-aet", "CT1", "-aec", AE_TITLE, "127.0.0.1", str(node.server.port), *arguments)


def outgoing(number: int, path: Path) -> Outgoing:
    header = read_header(path)
    return Outgoing(
        number,
        header.sop_instance_uid,
        header.sop_class_uid,
        header.transfer_syntax_uid,
        header.digest,
        header.size,
        path,
    )


def a_peer(port: int, **changes: Any) -> Peer:
    given: dict[str, Any] = {"code": "pacs", "kind": PeerKind.DICOM, "facility": "ttyt", "ae_title": "PACS"}
    return Peer(**given | {"host": "127.0.0.1", "port": port} | changes)


@dataclass
class Pacs:
    """A running `storescp`."""

    port: int
    folder: Path

    @property
    def files(self) -> list[Path]:
        return sorted(self.folder.iterdir())


@pytest.fixture
def start_pacs(tmp_path: Path) -> Iterator[Callable[..., Pacs]]:
    """Starts DCMTK's `storescp` with further arguments."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> Pacs:
        port, folder = services.free_port(), tmp_path / f"pacs{len(running)}"
        folder.mkdir()
        log = tmp_path / f"pacs{len(running)}.log"
        command = [str(services.find_program("storescp", "dcmtk")), *arguments, "-od", str(folder), str(port)]
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output)
        running.append(process)
        services.wait_until_up(process, log, lambda: services.listens(port), "storescp")
        return Pacs(port, folder)

    yield start
    for process in running:
        services.stop(process)


class ScriptedPeer:
    """A peer that sends what it is told to, byte by byte, and reads PDUs."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        sock.settimeout(15)

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def read_pdu(self) -> tuple[int, bytes]:
        """(type, variable field); type 0 when the connection is closed."""
        head = self._exactly(6)
        if len(head) < 6:
            return 0, b""
        return head[0], self._exactly(int.from_bytes(head[2:6], "big"))

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            try:
                part = self.sock.recv(count - len(data))
            except ConnectionResetError:
                return b""
            if not part:
                return b""
            data += part
        return data


@pytest.fixture
def scripted_peer() -> Callable[[ListeningNode], Any]:
    """Connects to a node; a context manager that gives a `ScriptedPeer`."""

    @contextmanager
    def connect(node: ListeningNode) -> Iterator[ScriptedPeer]:
        with socket.create_connection(("127.0.0.1", node.server.port), timeout=15) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield ScriptedPeer(sock)

    return connect
