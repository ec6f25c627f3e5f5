"""Searches in what is kept, for C-FIND and QIDO-RS alike: the database narrows, `node.domain.query` decides.

Twins under a pseudonym, and studies of which nothing is here, are never found. Answers come one by one; `tx` must stay open
meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, literal, or_, select

from node.domain.order import LOCAL
from node.domain.person_name import name_pattern
from node.domain.query import (
    COMPANIONS,
    Entry,
    Key,
    Level,
    Matching,
    Query,
    make_key,
    matches_all,
    parse_offset,
    read_model,
    shift,
    shifted,
)
from node.errors import Invalid
from node.ledger import names
from node.ledger._search_table import COLUMNS, level_of
from node.ledger.schema import instances, series, studies
from node.ledger.studies import unpack
from node.ports import Ledger

HOME_OFFSET: Final = int(LOCAL.utcoffset(None).total_seconds()) // 60  # of objects that do not say their zone
_FEW_NAMES: Final = 2_000  # names that are looked up at once
_MANY_NAMES: Final = 20_000  # the same when the answers must be in order
_FEW_STUDIES: Final = 20_000  # of a range of dates: looked at one by one rather than by their names
_PIECE: Final = 500
_MOST_HEADERS: Final = 20_000  # objects that are opened in vain before a search is given up
_MOST_VALUES: Final = 10_000  # of a list of UIDs
_MOST_PATTERNS: Final = 100  # of any other list
_PAUSE: Final = 256  # candidates between two looks at whether the caller still wants to know
_CODES: Final = frozenset({"StudyInstanceUID", "PatientID", "AccessionNumber", "StudyID"})


def unsupported(query: Query) -> frozenset[str]:
    """Keywords of attributes that can be neither matched nor answered at this level."""
    return frozenset(key.keyword for key in query.keys if not _is_supported(key, query.level))


def find(tx: Connection, query: Query, *, gone: Callable[[], bool] = lambda: False) -> Generator[Entry, None, None]:
    """The entries that all supported keys match, each with their attributes. Ends early when the caller is `gone`.

    Raises `Invalid` when too much would have to be looked at.
    """
    search = _Search(tx, query)
    for number, row in enumerate(search.rows()):
        if number % _PAUSE == _PAUSE - 1 and gone():
            return
        entry = search.entry(row)
        if entry is not None:
            yield entry


class LedgerSearch:
    """Searches in a ledger, each on a snapshot of its own that is held until the search is closed."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __call__(self, query: Query, gone: Callable[[], bool]) -> Generator[Entry, None, None]:
        with self._ledger.read() as tx:
            yield from find(tx, query, gone=gone)


def _is_supported(key: Key, level: Level) -> bool:
    if key.keyword == "Modality":  # old devices ask for it where they mean ModalitiesInStudy
        return level >= Level.STUDY
    return key.vr != "UN" and level_of(key.keyword) <= level


