"""A header that is costly to read delays no other, and is not believed for ever."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from node.flow import examine
from node.flow.examine import Finding
from node.flow.index import Indexer
from node.workers.limits import TooCostly, limited
from node.workers.local import WorkerPool
from tests.unit.flow.station import STUDY, Direct, Station, an_object, numbered

Make = Callable[[Executor], Station]
SLOW_NUMBER = "9"


class HandHeld(Direct):
    """Does at once what is quick; what is to be read patiently ends when the test says."""

    def __init__(self) -> None:
        self.patient: list[tuple[Path, Future[Finding]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if fn is not examine.examine_patiently:
            return super().submit(fn, *args, **kwargs)
        self.patient.append((args[0], Future()))
        return self.patient[-1][1]


@pytest.fixture
def a_station(make_station: Callable[..., Station]) -> Make:
    """A node whose headers are read in the given pool."""

    def make(pool: Executor) -> Station:
        station = make_station()
        station.indexer = Indexer(replace(station.node, pool=pool), station.spool)
        return station

    return make


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects of the number 9 take for ever to read; the others are quick. All are read in the pool."""
    read = examine._read

    def crawl(path: Path) -> Finding:
        found = read(path)
        while found[0] is not None and found[0].sop_instance_uid.endswith(f".{SLOW_NUMBER}"):
            pass
        return found

    monkeypatch.setattr(examine, "_read", crawl)
    monkeypatch.setattr(examine, "_QUICK", 0.05)
    monkeypatch.setattr(examine, "_PATIENT", 0.2)
    monkeypatch.setattr(examine, "_INLINE", 0)


@pytest.mark.usefixtures("slow")
def test_a_slow_object_waits_beside_and_the_others_are_indexed(a_station: Make) -> None:
    pool = HandHeld()
    station = a_station(pool)
    station.receive(*numbered(range(1, 4)), an_object(9))
    assert station.study().instances == 3
    station.receive(an_object(5))
    assert station.study().instances == 4
    (waiting,) = station.spool.waiting(10)
    assert [path for path, _ in pool.patient] == [waiting.path]


@pytest.mark.usefixtures("slow")
def test_a_slow_object_is_indexed_when_it_has_been_read(a_station: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = HandHeld()
    station = a_station(pool)
    station.receive(an_object(9))
    station.drain()
    monkeypatch.undo()
    ((path, future),) = pool.patient
    future.set_result(examine.examine(path))
    station.drain()
    assert [row.sop_instance_uid for row in station.instances()] == [f"{STUDY}.1.9"]
    assert station.spool.waiting(10) == []


@pytest.mark.usefixtures("slow")
def test_what_takes_too_long_even_by_itself_is_set_aside_with_the_reason(a_station: Make) -> None:
    station = a_station(Direct())
    station.receive(an_object(9), an_object(1))
    station.drain()
    assert [reason for _, reason, _, _ in station.spool.quarantined()] == ["Reading its header takes too long."]
    assert station.study().instances == 1
    assert station.spool.waiting(10) == []


@pytest.mark.usefixtures("slow")
def test_slow_objects_are_read_one_at_a_time(a_station: Make) -> None:
    pool = HandHeld()
    station = a_station(pool)
    station.receive(an_object(9), an_object(9, InstanceNumber=10), an_object(1))
    station.drain()
    assert len(pool.patient) == 1
    pool.patient[0][1].set_result((None, b"", "", "The end."))
    station.drain()
    assert len(pool.patient) == 2


def test_a_call_over_its_time_is_interrupted_though_it_forgives_everything() -> None:
    def forgiving() -> None:
        while True:
            with contextlib.suppress(Exception):
                sum(range(1000))

    with pytest.raises(TooCostly), limited(0.05, 1 << 30):
        forgiving()


def test_a_call_over_its_memory_gets_a_memory_error_and_the_process_goes_on() -> None:
    with pytest.raises(MemoryError), limited(10, 64 << 20):
        bytearray(1 << 30)
    assert len(bytearray(128 << 20)) == 128 << 20


def test_a_pool_stops_though_a_call_in_it_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.workers.local._STOP_SECONDS", 0.2)
    pool = WorkerPool(1, ())
    future = pool.submit(time.sleep, 60)
    began = time.monotonic()
    pool.shutdown(wait=True, cancel_futures=True)
    assert time.monotonic() - began < 30
    assert future.cancelled() or future.exception(timeout=10) is not None  # not yet begun, or killed in the middle
