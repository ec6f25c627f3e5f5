"""Threads that run jobs: a failing step neither ends them nor tells the log what it was about."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

import pytest

from node.workers.local import LocalWorkers


def test_a_failing_step_is_logged_by_its_kind_and_place_and_the_worker_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    calls: list[int] = []
    again = threading.Event()

    def step_that_fails() -> timedelta | None:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("Nguyễn^Thị Đào")
        again.set()
        return timedelta(seconds=60)

    workers = LocalWorkers(step_that_fails, threads=1)
    with caplog.at_level(logging.ERROR):
        workers.start()
        workers.wake()
        assert again.wait(10)
        workers.stop()
    (record,) = caplog.records
    assert "ValueError" in record.getMessage()
    assert "step_that_fails:" in record.getMessage()
    assert "Nguyễn" not in caplog.text
    assert record.exc_info is None