class _Search:
    """One search: which rows are candidates, and what becomes of each."""

    def __init__(self, tx: Connection, query: Query) -> None:
        self._tx = tx
        self._query = query
        keys = [key for key in query.keys if _is_supported(key, query.level)]
        self._keys = {key.keyword: key for key in keys}
        if query.offset is not None:
            for date, time in COMPANIONS.items():
                if date in self._keys or time in self._keys:
                    self._keys.setdefault(date, make_key(_TAGS[date], date, "DA", ""))
                    self._keys.setdefault(time, make_key(_TAGS[time], time, "TM", ""))
        self._columns = {word: self._column(word) for word in self._keys if word in COLUMNS or word in _NUMBERED}
        self._counted = [word for word in self._keys if word in _COUNTS]
        self._headers = [key for word, key in self._keys.items() if word not in self._columns and word not in _COUNTS]
        self._early = [key for word, key in self._keys.items() if word in self._columns and key.asks]
        self._late = [key for word, key in self._keys.items() if word not in self._columns and key.asks]
        self._ids = _IDS[query.level]
        self._patients: set[tuple[str, ...]] = set()
        self._vain = 0

    def _column(self, keyword: str) -> Any:
        wide = keyword == "Modality" and self._query.level < Level.SERIES
        return studies.c.modalities if wide else _NUMBERED[keyword] if keyword in _NUMBERED else COLUMNS[keyword][1]

    # candidates

    def rows(self) -> Iterator[Sequence[Any]]:
        """Rows of the ids and the columns of `_ids`, `_columns`."""
        statement = self._statement()
        name = self._keys.get("PatientName")
        patterns = name_pattern(name.values[0]) if name is not None and len(name.values) == 1 else ()
        pattern = next((group for group in patterns if group.words), None)
        if pattern is None or any(self._pins(key) for key in self._early):
            yield from self._stream(statement)
            return
        found = names.keys_of(self._tx, pattern)
        most = _MANY_NAMES if self._query.ordered else _FEW_NAMES
        first = list(islice(found, most + 1))
        if len(first) <= most:
            yield from self._named(statement, first)
        elif self._query.ordered or self._is_short():
            yield from self._stream(statement)
        else:
            for start in range(0, len(first), _PIECE):
                yield from self._named(statement, first[start : start + _PIECE])
            while piece := list(islice(found, _PIECE)):
                yield from self._named(statement, piece)

    def _named(self, statement: Select[Any], keys: Sequence[str]) -> Iterator[Sequence[Any]]:
        return self._stream(statement.where(studies.c.name_key.in_(keys))) if keys else iter(())

    def _stream(self, statement: Select[Any]) -> Iterator[Sequence[Any]]:
        return iter(self._tx.execute(statement.execution_options(yield_per=_PIECE)))

    def _pins(self, key: Key) -> bool:
        """Whether a key alone leaves few studies."""
        starts = key.kind == Matching.WILDCARD and all(value[:3].isalnum() for value in key.values)
        return key.keyword in _CODES and (key.kind == Matching.SINGLE or starts)

    def _is_short(self) -> bool:
        """Whether a range of dates leaves few enough studies to look at each."""
        day = self._keys.get("StudyDate")
        conditions = list(self._narrow(day)) if day is not None and day.asks else []
        if not conditions:
            return False
        rows = select(literal(1)).select_from(studies).where(*conditions).limit(_FEW_STUDIES).subquery()
        return int(self._tx.execute(select(func.count()).select_from(rows)).scalar_one()) < _FEW_STUDIES

    def _statement(self) -> Select[Any]:
        level = self._query.level
        here = [studies.c.shadow.is_(False), studies.c.instances > 0]
        source: Any = studies
        if level >= Level.SERIES:
            source = source.join(series, series.c.study_uid == studies.c.uid)
        if level == Level.SERIES:
            here.append(_of_series(exists()))
        if level == Level.IMAGE:
            same = and_(instances.c.study_uid == series.c.study_uid, instances.c.series_uid == series.c.uid)
            source = source.join(instances, same)
            here.append(instances.c.current)
        conditions = [condition for key in self._early for condition in self._narrow(key)]
        columns = (*self._ids.values(), *(column.label(word) for word, column in self._columns.items()))
        statement = select(*columns).select_from(source).where(*here, *conditions)
        return statement.order_by(*_ORDER[: 2 * max(1, level)]) if self._query.ordered else statement

    def _narrow(self, key: Key) -> Iterator[ColumnElement[bool]]:
        """What the database can say of a key by itself: no study that matches is lost, some that do not may stay."""
        column = self._columns[key.keyword]
        if len(key.values) > (_MOST_VALUES if key.kind == Matching.SINGLE and key.vr == "UI" else _MOST_PATTERNS):
            raise Invalid("Too many values are asked for at once.", hint="Ask in several queries.")
        if key.kind == Matching.EMPTY:
            yield column.is_(None) if key.vr in _NUMBERS else column == ""
        elif key.vr == "DA":
            yield from self._narrow_date(key, column)
        elif key.vr in _NUMBERS:
            numbers = [int(value) for value in key.values if value.lstrip("+-").isdecimal() and len(value) < 10]
            if len(numbers) == len(key.values):
                yield column.in_(numbers)
        elif column is studies.c.modalities:
            yield or_(*(column.like(names.containing(value), escape="/") for value in key.values))
        elif key.kind == Matching.SINGLE and key.vr != "PN":
            yield names.any_of(column, key.values)
        elif key.kind == Matching.WILDCARD and key.vr != "PN":
            ordered = self._tx.dialect.name == "sqlite"
            yield or_(*(and_(*names.like(column, value, ordered=ordered)) for value in key.values))

    def _narrow_date(self, key: Key, column: Any) -> Iterator[ColumnElement[bool]]:
        slack = 24 * 60 if self._query.offset is not None and key.keyword == "StudyDate" else 0
        first, last = (key.values[0][:8], key.values[-1][:8]) if len(key.values) <= 2 else ("", "")
        if key.kind == Matching.SINGLE and len(key.values) > 1:
            first, last = min(key.values), max(key.values)
        if first:
            yield column >= shift(first, "0000", -slack)[0]
        else:
            yield column != ""
        if last:
            yield column <= shift(last, "0000", slack)[0]

    # what becomes of a candidate

    def entry(self, row: Sequence[Any]) -> dict[str, Any] | None:
        """The entry of a candidate; None when it is not what is looked for."""
        ids = dict(zip(self._ids, row, strict=False))
        entry: dict[str, Any] = dict(zip(self._columns, row[len(ids) :], strict=True))
        if "ModalitiesInStudy" in entry:
            entry["ModalitiesInStudy"] = entry["ModalitiesInStudy"].split("\\")
        if self._query.offset is not None:
            entry = self._moved(entry, ids)
        if not matches_all(self._early, entry):
            return None
        patient = _patient_of(ids) if self._query.level == Level.PATIENT else ()
        if patient and patient in self._patients:
            return None
        self._complete(entry, ids)
        if not matches_all(self._late, entry):
            return None
        if patient:
            self._patients.add(patient)
        if self._query.level < Level.SERIES and entry.get("Modality"):
            entry["Modality"] = _leading(entry["Modality"])
        return entry

    def _complete(self, entry: dict[str, Any], ids: Mapping[str, Any]) -> None:
        """Adds what is counted, and what only an object's header says."""
        for keyword in self._counted:
            entry[keyword] = _COUNTS[keyword](self._tx, ids)
        if not self._headers:
            return
        if self._late:
            self._vain += 1
            if self._vain > _MOST_HEADERS:
                raise Invalid(
                    "Too many objects would have to be opened.", hint="Give a date, a patient or a number too."
                )
        packed = self._tx.execute(_header_of(ids)).scalar()
        found: Mapping[str, Any] = read_model(unpack(packed), self._headers) if packed else {}
        entry.update(self._moved(found, ids) if self._query.offset is not None else found)

    def _moved(self, entry: Mapping[str, Any], ids: Mapping[str, Any]) -> dict[str, Any]:
        try:
            own = parse_offset(ids["timezone"]) if ids["timezone"] else HOME_OFFSET
        except ValueError:
            own = HOME_OFFSET
        return dict(shifted(entry, (self._query.offset or 0) - own))


