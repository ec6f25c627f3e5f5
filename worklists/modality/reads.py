"""Orders as the pages show them. Each question costs a fixed number of queries; answers are in the shape of the API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select

from node.domain.order import OPEN_STATES, REPEATED, OrderState
from node.domain.performed import PATIENT_DIFFERS
from node.domain.person_name import fold_name
from node.ledger.order_tables import orders, performed_orders, performed_steps
from node.ledger.schema import instances, users
from worklists.modality import store
from worklists.modality.ordering import IN_ORDER

STATES: Final[dict[str, tuple[OrderState, ...]]] = {
    "open": OPEN_STATES,
    "all": tuple(OrderState),
    **{state.value: (state,) for state in OrderState},
}
SUGGESTIONS: Final = 200
LAST_ORDERS: Final = 5000  # that suggestions come from


@dataclass(frozen=True, slots=True)
class Filter:
    """Which orders a page shows. Empty: any. Days are DICOM DA."""

    states: str = "open"
    modality: str = ""
    station: str = ""
    first_day: str = ""
    last_day: str = ""
    text: str = ""  # part of a name, accents or not; the beginning of a patient's ID or an accession number


def list_orders(tx: Connection, wanted: Filter, *, limit: int, offset: int) -> tuple[list[dict[str, Any]], int]:
    """A page of the list, and how many there are in all."""
    where = list(_where(wanted))
    total = tx.execute(select(func.count()).select_from(orders).where(*where)).scalar_one()
    rows = tx.execute(_query().where(*where).order_by(*IN_ORDER).limit(limit).offset(offset)).all()
    return [_show(row) for row in rows], total


def show_order(tx: Connection, order_id: str) -> dict[str, Any] | None:
    """One order with what modalities reported of it."""
    row = tx.execute(_query().where(orders.c.id == order_id)).one_or_none()
    return None if row is None else {**_show(row), "performed": _performed(tx, order_id)}


def suggestions(tx: Connection) -> dict[str, list[Any]]:
    """What was written into the last orders, the commonest first: {procedures: [{modality, description, code, scheme}],
    physicians, locations}."""
    names = (
        "modality",
        "procedure_description",
        "procedure_code",
        "procedure_code_scheme",
        "referring_physician",
        "location",
    )
    last = (
        select(*(orders.c[name] for name in names)).order_by(orders.c.updated_at.desc()).limit(LAST_ORDERS).subquery()
    )

    def common(column: Any) -> list[str]:
        query = select(column).where(column != "").group_by(column).order_by(func.count().desc(), column)
        return list(tx.execute(query.limit(SUGGESTIONS)).scalars())

    columns = (
        last.c.modality,
        last.c.procedure_description.label("description"),
        last.c.procedure_code.label("code"),
        last.c.procedure_code_scheme.label("scheme"),
    )
    procedures = tx.execute(
        select(*columns)
        .where(last.c.procedure_description != "")
        .group_by(*columns)
        .order_by(func.count().desc(), last.c.procedure_description)
        .limit(SUGGESTIONS)
    )
    return {
        "procedures": [dict(row) for row in procedures.mappings()],
        "physicians": common(last.c.referring_physician),
        "locations": common(last.c.location),
    }


def last_of_patient(tx: Connection, patient_id: str) -> dict[str, Any] | None:
    """What the newest order says of a patient, to be filled in again: name, birth date, sex, issuer, allergies, alerts."""
    names = ("patient_name", "birth_date", "sex", "issuer_of_patient_id", "allergies", "alerts")
    row = tx.execute(
        select(*(orders.c[name] for name in names))
        .where(orders.c.patient_id == patient_id)
        .order_by(orders.c.updated_at.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else {name: getattr(row, name) for name in names}


def _query() -> Select[Any]:
    images = select(func.count()).where(instances.c.study_uid == orders.c.study_uid, instances.c.current)
    return select(
        *store.COLUMNS,
        users.c.display_name,
        images.scalar_subquery().label("images"),
    ).outerjoin(users, users.c.username == orders.c.created_by)


def _where(wanted: Filter) -> Iterator[ColumnElement[bool]]:
    states = STATES[wanted.states]
    if len(states) < len(OrderState):
        yield orders.c.state.in_([state.value for state in states])
    if wanted.modality:
        yield orders.c.modality == wanted.modality
    if wanted.station:
        at = orders.c.stations.contains(f"{REPEATED}{wanted.station}{REPEATED}", autoescape=True)
        yield or_(orders.c.stations == "", at)
    if wanted.first_day:
        yield orders.c.scheduled_date >= wanted.first_day
    if wanted.last_day:
        yield orders.c.scheduled_date <= wanted.last_day
    if wanted.text:
        words = fold_name(wanted.text).split()
        named = [and_(*(orders.c.name_key.contains(word, autoescape=True) for word in words))] if words else []
        yield or_(
            orders.c.patient_id.startswith(wanted.text, autoescape=True),
            orders.c.accession_number.startswith(wanted.text, autoescape=True),
            *named,
        )


def _show(row: Row[Any]) -> dict[str, Any]:
    order = store.order_from(row)
    text = order.text
    return {
        **{name: getattr(text, name) for name in text.__slots__},
        "stations": list(text.stations),
        "priority": text.priority.value,
        "pregnancy": text.pregnancy.value if text.pregnancy else None,
        "id": order.id,
        "state": order.state.value,
        "revision": order.revision,
        "created_at": order.created_at,
        "created_by": order.created_by,
        "created_by_name": row.display_name or order.created_by,
        "updated_at": order.updated_at,
        "images": row.images,
    }


def _performed(tx: Connection, order_id: str) -> list[dict[str, Any]]:
    rows = tx.execute(
        select(performed_steps)
        .join(performed_orders, performed_orders.c.sop_instance_uid == performed_steps.c.sop_instance_uid)
        .where(performed_orders.c.order_id == order_id)
        .order_by(performed_steps.c.created_at)
    ).all()
    return [_show_step(tx, row) for row in rows]


def _show_step(tx: Connection, row: Row[Any]) -> dict[str, Any]:
    told = [uid for series in row.series for uid in series["instances"]]
    here = _here(tx, told)
    return {
        "state": row.state,
        "peer": row.peer,
        "station_ae": row.station_ae,
        "station_name": row.station_name,
        "description": row.description,
        "started": row.started,
        "ended": row.ended,
        "series": len(row.series),
        "instances": len(told),
        "arrived": here,
        "patient_differs": PATIENT_DIFFERS in row.shortcomings,
        "shortcomings": [word for word in row.shortcomings if word != PATIENT_DIFFERS],
        "updated_at": row.updated_at,
    }


def _here(tx: Connection, uids: Sequence[str]) -> int:
    """How many of these instances have arrived."""
    found = 0
    for at in range(0, len(uids), 500):
        part = uids[at : at + 500]
        query = select(func.count(func.distinct(instances.c.sop_instance_uid)))
        found += tx.execute(query.where(instances.c.sop_instance_uid.in_(part))).scalar_one()
    return found
