"""Claim, work, settle: whatever happens to a job, it is neither lost nor done twice."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from node.domain.job import Job, NextJob
from node.errors import Conflict, LedgerBusy, NotFound, PeerUnreachable
from node.flow.runner import Runner
from node.ledger import jobs
from node.ledger.schema import cursors
from node.ports import Node
from tests.unit.flow.station import Station

Make = Callable[..., Station]


@dataclass
class Counting:
    """A stage that writes down what it did, and fails as it is told."""

    kind: str = "count"
    work_error: Callable[[], Exception | None] = lambda: None
    settle_error: Callable[[], Exception | None] = lambda: None
    during: Callable[[Job], None] = lambda job: None
    following: tuple[NextJob, ...] = ()
    worked: list[str] = field(default_factory=list)

    def work(self, job: Job, node: Node) -> str:
        self.worked.append(job.subject)
        self.during(job)
        if (error := self.work_error()) is not None:
            raise error
        return f"{job.subject}#{len(self.worked)}"

    def settle(self, tx: Any, job: Job, result: str, node: Node) -> Iterable[NextJob]:
        tx.execute(insert(cursors).values(name=result, value=1))
        if (error := self.settle_error()) is not None:
            raise error
        return self.following


@pytest.fixture
def station(make_station: Make) -> Station:
    station = make_station()
    station.stages.clear()
    station.stages["count"] = Counting()
    return station


def stage_of(station: Station) -> Counting:
    stage = station.stages["count"]
    assert isinstance(stage, Counting)
    return stage


def ask(station: Station, *subjects: str) -> None:
    with station.ledger.begin() as tx:
        for subject in subjects:
            jobs.enqueue(tx, NextJob("count", subject), station.clock.now())


def settled(station: Station) -> list[str]:
    return [row.name for row in station.rows(cursors)]


def test_the_result_the_next_jobs_and_the_end_of_the_job_are_one_transaction(station: Station) -> None:
    stage_of(station).following = (NextJob("other", "b"),)
    ask(station, "a")
    assert station.runner.step() is None
    assert settled(station) == ["a#1"]
    assert [(j.kind, j.subject) for j in station.jobs()] == [("other", "b")]


def test_a_fault_while_settling_takes_everything_back_and_the_job_stays(station: Station) -> None:
    stage_of(station).following = (NextJob("other", "b"),)
    stage_of(station).settle_error = lambda: LedgerBusy("The database did not answer in time.")
    ask(station, "a")
    station.runner.step()
    assert settled(station) == []
    ((job),) = station.jobs()
    assert (job.kind, job.state, job.attempts, job.lease_owner) == ("count", "open", 1, "")
    assert job.due_at > station.clock.now()
    stage_of(station).settle_error = lambda: None
    station.let(2)
    assert settled(station) == ["a#2"]


def test_when_the_ledger_is_away_even_for_that_the_lease_runs_out_and_the_job_is_done_again(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = station.ledger.begin
    calls: list[int] = []

    @contextmanager
    def away_after_the_claim() -> Any:
        calls.append(1)
        if len(calls) > 1:
            raise LedgerBusy("The database did not answer in time.")
        with begin() as tx:
            yield tx

    ask(station, "a")
    with monkeypatch.context() as patch:
        patch.setattr(station.ledger, "begin", away_after_the_claim)
        station.runner.step()
    assert len(calls) == 3  # the claim, the settling, the postponing
    (job,) = station.jobs()
    assert job.lease_owner != ""
    station.let(30)
    assert settled(station) == []
    station.let(31)
    assert settled(station) == ["a#2"]
    assert station.jobs() == []


def test_a_claim_while_the_ledger_is_away_waits_a_second(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def away() -> Any:
        raise LedgerBusy("The database did not answer in time.")
        yield

    monkeypatch.setattr(station.ledger, "begin", away)
    assert station.runner.step() == timedelta(seconds=1)


def test_a_passing_fault_is_tried_again_without_end_and_the_job_says_why(station: Station) -> None:
    stage_of(station).work_error = lambda: PeerUnreachable("'hub' cannot be reached.", hint="Wait.")
    ask(station, "a")
    for _ in range(200):
        (job,) = station.jobs()
        station.clock.at = max(station.clock.at, job.due_at)
        assert station.runner.step() is None
    (job,) = station.jobs()
    assert (job.state, job.attempts) == ("open", 200)
    assert job.last_error.endswith("'hub' cannot be reached. Wait.")


def test_a_fault_that_only_a_person_can_mend_holds_the_job_and_no_other(station: Station) -> None:
    stage_of(station).work_error = lambda: NotFound("No such thing.") if stage_of(station).worked[-1] == "a" else None
    ask(station, "a", "b")
    station.drain()
    (job,) = station.jobs()
    assert (job.subject, job.state) == ("a", "held")
    assert job.last_error.endswith("No such thing.")
    assert settled(station) == ["b#2"]
    station.let(10 * 86400)
    assert stage_of(station).worked == ["a", "b"]


def test_a_fault_of_ours_is_tried_five_times_and_then_held(station: Station, caplog: pytest.LogCaptureFixture) -> None:
    stage_of(station).work_error = lambda: ValueError("the name NGUYỄN^VĂN MẪU is too long")
    ask(station, "a")
    for _ in range(10):
        station.let(600)
    (job,) = station.jobs()
    assert (job.state, job.attempts) == ("held", 5)
    assert len(stage_of(station).worked) == 5
    assert "ValueError" in job.last_error
    assert "MẪU" not in caplog.text + job.last_error


def test_a_job_of_a_kind_that_this_version_does_not_know_is_held(station: Station) -> None:
    with station.ledger.begin() as tx:
        jobs.enqueue(tx, NextJob("from-the-future", "a"), station.clock.now())
    station.runner.step()
    (job,) = station.jobs()
    assert job.state == "held"
    assert job.last_error.endswith("No stage 'from-the-future' in this version.")


def test_asked_for_again_while_it_runs_it_runs_once_more(station: Station) -> None:
    stage_of(station).during = lambda job: ask(station, "a") if len(stage_of(station).worked) == 1 else None
    ask(station, "a")
    station.drain()
    assert stage_of(station).worked == ["a", "a"]
    assert settled(station) == ["a#1", "a#2"]
    assert station.jobs() == []


@pytest.mark.parametrize("error", [NotFound("No such thing."), PeerUnreachable("Nobody there.")])
def test_asked_for_again_while_it_fails_it_runs_once_more(station: Station, error: Exception) -> None:
    stage = stage_of(station)
    stage.during = lambda job: ask(station, "a") if len(stage.worked) == 1 else None
    stage.work_error = lambda: error if len(stage.worked) == 1 else None
    ask(station, "a")
    station.drain()
    station.let(2)
    assert settled(station) == ["a#2"]
    assert station.jobs() == []


def test_what_was_asked_for_later_while_it_runs_is_not_run_before_its_time(station: Station) -> None:
    stage = stage_of(station)
    later = station.clock.now() + timedelta(seconds=20)
    stage.following = (NextJob("count", "a", due_at=later),)
    ask(station, "a")
    station.drain()
    assert stage.worked == ["a"]
    assert station.runner.step() == timedelta(seconds=5)
    station.clock.forward(17)
    assert station.runner.step() == timedelta(seconds=3)
    stage.following = ()
    station.let(3)
    assert stage.worked == ["a", "a"]


def test_a_stage_that_meets_a_conflict_is_held_like_any_other_that_a_person_must_mend(station: Station) -> None:
    stage_of(station).work_error = lambda: Conflict("Two truths about the same thing.")
    ask(station, "a")
    station.runner.step()
    (job,) = station.jobs()
    assert job.state == "held"
    assert job.last_error.endswith("Two truths about the same thing.")


def test_a_worker_whose_lease_ran_out_cannot_settle_what_a_colleague_of_the_same_process_has(
    station: Station,
) -> None:
    """As after the machine slept: the same runner claims the job in another thread while the first still works."""
    stage = stage_of(station)
    inner: list[Job] = []

    def overtaken(job: Job) -> None:
        if not inner:
            inner.append(job)
            station.clock.forward(61)
            station.runner.step()  # a colleague does the whole job

    stage.during = overtaken
    ask(station, "a")
    station.runner.step()
    assert len(stage.worked) == 2
    assert len(settled(station)) == 1
    assert station.jobs() == []


def test_a_worker_whose_lease_ran_out_does_not_take_the_job_from_the_one_who_has_it_now(station: Station) -> None:
    stage = stage_of(station)
    ask(station, "a")
    claimed: list[Job] = []

    def overtaken(job: Job) -> None:
        station.clock.forward(61)
        claimed.append(station.claim())

    stage.during = overtaken
    stage.work_error = lambda: PeerUnreachable("Nobody there.")
    station.runner.step()
    (job,) = station.jobs()
    assert job.lease_owner == claimed[0].lease_owner != ""
    assert job.attempts == 0


def test_the_lease_of_a_long_job_is_renewed_while_it_works(station: Station) -> None:
    runner = Runner(station.node, station.stages, owner="local")
    runner._lease = timedelta(seconds=0.15)
    renewed = threading.Event()
    first: list[Any] = []

    def look(job: Job) -> None:
        (row,) = station.jobs()
        first.append(row.lease_until)
        station.clock.forward(10)
        for _ in range(500):
            (row,) = station.jobs()
            if row.lease_until > first[0]:
                renewed.set()
                return
            renewed.wait(0.01)

    stage_of(station).during = look
    ask(station, "a")
    runner.step()
    assert renewed.is_set()
    assert settled(station) == ["a#1"]


def test_what_a_dead_predecessor_held_is_free_at_the_start(station: Station) -> None:
    ask(station, "a")
    station.claim()
    assert station.runner.step() == timedelta(seconds=5)
    Runner(station.node, station.stages, owner="local").recover()
    station.drain()
    assert settled(station) == ["a#1"]


def test_what_another_worker_holds_is_not_freed_at_the_start(station: Station) -> None:
    ask(station, "a")
    Runner(station.node, station.stages, owner="local-2")
    with station.ledger.begin() as tx:
        job = jobs.claim(tx, "local-2:1", station.clock.now(), timedelta(minutes=1))
    station.runner.recover()
    (row,) = station.jobs()
    assert job is not None
    assert row.lease_owner == job.lease_owner


def test_many_threads_run_every_job_exactly_once(station: Station, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    stage = stage_of(station)
    runners = [Runner(station.node, station.stages, owner=f"worker-{n}") for n in range(3)]
    subjects = [f"{n:02d}" for n in range(60)]
    ask(station, *subjects)
    running: Counter[str] = Counter()
    clashes: list[str] = []
    lock = threading.Lock()

    def alone(job: Job) -> None:
        with lock:
            running[job.subject] += 1
            if running[job.subject] > 1:
                clashes.append(job.subject)
        threading.Event().wait(0.001)
        with lock:
            running[job.subject] -= 1

    stage.during = alone

    def run(number: int) -> None:
        while runners[number % 3].step() is None:
            pass

    with ThreadPoolExecutor(9) as threads:
        list(threads.map(run, range(9)))
    assert clashes == []
    assert Counter(stage.worked) == Counter(subjects)
    assert len(settled(station)) == 60
    assert station.jobs() == []
    assert "lease" not in caplog.text
