"""Orders and performed procedure steps as rows. An order changes by a conditional UPDATE; whether it changed a row decides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, case, or_, select, update
from sqlalchemy import insert as plain_insert

from node.domain.order import (
    LOCAL,
    OPEN_STATES,
    REPEATED,
    Order,
    OrderState,
    OrderText,
    PerformedSeries,
    PerformedState,
    PerformedStep,
    Pregnancy,
    ScheduledReference,
)
from node.domain.person_name import fold_name
from node.domain.study import Priority
from node.ledger.names import add_name
from node.ledger.order_tables import orders, performed_orders, performed_steps
from node.ledger.schema import cursors
from node.ledger.sql import insert
from worklists.modality.ordering import in_order

PRIORITIES: Final = tuple(sorted(Priority, key=lambda priority: priority.rank))
_ACCESSION: Final = "accession"  # the cursor of the numbers that this node makes
_PER_DAY: Final = 10_000
_UID_LENGTH: Final = 64
_TEXT_FIELDS: Final = tuple(field.name for field in fields(OrderText))
_STATIONS, _PRIORITY, _PREGNANCY = (_TEXT_FIELDS.index(name) for name in ("stations", "priority", "pregnancy"))
_WIDTH: Final = len(_TEXT_FIELDS)
_STATES: Final = {state.value: state for state in OrderState}
_PREGNANCIES: Final[dict[str | None, Pregnancy | None]] = {None: None, **{state.value: state for state in Pregnancy}}
COLUMNS: Final[tuple[Any, ...]] = (  # of which `order_from` makes an order; others may follow
    *(orders.c[name] for name in _TEXT_FIELDS),
    orders.c.id,
    orders.c.state,
    orders.c.revision,
    orders.c.created_at,
    orders.c.created_by,
    orders.c.updated_at,
)


def order_from(row: Row[Any]) -> Order:
    """The order of a row that begins with `COLUMNS`."""
    values = list(row[:_WIDTH])
    values[_STATIONS] = tuple(filter(None, values[_STATIONS].split(REPEATED)))
    values[_PRIORITY] = PRIORITIES[values[_PRIORITY]]
    values[_PREGNANCY] = _PREGNANCIES[values[_PREGNANCY]]
    order_id, state, revision, created_at, created_by, updated_at = row[_WIDTH : _WIDTH + 6]
    return Order(order_id, _STATES[state], revision, OrderText(*values), created_at, created_by, updated_at)


def _columns(text: OrderText) -> dict[str, Any]:
    values = {name: getattr(text, name) for name in _TEXT_FIELDS}
    values["stations"] = REPEATED.join(("", *text.stations, "")) if text.stations else ""
    values["priority"] = text.priority.rank
    values["pregnancy"] = text.pregnancy.value if text.pregnancy else None
    return {**values, "name_key": fold_name(text.patient_name)}


def get_order(tx: Connection, order_id: str) -> Order | None:
    """The order, locked until the transaction ends where the database has such locks."""
    row = tx.execute(select(*COLUMNS).where(orders.c.id == order_id).with_for_update()).one_or_none()
    return None if row is None else order_from(row)


def insert_order(tx: Connection, order: Order) -> bool:
    """False when the accession number or the study UID belongs to another order."""
    values = {**_columns(order.text), "id": order.id, "state": order.state.value, "revision": order.revision}
    values |= {"created_at": order.created_at, "created_by": order.created_by, "updated_at": order.updated_at}
    add_name(tx, order.text.patient_name, values["name_key"])
    statement = insert(tx, orders).values(values).on_conflict_do_nothing().returning(orders.c.id)
    return tx.execute(statement).first() is not None


def change_order(tx: Connection, order: Order, now: datetime, text: OrderText) -> bool:
    """Writes another text into the order as it was read; False when someone was quicker."""
    add_name(tx, text.patient_name, fold_name(text.patient_name))
    changed = tx.execute(
        update(orders)
        .where(orders.c.id == order.id, orders.c.revision == order.revision, orders.c.state == order.state.value)
        .values(updated_at=now, revision=order.revision + 1, **_columns(text))
    )
    return bool(changed.rowcount)


def move_order(tx: Connection, order: Order, now: datetime, state: OrderState) -> bool:
    """Changes the state of the order as it was read; False when someone was quicker."""
    changed = tx.execute(
        update(orders)
        .where(orders.c.id == order.id, orders.c.state == order.state.value)
        .values(updated_at=now, state=state.value)
    )
    return bool(changed.rowcount)


def used_by_another(tx: Connection, order_id: str, accession_number: str, study_uid: str) -> tuple[str, ...]:
    """Which of the two fields is another order's already."""
    rows = tx.execute(
        select(orders.c.accession_number, orders.c.study_uid).where(
            orders.c.id != order_id,
            or_(orders.c.accession_number == accession_number, orders.c.study_uid == study_uid),
        )
    ).all()
    found = []
    if any(row.accession_number == accession_number for row in rows):
        found.append("accession_number")
    if any(row.study_uid == study_uid for row in rows):
        found.append("study_uid")
    return tuple(found)


