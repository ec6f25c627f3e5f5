"""Which orders a modality's question means, and why others are not among them (PS3.4 K.4.1.1, K.6.1.2).

The database narrows by indexed columns, `node.domain.query` decides. Steps that are scheduled are told; those that a
modality has begun only to peers whose `worklist_in_progress` says so, finished and cancelled ones to nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, or_

from node.domain.order import LOCAL, REPEATED, Order, OrderState
from node.domain.person_name import name_pattern
from node.domain.query import Identifier, Key, Matching, combined, matches, shifted
from node.ledger.names import any_of, keys_of, like
from node.ledger.order_tables import orders
from worklists.modality import store
from worklists.modality.entry import DATE, KNOWN, KNOWN_IN_STEP, STATION, STEP, TIME, entry_of

SHOWN_VALUES: Final = 8  # of the orders that were left out
MOST_NAMES: Final = 2000  # that are looked for one by one
OPEN_KEYS: Final = frozenset({"Modality", STATION, DATE, TIME})  # whose values say nothing of a patient
_TOLD_ONLY: Final = frozenset({"PregnancyStatus"})  # never a condition: who has no binary number to ask with sends 0
_LOCAL_MINUTES: Final = int((LOCAL.utcoffset(None) or timedelta()).total_seconds() // 60)
_PLAIN: Final = {  # keyword: column with just that value
    "PatientID": orders.c.patient_id,
    "AccessionNumber": orders.c.accession_number,
    "RequestedProcedureID": orders.c.procedure_id,
    "StudyInstanceUID": orders.c.study_uid,
    "ScheduledProcedureStepID": orders.c.step_id,
    "Modality": orders.c.modality,
    "PatientBirthDate": orders.c.birth_date,
    "PatientSex": orders.c.sex,
}

_RARE: Final = frozenset({"PatientID", "AccessionNumber", "RequestedProcedureID", "StudyInstanceUID"})  # with an index


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and what the registry says of its worklist."""

    code: str
    calling_ae: str
    address: str
    any_station: bool = False
    in_progress: bool = False
    days: int = 0

    @property
    def states(self) -> tuple[OrderState, ...]:
        return (OrderState.SCHEDULED, OrderState.IN_PROGRESS) if self.in_progress else (OrderState.SCHEDULED,)


@dataclass(frozen=True, slots=True)
class Question:
    """A modality's keys, ready to be asked one by one: those of the step's item apart from the others."""

    asker: Asker
    top: tuple[Key, ...]
    step: tuple[Key, ...]
    ignored: tuple[str, ...]  # keywords that asked for something and are not looked at
    minutes: int = 0  # its zone is this much east of ours
    first_day: str = ""  # without a date of its own: what the registry narrows it to
    last_day: str = ""

    @property
    def keys(self) -> tuple[Key, ...]:
        return (*self.top, *self.step)

    def failing(self, order: Order, entry: Mapping[str, Any]) -> Iterator[str]:
        """Keywords of what keeps the order, told as `entry`, off this answer; "state" and "days" are ours."""
        if order.state not in self.asker.states:
            yield "state"
        if self.first_day and not self.first_day <= order.text.scheduled_date <= self.last_day:
            yield "days"
        (item,) = entry[STEP]
        for key in self.top:
            if not matches(key, entry.get(key.keyword)):
                yield key.keyword
        for key in self.step:
            free = key.keyword == STATION and not order.text.stations  # an order for any station
            if not free and not matches(key, item.get(key.keyword), item.get(key.time)):
                yield key.keyword

    def entry(self, order: Order) -> dict[str, Any]:
        """The order as this caller is told of it."""
        asked = next((key.values[0] for key in self.step if key.keyword == STATION and key.kind == Matching.SINGLE), "")
        entry = entry_of(order, asked or self.asker.calling_ae)
        if self.minutes:
            entry[STEP] = [shifted(item, self.minutes) for item in entry[STEP]]
        return entry


@dataclass(slots=True)
class Found:
    """The answer to a question: entries in the order in which they are to be done, and whose they are."""

    question: Question
    entries: list[Mapping[str, Any]] = field(default_factory=list)
    order_ids: set[str] = field(default_factory=set)

    def without_entries(self) -> Found:
        """What is needed to say why other orders are not in it."""
        return Found(self.question, order_ids=self.order_ids)

    @property
    def unmatched(self) -> bool:
        """Whether something was asked for that is not kept; that the registry passes over the station is not said."""
        return any(keyword != STATION for keyword in self.question.ignored)


