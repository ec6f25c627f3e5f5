"""What one call in the pool may cost: beyond that it fails by itself, and the pool goes on."""

from __future__ import annotations

import os
import timeit
from collections.abc import Iterator

import pytest

from node.errors import Unreadable
from node.workers.limits import Limited
from node.workers.local import WorkerPool


@pytest.fixture(scope="module")
def limited() -> Iterator[Limited]:
    pool = WorkerPool(1, ("node.workers.limits",))
    yield Limited(pool, seconds=0.2, memory=64 << 20)
    pool.shutdown(wait=True, cancel_futures=True)


def test_what_takes_too_much_memory_fails_by_itself(limited: Limited) -> None:
    with pytest.raises(Unreadable, match="too much time or memory"):
        limited.submit(bytearray, 1 << 30).result(30)
    assert limited.submit(len, b"abc").result(30) == 3


def test_what_takes_too_much_time_fails_by_itself_and_its_process_stays(limited: Limited) -> None:
    before = limited.submit(os.getpid).result(30)
    with pytest.raises(Unreadable, match="too much time or memory"):
        limited.submit(timeit.timeit, "pass", number=10**10).result(30)
    assert limited.submit(os.getpid).result(30) == before
