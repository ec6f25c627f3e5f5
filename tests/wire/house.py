"""A house with a ledger and a storage from which peers retrieve, and peers of pynetdicom that do."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydicom import Dataset, dcmread
from pynetdicom import AE, build_role, evt

from node.dicom.network.services.retrieve import GetProvider, MoveProvider, Workshop
from node.domain.facility import Service
from node.domain.study import Arrival, Via
from node.flow.retrieve import NodeArchive
from node.ledger.schema import audit
from node.ports import Admitted
from tests.steady import steady
from tests.unit.flow.station import NOW, STUDY, Station, a_registry
from tests.wire.conftest import AE_TITLE, ListeningNode, a_peer, dcmtk

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
JPEG_LS, HTJ2K = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.202"
SECONDARY, CT = "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.2"
PATIENT_MOVE, STUDY_MOVE = "1.2.840.10008.5.1.4.1.2.1.2", "1.2.840.10008.5.1.4.1.2.2.2"
PATIENT_GET, STUDY_GET = "1.2.840.10008.5.1.4.1.2.1.3", "1.2.840.10008.5.1.4.1.2.2.3"
CALLER = a_peer(104, code="ct1", ae_title="CT1")


@dataclass
class House:
    """A node that keeps objects, and its DICOM port."""

    station: Station
    node: ListeningNode

    @property
    def port(self) -> int:
        return self.node.server.port

    def know(self, port: int, ae_title: str = "WS", **more: Any) -> None:
        """A destination."""
        peer = a_peer(port, code=ae_title.lower(), ae_title=ae_title, **more)
        self.station.registry = replace(self.station.registry, peers=(*self.station.registry.peers, peer))

    def audit(self) -> list[tuple[str, str, str, dict[str, Any]]]:
        return [(row.actor, row.kind, row.subject, row.detail) for row in self.station.rows(audit)]

    def movescu(self, *arguments: str, model: str = "-S", to: str = "WS") -> subprocess.CompletedProcess[str]:
        titles = ("-aet", "CT1", "-aec", AE_TITLE, "-aem", to)
        return dcmtk("movescu", "-d", model, *titles, *_keys(arguments), "127.0.0.1", str(self.port))

    def getscu(self, folder: Path, *options: str, keys: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        folder.mkdir()
        titles = ("-aet", "CT1", "-aec", AE_TITLE, "-od", folder)
        return dcmtk("getscu", "-d", "-S", *titles, *options, *_keys(keys), "127.0.0.1", str(self.port))


def _keys(keys: tuple[str, ...]) -> list[str]:
    return [part for key in keys for part in ("-k", key)]


def admit(calling_ae: str, called_ae: str, address: str) -> Admitted:
    arrival = Arrival(Via.DIMSE, NOW, peer="ct1", calling_ae=calling_ae, called_ae=called_ae, address=address)
    return Admitted(arrival, CALLER, frozenset({Service.RETRIEVE}))


@contextmanager
def a_house(start_node: Callable[..., ListeningNode], migrated_sqlite: Path, folder: Path) -> Iterator[House]:
    """Listens until the block ends; no half-made file may be left then."""
    shutil.copyfile(migrated_sqlite, folder / "ledger.db")
    station = Station(folder / "house", f"sqlite:///{folder / 'ledger.db'}", a_registry())
    with ThreadPoolExecutor(2) as pool:
        shop = Workshop(NodeArchive(station.node), pool, station.node.scratch, lambda: 0.0)
        node = start_node(providers=[MoveProvider(shop, AE_TITLE), GetProvider(shop)], admit=admit)
        yield House(station, node)
        node.wait_until_alone()
        assert list(station.node.scratch.iterdir()) == []
    station.close()


def uids_in(folder: Path) -> list[str]:
    return sorted(str(dcmread(path, stop_before_pixels=True).SOPInstanceUID) for path in folder.iterdir())


def uids(*numbers: int, study: str = STUDY) -> list[str]:
    return [f"{study}.1.{n}" for n in numbers]


def an_identifier(level: str, **keys: Any) -> Dataset:
    ds = Dataset()
    ds.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(ds, keyword, value)
    return ds


THE_STUDY = an_identifier("STUDY", StudyInstanceUID=STUDY)


Answers = list[tuple[Dataset, Dataset | None]]


@dataclass
class Taker:
    """A pynetdicom peer that takes objects: what came, and what it answers to the n-th; None breaks the line."""

    port: int = 0
    answers: dict[int, int | None] = field(default_factory=dict)
    taken: list[Dataset] = field(default_factory=list)
    originators: set[tuple[str, int]] = field(default_factory=set)
    before: Callable[[], object] = bool
    with_event: Callable[[evt.Event], object] = bool

    def store(self, event: evt.Event) -> int:
        ds = event.dataset
        ds.file_meta = event.file_meta
        self.before()
        self.with_event(event)
        self.taken.append(ds)
        self.originators.add(
            (event.request.MoveOriginatorApplicationEntityTitle, event.request.MoveOriginatorMessageID)
        )
        answer = self.answers.get(len(self.taken), 0)
        if answer is None:
            event.assoc.abort()
            return 0xC000
        return answer


@contextmanager
def a_taker(*syntaxes: str, classes: tuple[str, ...] = (SECONDARY,)) -> Iterator[Taker]:
    taker = Taker()
    ae = AE("WS")
    for uid in classes:
        ae.add_supported_context(uid, list(syntaxes or (EXPLICIT, IMPLICIT)))
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, taker.store)])
    taker.port = server.server_address[1]
    try:
        yield taker
    finally:
        server.shutdown()


def moved(house: House, identifier: Dataset, *, to: str = "WS", model: str = STUDY_MOVE) -> Answers:
    """All responses to a C-MOVE."""
    ae = AE("CT1")
    ae.add_requested_context(model)
    assoc = steady(ae.associate("127.0.0.1", house.port, ae_title=AE_TITLE))
    assert assoc.is_established
    answers = list(assoc.send_c_move(identifier, to, model, msg_id=77))
    assoc.release()
    return answers


def gotten(
    house: House,
    identifier: Dataset,
    *contexts: tuple[str, list[str]],
    taker: Taker | None = None,
    model: str = STUDY_GET,
) -> tuple[list[Dataset], Answers]:
    """What a C-GET brought, and all responses; `contexts` are (SOP class, transfer syntaxes)."""
    taker = taker or Taker()
    ae = AE("CT1")
    ae.add_requested_context(model)
    for uid, syntaxes in contexts:
        ae.add_requested_context(uid, syntaxes)
    roles = [build_role(uid, scp_role=True) for uid in {uid for uid, _ in contexts}]
    handlers = [(evt.EVT_C_STORE, taker.store)]
    assoc = steady(ae.associate("127.0.0.1", house.port, ae_title=AE_TITLE, ext_neg=roles, evt_handlers=handlers))
    assert assoc.is_established
    answers = list(assoc.send_c_get(identifier, model))
    assoc.release()
    return taker.taken, answers


PLAIN = (SECONDARY, [EXPLICIT, IMPLICIT])


def counts(status: Dataset) -> tuple[int, int | None, int, int, int]:
    """(status, remaining, completed, failed, warned)"""
    return (
        status.Status,
        status.get("NumberOfRemainingSuboperations"),
        status.NumberOfCompletedSuboperations,
        status.NumberOfFailedSuboperations,
        status.NumberOfWarningSuboperations,
    )


def failed(answers: Answers) -> list[str]:
    ds = answers[-1][1]
    value = ds.FailedSOPInstanceUIDList if ds else []
    return [value] if isinstance(value, str) else list(value)
