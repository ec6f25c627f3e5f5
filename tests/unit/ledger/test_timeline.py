"""The record of a study: each hop once, in order, and a cursor that misses nothing; on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest

from node.domain.timeline import Hop, TimelineEntry
from node.ledger import timeline
from node.ledger.sql import SqlLedger, open_ledger

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[SqlLedger]:
    opened = open_ledger(ledger_url)
    yield opened
    opened.dispose()


def an_entry(hop: Hop = Hop.ROUTED, *, study: str = "1.2", node: str = "DH", key: str = "") -> TimelineEntry:
    return TimelineEntry(study, node, hop, NOW, 3, {"to": "hub", "ghi chú": "đã gửi"}, key)


def test_the_same_hop_is_one_entry_and_another_key_is_another(ledger: SqlLedger) -> None:
    with ledger.begin() as tx:
        assert timeline.record(tx, an_entry())
        assert not timeline.record(tx, an_entry())
        assert timeline.record(tx, an_entry(key="2"))
        assert timeline.record(tx, an_entry(node="TW"))
        assert timeline.record(tx, an_entry(study="1.3"))
        assert [e.key for e in timeline.of_study(tx, "1.2", "DH")] == ["", "2"]


def test_an_entry_comes_back_as_it_was_written_in_utc(ledger: SqlLedger) -> None:
    at = datetime(2026, 3, 2, 8, 30, tzinfo=timezone(timedelta(hours=7)))
    entry = TimelineEntry("1.2", "DH", Hop.SENDING, at, None, {"to": "hub", "ghi chú": "đã gửi"}, "k")
    with ledger.begin() as tx:
        timeline.record(tx, entry)
    with ledger.read() as tx:
        ((_, found),) = timeline.since(tx, 0, "DH")
    assert found == entry
    assert found.at.utcoffset() == timedelta(0)


def test_a_cursor_walks_through_this_nodes_own_entries_only(ledger: SqlLedger) -> None:
    with ledger.begin() as tx:
        for n in range(7):
            timeline.record(tx, an_entry(key=str(n), node="TW" if n == 3 else "DH"))
    seen: list[str] = []
    cursor = 0
    with ledger.read() as tx:
        while found := timeline.since(tx, cursor, "DH", limit=2):
            assert len(found) <= 2
            seen += [entry.key for _, entry in found]
            cursor = found[-1][0]
    assert seen == ["0", "1", "2", "4", "5", "6"]


def test_cursors_start_at_nothing_and_are_kept_by_name(ledger: SqlLedger) -> None:
    with ledger.begin() as tx:
        assert timeline.get_cursor(tx, "entries-to:hub") == 0
        timeline.set_cursor(tx, "entries-to:hub", 7)
        timeline.set_cursor(tx, "entries-to:hub", 9)
        assert timeline.get_cursor(tx, "entries-to:hub") == 9
        assert timeline.get_cursor(tx, "entries-to:other") == 0


def test_a_reader_that_follows_many_writers_misses_no_entry(ledger: SqlLedger) -> None:
    """A number that is taken but not yet committed must not be passed by a later one that is."""
    writers, each = 4, 25
    done = threading.Event()

    def write(writer: int) -> None:
        for n in range(each):
            with ledger.begin() as tx:
                timeline.record(tx, an_entry(key=f"{writer}-{n}"))
                timeline.record(tx, an_entry(Hop.HELD, key=f"{writer}-{n}"))

    def follow() -> list[str]:
        seen: list[str] = []
        cursor = 0
        while True:
            last_look = done.is_set()
            with ledger.read() as tx:
                found = timeline.since(tx, cursor, "DH", limit=7)
            if found:
                cursor = found[-1][0]
                seen += [f"{entry.hop}:{entry.key}" for _, entry in found]
            elif last_look:
                return seen

    with ThreadPoolExecutor(writers + 1) as threads:
        reader = threads.submit(follow)
        for writing in [threads.submit(write, w) for w in range(writers)]:
            writing.result()
        done.set()
        seen = reader.result()
    assert len(seen) == len(set(seen)) == 2 * writers * each
