"""The signed versions of a report with all that their documents are made of.

Who signed and for which organization is what the signature says, never what the person or the facility is called today: documents
that are made again are the same bytes. Versions of before there were signatures have what the timeline says of their signing.
"""

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
from node.ledger.schema import reading_tasks, reports, timeline

_SIGNED = ("preliminary", "final")
_SIGNINGS = (Hop.SIGNED, Hop.PRELIMINARY_SIGNED, Hop.ADDENDUM_SIGNED)
_ADDENDUM = "addendum"


@dataclass(frozen=True, slots=True)
class _Version:
    row: Row[*tuple[Any, ...]]
    text: ReportText
    signatures: tuple[Signature, ...]
    measurements: tuple[Measurement, ...]
    criticals: tuple[CriticalNote, ...]

    @property
    def signer(self) -> Signature:
        """Whose signature made it this version."""
        return next((s for s in reversed(self.signatures) if s.username == self.row.author), self.signatures[-1])


def signed_report(tx: Connection, task_id: str, organization: str = "") -> SignedReport | None:
    """The newest signed version; None when there is none."""
    versions = signed_reports(tx, task_id, organization)
    return versions[-1] if versions else None


def signed_reports(tx: Connection, task_id: str, organization: str = "") -> list[SignedReport]:
    """All signed versions of a reading task, in order; each is what it was when it was signed, whatever came later.

    `organization` is of signatures that name none; without it, it is the name that the facility at whose desk it was signed had
    in the registry then.
    """
    rows = tx.execute(
        select(reports, reading_tasks.c.study_uid)
        .join(reading_tasks, reading_tasks.c.id == reports.c.task_id)
        .where(reports.c.task_id == task_id, reports.c.state.in_(_SIGNED))
        .order_by(reports.c.version)
    ).all()
    if not rows:
        return []
    versions = [_version(row, _signatures(tx, row, organization)) for row in rows]
    return [_report(versions[: number + 1]) for number in range(len(versions))]


def _report(versions: Sequence[_Version]) -> SignedReport:
    """The last of `versions` as it was signed; the others came before it."""
    last = versions[-1]
    signer = last.signer
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
        observer_name=signer.name,
        observer_organization=signer.organization,
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


def _version(row: Row[*tuple[Any, ...]], signatures: tuple[Signature, ...]) -> _Version:
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
        signatures,
        tuple(Measurement.from_json(mark) for mark in row.measurements),
        tuple(CriticalNote.from_json(note) for note in row.criticals),
    )


def _signatures(tx: Connection, row: Row[*tuple[Any, ...]], organization: str) -> tuple[Signature, ...]:
    """As they were kept; versions of before there were signatures have their author's."""
    stored: Iterable[Mapping[str, Any]] = row.signatures
    signatures = tuple(Signature.from_json(item) for item in stored)
    if signatures and all(signature.organization for signature in signatures):
        return signatures
    by, where = _signing(tx, row)
    if not signatures:
        signatures = (Signature(SignatureRole.AUTHOR, row.author, by, "", "", row.signed_at),)
    return tuple(s if s.organization else replace(s, organization=organization or where) for s in signatures)


def _signing(tx: Connection, row: Row[*tuple[Any, ...]]) -> tuple[str, str]:
    """What the timeline says of the signing of a version: who signed, and how the facility was called then."""
    entry = tx.execute(
        select(timeline.c.node, timeline.c.detail)
        .where(
            timeline.c.study_uid == row.study_uid,
            timeline.c.hop.in_([hop.value for hop in _SIGNINGS]),
            timeline.c.at == row.signed_at,
        )
        .order_by(timeline.c.id.desc())
        .limit(1)
    ).first()
    if entry is None:
        return str(row.author), ""
    facility = registry.at(tx, row.signed_at).facility(entry.node)
    return str(entry.detail.get("by") or row.author), facility.name if facility else str(entry.node)
