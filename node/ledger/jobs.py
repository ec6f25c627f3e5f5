"""The queue: rows that say what is to be done next, claimed with a lease.

A claim is a conditional UPDATE; whoever changed the row has the job until the lease runs out. A job that is asked for again
while it runs (`generation` grew) runs once more instead of being forgotten.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, case, delete, func, or_, select, update

from node.domain.job import Job, NextJob
from node.errors import LeaseLost
from node.ledger.schema import jobs
from node.ledger.sql import insert

_LONGEST_WAIT = timedelta(days=1)


def enqueue(tx: Connection, job: NextJob, now: datetime) -> None:
    """Adds the job, or brings an equal one (same key) forward. A held job becomes open again."""
    due = job.due_at or now
    row = insert(tx, jobs).values(
        key=job.key,
        kind=job.kind,
        subject=job.subject,
        payload=dict(job.payload),
        priority=job.priority,
        due_at=due,
        attempts=0,
        generation=0,
        lease_owner="",
        state="open",
        last_error="",
        created_at=now,
    )
    new = row.excluded
    tx.execute(
        row.on_conflict_do_update(
            index_elements=["key"],
            set_={
                "generation": jobs.c.generation + 1,
                "payload": new.payload,
                "priority": case((new.priority < jobs.c.priority, new.priority), else_=jobs.c.priority),
                # a job that waits for its retry keeps its patience; any other is due when the earlier of the two says
                "due_at": case(
                    (and_(jobs.c.attempts > 0, jobs.c.state == "open", jobs.c.lease_owner == ""), jobs.c.due_at),
                    (new.due_at < jobs.c.due_at, new.due_at),
                    else_=jobs.c.due_at,
                ),
                "state": "open",
            },
        )
    )


def hurry(tx: Connection, kind: str, subject: str, now: datetime) -> int:
    """Makes the waiting jobs of a subject due now (a person asked, or the peer is back). Returns how many."""
    result = tx.execute(
        update(jobs)
        .where(jobs.c.kind == kind, jobs.c.subject == subject, jobs.c.due_at > now)
        .values(due_at=now, state="open")
    )
    return int(result.rowcount)


def claim(tx: Connection, owner: str, now: datetime, lease: timedelta) -> Job | None:
    """The most urgent job that is due and not in anyone's hands, now in `owner`'s; None when there is none."""
    free = or_(jobs.c.lease_until.is_(None), jobs.c.lease_until < now)
    candidate = (
        select(jobs.c.id)
        .where(jobs.c.state == "open", jobs.c.due_at <= now, free)
        .order_by(jobs.c.priority, jobs.c.due_at, jobs.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)  # SQLite has one writer and ignores it
        .scalar_subquery()
    )
    row = tx.execute(
        update(jobs)
        .where(jobs.c.id == candidate, free)
        # due when the lease ends, so that being asked for again while it runs sets the time of the next run
        .values(lease_owner=owner, lease_until=now + lease, due_at=now + lease)
        .returning(jobs)
    ).first()
    if row is None:
        return None
    return Job(
        id=row.id,
        kind=row.kind,
        subject=row.subject,
        payload=row.payload,
        attempts=row.attempts,
        priority=row.priority,
        generation=row.generation,
        lease_owner=owner,
    )


def next_due(tx: Connection) -> datetime | None:
    """When the next open job that nobody holds is due."""
    return tx.execute(select(func.min(jobs.c.due_at)).where(jobs.c.state == "open", jobs.c.lease_owner == "")).scalar()


def mend_clock(tx: Connection, now: datetime) -> None:
    """What is due further ahead than any wait of ours was written by a clock that ran wrong: it is due now."""
    tx.execute(
        update(jobs)
        .where(jobs.c.due_at > now + _LONGEST_WAIT, jobs.c.state == "open")
        .values(due_at=now, lease_until=None, lease_owner="")
    )


def renew(tx: Connection, job: Job, until: datetime) -> None:
    """Keeps the job for longer; what was asked for meanwhile stays due when it was."""
    tx.execute(update(jobs).where(jobs.c.id == job.id, jobs.c.lease_owner == job.lease_owner).values(lease_until=until))


def finish(tx: Connection, job: Job, now: datetime) -> None:
    """Removes the job, or opens it again when it was asked for meanwhile.

    Raises `LeaseLost` when the lease ran out and someone else has it: the transaction must be rolled back.
    """
    gone = tx.execute(
        delete(jobs).where(
            jobs.c.id == job.id, jobs.c.lease_owner == job.lease_owner, jobs.c.generation == job.generation
        )
    )
    if gone.rowcount:
        return
    again = tx.execute(
        update(jobs)
        .where(jobs.c.id == job.id, jobs.c.lease_owner == job.lease_owner)
        .values(lease_owner="", lease_until=None, attempts=0, last_error="")
    )
    if not again.rowcount:
        raise LeaseLost(f"The lease of job {job.id} ({job.kind}) was lost.")


def postpone(tx: Connection, job: Job, due: datetime, error: str) -> None:
    """A passing fault: the job stays, due at `due`."""
    tx.execute(
        update(jobs)
        .where(jobs.c.id == job.id, jobs.c.lease_owner == job.lease_owner)
        .values(lease_owner="", lease_until=None, attempts=jobs.c.attempts + 1, due_at=due, last_error=error)
    )


def hold(tx: Connection, job: Job, error: str) -> None:
    """A fault that a person must look at: the job stays and is not claimed any more, unless it was asked for meanwhile."""
    state = case((jobs.c.generation == job.generation, "held"), else_="open")
    tx.execute(
        update(jobs)
        .where(jobs.c.id == job.id, jobs.c.lease_owner == job.lease_owner)
        .values(lease_owner="", lease_until=None, attempts=jobs.c.attempts + 1, state=state, last_error=error)
    )


def retry(tx: Connection, job_id: int, now: datetime) -> bool:
    """A person asks for a job that is held or waits: it is due now. False when it is not there any more."""
    result = tx.execute(
        update(jobs).where(jobs.c.id == job_id, jobs.c.lease_owner == "").values(state="open", due_at=now, attempts=0)
    )
    return bool(result.rowcount)


def release_all(tx: Connection, owner_prefix: str) -> int:
    """At the start of a node's only worker process: leases of its dead predecessor end at once."""
    result = tx.execute(
        update(jobs)
        .where(jobs.c.lease_owner.startswith(owner_prefix, autoescape=True))
        .values(lease_owner="", lease_until=None, due_at=jobs.c.created_at)
    )
    return int(result.rowcount)
