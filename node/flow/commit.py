"""What peers ask us to answer for the keeping of (storage commitment, as SCP), and how they are told.

An instance is kept when its rows and its bytes are here. What has come before the request but is not in the ledger yet counts:
nothing is reported as missing before the index has caught up. A report is repeated until the peer took it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from node.dicom.network.services.provider import Caller
from node.domain.commitment import CommitmentReport, Failure, Reference, ReportWay, RequestEvent, RequestState
from node.domain.facility import Peer
from node.domain.job import Job, NextJob
from node.errors import NodeError, PeerBusy, PeerRefused, Refused
from node.flow.confirm import take_report
from node.ledger import commitments, jobs
from node.ports import Node

log = logging.getLogger(__name__)

_KIND: Final = "commit-report"
_INDEX_PATIENCE: Final = timedelta(seconds=0.5)
_OWN_ASSOCIATION: Final = timedelta(hours=1)  # until a look whether a peer that calls us may be called by now
_ASSOCIATION: Final = timedelta(seconds=30)  # beyond its idle time, what a report on the caller's association may take
_URGENT: Final = 1  # a modality waits for it before it frees its disk


class CommitmentDesk:
    """Implements `node.dicom.network.services.commitment.CommitmentRegister`."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def asked(self, caller: Caller, transaction_uid: str, references: Sequence[Reference]) -> None:
        now = self._node.clock.now()
        own = caller.peer.idle_seconds if caller.peer is not None else 0
        spared = timedelta(seconds=own or self._node.settings.dicom.idle_seconds) + _ASSOCIATION
        with self._node.ledger.begin() as tx:
            commitments.keep_request(
                tx, caller.code, transaction_uid, called_ae=caller.called_ae, references=references, now=now
            )
            jobs.enqueue(tx, _job(caller.code, transaction_uid, now + spared), now)

    def decided(self, caller: Caller, transaction_uid: str) -> CommitmentReport | None:
        with self._node.ledger.read() as tx:
            row = commitments.request(tx, caller.code, transaction_uid)
        return None if row is None else decide(row, self._node)

    def reported(self, caller: Caller, report: CommitmentReport) -> None:
        with self._node.ledger.begin() as tx:
            note_reported(tx, caller.code, report, self._node.clock.now())
        self._hurry(caller.code, report.transaction_uid)

    def left(self, caller: Caller, transaction_uid: str) -> None:
        if caller.peer is not None and caller.peer.commitment_reports == ReportWay.SAME:
            _note_waiting(caller.code, transaction_uid, self._node)
        self._hurry(caller.code, transaction_uid)

    def owed(self, caller: Caller) -> Sequence[str]:
        with self._node.ledger.read() as tx:
            return commitments.owed(tx, caller.code)

    def take(self, caller: Caller, report: CommitmentReport) -> bool:
        return caller.peer is not None and take_report(self._node, caller.peer.code, report)

    def _hurry(self, peer: str, transaction_uid: str) -> None:
        with self._node.ledger.begin() as tx:
            jobs.hurry(tx, _KIND, _subject(peer, transaction_uid), self._node.clock.now())
        self._node.wake()


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one attempt: the report that the peer took, or when to look again."""

    report: CommitmentReport | None = None
    again_at: datetime | None = None


class CommitReportStage:
    """Implements `node.ports.Stage`; the subject is `<peer>:<Transaction UID>`."""

    kind = _KIND

    def work(self, job: Job, node: Node) -> Told:
        code, _, transaction_uid = job.subject.rpartition(":")
        with node.ledger.read() as tx:
            row = commitments.request(tx, code, transaction_uid)
        if row is None or row.state == RequestState.REPORTED:
            return Told()
        known = node.registry().peer(code)
        if known is not None and known.commitment_reports == ReportWay.SAME:
            _note_waiting(code, transaction_uid, node)
            return Told(again_at=node.clock.now() + _OWN_ASSOCIATION)
        try:
            peer = _reachable(code, node)
            report = decide(row, node)
            if report is None:
                return Told(again_at=node.clock.now() + _INDEX_PATIENCE)
            node.committer.report(peer, row.called_ae, report)
        except Refused as error:
            if _hold(code, transaction_uid, error, node):
                raise
            return Told()
        except NodeError as error:
            with node.ledger.begin() as tx:
                commitments.note_request(tx, code, transaction_uid, last_error=error.record)
            raise
        return Told(report)

    def settle(self, tx: Any, job: Job, result: Told, node: Node) -> Iterable[NextJob]:
        code, _, transaction_uid = job.subject.rpartition(":")
        if result.report is not None:
            note_reported(tx, code, result.report, node.clock.now())
        if result.again_at is not None:
            yield _job(code, transaction_uid, result.again_at)


def recover(node: Node) -> None:
    """At the start: the associations on which a dead predecessor was asked are gone, so nothing waits for them."""
    with node.ledger.begin() as tx:
        for peer, transaction_uid in commitments.open_requests(tx):
            jobs.hurry(tx, _KIND, _subject(peer, transaction_uid), node.clock.now())


def decide(row: Any, node: Node) -> CommitmentReport | None:
    """What of a request is kept here; None while objects that came before it are not in the ledger yet."""
    references = [Reference(*item) for item in row.items]
    failed = _failed(references, node)
    if Failure.NO_SUCH_INSTANCE in failed.values():
        if not _caught_up(node, row.asked_at):
            return None
        failed = _failed(references, node)  # what the index took between the look and the question
    return CommitmentReport(
        row.transaction_uid,
        tuple(r for r in references if r not in failed),
        tuple((reference, int(reason)) for reference, reason in failed.items()),
    )


def note_reported(tx: Any, peer: str, report: CommitmentReport, now: datetime) -> None:
    """The peer took the report."""
    failed = {reference.sop_instance_uid: reason for reference, reason in report.failed}
    commitments.move_request(
        tx, peer, report.transaction_uid, RequestEvent.REPORT, reported_at=now, failed=failed, last_error=""
    )
    log.info("%s took a storage commitment report: %d kept, %d not", peer, len(report.committed), len(failed))


def _note_waiting(code: str, transaction_uid: str, node: Node) -> None:
    """The peer is told on its own associations only: `CommitmentDesk.owed` has the request from now on."""
    reason = PeerBusy(
        f"'{code}' takes its storage commitment reports only on associations that it opens, and was not quiet on the last.",
        hint="It is told once it is quiet on one that includes storage commitment; or set its commitment_reports to 'either'.",
    )
    with node.ledger.begin() as tx:
        row = commitments.request(tx, code, transaction_uid)
        if row is not None and row.state == RequestState.ASKED:
            commitments.note_request(tx, code, transaction_uid, last_error=reason.record)


def _hold(code: str, transaction_uid: str, error: Refused, node: Node) -> bool:
    """Whether a person must look: not when the peer was told meanwhile on its own association."""
    with node.ledger.begin() as tx:
        row = commitments.request(tx, code, transaction_uid)
        if row is None or row.state == RequestState.REPORTED:
            return False
        commitments.move_request(tx, code, transaction_uid, RequestEvent.HOLD, last_error=error.record)
    return True


def _caught_up(node: Node, asked_at: datetime) -> bool:
    """Whether nothing waits that came before `asked_at`, or with a time that has not been yet (the clock was set back)."""
    since = node.intake.waiting_since()
    return since is None or asked_at < since <= node.clock.now()


def _failed(references: Sequence[Reference], node: Node) -> dict[Reference, Failure]:
    """What is not kept, and why."""
    with node.ledger.read() as tx:
        held = commitments.held_versions(tx, {r.sop_instance_uid for r in references})
    reasons = {r: _failure(r, held.get(r.sop_instance_uid, []), node) for r in references}
    return {reference: reason for reference, reason in reasons.items() if reason is not None}


def _failure(reference: Reference, versions: Sequence[tuple[str, str, bool]], node: Node) -> Failure | None:
    """Why an instance is not kept. Of several versions the current one counts."""
    if not versions:
        return Failure.NO_SUCH_INSTANCE
    current = [version for version in versions if version[2]] or versions
    fitting = [digest for sop_class, digest, _ in current if sop_class == reference.sop_class_uid]
    if not fitting:
        return Failure.CLASS_CONFLICT
    return None if all(node.storage.exists(digest) for digest in fitting) else Failure.PROCESSING


def _reachable(code: str, node: Node) -> Peer:
    """The peer to call. Raises `PeerRefused` when there is no way to it."""
    peer = node.registry().peer(code)
    if peer is None:
        raise PeerRefused(f"The peer '{code}' is not in the registry any more.", hint="Add it, then retry.")
    if not peer.host or not peer.port:
        raise PeerRefused(
            f"'{code}' cannot be called with its storage commitment report: the registry has no address of it.",
            hint="Give the peer its host and port, then retry; or let it keep its association open.",
        )
    return peer


def _subject(peer: str, transaction_uid: str) -> str:
    return f"{peer}:{transaction_uid}"


def _job(peer: str, transaction_uid: str, due_at: datetime) -> NextJob:
    return NextJob(_KIND, _subject(peer, transaction_uid), due_at=due_at, priority=_URGENT)
