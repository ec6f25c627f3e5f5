"""Writing what was received: studies, series and instances."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, update

from node.domain.study import STUDY_TRANSITIONS, Arrival, InstanceHeader, Priority, StudyEvent, StudyState, Via
from node.domain.transitions import advance
from node.ledger.audit import audit
from node.ledger.names import add_name
from node.ledger.schema import instances, manifests, series, studies
from node.ledger.sql import insert, insert_new

# Statements of every instance are made once: making them anew costs more than running them.
_SAME = (instances.c.sop_instance_uid == bindparam("same_uid")) & (instances.c.via != bindparam("twin"))
_KNOWN = select(instances.c.digest, instances.c.study_uid).where(_SAME)
_SUPERSEDE = (
    update(instances)
    .where(instances.c.sop_instance_uid == bindparam("same_uid"), instances.c.study_uid == bindparam("of_study"))
    .values(current=False)
)


def pack(metadata: dict[str, Any]) -> bytes:
    """DICOM JSON as kept in `instances.header`."""
    return zlib.compress(json.dumps(metadata, ensure_ascii=False, separators=(",", ":")).encode(), 6)


def unpack(header: bytes) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(zlib.decompress(header))
    return result


def add_instance(
    tx: Connection, header: InstanceHeader, arrival: Arrival, *, name_key: str, shadow: bool, packed: bytes
) -> bool:
    """Indexes one received object; True when it was not known before.

    The same UID with the same bytes has no effect. With other bytes both are kept, the newer is current and flagged.
    """
    _add_study(tx, header, arrival, name_key=name_key, shadow=shadow)
    _add_series(tx, header)
    twin = {Via.HOME: Via.LINK, Via.LINK: Via.HOME}.get(arrival.via)  # a report under its pseudonym and under its name
    same = {"same_uid": header.sop_instance_uid, "twin": twin.value if twin else ""}
    known = tx.execute(_KNOWN, same).all()
    if any(row.digest == header.digest for row in known):
        return False
    if known:
        # what another study holds under this UID stays current there: nobody takes an image out of another's study
        tx.execute(_SUPERSEDE, {"same_uid": header.sop_instance_uid, "of_study": header.study_instance_uid})
        actor = arrival.peer or arrival.calling_ae or "node"
        audit(tx, arrival.received_at, actor, "instance-conflict", header.sop_instance_uid)
    tx.execute(
        insert_new(tx, instances, "sop_instance_uid", "digest"),
        {
            "sop_instance_uid": header.sop_instance_uid,
            "study_uid": header.study_instance_uid,
            "series_uid": header.series_instance_uid,
            "sop_class_uid": header.sop_class_uid,
            "transfer_syntax_uid": header.transfer_syntax_uid,
            "digest": header.digest,
            "size": header.size,
            "frames": header.frames,
            "rows": header.rows,
            "columns": header.columns,
            "number": header.instance_number,
            "header": packed,
            "via": arrival.via.value,
            "peer": arrival.peer,
            "facility": arrival.facility,
            "calling_ae": arrival.calling_ae,
            "called_ae": arrival.called_ae,
            "received_at": arrival.received_at,
            "current": True,
            "conflict": bool(known),
        },
    )
    for study_uid in {row.study_uid for row in known} - {header.study_instance_uid}:
        summarise(tx, study_uid)
    return True


def _add_study(tx: Connection, h: InstanceHeader, arrival: Arrival, *, name_key: str, shadow: bool) -> None:
    priority = h.priority or Priority.ROUTINE
    added = tx.execute(
        insert_new(tx, studies, "uid"),
        {
            "uid": h.study_instance_uid,
            "state": StudyState.RECEIVING.value,
            "shadow": shadow,
            "origin": arrival.facility,
            "priority": priority.value,
            "patient_id": h.patient_id,
            "issuer_of_patient_id": h.issuer_of_patient_id,
            "patient_name": h.patient_name,
            "name_key": name_key,
            "birth_date": h.birth_date,
            "sex": h.sex,
            "age": h.age,
            "accession_number": h.accession_number,
            "study_date": h.study_date,
            "study_time": h.study_time,
            "description": h.study_description,
            "body_part": h.body_part,
            "institution": h.institution,
            "study_id": h.study_id,
            "referring_physician": h.referring_physician,
            "timezone": h.timezone,
            "first_received_at": arrival.received_at,
            "last_received_at": arrival.received_at,
        },
    )
    if added.rowcount:
        add_name(tx, h.patient_name, name_key)


def _add_series(tx: Connection, h: InstanceHeader) -> None:
    tx.execute(
        insert_new(tx, series, "study_uid", "uid"),
        {
            "study_uid": h.study_instance_uid,
            "uid": h.series_instance_uid,
            "modality": h.modality,
            "number": h.series_number,
            "description": h.series_description,
            "body_part": h.body_part,
        },
    )


def summarise(tx: Connection, study_uid: str) -> None:
    """Counts and modalities of the study row from its instances and series."""
    count, last = tx.execute(
        select(func.count(), func.max(instances.c.received_at)).where(
            instances.c.study_uid == study_uid, instances.c.current
        )
    ).one()
    kinds = tx.execute(select(series.c.modality).where(series.c.study_uid == study_uid).distinct()).scalars()
    values: dict[str, Any] = {"instances": count, "modalities": "\\".join(sorted(filter(None, kinds)))}
    if last is not None:
        values["last_received_at"] = last
    tx.execute(update(studies).where(studies.c.uid == study_uid).values(values))


def move(tx: Connection, study_uid: str, event: StudyEvent, now: datetime) -> StudyState:
    """Advances the study's state; returns the state that it had before."""
    before = StudyState(
        tx.execute(select(studies.c.state).where(studies.c.uid == study_uid).with_for_update()).scalar_one()
    )
    after = advance(STUDY_TRANSITIONS, before, event)
    values: dict[str, Any] = {"state": after.value}
    if after != before:
        values["completed_at"] = now if after == StudyState.COMPLETE else None
    tx.execute(update(studies).where(studies.c.uid == study_uid).values(values))
    return before