def question_of(asker: Asker, identifier: Identifier, now: datetime) -> Question:
    """What is asked, in our terms: date and time as one range, nothing that we do not keep, nothing that the registry says
    to pass over."""
    item = KNOWN_IN_STEP - {STATION} if asker.any_station else KNOWN_IN_STEP
    top: list[Key] = []
    step: list[Key] = []
    ignored: list[str] = []
    for key in combined(identifier.keys):
        if key.keyword == STEP:
            for inner in key.nested:
                _sort(inner, step, ignored, item)
        else:
            _sort(key, top, ignored, KNOWN)
    minutes = 0 if identifier.offset is None else identifier.offset - _LOCAL_MINUTES
    question = Question(asker, tuple(top), tuple(step), tuple(ignored), minutes)
    if asker.days > 0 and not any(key.keyword == DATE for key in step):
        today = now.astimezone(LOCAL).date()
        around = timedelta(days=asker.days)
        return replace(question, first_day=f"{today - around:%Y%m%d}", last_day=f"{today + around:%Y%m%d}")
    return question


def _sort(key: Key, wanted: list[Key], ignored: list[str], known: Iterable[str]) -> None:
    if key.keyword in _TOLD_ONLY:
        return
    if key.asks and key.keyword in known:
        wanted.append(key)
    elif key.asks:
        ignored.append(key.keyword)


def search(tx: Connection, question: Question) -> Found:
    """The orders that are meant, in the order in which they are to be done."""
    found = Found(question)
    for order in store.search(tx, _narrowing(tx, question)):
        entry = question.entry(order)
        if next(question.failing(order, entry), None) is None:
            found.entries.append(entry)
            found.order_ids.add(order.id)
    return found


def _narrowing(tx: Connection, question: Question) -> list[ColumnElement[bool]]:
    """What all orders that are meant fulfil, and few others. Where one condition alone leaves few orders, the state is not
    among them: the database would rather look through everything that is scheduled."""
    found: list[ColumnElement[bool]] = []
    few = False
    for key in question.keys:
        if key.keyword == "PatientName" and len(key.values) == 1:
            names = _names(tx, key.values[0])
            found += [orders.c.name_key.in_(names)] if names is not None else []
            few = few or names is not None
        else:
            found += _conditions(key, question.minutes)
            few = few or (key.keyword in _RARE and key.kind == Matching.SINGLE)
    if question.first_day:
        found.append(orders.c.scheduled_date.between(question.first_day, question.last_day))
    return found if few else [any_of(orders.c.state, [state.value for state in question.asker.states]), *found]


def _conditions(key: Key, minutes: int) -> Iterator[ColumnElement[bool]]:
    column = _PLAIN.get(key.keyword)
    if column is not None and key.kind == Matching.SINGLE:
        yield any_of(column, key.values)
    elif column is not None and key.kind == Matching.WILDCARD and len(key.values) == 1:
        yield from like(column, key.values[0], ordered=False)
    elif key.keyword == STATION and key.kind == Matching.SINGLE:
        at = [orders.c.stations.contains(f"{REPEATED}{title}{REPEATED}", autoescape=True) for title in key.values]
        yield or_(orders.c.stations == "", *at)
    elif key.keyword == DATE and not minutes:
        yield from _days(key)


def _names(tx: Connection, text: str) -> list[str] | None:
    """The keys of the names that may be meant; None when they are too many, or any name may be."""
    pattern = next((group for group in name_pattern(text) if group.words), None)
    if pattern is None:
        return None
    found = list(islice(keys_of(tx, pattern), MOST_NAMES + 1))
    return found if len(found) <= MOST_NAMES else None


def _days(key: Key) -> Iterator[ColumnElement[bool]]:
    if key.kind == Matching.SINGLE:
        yield any_of(orders.c.scheduled_date, key.values)
    elif key.kind in (Matching.RANGE, Matching.COMBINED):
        first, last = (value[:8] for value in key.values)
        if first:
            yield orders.c.scheduled_date >= first
        if last:
            yield orders.c.scheduled_date <= last


def explain(found: Found, orders_touched: Iterable[Order]) -> tuple[int, list[dict[str, Any]]]:
    """Why orders that were touched lately are not in the answer: (orders looked at, reasons). Each reason is {because,
    orders, only, found}: how many it kept out, how many nothing else kept out, and their values where those may be seen."""
    recent = [order for order in orders_touched if order.id not in found.order_ids]
    reasons: dict[str, dict[str, Any]] = {}
    for order in recent:
        failing = list(dict.fromkeys(found.question.failing(order, found.question.entry(order))))
        for because in failing:
            reason = reasons.setdefault(because, {"because": because, "orders": 0, "only": 0, "found": Counter()})
            reason["orders"] += 1
            reason["only"] += len(failing) == 1
            reason["found"].update(_shown(because, order))
    for reason in reasons.values():
        reason["found"] = [value for value, _ in reason["found"].most_common(SHOWN_VALUES)]
    ranked: Sequence[dict[str, Any]] = sorted(reasons.values(), key=lambda r: (-r["only"], -r["orders"], r["because"]))
    return len(recent), list(ranked)


def _shown(because: str, order: Order) -> Sequence[str]:
    text = order.text
    return {
        "state": (order.state.value,),
        "days": (text.scheduled_date,),
        DATE: (text.scheduled_date,),
        TIME: (text.scheduled_time,),
        "Modality": (text.modality,),
        STATION: text.stations,
    }.get(because, ())
