"""The signed versions of a report with all that their documents are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, select

from node.domain.measurement import Measurement, MeasurementKind
from node.domain.report import (
    Addendum,
    CriticalNote,
    ReportStatus,
    ReportText,
    Signature,
    SignatureRole,
    SignedReport,
)
from node.domain.timeline import Hop
from node.ledger import registry
from node.ledger.schema import reading_tasks, reports, timeline, users

_SIGNED = ("preliminary", "final")
_ADDENDUM = "addendum"


@dataclass(frozen=True, slots=True)
class _Version:
    row: Row[*tuple[Any, ...]]
    text: ReportText
    signatures: tuple[Signature, ...]
    measurements: tuple[Measurement, ...]
    criticals: tuple[CriticalNote, ...]


def signed_report(tx: Connection, task_id: str, organization: str = "") -> SignedReport | None:
    """The newest signed version; None when there is none."""
    versions = signed_reports(tx, task_id, organization)
    return versions[-1] if versions else None


def signed_reports(tx: Connection, task_id: str, organization: str = "") -> list[SignedReport]:
    """All signed versions of a reading task, in order; each is what it was when it was signed, whatever came later.

    Without `organization` it is the registry's name of the facility at whose desk it was signed.
    """
    rows = tx.execute(
        select(reports, reading_tasks.c.study_uid, users.c.display_name)
        .join(reading_tasks, reading_tasks.c.id == reports.c.task_id)
        .outerjoin(users, users.c.username == reports.c.author)
        .where(reports.c.task_id == task_id, reports.c.state.in_(_SIGNED))
        .order_by(reports.c.version)
    ).all()
    if not rows:
        return []
    where = organization or _signed_where(tx, rows[0].study_uid)
    versions = [_version(row, where) for row in rows]
    return [_report(versions[: number + 1], where) for number in range(len(versions))]


def _report(versions: Sequence[_Version], organization: str) -> SignedReport:
    """The last of `versions` as it was signed; the others came before it."""
    last = versions[-1]
    predecessors = tuple((v.row.sop_instance_uid, v.row.series_instance_uid) for v in versions[:-1])
    text, signatures, measurements, criticals = last.text, last.signatures, last.measurements, last.criticals
    addenda: tuple[Addendum, ...] = ()
    base = _base(versions)
    if base is not None:
        added = [v for v in versions[versions.index(base) + 1 :] if v.row.kind == _ADDENDUM]
        addenda = tuple(Addendum(v.text, v.signatures, v.row.signed_at) for v in added)
        keys = dict.fromkeys(uid for v in (base, *added) for uid in v.text.key_images)
        text, signatures = replace(base.text, key_images=tuple(keys)), base.signatures
        marks = {mark.id: mark for v in (*reversed(added), base) for mark in v.measurements}
        measurements = tuple(marks.values())
    return SignedReport(
        text=text,
        study_instance_uid=last.row.study_uid,
        sop_instance_uid=last.row.sop_instance_uid,
        series_instance_uid=last.row.series_instance_uid,
        observer_name=last.row.display_name or last.row.author,
        observer_organization=organization,
        signed_at=last.row.signed_at,
        version=last.row.version,
        predecessors=predecessors,
        status=_status(last.row, base),
        signatures=signatures,
        measurements=tuple(m for m in measurements if m.in_report and m.kind is not MeasurementKind.CALIBRATION),
        criticals=criticals,
        addenda=addenda,
    )


def _base(versions: Sequence[_Version]) -> _Version | None:
    """The final report that the last version is an addendum to; None when it is no addendum."""
    if versions[-1].row.kind != _ADDENDUM:
        return None
    return next((v for v in reversed(versions) if v.row.kind != _ADDENDUM and v.row.state == "final"), None)


def _status(row: Row[*tuple[Any, ...]], base: _Version | None) -> ReportStatus:
    if base is not None:
        return ReportStatus.ADDENDUM
    return ReportStatus.FINAL if row.state == "final" else ReportStatus.PRELIMINARY


def _version(row: Row[*tuple[Any, ...]], organization: str) -> _Version:
    text = ReportText(
        row.technique,
        row.findings,
        row.conclusion,
        row.recommendation,
        tuple(row.key_images),
        row.language,
        row.comparison,
        row.limitations,
        tuple((question, answer) for question, answer in row.answers),
        row.template,
        tuple(sorted(row.fields.items())),
    )
    return _Version(
        row,
        text,
        _signatures(row, organization),
        tuple(Measurement.from_json(mark) for mark in row.measurements),
        tuple(CriticalNote.from_json(note) for note in row.criticals),
    )


def _signatures(row: Row[*tuple[Any, ...]], organization: str) -> tuple[Signature, ...]:
    """As they were kept; versions of before there were signatures have their author's."""
    stored: Iterable[Mapping[str, Any]] = row.signatures
    signatures = tuple(Signature.from_json(item) for item in stored)
    if signatures:
        return tuple(s if s.organization else replace(s, organization=organization) for s in signatures)
    name = row.display_name or row.author
    return (Signature(SignatureRole.AUTHOR, row.author, name, "", organization, row.signed_at),)


def _signed_where(tx: Connection, study_uid: str) -> str:
    code = tx.execute(
        select(timeline.c.node)
        .where(timeline.c.study_uid == study_uid, timeline.c.hop == Hop.SIGNED.value)
        .order_by(timeline.c.id.desc())
        .limit(1)
    ).scalar()
    if code is None:
        return ""
    facility = registry.current(tx).facility(code)
    return facility.name if facility else str(code)
