"""Writing what is on its way: deliveries and their items."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, func, select, update

from node.domain.delivery import DELIVERY_TRANSITIONS, DeliveryEvent, DeliveryState, ItemState
from node.domain.transitions import advance
from node.ledger.schema import deliveries, delivery_items, instances
from node.ledger.sql import insert

OPEN = (DeliveryState.WAITING.value, DeliveryState.SENDING.value, DeliveryState.DELIVERED.value)


def ensure(
    tx: Connection,
    *,
    study_uid: str,
    route: str,
    destination: str,
    plan: Mapping[str, Any],
    priority: int,
    outward_uid: str,
    now: datetime,
) -> int:
    """The delivery of a study to a destination by a route, made when it is not there. Returns its id."""
    row = insert(tx, deliveries).values(
        study_uid=study_uid,
        route=route,
        destination=destination,
        plan=dict(plan),
        state=DeliveryState.WAITING.value,
        priority=priority,
        closed=False,
        outward_uid=outward_uid,
        created_at=now,
        updated_at=now,
    )
    row = row.on_conflict_do_update(
        index_elements=["study_uid", "route", "destination"], set_={"priority": priority, "plan": dict(plan)}
    ).returning(deliveries.c.id)
    return int(tx.execute(row).scalar_one())


def add_items(tx: Connection, delivery_id: int, instance_ids: Collection[int]) -> list[int]:
    """Adds the instances that the delivery does not have yet; returns them."""
    known = set(
        tx.execute(select(delivery_items.c.instance_id).where(delivery_items.c.delivery_id == delivery_id)).scalars()
    )
    new = [i for i in instance_ids if i not in known]
    if new:
        rows = [{"delivery_id": delivery_id, "instance_id": i, "state": ItemState.WAITING.value} for i in new]
        tx.execute(delivery_items.insert(), rows)
    return new


def get(tx: Connection, delivery_id: int) -> Row[Any] | None:
    return tx.execute(select(deliveries).where(deliveries.c.id == delivery_id)).first()


def items(tx: Connection, delivery_id: int, states: Iterable[ItemState] = ()) -> Sequence[Row[Any]]:
    """The delivery's items joined with what was received; `stored_*` are of the bytes as received."""
    query = (
        select(
            delivery_items,
            instances.c.sop_instance_uid,
            instances.c.sop_class_uid,
            instances.c.study_uid,
            instances.c.via,
            instances.c.digest.label("stored_digest"),
            instances.c.size.label("stored_size"),
            instances.c.transfer_syntax_uid.label("stored_syntax"),
        )
        .join(instances, instances.c.id == delivery_items.c.instance_id)
        .where(delivery_items.c.delivery_id == delivery_id)
        .order_by(delivery_items.c.instance_id)
    )
    wanted = [s.value for s in states]
    return tx.execute(query.where(delivery_items.c.state.in_(wanted)) if wanted else query).all()


def counts(tx: Connection, delivery_id: int) -> dict[ItemState, int]:
    rows = tx.execute(
        select(delivery_items.c.state, func.count())
        .where(delivery_items.c.delivery_id == delivery_id)
        .group_by(delivery_items.c.state)
    )
    found = {ItemState(state): int(n) for state, n in rows}
    return {state: found.get(state, 0) for state in ItemState}


def set_item(tx: Connection, delivery_id: int, instance_id: int, state: ItemState, **values: Any) -> None:
    tx.execute(
        update(delivery_items)
        .where(delivery_items.c.delivery_id == delivery_id, delivery_items.c.instance_id == instance_id)
        .values(state=state.value, **values)
    )


def set_items(tx: Connection, delivery_id: int, state: ItemState, rows: Sequence[Mapping[str, Any]]) -> None:
    """As `set_item` for many. Each row has `instance_id` and the values to set; all rows have the same keys."""
    if not rows:
        return
    names = rows[0].keys() - {"instance_id"}
    statement = (
        update(delivery_items)
        .where(delivery_items.c.delivery_id == delivery_id, delivery_items.c.instance_id == bindparam("of_instance"))
        .values(state=state.value, **{name: bindparam(f"new_{name}") for name in names})
    )
    tx.execute(
        statement,
        [{"of_instance": row["instance_id"], **{f"new_{name}": row[name] for name in names}} for row in rows],
    )


def move(tx: Connection, delivery_id: int, event: DeliveryEvent, now: datetime, **values: Any) -> DeliveryState:
    """Advances the delivery's state; returns the new one."""
    row = tx.execute(select(deliveries.c.state).where(deliveries.c.id == delivery_id).with_for_update()).scalar_one()
    state = advance(DELIVERY_TRANSITIONS, DeliveryState(row), event)
    tx.execute(
        update(deliveries).where(deliveries.c.id == delivery_id).values(state=state.value, updated_at=now, **values)
    )
    return state


def update_delivery(tx: Connection, delivery_id: int, now: datetime, **values: Any) -> None:
    """Changes anything but the state."""
    tx.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(updated_at=now, **values))


def of_study(tx: Connection, study_uid: str) -> Sequence[Row[Any]]:
    return tx.execute(select(deliveries).where(deliveries.c.study_uid == study_uid).order_by(deliveries.c.id)).all()


def waiting_for(tx: Connection, destination: str) -> Sequence[Row[Any]]:
    """The unfinished deliveries to a peer, the most urgent first."""
    return tx.execute(
        select(deliveries)
        .where(deliveries.c.destination == destination, deliveries.c.state.in_(OPEN))
        .order_by(deliveries.c.priority, deliveries.c.created_at)
    ).all()


def by_outward_uid(tx: Connection, outward_uid: str) -> Row[Any] | None:
    """The delivery under whose pseudonymous Study Instance UID a study left; never that of what came home under it."""
    left = select(deliveries).where(deliveries.c.outward_uid == outward_uid, deliveries.c.destination != "")
    own_name = case((deliveries.c.study_uid == outward_uid, 1), else_=0)
    return tx.execute(left.order_by(own_name, deliveries.c.id).limit(1)).first()


def sent_as(tx: Connection, destination: str, outward_uid: str) -> str:
    """Our Study Instance UID of what a destination knows by `outward_uid`; empty when it was sent no such study."""
    query = select(deliveries.c.study_uid).where(
        deliveries.c.outward_uid == outward_uid, deliveries.c.destination == destination
    )
    return tx.execute(query.order_by(deliveries.c.id).limit(1)).scalar() or ""