_NUMBERS: Final = frozenset({"IS", "US"})
_NO_IMAGES: Final = frozenset({"SR", "PR", "KO", "DOC", "SEG", "AU", "REG"})
_TAGS: Final = {
    "StudyDate": 0x00080020, "StudyTime": 0x00080030, "SeriesDate": 0x00080021, "SeriesTime": 0x00080031,
    "AcquisitionDate": 0x00080022, "AcquisitionTime": 0x00080032, "ContentDate": 0x00080023, "ContentTime": 0x00080033,
    "InstanceCreationDate": 0x00080012, "InstanceCreationTime": 0x00080013,
    "PerformedProcedureStepStartDate": 0x00400244, "PerformedProcedureStepStartTime": 0x00400245,
    "PerformedProcedureStepEndDate": 0x00400250, "PerformedProcedureStepEndTime": 0x00400251,
    "ScheduledProcedureStepStartDate": 0x00400002, "ScheduledProcedureStepStartTime": 0x00400003,
}  # fmt: skip
_STUDY_IDS: Final[dict[str, Any]] = {"study": studies.c.uid, "timezone": studies.c.timezone}
_PATIENT: Final = ("patient_id", "issuer_of_patient_id", "origin", "name_key", "birth_date")
_IDS: Final[dict[Level, dict[str, Any]]] = {
    Level.PATIENT: _STUDY_IDS | {name: studies.c[name] for name in _PATIENT},
    Level.STUDY: _STUDY_IDS,
    Level.SERIES: _STUDY_IDS | {"series": series.c.uid.label("series")},
    Level.IMAGE: _STUDY_IDS | {"series": series.c.uid.label("series"), "instance": instances.c.id.label("instance")},
}
_ORDER: Final = (
    studies.c.first_received_at.desc(), studies.c.uid.desc(), series.c.number.nulls_last(), series.c.uid,
    instances.c.number.nulls_last(), instances.c.id,
)  # fmt: skip


