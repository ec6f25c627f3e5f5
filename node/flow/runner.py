"""Claim, work, settle: the one loop through which every job goes."""

from __future__ import annotations

import logging
import random
import secrets
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from node.domain.job import Job
from node.errors import LeaseLost, NodeError, Retryable
from node.ledger import jobs
from node.ports import Node, Stage
from node.routing.retry import backoff

log = logging.getLogger(__name__)

_IDLE = timedelta(seconds=5)
_BUG_ATTEMPTS = 5  # a fault in our own code is tried this often before a person must look


class Runner:
    """Runs jobs of all stages; safe for many threads and many processes on one ledger."""

    def __init__(self, node: Node, stages: Mapping[str, Stage], owner: str) -> None:
        self.node = node
        self.stages = stages
        self.owner = owner
        self._lease = timedelta(seconds=node.settings.workers.lease_seconds)

    def recover(self) -> None:
        """At the start: what a dead predecessor of the same name held is free again."""
        with self.node.ledger.begin() as tx:
            jobs.release_all(tx, f"{self.owner}:")
            jobs.mend_clock(tx, self.node.clock.now())

    def step(self) -> timedelta | None:
        """Runs one job and returns None; or, when none is due, how long to wait at most."""
        try:
            with self.node.ledger.begin() as tx:
                now = self.node.clock.now()
                # a name for this claim alone: a thread that overslept must not pass for the one that has the job now
                job = jobs.claim(tx, f"{self.owner}:{secrets.token_hex(8)}", now, self._lease)
                due = jobs.next_due(tx) if job is None else None
        except Retryable:
            return timedelta(seconds=1)
        if job is None:
            return min(_IDLE, max(due - now, timedelta(0))) if due else _IDLE
        self.run(job)
        return None

    def run(self, job: Job) -> None:
        """Works and settles a claimed job, whatever happens."""
        stage = self.stages.get(job.kind)
        try:
            if stage is None:
                raise NodeError(f"No stage '{job.kind}' in this version.")
            with self._keep_lease(job):
                result = stage.work(job, self.node)
            with self.node.ledger.begin() as tx:
                now = self.node.clock.now()
                for following in stage.settle(tx, job, result, self.node):
                    jobs.enqueue(tx, following, now)
                jobs.finish(tx, job, now)
        except LeaseLost as error:
            log.warning("%s", error)
        except Retryable as error:
            self._postpone(job, error.record)
        except NodeError as error:
            log.warning("job %s of %s is held: %s", job.kind, job.id, error.code)
            self._hold(job, error.record)
        except Exception as error:
            self._fault(job, error)
        else:
            self.node.wake()

    def _fault(self, job: Job, error: Exception) -> None:
        """A fault of ours. The log says where, not what: the text of a foreign exception may quote a patient."""
        frames = traceback.extract_tb(error.__traceback__)
        where = " < ".join(f"{f.name}:{f.lineno}" for f in reversed(frames[-4:]))
        log.error("job %s of %s failed: %s at %s", job.kind, job.id, type(error).__name__, where)
        if job.attempts + 1 < _BUG_ATTEMPTS:
            self._postpone(job, f"[internal] Internal fault: {type(error).__name__}.")
        else:
            self._hold(job, f"[internal] Internal fault: {type(error).__name__}. See the node's log, then retry.")

    def _postpone(self, job: Job, why: str) -> None:
        wait = backoff(job.attempts + 1, random.random())  # noqa: S311 - spreads retries, no secret
        try:
            with self.node.ledger.begin() as tx:
                jobs.postpone(tx, job, self.node.clock.now() + wait, why)
        except Retryable:
            log.warning("the ledger is away; the lease of job %s will run out", job.id)

    def _hold(self, job: Job, why: str) -> None:
        try:
            with self.node.ledger.begin() as tx:
                jobs.hold(tx, job, why)
        except Retryable:
            log.warning("the ledger is away; the lease of job %s will run out", job.id)

    @contextmanager
    def _keep_lease(self, job: Job) -> Iterator[None]:
        done = threading.Event()
        every = self._lease.total_seconds() / 3

        def renew() -> None:
            while not done.wait(every):
                try:
                    with self.node.ledger.begin() as tx:
                        jobs.renew(tx, job, self.node.clock.now() + self._lease)
                except NodeError:
                    log.warning("the lease of job %s could not be renewed yet", job.id)

        thread = threading.Thread(target=renew, name=f"lease-{job.id}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
