"""C-MOVE and C-GET: DCMTK, pynetdicom and Orthanc retrieve from a ledger and a storage."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydicom import Dataset, dcmread
from pynetdicom import AE, build_role, evt
from sqlalchemy import update

from node.dicom.dataset import dataset_digest
from node.dicom.network.services.retrieve import GetProvider, MoveProvider, Workshop
from node.domain.facility import Service
from node.domain.study import Arrival, Via
from node.flow.retrieve import NodeArchive
from node.ledger.schema import audit, studies
from node.ports import Admitted
from tests import services
from tests.images import smooth
from tests.unit.flow.station import NOW, STUDY, Station, a_registry, an_object, numbered
from tests.wire.conftest import AE_TITLE, ListeningNode, Pacs, a_peer, dcmtk

StartPacs = Callable[..., Pacs]

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


@pytest.fixture
def house(start_node: Callable[..., ListeningNode], migrated_sqlite: Path, tmp_path: Path) -> Iterator[House]:
    shutil.copyfile(migrated_sqlite, tmp_path / "ledger.db")
    station = Station(tmp_path / "house", f"sqlite:///{tmp_path / 'ledger.db'}", a_registry())
    with ThreadPoolExecutor(2) as pool:
        shop = Workshop(NodeArchive(station.node), pool, station.node.scratch)
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


def an_image_of(size: int, number: int) -> bytes:
    """An image that is worth compressing."""
    pixels = smooth(size, size)
    return an_object(number, Rows=size, Columns=size, PixelData=pixels.tobytes())


Answers = list[tuple[Dataset, Dataset | None]]


@dataclass
class Taker:
    """A pynetdicom peer that takes objects: what came, and what it answers to the n-th; None breaks the line."""

    port: int = 0
    answers: dict[int, int | None] = field(default_factory=dict)
    taken: list[Dataset] = field(default_factory=list)
    originators: set[tuple[str, int]] = field(default_factory=set)
    before: Callable[[], object] = bool

    def store(self, event: evt.Event) -> int:
        ds = event.dataset
        ds.file_meta = event.file_meta
        self.before()
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
    assoc = ae.associate("127.0.0.1", house.port, ae_title=AE_TITLE)
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
    assoc = ae.associate("127.0.0.1", house.port, ae_title=AE_TITLE, ext_neg=roles, evt_handlers=handlers)
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


def test_a_study_moves_to_a_registered_peer_as_stored(house: House, start_pacs: StartPacs) -> None:
    pacs = start_pacs("--bit-preserving")
    house.know(pacs.port)
    house.station.receive(*numbered(range(1, 8)))
    done = house.movescu("QueryRetrieveLevel=STUDY", f"StudyInstanceUID={STUDY}")
    assert done.returncode == 0, done.stderr
    assert sorted(map(dataset_digest, pacs.files)) == sorted(row.digest for row in house.station.instances())


def test_who_was_sent_what_is_in_the_audit(house: House) -> None:
    house.station.receive(*numbered(range(1, 4)))
    with a_taker() as taker:
        house.know(taker.port)
        taker.answers = {2: 0xC123}
        moved(house, THE_STUDY)
    about = {"operation": "C-MOVE", "destination": "ws"}
    assert house.audit() == [
        ("ct1", "retrieve-begun", STUDY, about | {"instances": 3}),
        ("ct1", "retrieve-ended", STUDY, about | {"instances": 2}),
    ]


def test_who_gets_objects_is_in_the_audit(house: House) -> None:
    house.station.receive(*numbered(range(1, 3)))
    gotten(house, THE_STUDY, PLAIN)
    about = {"operation": "C-GET", "destination": "ct1", "instances": 2}
    assert house.audit() == [("ct1", "retrieve-begun", STUDY, about), ("ct1", "retrieve-ended", STUDY, about)]


def test_the_peer_learns_who_asked_for_the_objects(house: House) -> None:
    house.station.receive(*numbered([1, 2]))
    with a_taker() as taker:
        house.know(taker.port)
        answers = moved(house, THE_STUDY)
    assert taker.originators == {("CT1", 77)}
    assert [counts(status) for status, _ in answers] == [(0xFF00, 2, 0, 0, 0), (0, None, 2, 0, 0)]


def test_a_study_comes_to_who_gets_it(house: House, tmp_path: Path) -> None:
    house.station.receive(*numbered(range(1, 8)))
    done = house.getscu(tmp_path / "got", keys=("QueryRetrieveLevel=STUDY", f"StudyInstanceUID={STUDY}"))
    assert done.returncode == 0, done.stderr
    assert uids_in(tmp_path / "got") == uids(*range(1, 8))


# what is asked for

OTHER = "1.2.840.99999.2"


@pytest.fixture
def two_studies(house: House) -> House:
    """Two studies of one patient, one of another."""
    house.station.receive(*numbered([1, 2]), *numbered([1], study=OTHER))
    house.station.receive(an_object(3, SeriesInstanceUID=f"{STUDY}.2"))
    house.station.receive(an_object(1, study="1.2.840.99999.3", PatientID="MAU-0002"))
    return house


FOUND = [
    (PATIENT_GET, {"level": "PATIENT", "PatientID": "MAU-0001"}, [*uids(1, 2, 3), *uids(1, study=OTHER)]),
    (PATIENT_GET, {"level": "STUDY", "PatientID": "MAU-0001", "StudyInstanceUID": STUDY}, uids(1, 2, 3)),
    (PATIENT_GET, {"level": "STUDY", "PatientID": "MAU-0002", "StudyInstanceUID": STUDY}, []),
    (STUDY_GET, {"level": "STUDY", "StudyInstanceUID": [STUDY, OTHER]}, [*uids(1, 2, 3), *uids(1, study=OTHER)]),
    (STUDY_GET, {"level": "SERIES", "StudyInstanceUID": STUDY, "SeriesInstanceUID": f"{STUDY}.2"}, uids(3)),
    (STUDY_GET, {"level": "SERIES", "SeriesInstanceUID": [f"{STUDY}.2", f"{OTHER}.1"]}, [*uids(3), *uids(1, study=OTHER)]),
    (
        STUDY_GET,
        {"level": "IMAGE", "StudyInstanceUID": STUDY, "SeriesInstanceUID": f"{STUDY}.1", "SOPInstanceUID": uids(1, 2, 3)},
        uids(1, 2),
    ),
    (PATIENT_GET, {"level": "IMAGE", "SOPInstanceUID": uids(2)}, uids(2)),
    (STUDY_GET, {"level": "STUDY", "StudyInstanceUID": "1.2.3"}, []),
]  # fmt: skip


@pytest.mark.parametrize(("model", "keys", "expected"), FOUND)
def test_the_unique_keys_say_what_is_sent(
    two_studies: House, model: str, keys: dict[str, Any], expected: list[str]
) -> None:
    ds = an_identifier(keys["level"], **{k: v for k, v in keys.items() if k != "level"})
    taken, answers = gotten(two_studies, ds, PLAIN, model=model)
    assert sorted(one.SOPInstanceUID for one in taken) == sorted(expected)
    assert counts(answers[-1][0]) == (0, None, len(expected), 0, 0)


REFUSED = [
    (STUDY_MOVE, an_identifier("STUDY")),
    (STUDY_MOVE, an_identifier("STUDY", StudyInstanceUID="")),
    (STUDY_MOVE, an_identifier("STUDY", StudyInstanceUID="1.2.*")),
    (STUDY_MOVE, an_identifier("PATIENT", PatientID="MAU-0001")),
    (STUDY_MOVE, an_identifier("", StudyInstanceUID=STUDY)),
    (STUDY_MOVE, an_identifier("SERIES", StudyInstanceUID=STUDY)),
    (STUDY_MOVE, an_identifier("STUDY", StudyInstanceUID=STUDY, SOPInstanceUID="1.2.3")),
    (STUDY_MOVE, an_identifier("IMAGE", SeriesInstanceUID=["1.2"] * 501, SOPInstanceUID="1.2.3")),
    (PATIENT_MOVE, an_identifier("PATIENT", PatientID="MAU*")),
    (PATIENT_MOVE, an_identifier("PATIENT", PatientID=["MAU-0001", "MAU-0002"])),
    ("1.2.840.10008.5.1.4.1.2.3.2", an_identifier("SERIES", SeriesInstanceUID="1.2.3")),
]


@pytest.mark.parametrize(("model", "identifier"), REFUSED)
def test_an_identifier_that_does_not_fit_is_refused(house: House, model: str, identifier: Dataset) -> None:
    house.know(1)
    [(status, _)] = moved(house, identifier, model=model)
    assert status.Status == 0xA900
    assert 0 < len(status.ErrorComment) <= 64
    assert house.audit() == []


def test_shadows_and_what_was_replaced_are_never_sent(house: House) -> None:
    house.station.receive(*numbered([1, 2]), *numbered([1], study=OTHER))
    house.station.receive(an_object(2, SeriesDescription="sent again, changed"))
    with house.station.ledger.begin() as tx:
        tx.execute(update(studies).where(studies.c.uid == OTHER).values(shadow=True))
    wanted = an_identifier("STUDY", StudyInstanceUID=[STUDY, OTHER])
    taken, answers = gotten(house, wanted, PLAIN)
    assert sorted((ds.SOPInstanceUID, ds.get("SeriesDescription", "")) for ds in taken) == [
        (uids(1)[0], ""),
        (uids(2)[0], "sent again, changed"),
    ]
    assert counts(answers[-1][0]) == (0, None, 2, 0, 0)
    assert OTHER not in {subject for _, _, subject, _ in house.audit()}


def test_what_is_still_in_the_spool_is_not_waited_for(house: House) -> None:
    house.station.receive(*numbered([1]))
    house.station.put(*numbered([2]))
    taken, answers = gotten(house, THE_STUDY, PLAIN)
    assert [ds.SOPInstanceUID for ds in taken] == uids(1)
    assert counts(answers[-1][0]) == (0, None, 1, 0, 0)


# destinations


@pytest.mark.parametrize("title", ["NOBODY", "CT1", ""])
def test_an_unknown_destination_is_said_at_once(house: House, title: str) -> None:
    """CT1 is registered without an address."""
    house.station.receive(*numbered([1]))
    done = house.movescu("QueryRetrieveLevel=STUDY", f"StudyInstanceUID={STUDY}", to=title or " ")
    assert "0xa801" in done.stderr + done.stdout
    assert house.audit() == []


def test_a_destination_that_does_not_answer_fails_everything_at_once(house: House) -> None:
    house.know(services.free_port())
    house.station.receive(*numbered(range(1, 10)))
    answers = moved(house, THE_STUDY)
    assert counts(answers[-1][0]) == (0xA702, None, 0, 9, 0)
    assert answers[-1][0].ErrorComment.startswith("No connection to ws")
    assert sorted(failed(answers)) == uids(*range(1, 10))


def test_a_destination_that_refuses_us_is_named(house: House) -> None:
    house.station.receive(*numbered([1]))
    with a_taker(classes=(CT,)) as taker:
        house.know(taker.port)
        answers = moved(house, THE_STUDY)
    assert counts(answers[-1][0]) == (0xA702, None, 0, 1, 0)
    assert answers[-1][0].ErrorComment == "No presentation context fits an object."


def test_what_the_destination_refuses_is_counted_and_named(house: House) -> None:
    house.station.receive(*numbered(range(1, 6)))
    with a_taker() as taker:
        taker.answers = {2: 0xA900, 3: 0xB007, 4: 0xC000}
        house.know(taker.port)
        answers = moved(house, THE_STUDY)
    assert counts(answers[-1][0]) == (0xB000, None, 2, 2, 1)
    assert failed(answers) == uids(2, 4)


def test_a_line_that_breaks_costs_one_object(house: House) -> None:
    house.station.receive(*numbered(range(1, 6)))
    with a_taker() as taker:
        taker.answers = {2: None}
        house.know(taker.port)
        answers = moved(house, THE_STUDY)
    assert counts(answers[-1][0]) == (0xB000, None, 4, 1, 0)
    assert failed(answers) == uids(2)


def test_a_full_destination_is_not_sent_hundreds_of_objects(house: House) -> None:
    house.station.receive(*numbered(range(1, 31)))
    with a_taker() as taker:
        taker.answers = dict.fromkeys(range(2, 100), 0xA700)
        house.know(taker.port)
        answers = moved(house, THE_STUDY)
    assert len(taker.taken) < 10
    assert counts(answers[-1][0]) == (0xB000, None, 1, 29, 0)
    assert sorted(failed(answers)) == sorted(uids(*range(2, 31)))


def test_lost_bytes_are_a_failure_of_their_object_only(house: House) -> None:
    house.station.receive(*numbered([1, 2, 3]))
    house.station.node.storage.path(house.station.instances()[1].digest).unlink()
    taken, answers = gotten(house, THE_STUDY, PLAIN)
    assert [ds.SOPInstanceUID for ds in taken] == uids(1, 3)
    assert counts(answers[-1][0]) == (0xB000, None, 2, 1, 0)
    assert failed(answers) == uids(2)


def test_the_caller_may_cancel(house: House) -> None:
    house.station.receive(*numbered(range(1, 10)))
    cancelled = threading.Event()
    with a_taker() as taker:
        taker.before = lambda: cancelled.wait(10)
        house.know(taker.port)
        ae = AE("CT1")
        ae.add_requested_context(STUDY_MOVE)
        assoc = ae.associate("127.0.0.1", house.port, ae_title=AE_TITLE)
        answers: Answers = []
        for answer in assoc.send_c_move(THE_STUDY, "WS", STUDY_MOVE, msg_id=9):
            answers.append(answer)
            if not cancelled.is_set():
                assoc.send_c_cancel(9, query_model=STUDY_MOVE)
                cancelled.set()
        assoc.release()
    assert counts(answers[-1][0]) == (0xFE00, 8, 1, 0, 0)
    assert house.audit()[-1][3]["instances"] == 1


def test_a_caller_that_leaves_is_not_sent_for_any_more(house: House) -> None:
    house.station.receive(*numbered(range(1, 10)))
    left = threading.Event()
    with a_taker() as taker:
        taker.before = lambda: left.wait(10)
        house.know(taker.port)
        ae = AE("CT1")
        ae.add_requested_context(STUDY_MOVE)
        assoc = ae.associate("127.0.0.1", house.port, ae_title=AE_TITLE)
        next(assoc.send_c_move(THE_STUDY, "WS", STUDY_MOVE))
        assoc.abort()
        left.set()
        house.node.wait_until_alone()
        assert len(taker.taken) == 1
    assert house.audit()[-1][1:] == (
        "retrieve-ended",
        STUDY,
        {"operation": "C-MOVE", "destination": "ws", "instances": 1},
    )


# transfer syntaxes


def test_a_class_without_a_context_is_a_failure_not_an_abort(house: House) -> None:
    house.station.receive(*numbered([1, 3]), an_object(2, SOPClassUID=CT))
    taken, answers = gotten(house, THE_STUDY, PLAIN)
    assert [ds.SOPInstanceUID for ds in taken] == uids(1, 3)
    assert counts(answers[-1][0]) == (0xB000, None, 2, 1, 0)
    assert failed(answers) == uids(2)


def test_without_the_role_of_a_taker_nothing_is_sent(house: House) -> None:
    house.station.receive(*numbered([1]))
    ae = AE("CT1")
    ae.add_requested_context(STUDY_GET)
    ae.add_requested_context(SECONDARY)
    assoc = ae.associate("127.0.0.1", house.port, ae_title=AE_TITLE)
    answers = list(assoc.send_c_get(THE_STUDY, STUDY_GET))
    assoc.release()
    assert counts(answers[-1][0]) == (0xA702, None, 0, 1, 0)


@pytest.mark.parametrize("syntax", [JPEG_LS, HTJ2K])
def test_who_takes_only_a_compressed_syntax_gets_it(house: House, syntax: str) -> None:
    house.station.receive(an_image_of(64, 1), an_image_of(64, 2))
    taken, answers = gotten(house, THE_STUDY, (SECONDARY, [syntax]))
    assert counts(answers[-1][0]) == (0, None, 2, 0, 0)
    assert {ds.file_meta.TransferSyntaxUID for ds in taken} == {syntax}


def test_an_uncompressed_syntax_is_agreed_on_where_there_is_a_choice(house: House) -> None:
    house.station.receive(*numbered([1]))
    taken, _ = gotten(house, THE_STUDY, (SECONDARY, ["1.2.840.10008.1.2.4.90", IMPLICIT, EXPLICIT]))
    assert [ds.file_meta.TransferSyntaxUID for ds in taken] == [EXPLICIT]


def test_orthanc_has_a_study_moved_to_itself(house: House, orthanc: services.OrthancServer) -> None:
    house.station.receive(*numbered(range(1, 5)))
    house.know(orthanc.dicom_port, orthanc.ae_title)
    httpx.put(f"{orthanc.url}/modalities/{AE_TITLE}", json=[AE_TITLE, "127.0.0.1", house.port]).raise_for_status()
    answer = httpx.post(
        f"{orthanc.url}/modalities/{AE_TITLE}/move",
        json={"Level": "Study", "Resources": [{"StudyInstanceUID": STUDY}], "TargetAet": orthanc.ae_title},
        timeout=60,
    )
    assert answer.is_success, answer.text
    assert len(orthanc.instances()) == 4


def test_pynetdicoms_own_applications_retrieve(house: House, tmp_path: Path, start_pacs: StartPacs) -> None:
    house.station.receive(*numbered(range(1, 5)))
    pacs = start_pacs("+xi")
    house.know(pacs.port)
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={STUDY}", "-S", "-aec", AE_TITLE, "-aet", "CT1"]
    programs = {"movescu": ["-aem", "WS"], "getscu": ["-od", str(tmp_path / "got")]}
    (tmp_path / "got").mkdir()
    for name, more in programs.items():
        command = [sys.executable, "-m", "pynetdicom", name, "127.0.0.1", str(house.port), *keys, *more]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert uids_in(pacs.folder) == uids_in(tmp_path / "got") == uids(*range(1, 5))