def is_there_already(tx: Connection, text: OrderText) -> bool:
    """Whether an open order asks the same for the same patient on the same day."""
    found = tx.execute(
        select(orders.c.id)
        .where(
            orders.c.patient_id == text.patient_id,
            orders.c.modality == text.modality,
            orders.c.scheduled_date == text.scheduled_date,
            orders.c.procedure_description == text.procedure_description,
            orders.c.state.in_([state.value for state in OPEN_STATES]),
        )
        .limit(1)
    )
    return found.first() is not None


def next_accession_number(tx: Connection, now: datetime) -> str:
    """Ten digits that no order has: the local day and a number. Two who ask at once get two."""
    first = int(f"{now.astimezone(LOCAL):%y%m%d}") * _PER_DAY + 1
    ahead = cursors.c.value >= first
    statement = (
        insert(tx, cursors)
        .values(name=_ACCESSION, value=first)
        .on_conflict_do_update(index_elements=["name"], set_={"value": case((ahead, cursors.c.value + 1), else_=first)})
        .returning(cursors.c.value)
    )
    while True:
        number = f"{tx.execute(statement).scalar_one():010d}"
        if tx.execute(select(orders.c.id).where(orders.c.accession_number == number)).first() is None:
            return number


def search(tx: Connection, where: Iterable[ColumnElement[bool]]) -> list[Order]:
    """The orders of which all conditions hold, in the order in which they are to be done. They are sorted here: the
    database would choose its index by the sorting."""
    return sorted(map(order_from, tx.execute(select(*COLUMNS).where(*where))), key=in_order)


def recently_changed(tx: Connection, limit: int) -> Sequence[Order]:
    """The orders that somebody may be wondering about: the ones that were touched last."""
    rows = tx.execute(select(*COLUMNS).order_by(orders.c.updated_at.desc()).limit(limit))
    return [order_from(row) for row in rows]


def orders_of(tx: Connection, reference: ScheduledReference, patient_id: str) -> list[Order]:
    """The orders that an item of the Scheduled Step Attributes Sequence means: by the study's UID, which the node made;
    else by the accession number or the step's ID when the patient's ID is the same."""
    any_order = select(*COLUMNS).with_for_update()
    if reference.study_uid:
        found = tx.execute(any_order.where(orders.c.study_uid == reference.study_uid)).all()
        if found:
            return [order_from(row) for row in found]
    if not patient_id:
        return []
    same_patient = orders.c.patient_id == patient_id
    if reference.accession_number:
        same_number = orders.c.accession_number == reference.accession_number
        found = tx.execute(any_order.where(same_number, same_patient)).all()
        if found:
            return [order_from(row) for row in found]
    if not reference.step_id:
        return []
    open_states = [state.value for state in OPEN_STATES]
    found = tx.execute(
        any_order.where(same_patient, orders.c.step_id == reference.step_id, orders.c.state.in_(open_states))
    ).all()
    return [order_from(row) for row in found] if len(found) == 1 else []


