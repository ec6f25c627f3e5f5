"""What the rest of the node may expect of a ledger, the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import func, insert, select

from node.domain.job import Job, NextJob
from node.errors import Conflict, LedgerBusy
from node.ledger import jobs as queue
from node.ledger.schema import audit, cursors, jobs
from node.ledger.sql import SqlLedger, open_ledger
from tests import services
from tests.conftest import ROOT

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
LEASE = timedelta(minutes=1)


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[SqlLedger]:
    opened = open_ledger(ledger_url)
    yield opened
    opened.dispose()


def a_job(subject: str = "1.2.3", priority: int = 2, due_at: datetime | None = None) -> NextJob:
    return NextJob("index", subject, {"tên": "Nguyễn"}, due_at, priority)


def ask_for(ledger: SqlLedger, *wanted: NextJob) -> None:
    with ledger.begin() as tx:
        for job in wanted:
            queue.enqueue(tx, job, NOW)


def claim(ledger: SqlLedger, owner: str = "a", now: datetime = NOW) -> Job | None:
    with ledger.begin() as tx:
        return queue.claim(tx, owner, now, LEASE)


def claimed(ledger: SqlLedger, owner: str = "a", now: datetime = NOW) -> Job:
    job = claim(ledger, owner, now)
    assert job is not None
    return job


def count_of(ledger: SqlLedger, name: str) -> int | None:
    with ledger.read() as tx:
        value: int | None = tx.execute(select(cursors.c.value).where(cursors.c.name == name)).scalar()
        return value


# Transactions


def test_what_was_committed_is_seen_by_every_other_connection(ledger: SqlLedger, ledger_url: str) -> None:
    with ledger.begin() as tx:
        tx.execute(insert(cursors).values(name="seen", value=7))
    other = open_ledger(ledger_url)
    try:
        assert count_of(other, "seen") == 7
    finally:
        other.dispose()


def test_an_exception_takes_everything_of_the_transaction_back(ledger: SqlLedger) -> None:
    def fail_halfway() -> None:
        with ledger.begin() as tx:
            tx.execute(insert(cursors).values(name="lost", value=1))
            queue.enqueue(tx, a_job(), NOW)
            raise RuntimeError("the work failed")

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert count_of(ledger, "lost") is None
    assert claim(ledger) is None


def test_a_transaction_that_is_open_is_not_seen(ledger: SqlLedger) -> None:
    with ledger.begin() as tx:
        tx.execute(insert(cursors).values(name="open", value=1))
        assert count_of(ledger, "open") is None


def test_what_a_killed_process_had_not_committed_is_gone(ledger: SqlLedger, ledger_url: str) -> None:
    program = (
        "import sys\n"
        "from sqlalchemy import insert\n"
        "from node.ledger.schema import cursors\n"
        "from node.ledger.sql import open_ledger\n"
        "ledger = open_ledger(sys.argv[1])\n"
        "with ledger.begin() as tx:\n"
        "    tx.execute(insert(cursors).values(name='kept', value=1))\n"
        "with ledger.begin() as tx:\n"
        "    tx.execute(insert(cursors).values(name='gone', value=1))\n"
        "    print('inside', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program, ledger_url]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "inside\n"
        process.kill()
    assert count_of(ledger, "kept") == 1
    assert count_of(ledger, "gone") is None
    with ledger.begin() as tx:  # and it locks nobody out
        tx.execute(insert(cursors).values(name="gone", value=2))


def test_many_writers_wait_for_each_other_instead_of_failing(ledger_url: str) -> None:
    ledgers = [open_ledger(ledger_url) for _ in range(2)]  # as two processes have them

    def write(number: int) -> None:
        with ledgers[number % 2].begin() as tx:
            tx.execute(insert(audit).values(at=NOW, actor="node", kind="test", subject=str(number), detail={}))

    try:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(write, range(80)))
        with ledgers[0].read() as tx:
            assert tx.execute(select(func.count(audit.c.subject.distinct()))).scalar() == 80
    finally:
        for one in ledgers:
            one.dispose()


def test_migrating_a_current_ledger_changes_nothing(ledger: SqlLedger) -> None:
    with ledger.begin() as tx:
        tx.execute(insert(cursors).values(name="stays", value=3))
    ledger.migrate()
    assert count_of(ledger, "stays") == 3


def test_a_database_that_does_not_answer_is_busy_and_tried_again() -> None:
    ledger = open_ledger(f"postgresql+psycopg://nobody@127.0.0.1:{services.free_port()}/nothing")
    with pytest.raises(LedgerBusy, match="tried again"), ledger.read() as tx:
        tx.execute(select(1))
    ledger.dispose()


# Values


def test_times_come_back_aware_and_in_utc_whatever_the_zone_of_the_server(ledger: SqlLedger) -> None:
    in_hanoi = datetime(2026, 3, 2, 8, 30, 15, 123456, tzinfo=timezone(timedelta(hours=7)))
    with ledger.begin() as tx:
        tx.execute(insert(audit).values(at=in_hanoi, actor="node", kind="test", subject="", detail={}))
    with ledger.read() as tx:
        at = tx.execute(select(audit.c.at)).scalar_one()
    assert at == in_hanoi
    assert at.utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_refused(ledger: SqlLedger) -> None:
    with pytest.raises(Exception, match="aware"), ledger.begin() as tx:
        tx.execute(insert(audit).values(at=NOW.replace(tzinfo=None), actor="node", kind="test", detail={}))


def test_vietnamese_and_nested_json_come_back_as_they_went_in(ledger: SqlLedger) -> None:
    detail = {"kết luận": ["Không thấy tổn thương", {"mm": 3.5, "đã ký": True, "ghi chú": None}]}
    with ledger.begin() as tx:
        tx.execute(insert(audit).values(at=NOW, actor="bs.hồng", kind="test", subject="Đặng", detail=detail))
    with ledger.read() as tx:
        row = tx.execute(select(audit)).one()
    assert (row.actor, row.subject, row.detail) == ("bs.hồng", "Đặng", detail)


# The queue


def test_the_most_urgent_job_comes_first_and_then_the_oldest(ledger: SqlLedger) -> None:
    early = NOW - timedelta(minutes=5)
    ask_for(ledger, a_job("routine"), a_job("urgent", 1), a_job("older", due_at=early), a_job("emergency", 0))
    order = [claimed(ledger).subject for _ in range(4)]
    assert order == ["emergency", "urgent", "older", "routine"]
    assert claim(ledger) is None


def test_a_job_carries_what_it_was_asked_for_with(ledger: SqlLedger) -> None:
    ask_for(ledger, a_job("1.2.3", 1))
    job = claimed(ledger, "worker-1")
    assert (job.kind, job.subject, job.payload, job.priority) == ("index", "1.2.3", {"tên": "Nguyễn"}, 1)
    assert (job.attempts, job.lease_owner) == (0, "worker-1")


def test_a_job_is_not_claimed_before_it_is_due(ledger: SqlLedger) -> None:
    ask_for(ledger, a_job(due_at=NOW + timedelta(seconds=10)))
    assert claim(ledger) is None
    with ledger.read() as tx:
        assert queue.next_due(tx) == NOW + timedelta(seconds=10)
    assert claim(ledger, now=NOW + timedelta(seconds=10)) is not None


def test_asking_twice_for_the_same_is_one_job_at_the_higher_priority(ledger: SqlLedger) -> None:
    ask_for(ledger, a_job(priority=2), a_job(priority=0))
    assert claimed(ledger).priority == 0
    assert claim(ledger) is None


def test_no_two_workers_get_the_same_job(ledger_url: str) -> None:
    ledgers = [open_ledger(ledger_url) for _ in range(2)]
    subjects = [f"1.2.{number}" for number in range(60)]
    ask_for(ledgers[0], *(a_job(subject) for subject in subjects))

    def work(number: int) -> list[str]:
        done = []
        while job := claim(ledgers[number % 2], f"worker-{number}"):
            with ledgers[number % 2].begin() as tx:
                queue.finish(tx, job, NOW)
            done.append(job.subject)
        return done

    try:
        with ThreadPoolExecutor(6) as threads:
            done = Counter(subject for part in threads.map(work, range(6)) for subject in part)
        assert done == Counter(subjects)
    finally:
        for one in ledgers:
            one.dispose()


def test_a_finished_job_is_no_row(ledger: SqlLedger) -> None:
    ask_for(ledger, a_job())
    job = claimed(ledger)
    with ledger.begin() as tx:
        queue.finish(tx, job, NOW)
    with ledger.read() as tx:
        assert tx.execute(select(func.count()).select_from(jobs)).scalar() == 0


def test_a_job_asked_for_again_while_it_runs_runs_once_more(ledger: SqlLedger) -> None:
    ask_for(ledger, a_job())
    job = claimed(ledger)
    ask_for(ledger, a_job(), a_job())
    with ledger.begin() as tx:
        queue.finish(tx, job, NOW)
    again = claimed(ledger)
    with ledger.begin() as tx:
        queue.finish(tx, again, NOW)
    assert claim(ledger) is None


def test_a_worker_that_fell_silent_loses_its_job_and_cannot_settle_it(ledger: SqlLedger) -> None:
    ask_for(ledger, a_job())
    silent = claimed(ledger, "silent")
    assert claim(ledger, "other", NOW + LEASE) is None
    later = NOW + LEASE + timedelta(seconds=1)
    assert claimed(ledger, "other", later).id == silent.id

    def settle() -> None:
        with ledger.begin() as tx:
            tx.execute(insert(cursors).values(name="result of the silent one", value=1))
            queue.finish(tx, silent, later)

    with pytest.raises(Conflict):
        settle()
    assert count_of(ledger, "result of the silent one") is None


def test_a_renewed_lease_holds(ledger: SqlLedger) -> None:
    ask_for(ledger, a_job())
    job = claimed(ledger)
    with ledger.begin() as tx:
        queue.renew(tx, job, NOW + 3 * LEASE)
    assert claim(ledger, "other", NOW + 2 * LEASE) is None


def test_a_postponed_job_waits_and_counts_its_attempts(ledger: SqlLedger) -> None:
    ask_for(ledger, a_job())
    job = claimed(ledger)
    later = NOW + timedelta(minutes=10)
    with ledger.begin() as tx:
        queue.postpone(tx, job, later, "The hub does not answer.")
    assert claim(ledger) is None
    assert claimed(ledger, now=later).attempts == 1


def test_a_held_job_waits_for_a_person_who_asks_for_it_again(ledger: SqlLedger) -> None:
    ask_for(ledger, a_job())
    job = claimed(ledger)
    with ledger.begin() as tx:
        queue.hold(tx, job, "A person must look at this.")
    much_later = NOW + timedelta(days=3)
    assert claim(ledger, now=much_later) is None
    with ledger.begin() as tx:
        queue.enqueue(tx, a_job(), much_later)
    assert claim(ledger, now=much_later) is not None
