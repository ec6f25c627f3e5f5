"""What happens to orders: a person enters, corrects, cancels; a modality begins and ends.

Every function runs inside the caller's write transaction, checks the transition table and then changes the row on the
condition that nobody was quicker. Errors: `NotFound`, `NotAllowed`, `Conflict`, `OrderInvalid`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from node.domain.order import (
    FINAL_EVENTS,
    LOCAL,
    ORDER_TRANSITIONS,
    Order,
    OrderEvent,
    OrderState,
    OrderText,
    PerformedState,
    PerformedStep,
)
from node.domain.performed import PATIENT_DIFFERS, lacking_at_end
from node.domain.transitions import advance
from node.errors import Conflict, NotAllowed, NotFound
from node.ledger.audit import audit
from worklists.modality import store
from worklists.modality.form import OrderInvalid, fault

BY_HAND: Final = (OrderEvent.CANCEL, OrderEvent.RESCHEDULE, OrderEvent.COMPLETE, OrderEvent.DISCONTINUE)


@dataclass(frozen=True, slots=True)
class Desk:
    """The circumstances of an action."""

    now: datetime
    actor: str  # username, or the code of a peer


def enter(tx: Connection, desk: Desk, text: OrderText, *, order_id: str, study_uid: str) -> Order:
    """A new order on the worklist. What it lacks of identifiers the node makes; `study_uid` is taken when it has none."""
    text = _identified(tx, desk, replace(text, study_uid=text.study_uid or study_uid))
    order = Order(order_id, OrderState.SCHEDULED, 1, text, desk.now, desk.actor, desk.now)
    if not store.insert_order(tx, order):
        raise _used(tx, order.id, text)
    audit(tx, desk.now, desk.actor, "order-entered", order.id)
    return order


def change(tx: Connection, desk: Desk, order_id: str, text: OrderText, revision: int) -> Order:
    """Corrects an order that no modality has begun. `revision` is the one that was read; raises `Conflict` when someone
    has changed it since."""
    order = _get(tx, order_id)
    if order.state != OrderState.SCHEDULED:
        raise NotAllowed(
            "The examination has begun or is over; the order can no longer be changed.",
            hint="Correct the data where the images are, or enter a new order.",
        )
    if order.revision != revision:
        raise _quicker()
    kept = order.text
    text = _identified(
        tx,
        desk,
        replace(
            text,
            study_uid=text.study_uid or kept.study_uid,
            accession_number=text.accession_number or kept.accession_number,
            procedure_id=text.procedure_id or kept.procedure_id,
            step_id=text.step_id or kept.step_id,
        ),
    )
    if store.used_by_another(tx, order.id, text.accession_number, text.study_uid):
        raise _used(tx, order.id, text)
    if text == kept:
        return order
    if not store.change_order(tx, order, desk.now, text):
        raise _quicker()
    audit(tx, desk.now, desk.actor, "order-changed", order.id, {"revision": order.revision + 1})
    return replace(order, text=text, revision=order.revision + 1, updated_at=desk.now)


def act(tx: Connection, desk: Desk, order_id: str, event: OrderEvent) -> Order:
    """One of `BY_HAND`. Doing again what is done has no effect."""
    order = _get(tx, order_id)
    reached = {OrderEvent.CANCEL: OrderState.CANCELLED, OrderEvent.RESCHEDULE: OrderState.SCHEDULED}.get(event)
    if order.state == reached:
        return order
    return _move(tx, desk, order, event)


def begin_step(tx: Connection, desk: Desk, step: PerformedStep) -> list[Order]:
    """A modality began (N-CREATE). Returns the orders that it is about, none for what was not scheduled here.

    Raises `Conflict` when there is a step of this SOP Instance UID.
    """
    found = {order.id: order for item in step.scheduled for order in store.orders_of(tx, item, step.patient_id)}
    meant = list(found.values())
    if any(step.patient_id and step.patient_id != order.text.patient_id for order in meant):
        step = replace(step, shortcomings=(*step.shortcomings, PATIENT_DIFFERS))
    step = replace(step, started=step.started or _local(desk.now))
    if not store.insert_step(tx, step, desk.actor, desk.now):
        raise Conflict("There is a performed procedure step of this SOP Instance UID.")
    store.link(tx, step.sop_instance_uid, found)
    audit(tx, desk.now, desk.actor, "step-begun", step.sop_instance_uid, {"orders": len(meant)})
    return [_move(tx, desk, order, OrderEvent.BEGIN) for order in meant]


def change_step(
    tx: Connection, desk: Desk, said: PerformedStep, owns: Callable[[str], bool] | None = None
) -> PerformedStep:
    """A modality said more of a step, or that it is over (N-SET). Later words stand over earlier ones.

    `owns` says whether the step of this peer is the caller's; by default only the actor's own is. A step of another's is
    there for nobody else. Raises `NotFound`, and `NotAllowed` when the step is over already.
    """
    found = store.get_step(tx, said.sop_instance_uid)
    if found is None or not (owns(found[1]) if owns else found[1] == desk.actor):
        raise NotFound("There is no such performed procedure step.")
    step, _ = found
    if step.state != PerformedState.IN_PROGRESS:
        raise NotAllowed("The performed procedure step is over.")
    state = said.state or PerformedState.IN_PROGRESS
    attributes = {**step.attributes, **said.attributes}
    shortcomings = dict.fromkeys((*step.shortcomings, *said.shortcomings))
    ended = said.ended or step.ended
    if state in FINAL_EVENTS:
        shortcomings |= dict.fromkeys(lacking_at_end(attributes, state))
        ended = ended or _local(desk.now)
    step = replace(
        step,
        state=state,
        description=said.description or step.description,
        series=step.series if said.series is None else said.series,
        ended=ended,
        attributes=attributes,
        shortcomings=tuple(shortcomings),
    )
    store.change_step(tx, step, desk.now)
    if state in FINAL_EVENTS:
        _end(tx, desk, step, FINAL_EVENTS[state])
    return step


def _end(tx: Connection, desk: Desk, step: PerformedStep, event: OrderEvent) -> None:
    """An order is over when no step of it runs any more."""
    for order in store.linked_orders(tx, step.sop_instance_uid):
        if not store.other_steps_run(tx, order.id, step.sop_instance_uid):
            _move(tx, desk, order, event)
    audit(tx, desk.now, desk.actor, f"step-{step.state}", step.sop_instance_uid, {"series": len(step.series or ())})


def _move(tx: Connection, desk: Desk, order: Order, event: OrderEvent) -> Order:
    state = advance(ORDER_TRANSITIONS, order.state, event)
    if state == order.state:
        return order
    if not store.move_order(tx, order, desk.now, state):
        raise _quicker()
    audit(tx, desk.now, desk.actor, f"order-{state.value}", order.id)
    return replace(order, state=state, updated_at=desk.now)


def _get(tx: Connection, order_id: str) -> Order:
    order = store.get_order(tx, order_id)
    if order is None:
        raise NotFound("There is no such order.", hint="Open the list of orders again.")
    return order


def _identified(tx: Connection, desk: Desk, text: OrderText) -> OrderText:
    """Without an ID of their own the procedure and its step are named like the order."""
    number = text.accession_number or store.next_accession_number(tx, desk.now)
    return replace(
        text,
        accession_number=number,
        procedure_id=text.procedure_id or number,
        step_id=text.step_id or number,
    )


def _used(tx: Connection, order_id: str, text: OrderText) -> OrderInvalid:
    fields = store.used_by_another(tx, order_id, text.accession_number, text.study_uid)
    return OrderInvalid(tuple(fault("used", field) for field in fields))


def _quicker() -> Conflict:
    return Conflict(
        "Someone else has changed this order in the meantime.", hint="Open it again; your text has not been saved."
    )


def _local(now: datetime) -> str:
    return f"{now.astimezone(LOCAL):%Y%m%d %H%M%S}"
