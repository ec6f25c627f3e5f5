"""Which of the reports in a study is shown: its structured report and the sheet that was printed from it."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, select

from node.domain.report import answered_for
from node.domain.study import Via
from node.ledger.schema import instances, series
from node.ledger.studies import unpack

SR_CLASSES: Final = (  # text reports, PS3.4 B.5; dose reports and measurements are not what a radiographer waits for
    "1.2.840.10008.5.1.4.1.1.88.11",
    "1.2.840.10008.5.1.4.1.1.88.22",
    "1.2.840.10008.5.1.4.1.1.88.33",
)
PDF_CLASS: Final = "1.2.840.10008.5.1.4.1.1.104.1"
REPORT_VIAS: Final = (Via.HOME.value, Via.DESK.value)
_MODALITIES = ("SR", "DOC", "OT")
_FLAGS = ("0040A493", "0040A491", "0040A496")  # Verification, Completion, Preliminary Flag
_WRITTEN = ("00080023", "00080033")  # Content Date, Content Time

Document = Row[*tuple[Any, ...]]


def report_objects(tx: Connection, study_uids: Collection[str]) -> dict[str, dict[str, Document]]:
    """For each study the report that counts, as it is stored here: {"sr": row, "pdf": row}, whichever there are.

    A final report counts before a preliminary one, whoever wrote it: the reading hospital's must not hide that this one has
    read the study itself. Among equals the one that was written last counts. The sheet is that report's own.
    """
    rows = tx.execute(
        select(
            instances.c.id,
            instances.c.study_uid,
            instances.c.series_uid,
            instances.c.sop_instance_uid,
            instances.c.sop_class_uid,
            instances.c.digest,
            instances.c.via,
            instances.c.number,
        )
        .join(series, and_(series.c.study_uid == instances.c.study_uid, series.c.uid == instances.c.series_uid))
        .where(
            series.c.study_uid.in_(study_uids),
            series.c.modality.in_(_MODALITIES),
            instances.c.sop_class_uid.in_((*SR_CLASSES, PDF_CLASS)),
            instances.c.via.in_(REPORT_VIAS),
            instances.c.current,
        )
        .order_by(instances.c.number.nulls_first(), instances.c.id)  # our versions are numbered
    )
    reports: dict[str, list[Document]] = defaultdict(list)
    sheets: dict[str, list[Document]] = defaultdict(list)
    for row in rows:
        (sheets if row.sop_class_uid == PDF_CLASS else reports)[row.study_uid].append(row)
    weights = _weights(tx, [row.id for several in reports.values() if len(several) > 1 for row in several])
    found: dict[str, dict[str, Document]] = {}
    for study_uid in {**reports, **sheets}:
        newest_first = reversed(reports[study_uid])  # of those that weigh the same the first one counts
        report = max(newest_first, key=lambda row: weights.get(row.id, _UNKNOWN), default=None)
        sheet = _sheet_of(report, sheets[study_uid])
        found[study_uid] = {name: row for name, row in (("sr", report), ("pdf", sheet)) if row is not None}
    return found


_Weight = tuple[bool, str]
_UNKNOWN: _Weight = (False, "")


def _weights(tx: Connection, ids: Collection[int]) -> dict[int, _Weight]:
    """Of each report whether somebody answers for it, and when it was written."""
    if not ids:
        return {}
    rows = tx.execute(select(instances.c.id, instances.c.header).where(instances.c.id.in_(ids)))
    return {row.id: _weight(row.header) for row in rows}


def _weight(packed: bytes) -> _Weight:
    try:
        header = unpack(packed)
    except (zlib.error, ValueError):
        return _UNKNOWN
    verification, completion, preliminary = (_value(header, tag) for tag in _FLAGS)
    return answered_for(verification, completion, preliminary), "".join(_value(header, tag) for tag in _WRITTEN)


def _value(header: Mapping[str, Any], tag: str) -> str:
    return str(next(iter(header.get(tag, {}).get("Value") or ()), ""))


def _version(row: Document) -> int:
    return max(1, row.number or 1)


def _sheet_of(report: Document | None, sheets: Sequence[Document]) -> Document | None:
    """The sheet that was printed from the report: of the same version, kept together with it."""
    if report is None:
        return sheets[-1] if sheets else None
    own = [row for row in sheets if row.via == report.via and _version(row) == _version(report)]
    return min(own, key=lambda row: abs(row.id - report.id), default=None)
