"""Questions that the pages ask: the study list, one study, its timeline, its report.

Each question costs a fixed number of queries, whatever the number of rows. Answers are plain dictionaries in the shape
of the API; times are aware datetimes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select

from node.domain.delivery import DeliveryState, ItemState
from node.domain.timeline import Hop
from node.ledger._stage_table import HOPS, stage
from node.ledger.report_objects import REPORT_VIAS, report_objects
from node.ledger.schema import deliveries, delivery_items, instances, reading_tasks, series, studies, timeline


@dataclass(frozen=True, slots=True)
class _Delivery:
    row: Row[*tuple[Any, ...]]
    items: Mapping[str, int]
    images: bool  # not only a report
    reason: str  # why an instance of it was held or refused

    def count(self, *states: ItemState) -> int:
        return sum(self.items.get(state.value, 0) for state in states)


def list_studies(
    tx: Connection,
    *,
    limit: int,
    offset: int,
    text: str = "",
    name_words: Sequence[str] = (),
    nodes: Collection[str] = (),
) -> tuple[list[dict[str, Any]], int]:
    """A page of studies, newest first, and how many there are. Twins under a pseudonym are hidden.

    `name_words` are the folded words of `text` (see `node.dicom.dataset.fold_name`); `nodes` are the codes of the peers
    that confirm what they hold.
    """
    where: list[ColumnElement[bool]] = [studies.c.shadow.is_(False)]
    if text:
        where.append(_matches(text, name_words))
    total = tx.execute(select(func.count()).select_from(studies).where(*where)).scalar_one()
    page = (
        select(studies)
        .where(*where)
        .order_by(studies.c.first_received_at.desc(), studies.c.uid)
        .limit(limit)
        .offset(offset)
    )
    return _describe(tx, tx.execute(page).all(), nodes), total


def _matches(text: str, name_words: Sequence[str]) -> ColumnElement[bool]:
    by_name = [studies.c.name_key.contains(word, autoescape=True) for word in name_words]
    choices: list[ColumnElement[bool]] = [
        studies.c.patient_id.icontains(text, autoescape=True),
        studies.c.accession_number.icontains(text, autoescape=True),
    ]
    if by_name:
        choices.append(and_(*by_name))
    return or_(*choices)


def find_study(tx: Connection, study_uid: str, nodes: Collection[str] = ()) -> dict[str, Any] | None:
    """One study with its series, instances and deliveries; None when it is not here (or a twin under a pseudonym)."""
    row = tx.execute(select(studies).where(studies.c.uid == study_uid, studies.c.shadow.is_(False))).one_or_none()
    if row is None:
        return None
    study = _describe(tx, [row], nodes)[0]
    study["series"] = _series_of(tx, study_uid)
    study["deliveries"] = _deliveries_of(tx, study_uid)
    return study


def study_exists(tx: Connection, study_uid: str) -> bool:
    """True for a study that the pages show."""
    found = tx.execute(select(studies.c.uid).where(studies.c.uid == study_uid, studies.c.shadow.is_(False))).first()
    return found is not None


def study_timeline(tx: Connection, study_uid: str) -> list[dict[str, Any]]:
    """The hops of a study at all nodes, in the order of time."""
    rows = tx.execute(select(timeline).where(timeline.c.study_uid == study_uid).order_by(timeline.c.at, timeline.c.id))
    return [
        {"hop": row.hop, "node": row.node, "at": row.at, "instances": row.instances, "detail": row.detail}
        for row in rows
    ]


def _describe(tx: Connection, rows: Sequence[Row[*tuple[Any, ...]]], nodes: Collection[str]) -> list[dict[str, Any]]:
    uids = [row.uid for row in rows]
    if not uids:
        return []
    sent = _study_deliveries(tx, uids)
    hops: dict[str, list[Hop]] = defaultdict(list)
    for uid, hop in tx.execute(
        select(timeline.c.study_uid, timeline.c.hop)
        .where(timeline.c.study_uid.in_(uids), timeline.c.hop.in_([h.value for h in HOPS]))
        .order_by(timeline.c.at, timeline.c.id)
    ):
        hops[uid].append(Hop(hop))
    documents = report_objects(tx, uids)
    made = _made_here(tx, uids)
    tasks = {
        row.study_uid: row
        for row in tx.execute(
            select(reading_tasks.c.study_uid, reading_tasks.c.state, reading_tasks.c.instances_expected).where(
                reading_tasks.c.study_uid.in_(uids)
            )
        )
    }
    return [
        _study(
            row,
            sent.get(row.uid, []),
            hops.get(row.uid, []),
            documents.get(row.uid, {}),
            tasks.get(row.uid),
            nodes,
            row.instances - made.get(row.uid, 0),
        )
        for row in rows
    ]


def _made_here(tx: Connection, uids: Collection[str]) -> dict[str, int]:
    """How many objects of each study are documents of its reports and not of what was sent."""
    rows = tx.execute(
        select(instances.c.study_uid, func.count())
        .where(instances.c.study_uid.in_(uids), instances.c.via.in_(REPORT_VIAS), instances.c.current)
        .group_by(instances.c.study_uid)
    )
    return {row[0]: row[1] for row in rows}


def _study(
    row: Row[*tuple[Any, ...]],
    sent: Sequence[_Delivery],
    hops: Sequence[Hop],
    documents: Mapping[str, Row[*tuple[Any, ...]]],
    task: Row[*tuple[Any, ...]] | None,
    nodes: Collection[str],
    received: int,
) -> dict[str, Any]:
    image_deliveries = [d for d in sent if d.images]
    states = [(DeliveryState(d.row.state), d.row.destination in nodes) for d in image_deliveries]
    announced = task is not None and task.state == "incomplete"
    most = max(
        image_deliveries, key=lambda d: (d.count(ItemState.DELIVERED), d.count(ItemState.PREPARED)), default=None
    )
    delivered = most.count(ItemState.DELIVERED) if most else 0
    return {
        "study_instance_uid": row.uid,
        "modalities": [m for m in row.modalities.split("\\") if m],
        **{
            name: getattr(row, name)
            for name in (
                "patient_name", "patient_id", "birth_date", "sex", "age", "accession_number", "study_date",
                "study_time", "description", "body_part", "institution", "origin", "priority", "state", "instances",
                "first_received_at", "last_received_at",
            )
        },
        "stage": stage(row.state, hops, states, announced=announced),
        "progress": {
            "received": received,
            "prepared": delivered + (most.count(ItemState.PREPARED) if most else 0),
            "delivered": delivered,
            "total": max(received, (task.instances_expected or 0) if task else 0),
        },
        "report": _report_state(documents, hops),
        "problem": _problem(sent),
    }  # fmt: skip


def _report_state(documents: Mapping[str, Row[*tuple[Any, ...]]], hops: Collection[Hop]) -> dict[str, Any]:
    sr, pdf = documents.get("sr"), documents.get("pdf")
    delivered = Hop.REPORT_DELIVERED in hops
    return {
        "state": "delivered" if sr and delivered else "arrived" if sr else "none",
        "sop_instance_uid": sr.sop_instance_uid if sr else None,
        "pdf_sop_instance_uid": pdf.sop_instance_uid if pdf else None,
    }


def _problem(sent: Iterable[_Delivery]) -> str | None:
    """The first thing that a person should know about: why a delivery waits, is held or refused."""
    for delivery in sent:
        if delivery.row.last_error and delivery.row.state != DeliveryState.VERIFIED.value:
            return str(delivery.row.last_error)
        if delivery.reason and delivery.count(ItemState.HELD, ItemState.REFUSED):
            return delivery.reason
    return None


def _study_deliveries(tx: Connection, study_uids: Sequence[str]) -> dict[str, list[_Delivery]]:
    rows = tx.execute(select(deliveries).where(deliveries.c.study_uid.in_(study_uids)).order_by(deliveries.c.id)).all()
    ids = [row.id for row in rows]
    if not ids:
        return {}
    counts = item_counts(tx, ids)
    first = (
        select(delivery_items.c.delivery_id, func.min(delivery_items.c.instance_id).label("instance_id"))
        .where(delivery_items.c.delivery_id.in_(ids))
        .group_by(delivery_items.c.delivery_id)
        .subquery()
    )
    vias = dict(
        tx.execute(
            select(first.c.delivery_id, instances.c.via).join(instances, instances.c.id == first.c.instance_id)
        ).all()
    )
    reasons = dict(
        tx.execute(
            select(delivery_items.c.delivery_id, func.min(delivery_items.c.reason))
            .where(delivery_items.c.delivery_id.in_(ids), delivery_items.c.reason != "")
            .group_by(delivery_items.c.delivery_id)
        ).all()
    )
    found: dict[str, list[_Delivery]] = defaultdict(list)
    for row in rows:
        images = vias.get(row.id) not in REPORT_VIAS
        found[row.study_uid].append(_Delivery(row, counts.get(row.id, {}), images, reasons.get(row.id, "")))
    return dict(found)


def item_counts(tx: Connection, delivery_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """For each delivery how many instances are in which state; states without any are left out."""
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for delivery_id, state, count in tx.execute(
        select(delivery_items.c.delivery_id, delivery_items.c.state, func.count())
        .where(delivery_items.c.delivery_id.in_(delivery_ids))
        .group_by(delivery_items.c.delivery_id, delivery_items.c.state)
    ):
        counts[delivery_id][state] = count
    return dict(counts)


def all_states(counts: Mapping[str, int]) -> dict[str, int]:
    """The counts with a zero for the others."""
    return {state.value: counts.get(state.value, 0) for state in ItemState}


def _series_of(tx: Connection, study_uid: str) -> list[dict[str, Any]]:
    rows = tx.execute(
        select(series).where(series.c.study_uid == study_uid).order_by(series.c.number.nulls_last(), series.c.uid)
    ).all()
    members: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in tx.execute(
        select(
            instances.c.series_uid,
            instances.c.sop_instance_uid,
            instances.c.sop_class_uid,
            instances.c.number,
            instances.c.frames,
            instances.c.rows,
            instances.c.columns,
        )
        .where(instances.c.study_uid == study_uid, instances.c.current)
        .order_by(instances.c.number.nulls_last(), instances.c.id)
    ).mappings():
        members[row["series_uid"]].append({k: v for k, v in row.items() if k != "series_uid"})
    return [
        {
            "series_instance_uid": row.uid,
            "modality": row.modality,
            "number": row.number,
            "description": row.description,
            "body_part": row.body_part,
            "instances": members[row.uid],
        }
        for row in rows
        if row.uid in members
    ]


def _deliveries_of(tx: Connection, study_uid: str) -> list[dict[str, Any]]:
    rows = tx.execute(select(deliveries).where(deliveries.c.study_uid == study_uid).order_by(deliveries.c.id)).all()
    ids = [row.id for row in rows]
    counts = item_counts(tx, ids)
    problems: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for delivery_id, reason, count in tx.execute(
        select(delivery_items.c.delivery_id, delivery_items.c.reason, func.count())
        .where(delivery_items.c.delivery_id.in_(ids), delivery_items.c.reason != "")
        .group_by(delivery_items.c.delivery_id, delivery_items.c.reason)
        .order_by(func.count().desc())
    ):
        problems[delivery_id].append({"reason": reason, "count": count})
    names = ("id", "destination", "state", "closed", "attempts", "next_attempt_at", "last_error")
    return [
        {
            **{name: getattr(row, name) for name in names},
            "items": all_states(counts.get(row.id, {})),
            "problems": problems.get(row.id, []),
        }
        for row in rows
    ]
