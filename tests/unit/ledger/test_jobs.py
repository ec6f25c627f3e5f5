"""The queue, in the corners that the contract does not reach; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row, select

from node.domain.job import Job, NextJob
from node.errors import Conflict, LeaseLost
from node.ledger import jobs as queue
from node.ledger.schema import jobs
from node.ledger.sql import SqlLedger, open_ledger

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
LEASE = timedelta(minutes=1)


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[SqlLedger]:
    opened = open_ledger(ledger_url)
    yield opened
    opened.dispose()


def ask(ledger: SqlLedger, subject: str = "a", **more: Any) -> None:
    with ledger.begin() as tx:
        queue.enqueue(tx, NextJob("work", subject, **more), NOW)


def claim(ledger: SqlLedger, owner: str = "w:1", now: datetime = NOW) -> Job:
    with ledger.begin() as tx:
        job = queue.claim(tx, owner, now, LEASE)
    assert job is not None
    return job


def row_of(ledger: SqlLedger) -> Row[Any]:
    with ledger.read() as tx:
        return tx.execute(select(jobs)).one()


def test_the_parts_of_a_job_are_jobs_of_their_own(ledger: SqlLedger) -> None:
    ask(ledger, part="1", payload={"instances": [1]})
    ask(ledger, part="2", payload={"instances": [2]})
    assert sorted(claim(ledger, f"w:{n}").payload["instances"] for n in (1, 2)) == [[1], [2]]


def test_the_newest_payload_counts(ledger: SqlLedger) -> None:
    ask(ledger, payload={"instances": [1]})
    ask(ledger, payload={"instances": [1, 2]})
    assert claim(ledger).payload == {"instances": [1, 2]}


def test_asking_again_for_something_earlier_brings_it_forward_and_never_puts_it_off(ledger: SqlLedger) -> None:
    ask(ledger, due_at=NOW + timedelta(minutes=5))
    ask(ledger, due_at=NOW + timedelta(minutes=2))
    assert row_of(ledger).due_at == NOW + timedelta(minutes=2)
    ask(ledger, due_at=NOW + timedelta(minutes=9))
    assert row_of(ledger).due_at == NOW + timedelta(minutes=2)


def test_a_job_that_waits_for_its_retry_keeps_its_patience_when_asked_for_again(ledger: SqlLedger) -> None:
    ask(ledger)
    with ledger.begin() as tx:
        queue.postpone(tx, claim_in(tx), NOW + timedelta(minutes=4), "Nobody there.")
    ask(ledger)
    assert row_of(ledger).due_at == NOW + timedelta(minutes=4)


def claim_in(tx: Any) -> Job:
    job = queue.claim(tx, "w:1", NOW, LEASE)
    assert job is not None
    return job


def test_a_person_who_hurries_makes_it_due_now(ledger: SqlLedger) -> None:
    ask(ledger)
    with ledger.begin() as tx:
        queue.postpone(tx, claim_in(tx), NOW + timedelta(minutes=4), "Nobody there.")
    with ledger.begin() as tx:
        assert queue.hurry(tx, "work", "a", NOW) == 1
        assert queue.hurry(tx, "work", "b", NOW) == 0
    assert claim(ledger).attempts == 1


def test_a_lease_that_ends_this_very_moment_still_holds(ledger: SqlLedger) -> None:
    ask(ledger)
    claim(ledger)
    with ledger.begin() as tx:
        assert queue.claim(tx, "w:2", NOW + LEASE, LEASE) is None
        assert queue.claim(tx, "w:2", NOW + LEASE + timedelta(microseconds=1), LEASE) is not None


def test_what_is_asked_for_while_it_runs_is_due_when_that_says(ledger: SqlLedger) -> None:
    ask(ledger)
    job = claim(ledger)
    ask(ledger, due_at=NOW + timedelta(seconds=20))
    with ledger.begin() as tx:
        queue.renew(tx, job, NOW + 5 * LEASE)
        queue.finish(tx, job, NOW + timedelta(seconds=1))
    row = row_of(ledger)
    assert (row.due_at, row.lease_owner, row.attempts) == (NOW + timedelta(seconds=20), "", 0)


def test_a_success_forgets_earlier_failures_of_a_job_that_goes_on(ledger: SqlLedger) -> None:
    ask(ledger)
    with ledger.begin() as tx:
        queue.postpone(tx, claim_in(tx), NOW, "Nobody there.")
    job = claim(ledger)
    ask(ledger)
    with ledger.begin() as tx:
        queue.finish(tx, job, NOW)
    row = row_of(ledger)
    assert (row.attempts, row.last_error) == (0, "")


@pytest.mark.parametrize("again", [False, True])
def test_a_held_job_is_open_only_when_it_was_asked_for_meanwhile(ledger: SqlLedger, again: bool) -> None:
    ask(ledger)
    job = claim(ledger)
    if again:
        ask(ledger)
    with ledger.begin() as tx:
        queue.hold(tx, job, "A person must look.")
    row = row_of(ledger)
    assert (row.state, row.last_error, row.attempts) == ("open" if again else "held", "A person must look.", 1)
    with ledger.begin() as tx:
        assert (queue.claim(tx, "w:2", NOW, LEASE) is not None) is again


def test_who_lost_the_lease_can_neither_finish_nor_postpone_nor_hold_nor_renew(ledger: SqlLedger) -> None:
    ask(ledger)
    old = claim(ledger)
    later = NOW + 2 * LEASE
    new = claim(ledger, "w:2", later)
    before = row_of(ledger)
    with ledger.begin() as tx:
        queue.postpone(tx, old, later, "Nobody there.")
        queue.hold(tx, old, "A person must look.")
        queue.renew(tx, old, later + 9 * LEASE)
    assert row_of(ledger) == before
    with pytest.raises(LeaseLost), ledger.begin() as tx:
        queue.finish(tx, old, later)
    with ledger.begin() as tx:
        queue.finish(tx, new, later)
    assert issubclass(LeaseLost, Conflict)


def test_the_next_time_does_not_count_what_is_held_or_in_someones_hands(ledger: SqlLedger) -> None:
    with ledger.read() as tx:
        assert queue.next_due(tx) is None
    ask(ledger, "a")
    ask(ledger, "b", due_at=NOW + timedelta(hours=1))
    job = claim(ledger)
    with ledger.read() as tx:
        assert queue.next_due(tx) == NOW + timedelta(hours=1)
    with ledger.begin() as tx:
        queue.hold(tx, job, "A person must look.")
    with ledger.read() as tx:
        assert queue.next_due(tx) == NOW + timedelta(hours=1)


def test_only_the_leases_of_that_owner_are_freed(ledger: SqlLedger) -> None:
    for subject, owner in (("a", "local:1"), ("b", "local:2"), ("c", "localhost:1"), ("d", "lo%:1")):
        ask(ledger, subject)
        claim(ledger, owner)
    with ledger.begin() as tx:
        assert queue.release_all(tx, "local:") == 2
        assert queue.release_all(tx, "lo%:") == 1
    assert {claim(ledger, f"x:{n}").subject for n in range(3)} == {"a", "b", "d"}
