"""C-FIND with a million studies: builds a ledger, serves it on loopback and asks it, a few hundred times of each kind.

    bench/find.py [studies] [--database URL] [--folder FOLDER] [--queries N] [--orthanc]

Prints JSON. Times are those of a caller: from the first byte of the request to the last of the final response, on an
association that is open already; answers are read and counted, not decoded. Names are made up in the proportions of
Vietnamese ones. A name is asked for by its beginning, as far as a user must type it to have at most a hundred answers; the
few names that more than a hundred studies bear are left out.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from node.dicom.network.command import CommandField
from node.dicom.network.identifier import AnswerWriter
from node.dicom.network.offer import Offer
from node.dicom.network.receive import DicomServer
from node.dicom.network.requestor import Requestor
from node.dicom.network.services.query import QueryProvider
from node.dicom.network.tls import Tls, TlsFiles
from node.dicom.network.upper_layer import ProposedContext
from node.dicom.syntaxes import EXPLICIT_LITTLE
from node.domain.facility import Peer, PeerKind, Service
from node.domain.person_name import fold, fold_name, index_words
from node.domain.query import Key
from node.domain.study import Arrival, Via
from node.ledger import schema as tables
from node.ledger.search import LedgerSearch, unsupported
from node.ledger.sql import SqlLedger, open_ledger
from node.ledger.studies import pack
from node.ports import Admitted
from node.storage.spool import Spool
from tests import services
from tests.orthanc import OrthancServer, orthanc_server

STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
TODAY = date(2026, 3, 2)
YEARS = 3
MOST_ANSWERS = 100  # a name is typed on until no more than these are left
_CHUNK = 20_000

_FAMILIES = {
    "Nguyễn": 38, "Trần": 11, "Lê": 9.5, "Phạm": 7, "Hoàng": 3, "Huỳnh": 2.5, "Phan": 4.5, "Vũ": 2.3, "Võ": 2, "Đặng": 2.1,
    "Bùi": 2, "Đỗ": 1.4, "Hồ": 1.3, "Ngô": 1.3, "Dương": 1, "Lý": 0.5, "Đinh": 0.9, "Đoàn": 0.8, "Trịnh": 0.7, "Mai": 0.7,
    "Lương": 0.6, "Cao": 0.6, "Tạ": 0.4, "Hà": 0.5, "Châu": 0.3, "Lâm": 0.6, "Trương": 1.2, "Thái": 0.4, "Tô": 0.3,
}  # fmt: skip
_MIDDLES = (
    "Văn",
    "Thị",
    "Văn",
    "Thị",
    "Thị",
    "Đức",
    "Hữu",
    "Minh",
    "Ngọc",
    "Thanh",
    "Quang",
    "Xuân",
    "Thu",
    "Hồng",
    "Kim",
)
_GIVEN = tuple(
    word
    for line in (
        "An Anh Ánh Bảo Bích Bình Châu Chi Chiến Công Cúc Cường Dung Dũng Duy Dương Đại Đào Đạt Điệp Đông Đức Giang Hà",
        "Hải Hằng Hạnh Hào Hiền Hiếu Hoa Hòa Hoàng Hồng Huệ Hùng Huy Huyền Hương Khánh Khoa Kiên Lan Liên Linh Loan",
        "Long Lộc Lợi Ly Mai Mạnh Minh My Nam Nga Ngân Nghĩa Ngọc Nguyên Nguyệt Nhân Nhung Oanh Phát Phong Phú Phúc",
        "Phương Phượng Quân Quang Quế Quốc Quyên Quỳnh Sơn Tài Tâm Tân Thái Thành Thảo Thắng Thiện Thịnh Thọ Thoa Thơm",
        "Thu Thuận Thủy Thúy Tiến Toàn Trà Trang Trí Trinh Trọng Trung Tú Tuấn Tùng Tuyết Uyên Vân Việt Vinh Vũ Xuân",
        "Yến",
    )
    for word in line.split()
)
_MODALITIES = ("DX", "DX", "DX", "DX", "CT", "CT", "US", "US", "MR", "MG", "XA")


@dataclass(frozen=True, slots=True)
class Made:
    """A study as the questions know it."""

    patient_id: str
    name: str
    accession_number: str
    day: str
    modality: str


def make_studies(count: int, seed: int = 1) -> Iterator[Made]:
    """Two studies and a half of each patient, over three years."""
    dice = random.Random(seed)
    families, weights = list(_FAMILIES), list(_FAMILIES.values())
    patients: list[tuple[str, str]] = []
    for number in range(count):
        if not patients or dice.random() < 0.4:
            given = dice.choice(_GIVEN) if dice.random() < 0.5 else f"{dice.choice(_GIVEN)} {dice.choice(_GIVEN)}"
            family = dice.choices(families, weights)[0]
            patients.append((f"BN{number:08d}", f"{family}^{dice.choice(_MIDDLES)} {given}"))
            patient = patients[-1]
        else:
            patient = patients[dice.randrange(len(patients))]
        day = (TODAY - timedelta(days=dice.randrange(365 * YEARS))).strftime("%Y%m%d")
        yield Made(*patient, f"A{number:09d}", day, dice.choice(_MODALITIES))


def fill(ledger: SqlLedger, count: int) -> None:
    """A study, its series and an instance for each; without the node, in large transactions."""
    now = datetime(2026, 3, 2, tzinfo=UTC)
    header = pack({"00080060": {"vr": "CS", "Value": ["CT"]}})
    number = 0
    for chunk in _chunks(make_studies(count), _CHUNK):
        rows: dict[Any, list[dict[str, Any]]] = {
            tables.studies: [],
            tables.series: [],
            tables.instances: [],
            tables.name_words: [],
        }
        for made in chunk:
            number += 1
            _add(rows, made, number, now, header)
        with ledger.begin() as tx:
            for table, values in rows.items():
                if table is tables.name_words:
                    tx.exec_driver_sql(*_words(ledger, values))
                else:
                    tx.execute(table.insert(), values)
    if ledger.engine.dialect.name == "postgresql":
        with ledger.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def _words(ledger: SqlLedger, values: list[dict[str, Any]]) -> tuple[str, list[Any]]:
    if ledger.engine.dialect.name == "sqlite":
        sql = "INSERT OR IGNORE INTO name_words (word, name_key) VALUES (?, ?)"
    else:
        sql = "INSERT INTO name_words (word, name_key) VALUES (%s, %s) ON CONFLICT DO NOTHING"
    return sql, [(row["word"], row["name_key"]) for row in values]


def _add(rows: dict[Any, list[dict[str, Any]]], made: Made, number: int, now: datetime, header: bytes) -> None:
    uid = f"1.2.826.0.1.3680043.8.498.{number}.{number * 7919}"
    key = fold_name(made.name)
    rows[tables.studies].append(
        {
            "uid": uid, "state": "complete", "priority": "routine", "patient_id": made.patient_id,
            "patient_name": made.name, "name_key": key, "birth_date": "19700101", "sex": "F", "study_date": made.day,
            "accession_number": made.accession_number, "study_time": "101500", "description": "Chụp kiểm tra",
            "modalities": made.modality, "instances": 1, "study_id": str(number), "referring_physician": "Trần^Thị Hà",
            "first_received_at": now, "last_received_at": now,
        }
    )  # fmt: skip
    rows[tables.series].append({"study_uid": uid, "uid": f"{uid}.1", "modality": made.modality, "number": 1})
    rows[tables.instances].append(
        {
            "sop_instance_uid": f"{uid}.1.1", "study_uid": uid, "series_uid": f"{uid}.1",
            "sop_class_uid": "1.2.840.10008.5.1.4.1.1.2", "transfer_syntax_uid": EXPLICIT_LITTLE,
            "digest": f"{number:064x}", "size": 500_000, "number": 1, "header": header, "via": "dimse", "received_at": now,
        }
    )  # fmt: skip
    rows[tables.name_words].extend({"word": word, "name_key": key} for word in index_words(made.name))


def _chunks(items: Iterator[Made], size: int) -> Iterator[list[Made]]:
    chunk: list[Made] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def _admit(calling_ae: str, called_ae: str, address: str) -> Admitted:
    arrival = Arrival(Via.DIMSE, datetime(2026, 3, 2, tzinfo=UTC), calling_ae=calling_ae, called_ae=called_ae)
    return Admitted(arrival, None, frozenset(Service))


_WANTED = (  # what a workstation's list shows: tag, keyword, VR
    (0x00080020, "StudyDate", "DA"), (0x00080030, "StudyTime", "TM"), (0x00080050, "AccessionNumber", "SH"),
    (0x00080061, "ModalitiesInStudy", "CS"), (0x00080090, "ReferringPhysicianName", "PN"),
    (0x00081030, "StudyDescription", "LO"), (0x00100010, "PatientName", "PN"), (0x00100020, "PatientID", "LO"),
    (0x00100030, "PatientBirthDate", "DA"), (0x00100040, "PatientSex", "CS"), (0x0020000D, "StudyInstanceUID", "UI"),
    (0x00200010, "StudyID", "SH"), (0x00201206, "NumberOfStudyRelatedSeries", "IS"),
    (0x00201208, "NumberOfStudyRelatedInstances", "IS"),
)  # fmt: skip

_CT = "1.2.840.10008.5.1.4.1.1.2"
_OBJECT = (
    (0x00080016, "SOPClassUID", "UI"), (0x00080018, "SOPInstanceUID", "UI"), (0x00080060, "Modality", "CS"),
    (0x0020000E, "SeriesInstanceUID", "UI"),
)  # fmt: skip


def identifier(**texts: str) -> bytes:
    """A study-level query for `texts`, with everything that a list shows."""
    keys = [Key(tag, keyword, vr) for tag, keyword, vr in _WANTED]
    return AnswerWriter(keys, EXPLICIT_LITTLE, always={"QueryRetrieveLevel": "STUDY"}).write(texts)


class Caller:
    """A workstation on one association."""

    def __init__(self, port: int, ae_title: str = "NODE") -> None:
        peer = Peer("node", PeerKind.DICOM, "X", ae_title=ae_title, host="127.0.0.1", port=port)
        contexts = [ProposedContext(1, STUDY_ROOT_FIND, (EXPLICIT_LITTLE,))]
        self._association = Requestor(peer, "BENCH", contexts, connect_seconds=5, response_seconds=120)

    def ask(self, content: bytes) -> tuple[float, int]:
        """(seconds, answers)."""
        begun = time.perf_counter()
        answers = 0
        said = self._association.request(CommandField.C_FIND_RQ, 1, STUDY_ROOT_FIND, data_set=content)
        for answer, _ in said:
            answers += answer.status in (0xFF00, 0xFF01)
        if answer.status not in (0x0000, 0xA700):
            raise RuntimeError(f"the query failed with {answer.status:04X}")
        return time.perf_counter() - begun, answers

    def close(self) -> None:
        self._association.release()


def _beginnings(name: str) -> list[str]:
    """What a user has typed at the end, and after each letter of the last word."""
    text = fold(name).upper()
    return [text[:end] for end in range(text.rindex(" ") + 2, len(text) + 1)]


def _questions(caller: Caller) -> dict[str, Callable[[Made], bytes | None]]:
    def by_name(made: Made) -> bytes | None:
        """Typed without accents, letter by letter, until the list is short; None when it never is."""
        for start in _beginnings(made.name):
            content = identifier(PatientName=f"{start}*")
            if caller.ask(content)[1] <= MOST_ANSWERS:
                return content
        return None

    def words(made: Made) -> bytes:
        """The words of the given name first, as many write; with the day."""
        family, _, rest = fold(made.name).partition("^")
        month = f"{made.day[:6]}01-{made.day[:6]}31"
        return identifier(PatientName=f"{' '.join(reversed(rest.split()))} {family[:3]}*", StudyDate=month)

    return {
        "patient ID": lambda made: identifier(PatientID=made.patient_id),
        "accession number": lambda made: identifier(AccessionNumber=made.accession_number),
        "name prefix": by_name,
        "name, words in any order": words,
        "date range and modality": lambda made: identifier(
            StudyDate=f"{made.day}-{made.day}", ModalitiesInStudy="MR" if made.modality == "DX" else made.modality
        ),
    }


def measure(
    studies: int, *, queries: int = 300, folder: Path | None = None, url: str = ""
) -> dict[str, dict[str, float]]:
    """{kind of query: p50_ms, p95_ms, answers (median)} of a ledger with so many studies.

    The ledger is made in `folder` (a temporary one if none is given) and used again when it is there already.
    """
    with tempfile.TemporaryDirectory(prefix="lientuyen-find-") as temporary:
        file = (folder or Path(temporary)) / f"find-{studies}.db"
        url = url or f"sqlite:///{file}"
        ledger = open_ledger(url)
        ledger.migrate()
        if _is_empty(ledger):
            begun = time.perf_counter()
            fill(ledger, studies)
            print(f"{studies} studies made in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
        ledger.dispose()
        return _measure(url, studies, queries)


def _is_empty(ledger: SqlLedger) -> bool:
    with ledger.read() as tx:
        return tx.execute(tables.studies.select().limit(1)).first() is None


def _serve(url: str, port: Connection) -> None:
    """The DICOM port of a process of its own: tells its number, and ends when it is told to."""
    ledger = open_ledger(url)
    provider = QueryProvider(LedgerSearch(ledger), unsupported)
    tls = Tls(TlsFiles(), _Clock().now)
    with tempfile.TemporaryDirectory(prefix="lientuyen-find-") as folder:
        spool = Spool(Path(folder), min_free_bytes=0, clock=_Clock())
        offer = Offer(frozenset({"NODE"}), _admit, spool, lambda: None, tls, providers=[provider])
        server = DicomServer(offer, host="127.0.0.1", port=0, max_associations=4)
        server.start()
        port.send(server.port)
        port.recv()
        server.stop()
    ledger.dispose()


def _measure(url: str, count: int, queries: int) -> dict[str, dict[str, float]]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(url, theirs), daemon=True)
    process.start()
    try:
        return _ask_everything(Caller(ours.recv()), count, queries)
    finally:
        ours.send("end")
        process.join(10)


def measure_orthanc(studies: int, *, queries: int = 100) -> dict[str, dict[str, float]]:
    """The same questions to an Orthanc of its own that holds so many studies of one small object each."""
    with orthanc_server() as server:
        begun = time.perf_counter()
        _store(server, studies)
        print(f"{studies} studies stored in Orthanc in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
        server.know("BENCH", services.free_port())  # who is not known may not ask
        return _ask_everything(Caller(server.dicom_port, server.ae_title), studies, queries)


def _store(server: OrthancServer, count: int) -> None:
    peer = Peer("orthanc", PeerKind.DICOM, "X", ae_title=server.ae_title, host="127.0.0.1", port=server.dicom_port)
    contexts = [ProposedContext(1, _CT, (EXPLICIT_LITTLE,))]
    keys = [Key(tag, keyword, vr) for tag, keyword, vr in (*_WANTED, *_OBJECT) if not keyword.startswith("Number")]
    keys = [key for key in keys if key.keyword != "ModalitiesInStudy"]
    writer = AnswerWriter(keys, EXPLICIT_LITTLE)
    with Requestor(peer, "BENCH", contexts, connect_seconds=5, response_seconds=60) as association:
        for number, made in enumerate(make_studies(count), start=1):
            uid = f"1.2.826.0.1.3680043.8.498.{number}.{number * 7919}"
            entry = {
                "StudyDate": made.day, "StudyTime": "101500", "AccessionNumber": made.accession_number,
                "ReferringPhysicianName": "Trần^Thị Hà", "StudyDescription": "Chụp kiểm tra", "PatientName": made.name,
                "PatientID": made.patient_id, "PatientBirthDate": "19700101", "PatientSex": "F", "StudyInstanceUID": uid,
                "StudyID": str(number), "SOPClassUID": _CT, "SOPInstanceUID": f"{uid}.1.1", "Modality": made.modality,
                "SeriesInstanceUID": f"{uid}.1",
            }  # fmt: skip
            status = association.store(1, _CT, f"{uid}.1.1", io.BytesIO(writer.write(entry)))
            if status:
                raise RuntimeError(f"Orthanc refused an object with {status:04X}")


def _ask_everything(caller: Caller, count: int, queries: int) -> dict[str, dict[str, float]]:
    dice = random.Random(2)
    chosen = frozenset(dice.sample(range(count), min(queries, count)))
    sample = [made for number, made in enumerate(make_studies(count)) if number in chosen]
    dice.shuffle(sample)
    try:
        return {kind: _ask_all(caller, question, sample) for kind, question in _questions(caller).items()}
    finally:
        caller.close()


def _ask_all(caller: Caller, question: Callable[[Made], bytes | None], sample: Sequence[Made]) -> dict[str, float]:
    contents = [content for made in sample if (content := question(made)) is not None]
    for content in contents[:10]:
        caller.ask(content)
    return _summary([caller.ask(content) for content in contents])


def _summary(results: Sequence[tuple[float, int]]) -> dict[str, float]:
    times = sorted(seconds * 1000 for seconds, _ in results)
    return {
        "p50_ms": round(statistics.median(times), 2),
        "p95_ms": round(times[int(len(times) * 0.95)], 2),
        "answers": statistics.median(answers for _, answers in results),
        "most_answers": max(answers for _, answers in results),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("studies", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--database", default="", help="an empty database instead of SQLite")
    parser.add_argument("--folder", type=Path, help="where the SQLite file is kept for the next time")
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--orthanc", action="store_true", help="ask an Orthanc that holds so many studies")
    options = parser.parse_args()
    if options.orthanc:
        found = measure_orthanc(options.studies, queries=options.queries)
    else:
        found = measure(options.studies, queries=options.queries, folder=options.folder, url=options.database)
    print(json.dumps(found, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
