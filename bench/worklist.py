"""Modality worklist with ten thousand open orders: fills a ledger, serves it on loopback, asks as modalities do.

    bench/worklist.py [orders] [--database URL] [--queries N]

Prints JSON. Times are those of a caller: from the first byte of the question to the last of the final response, on an
association that is open already, one question after the other; answers are read and counted, not decoded. Orders are
spread over twenty days and as many machines as a province's hospital has; each question wants everything of PS3.4 Table
K.6-1 that modalities usually take over. What the node notes of each question for its administrator is part of the work.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.find import _summary, make_studies
from node.dicom.network.command import CommandField
from node.dicom.network.identifier import AnswerWriter, key_of
from node.dicom.network.offer import Offer
from node.dicom.network.receive import DicomServer
from node.dicom.network.requestor import Requestor
from node.dicom.network.services.worklist import MODALITY_WORKLIST, WorklistProvider
from node.dicom.network.tls import Tls, TlsFiles
from node.dicom.network.upper_layer import ProposedContext
from node.dicom.syntaxes import EXPLICIT_LITTLE
from node.domain.facility import Peer, PeerKind, Service
from node.domain.order import OrderText
from node.domain.person_name import fold
from node.domain.query import Key, Matching
from node.domain.study import Arrival, Priority, Via
from node.ledger.sql import SqlLedger, open_ledger
from node.ports import Admitted
from node.storage.spool import Spool
from worklists.modality import desk
from worklists.modality.desk import Desk
from worklists.modality.entry import DATE, STATION, STEP, TIME
from worklists.modality.services import ModalityDesk

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
DAYS = 20
STATIONS = {
    "DX": ("DX1", "DX2", "DX3"),
    "CT": ("CT1", "CT2"),
    "US": ("US1", "US2", "US3"),
    "MR": ("MR1",),
    "MG": ("MG1",),
}
_TOP = (
    "AccessionNumber", "ReferringPhysicianName", "PatientName", "PatientID", "PatientBirthDate", "PatientSex",
    "PatientWeight", "MedicalAlerts", "Allergies", "PregnancyStatus", "StudyInstanceUID", "RequestingPhysician",
    "RequestedProcedureDescription", "RequestedProcedureCodeSequence", "CurrentPatientLocation", "RequestedProcedureID",
    "RequestedProcedurePriority", "AdmissionID", "SpecialNeeds", "PatientState", "ReferencedStudySequence",
)  # fmt: skip
_STEP = (
    "Modality", STATION, DATE, TIME, "ScheduledPerformingPhysicianName", "ScheduledProcedureStepDescription",
    "ScheduledProtocolCodeSequence", "ScheduledProcedureStepID", "ScheduledStationName",
    "ScheduledProcedureStepLocation", "PreMedication",
)  # fmt: skip


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def _admit(calling_ae: str, called_ae: str, address: str) -> Admitted:
    arrival = Arrival(Via.DIMSE, NOW, calling_ae=calling_ae, called_ae=called_ae, address=address)
    return Admitted(arrival, None, frozenset({Service.WORKLIST}))


def make_orders(count: int) -> list[OrderText]:
    """As in a morning of a hospital that books three weeks ahead."""
    dice = random.Random(5)
    made: list[OrderText] = []
    for number, study in enumerate(make_studies(count, seed=7)):
        modality = study.modality if study.modality in STATIONS else "DX"
        day = date(2026, 3, 2) + timedelta(days=number % DAYS)
        made.append(
            OrderText(
                patient_name=study.name,
                patient_id=study.patient_id,
                modality=modality,
                scheduled_date=f"{day:%Y%m%d}",
                scheduled_time=f"{dice.randrange(7, 17):02d}{dice.randrange(0, 60, 5):02d}00",
                birth_date="19700101",
                sex=dice.choice("FM"),
                accession_number=f"A{number:09d}",
                procedure_description="Chụp kiểm tra",
                stations=(dice.choice(STATIONS[modality]),) if dice.random() < 0.9 else (),
                referring_physician="Trần^Thị Hà",
                reason="Đau ngực, ho kéo dài",
                location="Khoa Nội",
                priority=dice.choice(tuple(Priority)),
            )
        )
    return made


def fill(ledger: SqlLedger, texts: Sequence[OrderText]) -> None:
    with ledger.begin() as tx:
        for number, text in enumerate(texts):
            desk.enter(tx, Desk(NOW, "bench"), text, order_id=f"{number:032x}", study_uid=f"2.25.{10**30 + number}")


def identifier(**asked: str) -> bytes:
    """A question with these matching keys, that wants everything."""
    nested = tuple(_key(keyword) for keyword in _STEP)
    step = _key(STEP)
    top = [_key(keyword) for keyword in _TOP]
    keys = [*top, Key(step.tag, step.keyword, "SQ", Matching.SEQUENCE, nested=nested)]
    entry: dict[str, Any] = {keyword: text for keyword, text in asked.items() if keyword in _TOP}
    entry[STEP] = [{keyword: text for keyword, text in asked.items() if keyword in _STEP}]
    return AnswerWriter(keys, EXPLICIT_LITTLE).write(entry)


def _key(keyword: str) -> Key:
    found = key_of(keyword, "")
    assert found is not None, keyword
    return found


def _questions() -> dict[str, Callable[[OrderText], bytes]]:
    return {
        "station, day, modality": lambda text: identifier(
            **{STATION: _station(text), DATE: text.scheduled_date, "Modality": text.modality}
        ),
        "modality, hours of a day": lambda text: identifier(
            **{DATE: text.scheduled_date, TIME: "070000-120000", "Modality": text.modality}
        ),
        "name": lambda text: identifier(PatientName=fold(text.patient_name).upper()),
        "patient ID": lambda text: identifier(PatientID=text.patient_id),
        "accession number": lambda text: identifier(AccessionNumber=text.accession_number),
    }


def _station(text: OrderText) -> str:
    return text.stations[0] if text.stations else STATIONS[text.modality][0]


class Modality:
    """A machine on one association."""

    def __init__(self, port: int) -> None:
        peer = Peer("node", PeerKind.DICOM, "X", ae_title="NODE", host="127.0.0.1", port=port)
        contexts = [ProposedContext(1, MODALITY_WORKLIST, (EXPLICIT_LITTLE,))]
        self._association = Requestor(peer, "CT1", contexts, connect_seconds=5, response_seconds=120)

    def ask(self, content: bytes) -> tuple[float, int]:
        """(seconds, answers)."""
        begun = time.perf_counter()
        answers = 0
        for answer, _ in self._association.request(CommandField.C_FIND_RQ, 1, MODALITY_WORKLIST, data_set=content):
            answers += answer.status in (0xFF00, 0xFF01)
        if answer.status != 0x0000:
            raise RuntimeError(f"the question failed with {answer.status:04X}")
        return time.perf_counter() - begun, answers

    def close(self) -> None:
        self._association.release()


def _serve(url: str, port: Connection) -> None:
    """The DICOM port of a process of its own: tells its number, and ends when it is told to."""
    ledger = open_ledger(url)
    clock = RealClock()
    orders = ModalityDesk(ledger, clock)
    with tempfile.TemporaryDirectory(prefix="lientuyen-worklist-") as folder:
        spool = Spool(Path(folder), min_free_bytes=0, clock=clock)
        tls = Tls(TlsFiles(), clock.now)
        offer = Offer(frozenset({"NODE"}), _admit, spool, lambda: None, tls, providers=[WorklistProvider(orders)])
        server = DicomServer(offer, host="127.0.0.1", port=0, max_associations=4)
        server.start()
        port.send(server.port)
        while not port.poll(2.0):  # as often as a node does
            orders.write_notes()
        port.recv()
        server.stop()
    ledger.dispose()


def measure(orders: int = 10_000, *, queries: int = 300, url: str = "") -> dict[str, dict[str, float]]:
    """{kind of question: p50_ms, p95_ms, answers (median), most_answers} with so many open orders."""
    with tempfile.TemporaryDirectory(prefix="lientuyen-worklist-") as folder:
        url = url or f"sqlite:///{Path(folder) / 'ledger.db'}"
        texts = make_orders(orders)
        ledger = open_ledger(url)
        ledger.migrate()
        fill(ledger, texts)
        ledger.dispose()
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(url, theirs), daemon=True)
        process.start()
        modality = Modality(ours.recv())
        sample = random.Random(3).sample(texts, min(queries, len(texts)))
        try:
            return {kind: _ask_all(modality, [ask(text) for text in sample]) for kind, ask in _questions().items()}
        finally:
            modality.close()
            ours.send("end")
            process.join(10)


def _ask_all(modality: Modality, contents: Sequence[bytes]) -> dict[str, float]:
    for content in contents[:10]:
        modality.ask(content)
    return _summary([modality.ask(content) for content in contents])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("orders", nargs="?", type=int, default=10_000)
    parser.add_argument("--database", default="", help="an empty database instead of SQLite")
    parser.add_argument("--queries", type=int, default=300)
    options = parser.parse_args()
    print(json.dumps(measure(options.orders, queries=options.queries, url=options.database), indent=2))


if __name__ == "__main__":
    main()