def set_priority(tx: Connection, study_uid: str, priority: Priority) -> None:
    tx.execute(update(studies).where(studies.c.uid == study_uid).values(priority=priority.value))


def get(tx: Connection, study_uid: str) -> Row[Any] | None:
    return tx.execute(select(studies).where(studies.c.uid == study_uid)).first()


def locked(tx: Connection, study_uid: str) -> Row[Any] | None:
    """The same, after whoever is changing the study has committed; nobody else changes it until this transaction ends."""
    return tx.execute(select(studies).where(studies.c.uid == study_uid).with_for_update()).first()


def current_instances(tx: Connection, study_uid: str, via: Collection[Via] = ()) -> Sequence[Any]:
    """The study's current instances in the order in which they came, without their headers."""
    columns = [c for c in instances.c if c.name != "header"]
    query = select(*columns, series.c.modality).join(
        series, (series.c.study_uid == instances.c.study_uid) & (series.c.uid == instances.c.series_uid)
    )
    query = query.where(instances.c.study_uid == study_uid, instances.c.current)
    if via:
        query = query.where(instances.c.via.in_([v.value for v in via]))
    return tx.execute(query.order_by(instances.c.id)).all()


def stored_versions(tx: Connection, study_uid: str) -> frozenset[tuple[str, str]]:
    """(SOP Instance UID, digest) of everything that is kept of a study, superseded versions included."""
    rows = tx.execute(
        select(instances.c.sop_instance_uid, instances.c.digest).where(instances.c.study_uid == study_uid)
    )
    return frozenset((row.sop_instance_uid, row.digest) for row in rows)


def header(tx: Connection, instance_id: int) -> dict[str, Any]:
    return unpack(tx.execute(select(instances.c.header).where(instances.c.id == instance_id)).scalar_one())


def put_manifest(
    tx: Connection,
    study_uid: str,
    *,
    peer: str,
    closed: bool,
    priority: Priority,
    expected: int,
    withheld: int,
    items: dict[str, str],
    now: datetime,
) -> bool:
    """What the sending node says of a study; True when that is news."""
    old = tx.execute(select(manifests).where(manifests.c.study_uid == study_uid)).first()
    values: dict[str, Any] = {"peer": peer, "closed": closed, "priority": priority.value}
    values |= {"expected": expected, "withheld": withheld, "items": items}
    if old is not None and all(getattr(old, k) == v for k, v in values.items()):
        return False
    row = insert(tx, manifests).values(study_uid=study_uid, updated_at=now, **values)
    tx.execute(row.on_conflict_do_update(index_elements=["study_uid"], set_={**values, "updated_at": now}))
    return True


def manifest(tx: Connection, study_uid: str) -> Row[Any] | None:
    return tx.execute(select(manifests).where(manifests.c.study_uid == study_uid)).first()
