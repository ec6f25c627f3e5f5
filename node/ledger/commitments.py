"""Writing who answers for the keeping of what: requests that peers make of us, inquiries that we make of destinations."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from node.domain.commitment import (
    INQUIRY_TRANSITIONS,
    REQUEST_TRANSITIONS,
    InquiryEvent,
    InquiryState,
    Reference,
    RequestEvent,
    RequestState,
)
from node.domain.transitions import advance
from node.ledger.commitment_tables import commitment_inquiries as inquiries
from node.ledger.commitment_tables import commitment_requests as requests
from node.ledger.schema import instances
from node.ledger.sql import insert

_CHUNK = 500  # UIDs in one question


# what peers ask of us


def keep_request(
    tx: Connection, peer: str, transaction_uid: str, *, called_ae: str, references: Sequence[Reference], now: datetime
) -> None:
    """Notes the request. The same transaction of the same peer again is one request, to be reported again."""
    row = insert(tx, requests).values(
        peer=peer,
        transaction_uid=transaction_uid,
        state=RequestState.ASKED.value,
        called_ae=called_ae,
        items=[[r.sop_class_uid, r.sop_instance_uid] for r in references],
        failed={},
        asked_at=now,
        last_error="",
    )
    again = {name: row.excluded[name] for name in ("called_ae", "items", "asked_at", "last_error")}
    again["state"] = row.excluded.state  # REQUEST_TRANSITIONS: from every state
    tx.execute(row.on_conflict_do_update(index_elements=["peer", "transaction_uid"], set_=again))


def request(tx: Connection, peer: str, transaction_uid: str) -> Row[Any] | None:
    return tx.execute(select(requests).where(_is(peer, transaction_uid))).first()


def move_request(
    tx: Connection, peer: str, transaction_uid: str, event: RequestEvent, **values: Any
) -> RequestState | None:
    """Advances the request's state; returns the new one, None when there is no such request."""
    state = tx.execute(select(requests.c.state).where(_is(peer, transaction_uid)).with_for_update()).scalar()
    if state is None:
        return None
    new = advance(REQUEST_TRANSITIONS, RequestState(state), event)
    tx.execute(update(requests).where(_is(peer, transaction_uid)).values(state=new.value, **values))
    return new


def note_request(tx: Connection, peer: str, transaction_uid: str, **values: Any) -> None:
    """Changes anything but the state."""
    tx.execute(update(requests).where(_is(peer, transaction_uid)).values(**values))


def open_requests(tx: Connection) -> Sequence[tuple[str, str]]:
    """(peer, transaction_uid) of what is to be reported."""
    waiting = requests.c.state == RequestState.ASKED.value
    return [(row.peer, row.transaction_uid) for row in tx.execute(select(requests).where(waiting))]


def owed(tx: Connection, peer: str, most: int = 100) -> Sequence[str]:
    """The Transaction UIDs of what a peer could not be told so far, the oldest first."""
    waiting = (requests.c.peer == peer) & (requests.c.state == RequestState.ASKED.value) & (requests.c.last_error != "")
    found = select(requests.c.transaction_uid).where(waiting).order_by(requests.c.asked_at).limit(most)
    return tx.execute(found).scalars().all()


def held_versions(tx: Connection, sop_instance_uids: Collection[str]) -> dict[str, list[tuple[str, str, bool]]]:
    """What the ledger has under these UIDs: [(SOP class UID, digest, whether it is the current one)]."""
    wanted, found = list(sop_instance_uids), dict[str, list[tuple[str, str, bool]]]()
    columns = (instances.c.sop_instance_uid, instances.c.sop_class_uid, instances.c.digest, instances.c.current)
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        for uid, sop_class, digest, current in tx.execute(
            select(*columns).where(instances.c.sop_instance_uid.in_(part))
        ):
            found.setdefault(uid, []).append((sop_class, digest, current))
    return found


def _is(peer: str, transaction_uid: str) -> Any:
    return (requests.c.peer == peer) & (requests.c.transaction_uid == transaction_uid)


# what we ask of destinations


def make_inquiry(
    tx: Connection, transaction_uid: str, *, delivery_id: int, peer: str, items: Mapping[str, str], now: datetime
) -> None:
    """Notes what is about to be asked; `items` are {SOP Instance UID as the destination knows it: SOP class UID}."""
    tx.execute(
        inquiries.insert().values(
            transaction_uid=transaction_uid,
            delivery_id=delivery_id,
            peer=peer,
            state=InquiryState.MADE.value,
            items=dict(items),
            failed={},
            made_at=now,
        )
    )


def inquiry(tx: Connection, transaction_uid: str) -> Row[Any] | None:
    return tx.execute(select(inquiries).where(inquiries.c.transaction_uid == transaction_uid)).first()


def inquiries_of(tx: Connection, delivery_id: int) -> Sequence[Row[Any]]:
    """All inquiries after a delivery, the newest first."""
    return tx.execute(
        select(inquiries).where(inquiries.c.delivery_id == delivery_id).order_by(inquiries.c.id.desc())
    ).all()


def move_inquiry(tx: Connection, transaction_uid: str, event: InquiryEvent, **values: Any) -> InquiryState:
    """Advances the inquiry's state; returns the new one."""
    which = inquiries.c.transaction_uid == transaction_uid
    state = tx.execute(select(inquiries.c.state).where(which).with_for_update()).scalar_one()
    new = advance(INQUIRY_TRANSITIONS, InquiryState(state), event)
    tx.execute(update(inquiries).where(which).values(state=new.value, **values))
    return new
