"""Which objects a study holds, and their headers (PS3.18 10.4); what a retrieve is about (PS3.4 C.4.2).

Twins under a pseudonym are never shown. Headers come in pieces, so that a study of thousands of slices fits in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, select

from node.domain.query import Level
from node.domain.retrieval import Wanted
from node.errors import Invalid
from node.ledger.schema import instances, series, studies
from node.ledger.studies import unpack

ObjectRow = Row[*tuple[Any, ...]]

_PIECE = 64  # headers in memory at once
_LIST = 500  # values in one question to the database
_STREAMED = {"yield_per": 1000}  # rows in memory at once


@dataclass(frozen=True, slots=True)
class Place:
    """A study, a series of it or an instance of that; empty parts mean all."""

    study: str
    series: str = ""
    instance: str = ""


def find_objects(tx: Connection, place: Place) -> Sequence[ObjectRow]:
    """The current objects at a place, by series and number; without their headers."""
    return tx.execute(_objects(place)).all()


def find_headers(tx: Connection, place: Place) -> Iterator[tuple[ObjectRow, dict[str, Any]]]:
    """The same objects with their DICOM JSON; `tx` must stay open meanwhile."""
    rows = find_objects(tx, place)
    for start in range(0, len(rows), _PIECE):
        piece = rows[start : start + _PIECE]
        packed = dict(
            tx.execute(
                select(instances.c.id, instances.c.header).where(instances.c.id.in_([row.id for row in piece]))
            ).all()
        )
        for row in piece:
            yield row, unpack(packed[row.id])


def find_wanted(tx: Connection, wanted: Wanted) -> Iterator[ObjectRow]:
    """(id, study_uid, sop_class_uid, transfer_syntax_uid) of the current objects of a retrieve, by series and number.

    `tx` must stay open meanwhile. Raises `Invalid` when more values narrow it than the database can be asked for.
    """
    above = [
        (instances.c.study_uid, wanted.studies, Level.STUDY),
        (instances.c.series_uid, wanted.series, Level.SERIES),
        (instances.c.sop_instance_uid, wanted.instances, Level.IMAGE),
    ]
    query = select(
        instances.c.id, instances.c.study_uid, instances.c.sop_class_uid, instances.c.transfer_syntax_uid
    ).join(studies, studies.c.uid == instances.c.study_uid)
    query = query.join(
        series, and_(series.c.study_uid == instances.c.study_uid, series.c.uid == instances.c.series_uid)
    )
    query = query.where(studies.c.shadow.is_(False), instances.c.current)
    if wanted.patient_id:
        query = query.where(studies.c.patient_id == wanted.patient_id)
    if wanted.issuer_of_patient_id:
        query = query.where(studies.c.issuer_of_patient_id == wanted.issuer_of_patient_id)
    for column, values, level in above:
        if len(values) > _LIST and level < wanted.level:
            raise Invalid(f"More than {_LIST} values narrow the retrieve.", hint="Ask for them at their own level.")
        if values and level < wanted.level:
            query = query.where(column.in_(values))
    query = query.order_by(
        instances.c.study_uid,
        series.c.number.nulls_last(),
        series.c.uid,
        instances.c.number.nulls_last(),
        instances.c.id,
    )
    if wanted.level == Level.PATIENT:
        yield from tx.execute(query, execution_options=_STREAMED)
        return
    column, values, _ = above[wanted.level - 1]
    if wanted.level == Level.SERIES:  # the table of series is the short way when the study is not named
        column = series.c.uid
    distinct = list(dict.fromkeys(values))
    for start in range(0, len(distinct), _LIST):
        piece = query.where(column.in_(distinct[start : start + _LIST]))
        yield from tx.execute(piece, execution_options=_STREAMED)


def find_stored(tx: Connection, ids: Sequence[int]) -> dict[int, ObjectRow]:
    """What is needed to send objects, by id; without their headers."""
    columns = (
        instances.c.id,
        instances.c.sop_instance_uid,
        instances.c.sop_class_uid,
        instances.c.transfer_syntax_uid,
        instances.c.digest,
        instances.c.size,
    )
    return {row.id: row for row in tx.execute(select(*columns).where(instances.c.id.in_(ids)))}


def origin_of(tx: Connection, study_uid: str) -> str | None:
    """The facility that a study came from; None when it is not here."""
    return tx.execute(select(studies.c.origin).where(studies.c.uid == study_uid)).scalar()


def _objects(place: Place) -> Select[*tuple[Any, ...]]:
    query = (
        select(*(column for column in instances.c if column.name != "header"), series.c.modality)
        .join(studies, studies.c.uid == instances.c.study_uid)
        .join(series, and_(series.c.study_uid == instances.c.study_uid, series.c.uid == instances.c.series_uid))
        .where(instances.c.study_uid == place.study, studies.c.shadow.is_(False), instances.c.current)
    )
    if place.series:
        query = query.where(instances.c.series_uid == place.series)
    if place.instance:
        query = query.where(instances.c.sop_instance_uid == place.instance)
    return query.order_by(series.c.number.nulls_last(), series.c.uid, instances.c.number.nulls_last(), instances.c.id)
