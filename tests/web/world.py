"""A node with its web application in a temporary folder: real ledger, storage, spool and index; a clock that stands still."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from node.config import Settings
from node.domain.commitment import CommitmentReport, Reference
from node.domain.facility import Facility, Peer, PeerKind, Tier
from node.domain.route import Registry
from node.domain.study import Arrival, Via
from node.flow.index import Indexer
from node.ledger import users
from node.ledger.sql import SqlLedger, open_ledger
from node.ports import Inquiry, Node
from node.storage.filesystem import FileStorage
from node.storage.partial import PartialObjects
from node.storage.spool import Spool
from node.web.app import create_app

PASSWORD = "mat-khau-dung-123"
PEER_TOKEN = "secret-of-the-district-node"
STUDY = "1.2.826.0.1.3680043.8.498.1"
USERS = {
    "ktv": ("KTV. Nguyễn Văn Bình", "radiographer"),
    "bs": ("BS. Trần Thị Hồng Ánh", "radiologist"),
    "bs2": ("BS. Lê Quang Đức", "radiologist"),
    "quantri": ("Quản trị", "admin"),
}


@dataclass
class StandingClock:
    """Moves only when it is told to."""

    at: datetime = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def forward(self, **parts: float) -> None:
        self.at += timedelta(**parts)


@dataclass
class World:
    node: Node
    clock: StandingClock
    indexer: Indexer
    wakes: list[int] = field(default_factory=list)

    def client(self, username: str = "", **options: Any) -> TestClient:
        """A browser-like client of the application, logged in with a bearer token when a user is named."""
        client = TestClient(self.app, raise_server_exceptions=False, **options)
        if username:
            client.headers["Authorization"] = f"Bearer {self.token(username)}"
        client.headers["Accept-Language"] = "en"
        return client

    def token(self, username: str) -> str:
        answer = TestClient(self.app).post("/api/tokens", json={"username": username, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])

    def receive(self, *contents: bytes, via: Via = Via.DIMSE, facility: str = "DEMO-DH", peer: str = "") -> None:
        """Objects through the doorstep and the index, as from a modality."""
        batch = self.node.intake.begin(Arrival(via, self.clock.now(), peer=peer, facility=facility))
        for content in contents:
            file = batch.create()
            file.write(content)
            file.commit()
        batch.close()
        self.index()

    def index(self) -> None:
        while self.indexer.step():
            pass

    def __post_init__(self) -> None:
        self.app = create_app(self.node)


def make_world(folder: Path, ledger_url: str, **settings: Any) -> World:
    """A node of the hub with one district node as its peer and the four users of `USERS`."""
    clock = StandingClock()
    ledger = open_ledger(ledger_url)
    spool = Spool(folder / "spool", min_free_bytes=0, clock=clock)
    (folder / "scratch").mkdir()
    wakes: list[int] = []
    node = Node(
        settings=Settings.model_validate({"node": {"facility": "DEMO-TW", "directory": folder}, **settings}),
        clock=clock,
        ledger=ledger,
        storage=FileStorage(folder / "objects"),
        intake=spool,
        partials=PartialObjects(folder / "partial", min_free_bytes=0),
        pool=ThreadPoolExecutor(2),
        registry=lambda: REGISTRY,
        senders={},
        verifier=Nobody(),
        committer=Nobody(),
        doorbell=Nobody(),
        wake=lambda: wakes.append(1),
        vault_key=bytes(32),
        scratch=folder / "scratch",
    )
    with ledger.begin() as tx:
        for username, (display_name, role) in USERS.items():
            row = {"username": username, "display_name": display_name, "role": role, "password_hash": password_hash()}
            tx.execute(users.users.insert().values(**row, language="vi", created_at=clock.now()))
    return World(node, clock, Indexer(node, spool), wakes)


@cache
def password_hash() -> str:
    """Made once: it is slow on purpose."""
    return users.hash_password(PASSWORD)


class Nobody:
    """No peer is told anything in these tests."""

    closed = False

    def announce(self, peer: Peer, study_uid: str, manifest: dict[str, Any]) -> dict[str, Any]:
        raise AssertionError("no peer is called here")

    def ring(self) -> None:
        """Nobody listens."""

    async def wait(self, seconds: float) -> None:
        """Nothing rings."""

    def report(self, peer: Peer, calling_ae: str, report: CommitmentReport) -> None:
        raise AssertionError("no peer is called here")

    def ask(self, peer: Peer, transaction_uid: str, references: Sequence[Reference], inquiry: Inquiry) -> None:
        raise AssertionError("no peer is called here")


REGISTRY = Registry(
    revision=1,
    tiers=(Tier("tw", 3, "Trung ương"), Tier("huyen", 1, "Huyện")),
    facilities=(Facility("DEMO-TW", "Bệnh viện TW Thái Nguyên", "tw"), Facility("DEMO-DH", "TTYT Định Hóa", "huyen")),
    peers=(
        Peer(
            "node-dh",
            PeerKind.NODE,
            "DEMO-DH",
            token_sha256=hashlib.sha256(PEER_TOKEN.encode()).hexdigest(),
        ),
        Peer("pacs", PeerKind.DICOM, "DEMO-TW", ae_title="PACS"),
    ),
)


def ct(number: int = 1, *, study: str = STUDY, series: str = "", sop: str = "", **values: Any) -> bytes:
    """A small CT slice as a DICOM file; `values` are attributes by keyword."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = CTImageStorage
    ds.SOPInstanceUID = sop or f"{study}.1.{number}"
    ds.StudyInstanceUID = study
    ds.SeriesInstanceUID = series or f"{study}.1"
    ds.Modality = "CT"
    ds.PatientName = "Nguyễn^Thị Đào"
    ds.PatientID = "P-0001"
    ds.PatientSex = "F"
    ds.PatientBirthDate = "19700131"
    ds.AccessionNumber = "ACC-77"
    ds.StudyDate = "20260301"
    ds.StudyTime = "101500"
    ds.StudyDescription = "CT ngực"
    ds.SeriesNumber = 1
    ds.InstanceNumber = number
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.ImagePositionPatient = [0, 0, float(number)]
    ds.PixelSpacing = [1, 1]
    ds.Rows, ds.Columns = 8, 8
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PixelData = bytes(range(number % 100, number % 100 + 128))
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    buffer = io.BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


def multipart(*parts: bytes, boundary: str = "lt-boundary", content_type: str = "application/dicom") -> dict[str, Any]:
    """`content` and `headers` of a STOW request."""
    body = b"".join(f"--{boundary}\r\nContent-Type: {content_type}\r\n\r\n".encode() + part + b"\r\n" for part in parts)
    return {
        "content": body + f"--{boundary}--\r\n".encode(),
        "headers": {"Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}'},
    }


def ledger_of(world: World) -> SqlLedger:
    ledger = world.node.ledger
    assert isinstance(ledger, SqlLedger)
    return ledger


def sign_seen(client: TestClient, task: str, **body: Any) -> Any:
    """Signs what the task, by its address, shows just now."""
    seen = client.get(task).json().get("report_revision", "")
    headers = {"Accept-Language": body.pop("language")} if "language" in body else {}
    return client.post(f"{task}/sign", json={"base_revision": seen, **body}, headers=headers)
