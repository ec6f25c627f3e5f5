"""C-FIND: which responses a request gets."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from pydicom import Dataset

from node.dicom.network.command import CommandField
from node.dicom.network.data_set import decode, encode
from node.dicom.network.services.provider import Caller, Request, Response
from node.dicom.network.services.query import QueryProvider
from node.dicom.syntaxes import EXPLICIT_LITTLE
from node.domain.facility import Charset, Peer, PeerKind
from node.domain.query import Entry, Level, Query
from node.errors import Invalid

PATIENT_ROOT, STUDY_ROOT, PATIENT_STUDY = (f"1.2.840.10008.5.1.4.1.2.{n}.1" for n in (1, 2, 3))


@dataclass
class QuietLine:
    """A caller who sends C-CANCEL after so many answers, or never."""

    cancel_after: int = -1
    looks: int = 0

    def cancelled(self) -> bool:
        self.looks += 1
        return 0 <= self.cancel_after < self.looks

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a query has no use for {name}")


@dataclass
class Shelf:
    """A search that finds what it holds, and notes what it was asked and whether it was closed."""

    entries: list[Entry] = field(default_factory=list)
    asked: list[Query] = field(default_factory=list)
    closed: int = 0

    def __call__(self, query: Query, gone: Callable[[], bool]) -> Generator[Entry, None, None]:
        self.asked.append(query)
        try:
            yield from self.entries
        finally:
            self.closed += 1


def request(
    root: str = STUDY_ROOT, *, line: Any = None, extended: bytes = b"", peer: Peer | None = None, **texts: Any
) -> Request:
    ds = Dataset()
    for keyword, value in texts.items():
        setattr(ds, keyword, value)
    content = encode(ds, EXPLICIT_LITTLE)
    caller = Caller("WORKSTATION", "NODE", "127.0.0.1", peer)
    return Request(
        CommandField.C_FIND_RQ, 1, root, root, "", EXPLICIT_LITTLE, content, {}, caller, line or QuietLine(), extended
    )  # fmt: skip


def answers(provider: QueryProvider, asked: Request) -> tuple[list[Dataset], Response]:
    """The data sets of the pending responses, and the last one."""
    *pending, last = provider.answer(asked)
    assert all(response.status.code in (0xFF00, 0xFF01) for response in pending)
    assert not last.data_set
    assert len(last.status.comment) <= 64
    assert last.status.comment.isascii()
    return [decode(response.data_set, EXPLICIT_LITTLE) for response in pending], last


@pytest.fixture
def shelf() -> Shelf:
    return Shelf([{"StudyInstanceUID": f"1.{n}", "PatientName": "Nguyễn^Văn^Đức"} for n in range(3)])


@pytest.fixture
def provider(shelf: Shelf) -> QueryProvider:
    return QueryProvider(shelf, lambda query: frozenset(), most=3)


def test_every_match_is_a_pending_response_with_the_wanted_attributes(provider: QueryProvider, shelf: Shelf) -> None:
    found, last = answers(provider, request(QueryRetrieveLevel="STUDY", PatientName="", StudyInstanceUID=""))
    assert last.status.code == 0x0000
    assert [ds.StudyInstanceUID for ds in found] == ["1.0", "1.1", "1.2"]
    assert {str(ds.PatientName) for ds in found} == {"Nguyễn^Văn^Đức"}
    assert (found[0].RetrieveAETitle, found[0].QueryRetrieveLevel) == ("NODE", "STUDY")
    assert (found[0].InstanceAvailability, found[0].SpecificCharacterSet) == ("ONLINE", "ISO_IR 192")
    assert "TimezoneOffsetFromUTC" not in found[0]
    assert shelf.asked[0].level == Level.STUDY
    assert shelf.closed == 1


def test_the_timezone_of_the_request_is_that_of_the_answers(provider: QueryProvider, shelf: Shelf) -> None:
    found, _ = answers(provider, request(QueryRetrieveLevel="STUDY", TimezoneOffsetFromUTC="-0330"))
    assert found[0].TimezoneOffsetFromUTC == "-0330"
    assert shelf.asked[0].offset == -210


def test_an_old_device_is_answered_in_its_character_set(provider: QueryProvider) -> None:
    peer = Peer("ws", PeerKind.DICOM, "X", ae_title="WORKSTATION", charset=Charset.LATIN1)
    found, _ = answers(provider, request(QueryRetrieveLevel="STUDY", PatientName="", peer=peer))
    assert (found[0].SpecificCharacterSet, found[0].PatientName) == ("ISO_IR 100", "Nguyen^Van^Duc")


@pytest.mark.parametrize(
    ("root", "level", "code"),
    [
        (STUDY_ROOT, "PATIENT", 0xA900),
        (STUDY_ROOT, "", 0xA900),
        (STUDY_ROOT, "STUDIES", 0xA900),
        (PATIENT_STUDY, "SERIES", 0xA900),
        (PATIENT_ROOT, "PATIENT", 0x0000),
        (PATIENT_ROOT, "IMAGE", 0x0000),
        (STUDY_ROOT, "SERIES", 0x0000),
        (PATIENT_STUDY, "STUDY", 0x0000),
        (STUDY_ROOT, "study", 0x0000),
    ],
)
def test_the_level_must_be_one_of_the_information_model(
    provider: QueryProvider, root: str, level: str, code: int
) -> None:
    _, last = answers(provider, request(root, QueryRetrieveLevel=level))
    assert last.status.code == code


def test_an_identifier_that_cannot_be_read_is_refused(provider: QueryProvider) -> None:
    asked = request(QueryRetrieveLevel="STUDY", StudyDate="20260101")
    broken = Request(**{**{name: getattr(asked, name) for name in Request.__slots__}, "data_set": asked.data_set[:-3]})
    shorter = Request(
        **{**{name: getattr(asked, name) for name in Request.__slots__}, "data_set": asked.data_set[:-12]}
    )
    wrong = asked.data_set.replace(b"20260101", b"tomorrow")
    odd = Request(**{**{name: getattr(asked, name) for name in Request.__slots__}, "data_set": wrong})
    assert answers(provider, broken)[1].status.code == 0xC000
    assert answers(provider, shorter)[1].status.code == 0xC000
    assert answers(provider, odd)[1].status.code == 0xC000
    assert "(0008,0020)" in answers(provider, odd)[1].status.comment


def test_keys_that_are_not_matched_are_confessed(shelf: Shelf) -> None:
    provider = QueryProvider(shelf, lambda query: frozenset({"SeriesDescription"}))
    *pending, last = provider.answer(request(QueryRetrieveLevel="STUDY", SeriesDescription="x"))
    assert {response.status.code for response in pending} == {0xFF01}
    assert last.status.code == 0x0000


def test_a_cancelled_query_ends_as_cancelled_and_lets_go_of_the_ledger(shelf: Shelf) -> None:
    shelf.entries *= 10
    provider = QueryProvider(shelf, lambda query: frozenset())
    found, last = answers(provider, request(QueryRetrieveLevel="STUDY", line=QuietLine(cancel_after=1)))
    assert (len(found), last.status.code) == (8, 0xFE00)  # it looks at the line at every eighth answer
    assert shelf.closed == 1


def test_more_matches_than_the_limit_end_with_a_refusal_that_says_so(shelf: Shelf, provider: QueryProvider) -> None:
    shelf.entries.append({"StudyInstanceUID": "1.9"})
    found, last = answers(provider, request(QueryRetrieveLevel="STUDY"))
    assert len(found) == 3
    assert (last.status.code, last.status.comment) == (0xA700, "More than 3 match: narrow the query")
    assert shelf.closed == 1


def test_a_search_that_asks_too_much_is_refused_with_the_remedy() -> None:
    def search(query: Query, gone: Callable[[], bool]) -> Generator[Entry, None, None]:
        raise Invalid("Too much.", hint="Give a date too.")
        yield {}

    _, last = answers(QueryProvider(search, lambda query: frozenset()), request(QueryRetrieveLevel="STUDY"))
    assert (last.status.code, last.status.comment) == (0xA700, "Give a date too.")


def test_dates_and_times_are_one_range_only_when_that_was_agreed(provider: QueryProvider, shelf: Shelf) -> None:
    texts = {"QueryRetrieveLevel": "STUDY", "StudyDate": "20260101-20260102", "StudyTime": "10-11"}

    def asked(extended: bytes) -> Iterator[tuple[str, ...]]:
        answers(provider, request(extended=extended, **texts))
        return (key.values for key in shelf.asked[-1].keys)

    assert list(asked(b"\1\0\1\1")) == [("20260101", "20260102"), ("10", "11")]
    assert list(asked(b"\1\1")) == [("20260101100000.000000", "20260102115959.999999"), ()]


def test_the_ledger_is_let_go_before_the_first_answer_is_sent(provider: QueryProvider, shelf: Shelf) -> None:
    responses = provider.answer(request(QueryRetrieveLevel="STUDY"))
    next(responses)
    assert shelf.closed == 1


def test_no_more_is_read_than_one_beyond_the_limit(provider: QueryProvider, shelf: Shelf) -> None:
    def endless() -> Iterator[Entry]:
        for number in count():
            assert number <= provider.most
            yield {"StudyInstanceUID": f"1.{number}"}

    shelf.entries = endless()  # type: ignore[assignment]
    assert answers(provider, request(QueryRetrieveLevel="STUDY"))[1].status.code == 0xA700


def test_a_query_that_is_cancelled_while_it_searches_answers_nothing_more() -> None:
    def search(query: Query, gone: Callable[[], bool]) -> Generator[Entry, None, None]:
        yield {"StudyInstanceUID": "1.1"}
        assert gone()

    provider = QueryProvider(search, lambda query: frozenset())
    found, last = answers(provider, request(QueryRetrieveLevel="STUDY", line=QuietLine(cancel_after=0)))
    assert (found, last.status.code) == ([], 0xFE00)