def insert_step(tx: Connection, step: PerformedStep, peer: str, now: datetime) -> bool:
    """False when there is a step of this SOP Instance UID."""
    statement = insert(tx, performed_steps).values(
        sop_instance_uid=step.sop_instance_uid,
        peer=peer,
        study_uid=next((item.study_uid for item in step.scheduled if item.study_uid), "")[:_UID_LENGTH],
        created_at=now,
        updated_at=now,
        **_step_columns(step),
    )
    written = statement.on_conflict_do_nothing().returning(performed_steps.c.sop_instance_uid)
    return tx.execute(written).first() is not None


def get_step(tx: Connection, sop_instance_uid: str) -> tuple[PerformedStep, str] | None:
    """The step and the code of the peer that began it, locked until the transaction ends where the database has such
    locks."""
    row = tx.execute(
        select(performed_steps).where(performed_steps.c.sop_instance_uid == sop_instance_uid).with_for_update()
    ).one_or_none()
    return None if row is None else (step_from(row), row.peer)


def step_from(row: Row[Any]) -> PerformedStep:
    """The step of a row that has at least its columns; what it was scheduled as is in the links."""
    series = tuple(
        PerformedSeries(s["uid"], s["description"], s["protocol"], tuple(s["instances"])) for s in row.series
    )
    names = ("sop_instance_uid", "patient_id", "modality", "step_id", "description", "station_ae", "station_name")
    return PerformedStep(
        **{name: getattr(row, name) for name in names},
        state=PerformedState(row.state),
        started=row.started,
        ended=row.ended,
        series=series,
        attributes=row.attributes,
        shortcomings=tuple(row.shortcomings),
    )


def change_step(tx: Connection, step: PerformedStep, now: datetime) -> None:
    tx.execute(
        update(performed_steps)
        .where(performed_steps.c.sop_instance_uid == step.sop_instance_uid)
        .values(updated_at=now, **_step_columns(step))
    )


def _step_columns(step: PerformedStep) -> dict[str, Any]:
    state = step.state or PerformedState.IN_PROGRESS
    return {
        "state": state.value,
        "patient_id": step.patient_id,
        "step_id": step.step_id,
        "modality": step.modality,
        "description": step.description,
        "station_ae": step.station_ae,
        "station_name": step.station_name,
        "started": step.started,
        "ended": step.ended,
        "series": [
            {"uid": s.uid, "description": s.description, "protocol": s.protocol, "instances": list(s.instances)}
            for s in step.series or ()
        ],
        "shortcomings": list(step.shortcomings),
        "attributes": step.attributes,
    }


def link(tx: Connection, sop_instance_uid: str, order_ids: Iterable[str]) -> None:
    """Notes which orders a step is about."""
    for order_id in order_ids:
        tx.execute(plain_insert(performed_orders).values(sop_instance_uid=sop_instance_uid, order_id=order_id))


def linked_orders(tx: Connection, sop_instance_uid: str) -> list[Order]:
    rows = tx.execute(
        select(*COLUMNS)
        .join(performed_orders, performed_orders.c.order_id == orders.c.id)
        .where(performed_orders.c.sop_instance_uid == sop_instance_uid)
        .order_by(orders.c.id)
        .with_for_update(of=orders)
    )
    return [order_from(row) for row in rows]


def other_steps_run(tx: Connection, order_id: str, sop_instance_uid: str) -> bool:
    """Whether another step of this order is still in progress."""
    found = tx.execute(
        select(performed_steps.c.sop_instance_uid)
        .join(performed_orders, performed_orders.c.sop_instance_uid == performed_steps.c.sop_instance_uid)
        .where(
            performed_orders.c.order_id == order_id,
            performed_steps.c.sop_instance_uid != sop_instance_uid,
            performed_steps.c.state == PerformedState.IN_PROGRESS.value,
        )
        .limit(1)
    )
    return found.first() is not None
