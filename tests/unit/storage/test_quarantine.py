"""What was set aside can be looked at, given to the index again, and deleted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import node.storage.spool
from node.domain.study import Arrival, Via
from node.errors import NotFound
from node.storage.spool import Spool

NOW = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)
ARRIVAL = Arrival(Via.DIMSE, NOW, peer="ct1", calling_ae="CT1", called_ae="NODE", address="192.0.2.7")


class StoppedClock:
    def now(self) -> datetime:
        return NOW


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path, min_free_bytes=0, clock=StoppedClock())


@pytest.fixture
def name(spool: Spool) -> str:
    """A file that came, was committed and set aside."""
    batch = spool.begin(ARRIVAL)
    file = batch.create()
    file.write(b"no object")
    file.commit()
    batch.close()
    (received,) = spool.waiting(10)
    name = spool.set_aside(received.path, "The file is not a DICOM object.", received.arrival)
    spool.done([received.path])
    return name


def test_a_file_that_was_set_aside_is_found_with_its_reason(spool: Spool, name: str) -> None:
    assert spool.aside.path(name).read_bytes() == b"no object"
    ((found, reason, arrival, size),) = spool.quarantined()
    assert (found, reason, arrival.calling_ae, size) == (name, "The file is not a DICOM object.", "CT1", 9)


def test_it_is_given_to_the_index_once_more_with_its_circumstances(spool: Spool, name: str) -> None:
    spool.try_again(name)
    (received,) = spool.waiting(10)
    assert (received.path.read_bytes(), received.fault) == (b"no object", "")
    assert (received.arrival.calling_ae, received.arrival.address) == ("CT1", "192.0.2.7")
    assert spool.aside.names() == frozenset()
    assert list(spool.quarantine.iterdir()) == []
    spool.done([received.path])
    assert list(spool.arrivals.iterdir()) == []


def test_it_may_be_set_aside_again_under_its_name(spool: Spool, name: str) -> None:
    spool.try_again(name)
    (received,) = spool.waiting(10)
    assert spool.set_aside(received.path, "Still no object.", received.arrival) == name
    assert [reason for _, reason, _, _ in spool.quarantined()] == ["Still no object."]


@contextmanager
def another_acts_within(monkeypatch: pytest.MonkeyPatch, step: str, act: Callable[[], Any]) -> Iterator[None]:
    """After this step of the spool another thread acts, at once if it may, else when that is over."""
    real = getattr(node.storage.spool, step)
    other = threading.Thread(target=act)

    def then_act(*given: Any) -> None:
        real(*given)
        other.start()
        other.join(0.2)

    with monkeypatch.context() as patch:
        patch.setattr(node.storage.spool, step, then_act)
        yield
    other.join()


def test_its_circumstances_do_not_go_with_the_last_other_file_of_its_batch(
    spool: Spool, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = spool.incoming / name.replace("-000001", "-000002")
    with another_acts_within(monkeypatch, "write_durably", lambda: spool.done([other])):
        spool.try_again(name)
    (received,) = spool.waiting(10)
    assert (received.fault, received.arrival.calling_ae) == ("", "CT1")


def test_it_is_not_deleted_when_the_index_sets_it_aside_again_at_once(
    spool: Spool, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def index() -> None:
        (received,) = spool.waiting(10)
        spool.set_aside(received.path, "The file is not a DICOM object.", received.arrival)

    with another_acts_within(monkeypatch, "sync_together", index):
        spool.try_again(name)
    assert spool.aside.path(name).read_bytes() == b"no object"
    assert spool.aside.names() == {name}


def test_it_is_deleted_with_its_note(spool: Spool, name: str) -> None:
    spool.aside.discard(name)
    assert list(spool.quarantine.iterdir()) == []
    assert spool.aside.names() == frozenset()


@pytest.mark.parametrize("wrong", ["", "other-000001.dcm", "../incoming/x-1.dcm", "x", "..", "a-1.dcm.json"])
def test_nothing_else_is_touched(spool: Spool, name: str, wrong: str) -> None:
    for call in (spool.aside.path, spool.try_again):
        with pytest.raises(NotFound):
            call(wrong)
    assert spool.aside.names() == {name}


def test_a_note_without_its_file_is_not_listed(spool: Spool, name: str) -> None:
    spool.aside.path(name).unlink()
    assert spool.aside.names() == frozenset()
    assert list(spool.quarantined()) == []
