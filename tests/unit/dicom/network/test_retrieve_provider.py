"""The answers of C-MOVE and C-GET: counts, pace, cancellation, and what happens when something around them fails."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from pydicom import Dataset

from node.dicom.network.command import CommandField
from node.dicom.network.data_set import decode, encode
from node.dicom.network.services.destination import Destination
from node.dicom.network.services.provider import Caller, Request, Response
from node.dicom.network.services.retrieve import GetProvider, MoveProvider, Workshop
from node.dicom.network.upper_layer import ProtocolError
from node.domain.facility import Peer, PeerKind
from node.domain.retrieval import Wanted
from node.errors import LedgerBusy, Unreadable
from node.ports import Holding, Outgoing
from tests.images import an_image, saved, smooth

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
SECONDARY = "1.2.840.10008.5.1.4.1.1.7"
GET, MOVE = "1.2.840.10008.5.1.4.1.2.2.3", "1.2.840.10008.5.1.4.1.2.2.2"
STUDY = "1.2.3"


@dataclass
class Shelf:
    """Implements `Selection` and `Archive` with one file under many names."""

    file: Path
    total: int
    notes: list[tuple[str, str, Mapping[str, Mapping[str, Any]]]] = field(default_factory=list)
    fails: dict[str, Exception] = field(default_factory=dict)  # by what is asked for
    kinds: Collection[tuple[str, str]] = ((SECONDARY, EXPLICIT),)
    breaks_at: int = 0
    lost: bool = False

    @property
    def studies(self) -> Mapping[str, int]:
        return {STUDY: self.total} if self.total else {}

    def holdings(self, kinds: Collection[tuple[str, str]]) -> Iterator[Holding]:
        for n in range(1, self.total + 1):
            if n == self.breaks_at:
                raise LedgerBusy("locked")
            uid = f"1.2.3.4.{n:059}"[:64] if self.total > 1000 else f"1.2.3.4.{n}"
            item = None if self.lost else Outgoing(n, uid, SECONDARY, EXPLICIT, "", 0, self.file)
            yield Holding(STUDY, uid, item)

    def select(self, wanted: Wanted) -> Shelf:
        if "select" in self.fails:
            raise self.fails["select"]
        return self

    def destination(self, ae_title: str) -> Peer | None:
        return Peer("ws", PeerKind.DICOM, "bv", ae_title="WS", host="127.0.0.1", port=1)

    def note(self, actor: str, kind: str, studies: Mapping[str, Mapping[str, Any]]) -> None:
        if kind in self.fails:
            raise self.fails[kind]
        self.notes.append((actor, kind, studies))


@dataclass
class PlayedLine:
    """A caller that takes everything in `syntax`, and cancels after some objects when it is told to."""

    syntax: str = EXPLICIT
    cancels_after: int = 1 << 30
    status: int = 0
    taken: list[str] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    reads: Callable[[BinaryIO], bytes] = lambda file: file.read()

    def cancelled(self) -> bool:
        return len(self.taken) >= self.cancels_after

    def accepted(self, sop_class_uid: str) -> Mapping[str, int]:
        return {self.syntax: 3}

    def store(
        self, context_id: int, sop_class_uid: str, sop_instance_uid: str, data_set: BinaryIO, priority: int = 0
    ) -> int:
        self.contents.append(self.reads(data_set))
        self.taken.append(sop_instance_uid)
        return self.status

    def wait(self, seconds: float) -> bool:
        return True

    def report(self, sop_class_uid: str, sop_instance_uid: str, event_type: int, data_set: bytes) -> int:
        return 0


class Pool(Executor):
    """Works at once; the first `broken` calls end as if the process was killed."""

    def __init__(self, broken: int = 0) -> None:
        self.calls = 0
        self._broken = broken

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.calls += 1
        try:
            if self.calls <= self._broken:
                raise BrokenProcessPool
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@dataclass
class Desk:
    """A retrieve with all that is around it."""

    shelf: Shelf
    scratch: Path
    line: PlayedLine = field(default_factory=PlayedLine)
    pool: Pool = field(default_factory=Pool)
    seconds: list[float] = field(default_factory=lambda: [0.0])
    step: float = 0.0  # seconds that go by at each look at the clock

    def monotonic(self) -> float:
        self.seconds[0] += self.step
        return self.seconds[0]

    def answer(self, content: bytes | None = None, *, move: bool = False) -> list[Response]:
        ds = Dataset()
        ds.QueryRetrieveLevel, ds.StudyInstanceUID = "STUDY", STUDY
        shop = Workshop(self.shelf, self.pool, self.scratch, self.monotonic)
        provider = MoveProvider(shop, "NODE", connect_seconds=1.0) if move else GetProvider(shop)
        request = Request(
            field=CommandField.C_MOVE_RQ if move else CommandField.C_GET_RQ,
            message_id=5,
            abstract_syntax=MOVE if move else GET,
            sop_class_uid=MOVE if move else GET,
            sop_instance_uid="",
            transfer_syntax=EXPLICIT,
            data_set=encode(ds, EXPLICIT) if content is None else content,
            elements={0x0600: b"WS"},
            caller=Caller("CT1", "NODE", "127.0.0.1"),
            line=self.line,
        )
        return list(provider.answer(request))


@pytest.fixture
def make_desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    (tmp_path / "scratch").mkdir()

    def make(total: int = 3, **more: Any) -> Desk:
        return Desk(Shelf(saved(an_image(smooth(8, 8)), tmp_path), total), tmp_path / "scratch", **more)

    yield make
    assert list((tmp_path / "scratch").iterdir()) == []


MakeDesk = Callable[..., Desk]


def numbers(response: Response) -> tuple[int, int | None, int | None, int | None, int | None]:
    return response.status.code, response.remaining, response.completed, response.failed, response.warned


def failed_uids(response: Response) -> list[str]:
    value = decode(response.data_set, EXPLICIT).FailedSOPInstanceUIDList
    return [value] if isinstance(value, str) else list(value)


def test_progress_is_told_at_first_and_then_once_a_second(make_desk: MakeDesk) -> None:
    answers = make_desk(6, step=0.4).answer()
    assert [numbers(answer) for answer in answers] == [
        (0xFF00, 6, 0, 0, 0),
        (0xFF00, 3, 3, 0, 0),
        (0xFF00, 0, 6, 0, 0),
        (0, None, 6, 0, 0),
    ]


def test_nothing_found_is_success_without_more_words(make_desk: MakeDesk) -> None:
    desk = make_desk(0)
    assert [numbers(answer) for answer in desk.answer()] == [(0, None, 0, 0, 0)]
    assert desk.shelf.notes == []


def test_a_cancelled_retrieve_says_what_remains(make_desk: MakeDesk) -> None:
    desk = make_desk(9, line=PlayedLine(cancels_after=2))
    assert numbers(desk.answer()[-1]) == (0xFE00, 7, 2, 0, 0)
    assert desk.line.taken == ["1.2.3.4.1", "1.2.3.4.2"]
    assert desk.shelf.notes[-1][2][STUDY]["instances"] == 2


def test_what_is_converted_ahead_is_dropped_with_a_cancelled_retrieve(make_desk: MakeDesk) -> None:
    desk = make_desk(9, line=PlayedLine(syntax=IMPLICIT, cancels_after=1))
    assert numbers(desk.answer()[-1]) == (0xFE00, 8, 1, 0, 0)
    assert desk.pool.calls == 5  # not all nine


def test_a_cancellation_after_the_last_object_changes_nothing(make_desk: MakeDesk) -> None:
    assert numbers(make_desk(2, line=PlayedLine(cancels_after=2)).answer()[-1]) == (0, None, 2, 0, 0)


def test_a_killed_process_costs_no_object(make_desk: MakeDesk) -> None:
    desk = make_desk(6, line=PlayedLine(syntax=IMPLICIT), pool=Pool(broken=3))
    assert numbers(desk.answer()[-1]) == (0, None, 6, 0, 0)


def test_an_object_that_kills_every_process_is_a_failure(make_desk: MakeDesk) -> None:
    desk = make_desk(1, line=PlayedLine(syntax=IMPLICIT), pool=Pool(broken=9))
    last = desk.answer()[-1]
    assert numbers(last) == (0xA702, None, 0, 1, 0)
    assert failed_uids(last) == ["1.2.3.4.1"]


def test_counts_and_the_list_of_failures_fit_their_elements(make_desk: MakeDesk) -> None:
    desk = make_desk(70_000)
    desk.shelf.lost = True
    last = desk.answer()[-1]
    assert numbers(last) == (0xA702, None, 0, 65535, 0)
    assert len("\\".join(failed_uids(last))) <= 65534
    assert len(failed_uids(last)) > 1000


def test_all_warnings_are_no_failures(make_desk: MakeDesk) -> None:
    last = make_desk(2, line=PlayedLine(status=0xB000)).answer()[-1]
    assert numbers(last) == (0xB000, None, 0, 0, 2)
    assert last.data_set == b""


def test_a_ledger_that_cannot_be_asked_means_no_count(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.shelf.fails["select"] = LedgerBusy("locked")
    [answer] = desk.answer()
    assert answer.status.code == 0xA701


def test_a_ledger_that_fails_midway_leaves_true_counts(make_desk: MakeDesk) -> None:
    desk = make_desk(20)
    desk.shelf.breaks_at = 11
    last = desk.answer()[-1]
    sent = len(desk.line.taken)
    assert 0 < sent < 11
    assert numbers(last) == (0xB000, None, sent, 20 - sent, 0)
    assert desk.shelf.notes[-1][2][STUDY]["instances"] == sent


def test_nothing_leaves_that_the_audit_does_not_know_of(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.shelf.fails["retrieve-begun"] = LedgerBusy("locked")
    [answer] = desk.answer()
    assert numbers(answer) == (0xA702, None, 0, 3, 0)
    assert desk.line.taken == []


def test_an_end_that_cannot_be_noted_is_no_failure_of_the_retrieve(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.shelf.fails["retrieve-ended"] = LedgerBusy("locked")
    assert numbers(desk.answer()[-1]) == (0, None, 3, 0, 0)


def test_an_identifier_that_cannot_be_read_is_raised(make_desk: MakeDesk) -> None:
    with pytest.raises(Unreadable):
        make_desk().answer(b"\x08\x00\x52\x00ZZ\x02\x00AB")


def test_a_file_that_fails_within_an_object_ends_the_association(make_desk: MakeDesk) -> None:
    def fails(file: BinaryIO) -> bytes:
        raise OSError(5, "Input/output error")

    desk = make_desk(line=PlayedLine(reads=fails))
    with pytest.raises(ProtocolError):
        desk.answer()
    assert [kind for _, kind, _ in desk.shelf.notes] == ["retrieve-begun", "retrieve-ended"]


def test_a_missing_file_is_a_failure_of_its_object(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.shelf.file.unlink()
    assert numbers(desk.answer()[-1]) == (0xA702, None, 0, 3, 0)


def test_kinds_are_split_into_associations_of_128_contexts() -> None:
    peer = Peer("ws", PeerKind.DICOM, "bv", ae_title="WS", host="127.0.0.1", port=1)
    kinds = [(f"1.2.{n}", syntax) for n in range(60) for syntax in (EXPLICIT, "1.2.840.10008.1.2.4.90")]
    destination = Destination(peer, "NODE", "CT1", 1, connect_seconds=1.0, response_seconds=1.0)
    groups = list(destination.groups(kinds))
    assert [kind for group in groups for kind in group] == kinds
    assert [len(group) for group in groups] == [85, 35]  # three contexts for the two kinds of each class