def _leading(modalities: str) -> str:
    """The modality of a study's images."""
    found = modalities.split("\\")
    return next((modality for modality in found if modality not in _NO_IMAGES), found[0])


def _of_series(query: Any) -> Any:
    """The current instances of the series that the surrounding query is about."""
    return query.where(
        instances.c.study_uid == series.c.study_uid, instances.c.series_uid == series.c.uid, instances.c.current
    )


def _header_of(ids: Mapping[str, Any]) -> Select[Any]:
    query = select(instances.c.header)
    if "instance" in ids:
        return query.where(instances.c.id == ids["instance"])
    query = query.where(instances.c.study_uid == ids["study"], instances.c.current)
    if "series" in ids:
        query = query.where(instances.c.series_uid == ids["series"])
    return query.limit(1)


def _patient_of(ids: Mapping[str, Any]) -> tuple[str, ...]:
    """What tells a patient from others: identifiers of two issuers are never taken for one. Where the issuer is not said it
    is the facility that the study came from; without an identifier a patient is one name and birth date there."""
    issuer = ("issuer", ids["issuer_of_patient_id"]) if ids["issuer_of_patient_id"] else ("origin", ids["origin"])
    if ids["patient_id"]:
        return (ids["patient_id"], *issuer)
    return ("", *issuer, ids["name_key"], ids["birth_date"])


def _studies_of(ids: Mapping[str, Any]) -> ColumnElement[bool]:
    """The studies of the same patient."""
    same = ["patient_id", "issuer_of_patient_id"]
    same += [] if ids["issuer_of_patient_id"] else ["origin"]
    same += [] if ids["patient_id"] else ["name_key", "birth_date"]
    here = [studies.c.shadow.is_(False), studies.c.instances > 0]
    return and_(*here, *(studies.c[name] == ids[name] for name in same))


def _sop_classes(tx: Connection, ids: Mapping[str, Any]) -> list[str]:
    query = select(instances.c.sop_class_uid).where(instances.c.study_uid == ids["study"], instances.c.current)
    return sorted(tx.execute(query.distinct()).scalars())


def _patient_sum(what: Any, source: Any) -> Callable[[Connection, Mapping[str, Any]], int]:
    def counted(tx: Connection, ids: Mapping[str, Any]) -> int:
        return int(tx.execute(select(what).select_from(source).where(_studies_of(ids))).scalar_one())

    return counted


_current: Final = instances.alias("counted")
_NUMBERED: Final[dict[str, Any]] = {  # counted by the database for each candidate
    "NumberOfStudyRelatedSeries": select(func.count())
    .select_from(_members := series.alias("members"))
    .where(
        _members.c.study_uid == studies.c.uid,
        exists().where(
            _current.c.study_uid == _members.c.study_uid, _current.c.series_uid == _members.c.uid, _current.c.current
        ),
    )
    .correlate(studies)
    .scalar_subquery(),
    "NumberOfSeriesRelatedInstances": select(func.count())
    .select_from(_current)
    .where(_current.c.study_uid == series.c.study_uid, _current.c.series_uid == series.c.uid, _current.c.current)
    .correlate(series)
    .scalar_subquery(),
}
_COUNTS: Final[dict[str, Callable[[Connection, Mapping[str, Any]], Any]]] = {
    "NumberOfPatientRelatedStudies": _patient_sum(func.count(), studies),
    "NumberOfPatientRelatedSeries": _patient_sum(
        func.count(), studies.join(series, and_(series.c.study_uid == studies.c.uid, _of_series(exists())))
    ),
    "NumberOfPatientRelatedInstances": _patient_sum(func.coalesce(func.sum(studies.c.instances), 0), studies),
    "SOPClassesInStudy": _sop_classes,
}
