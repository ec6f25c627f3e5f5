"""What travels is made from what was received: identity taken out, pixels compressed, both proved.

The original is never touched. A derived object and the pseudonyms that it uses are settled in one transaction, and only what is
settled can be sent: no pseudonym ever leaves that this node could not resolve again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import BrokenExecutor, Future, wait
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from node.dicom.derive import Derived, derive
from node.dicom.vault import Vault, keys
from node.domain.delivery import ItemState
from node.domain.job import Job, NextJob
from node.domain.timeline import Hop, TimelineEntry
from node.errors import Held, NodeError, NotFound, Retryable
from node.ledger import deliveries, timeline, vault_rows
from node.ports import Node
from node.storage.filesystem import sync_file

log = logging.getLogger(__name__)

_AHEAD = (
    4  # objects of a job in the queue of the processes: what the index wants of them does not wait for a whole chunk
)


_ALONE_AFTER = 2  # attempts after which objects are prepared one by one: one of them may kill the process


@dataclass(frozen=True, slots=True)
class Made:
    """One derived object, or why there is none."""

    instance_id: int
    derived: Derived | None
    reason: str = ""


class TransformStage:
    """Implements `node.ports.Stage`; the subject is a delivery, the payload names a chunk of its instances."""

    kind = "transform"

    def work(self, job: Job, node: Node) -> Sequence[Made]:
        wanted = set(job.payload["instances"])
        with node.ledger.read() as tx:
            delivery = deliveries.get(tx, int(job.subject))
            waiting = [
                i for i in deliveries.items(tx, int(job.subject), [ItemState.WAITING]) if i.instance_id in wanted
            ]
        if delivery is None or not waiting:
            return []
        with TemporaryDirectory(dir=node.scratch, ignore_cleanup_errors=True) as folder:  # a full disk gets it all back
            alone = job.attempts >= _ALONE_AFTER
            ahead = 1 if alone else _AHEAD
            futures: dict[int, Future[Derived]] = {}
            for number, item in enumerate(waiting):
                if number >= ahead:
                    wait([futures[waiting[number - ahead].instance_id]])
                futures[item.instance_id] = _submit(item, delivery.plan, folder, node)
            wait(futures.values())
            made = [_gather(instance_id, future, alone=alone) for instance_id, future in futures.items()]
            node.storage.adopt((Path(m.derived.file), m.derived.digest) for m in made if m.derived)
        return made

    def settle(self, tx: Any, job: Job, result: Sequence[Made], node: Node) -> Iterable[NextJob]:
        delivery = int(job.subject)
        now = node.clock.now()
        held = [{"instance_id": m.instance_id, "reason": m.reason} for m in result if m.derived is None]
        deliveries.set_items(tx, delivery, ItemState.HELD, held)
        derived = [m.derived for m in result if m.derived is not None]
        if derived:
            vault_rows.put(tx, _sealed(derived, node), now)
            prepared = [_prepared(m.instance_id, m.derived) for m in result if m.derived is not None]
            deliveries.set_items(tx, delivery, ItemState.PREPARED, prepared)
            deliveries.update_delivery(tx, delivery, now, outward_uid=derived[-1].study_instance_uid)
        note_prepared(tx, delivery, node)
        return [NextJob("deliver", job.subject, priority=job.priority)]


def _submit(item: Any, plan: dict[str, Any], folder: str, node: Node) -> Future[Derived]:
    try:
        path = node.storage.path(item.stored_digest)
    except NotFound as error:  # this object's fault, not the others'
        lost: Future[Derived] = Future()
        lost.set_exception(error)
        return lost
    return node.pool.submit(
        derive,
        str(path),
        folder,
        site=node.facility,
        pseudonym_key=keys(node.vault_key)[1],
        plan=plan,
    )


def _gather(instance_id: int, future: Future[Derived], *, alone: bool) -> Made:
    try:
        derived = future.result()
        sync_file(Path(derived.file))  # here, so that the processes go on with pixels meanwhile
        return Made(instance_id, derived)
    except Retryable:
        raise
    except NodeError as error:
        return Made(instance_id, None, error.record)
    except (OSError, MemoryError, BrokenExecutor) as error:
        if alone and isinstance(error, BrokenExecutor):
            return Made(instance_id, None, Held("It brings the process down that prepares it.").record)
        raise Retryable(f"A worker failed ({type(error).__name__}).") from error
    except Exception as error:
        log.error("an instance could not be transformed: %s", type(error).__name__)
        return Made(instance_id, None, Held(f"It could not be prepared ({type(error).__name__}).").record)


def _prepared(instance_id: int, derived: Derived) -> dict[str, Any]:
    return {
        "instance_id": instance_id,
        "outward_sop_uid": derived.sop_instance_uid,
        "digest": derived.digest,
        "size": derived.size,
        "transfer_syntax_uid": derived.transfer_syntax_uid,
    }


def _sealed(derived: Iterable[Derived], node: Node) -> dict[tuple[str, str], bytes]:
    """The vault's rows for some objects; what they share (study, series, patient) is sealed once."""
    uids: dict[str, str] = {}
    identities: dict[str, dict[str, Any]] = {}
    for one in derived:
        if one.uids:
            uids |= one.uids
            identities.setdefault(one.study_instance_uid, one.identity)
    vault = Vault(node.vault_key)
    rows = {("uid", p): vault.seal("uid", p, original.encode()) for p, original in uids.items()}
    for study_uid, content in identities.items():
        identity = json.dumps(content, ensure_ascii=False).encode()
        rows["study", study_uid] = vault.seal("study", study_uid, identity)
    return rows


def note_prepared(tx: Any, delivery_id: int, node: Node) -> None:
    """Records the hop when the last instance of a closed delivery is ready to travel, and what is held back."""
    row = deliveries.get(tx, delivery_id)
    counts = deliveries.counts(tx, delivery_id)
    assert row is not None
    if not row.closed or counts[ItemState.WAITING] or row.destination == "":
        return
    now = node.clock.now()
    ready = sum(counts.values()) - counts[ItemState.HELD] - counts[ItemState.REFUSED]
    detail = {"to": row.destination, "identity": row.plan["identity"], "compression": row.plan["compression"]}
    key = f"{row.route}:{row.destination}"
    if ready:
        entry = TimelineEntry(row.study_uid, node.facility, Hop.PREPARED, now, ready, detail, f"{key}:{ready}")
        timeline.record(tx, entry)
    if counts[ItemState.HELD]:
        held = counts[ItemState.HELD]
        entry = TimelineEntry(row.study_uid, node.facility, Hop.HELD, now, held, detail, f"{key}:{held}")
        timeline.record(tx, entry)
