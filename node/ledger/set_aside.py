"""What was set aside: files that could not be read, and objects that came again with other bytes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from node.domain.study import Arrival
from node.ledger.schema import instances, quarantine
from node.ledger.sql import insert

_VERSION = ("id", "received_at", "via", "peer", "calling_ae", "size", "digest", "current", "conflict")
_CHUNK = 500  # names in one statement


def put(tx: Connection, name: str, reason: str, arrival: Arrival, size: int) -> None:
    """Lists a file of the quarantine; the newest reason counts."""
    values = {
        "reason": reason,
        "via": arrival.via.value,
        "peer": arrival.peer,
        "calling_ae": arrival.calling_ae,
        "size": size,
        "received_at": arrival.received_at,
    }
    row = insert(tx, quarantine).values(name=name, **values)
    tx.execute(row.on_conflict_do_update(index_elements=["name"], set_=values))


def names(tx: Connection) -> frozenset[str]:
    return frozenset(tx.execute(select(quarantine.c.name)).scalars())


def remove(tx: Connection, gone: Collection[str]) -> None:
    """Takes files off the list."""
    ordered = sorted(gone)
    for start in range(0, len(ordered), _CHUNK):
        tx.execute(delete(quarantine).where(quarantine.c.name.in_(ordered[start : start + _CHUNK])))


def get(tx: Connection, name: str) -> Row[Any] | None:
    return tx.execute(select(quarantine).where(quarantine.c.name == name)).first()


def files(tx: Connection, limit: int) -> tuple[list[dict[str, Any]], int]:
    """The newest files of the quarantine, and how many there are."""
    rows = tx.execute(select(quarantine).order_by(quarantine.c.received_at.desc(), quarantine.c.name).limit(limit))
    total = tx.execute(select(func.count()).select_from(quarantine)).scalar_one()
    return [dict(row) for row in rows.mappings()], total


def conflicts(tx: Connection, limit: int) -> tuple[list[dict[str, Any]], int]:
    """The objects whose UID came with different bytes, the newest first, each with all its versions; and how many."""
    flagged = select(instances.c.sop_instance_uid, func.max(instances.c.id).label("newest")).where(instances.c.conflict)
    grouped = flagged.group_by(instances.c.sop_instance_uid).subquery()
    total = tx.execute(select(func.count()).select_from(grouped)).scalar_one()
    uids = tx.execute(
        select(grouped.c.sop_instance_uid).order_by(grouped.c.newest.desc()).limit(min(limit, _CHUNK))
    ).scalars()
    found: dict[str, dict[str, Any]] = {uid: {"sop_instance_uid": uid, "versions": []} for uid in uids}
    columns = [instances.c[name] for name in (*_VERSION, "study_uid", "sop_instance_uid")]
    rows = tx.execute(
        select(*columns).where(instances.c.sop_instance_uid.in_(list(found))).order_by(instances.c.id.desc())
    )
    for row in rows.mappings():
        version = {name: row[name] for name in _VERSION} | {"study_instance_uid": row["study_uid"]}
        found[row["sop_instance_uid"]]["versions"].append(version)
    return list(found.values()), total


def conflict_count(tx: Connection, study_uid: str) -> int:
    """How many objects of a study came again with other bytes and were not settled."""
    query = select(func.count(instances.c.sop_instance_uid.distinct()))
    return int(tx.execute(query.where(instances.c.study_uid == study_uid, instances.c.conflict)).scalar_one())


def version(tx: Connection, instance_id: int) -> Row[Any] | None:
    """One version of an object, without its header."""
    columns = [c for c in instances.c if c.name != "header"]
    return tx.execute(select(*columns).where(instances.c.id == instance_id)).first()


def settle(tx: Connection, chosen: Row[Any]) -> None:
    """Makes a version the one that its study uses. The others stay kept, and nobody is warned of them any more."""
    same = instances.c.sop_instance_uid == chosen.sop_instance_uid
    in_study = same & (instances.c.study_uid == chosen.study_uid)
    tx.execute(update(instances).where(in_study).values(current=False))
    tx.execute(update(instances).where(instances.c.id == chosen.id).values(current=True))
    tx.execute(update(instances).where(same).values(conflict=False))
