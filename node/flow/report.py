"""A signed report becomes DICOM objects that the node receives from itself (walk 3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from node.domain.job import Job, NextJob
from node.domain.report import SignedReport
from node.domain.study import Arrival, Via
from node.domain.timeline import Hop, TimelineEntry
from node.errors import NotFound
from node.ledger import studies, timeline
from node.ledger.signed import signed_reports
from node.ports import Node

_IMAGES = (Via.DIMSE, Via.STOW, Via.LINK)


class ReportStage:
    """Implements `node.ports.Stage`; the subject is a reading task with signed versions.

    Every version that has no documents yet gets them: preliminary, final, corrected and addenda, each beside the others.
    UIDs and times follow from the signed row, so that a repeat makes the same bytes. The narrative report is kept last;
    where it is, the version is done, and images that come late do not change it.
    """

    kind = "report"

    def work(self, job: Job, node: Node) -> Sequence[SignedReport]:
        with node.ledger.read() as tx:
            signed = signed_reports(tx, job.subject, node.settings.node.organization)
            if not signed:
                raise NotFound("The task has no signed report.")
            built = studies.current_instances(tx, signed[0].study_instance_uid, (Via.DESK,))
        done = {row.sop_instance_uid for row in built}
        refused: list[Exception] = []
        for report in signed:
            if report.sop_instance_uid not in done:
                try:
                    _keep(_documents(report, node), node)
                except Exception as error:  # this version's fault: a final report does not wait for a preliminary one
                    refused.append(error)
        if refused:
            raise refused[0]
        return signed

    def settle(self, tx: Any, job: Job, result: Sequence[SignedReport], node: Node) -> Iterable[NextJob]:
        for report in result:
            entry = TimelineEntry(
                report.study_instance_uid, node.facility, Hop.REPORT_BUILT, node.clock.now(), 1, key=str(report.version)
            )
            timeline.record(tx, entry)
        return []


def _documents(report: SignedReport, node: Node) -> list[bytes]:
    from node.dicom.report.bundle import build_documents, wanted_images  # here: a node that only receives needs not
    from node.dicom.report.document import EvidenceItem  # their 25 MB

    with node.ledger.read() as tx:
        images = studies.current_instances(tx, report.study_instance_uid, _IMAGES)
        if not images:
            raise NotFound("The study of the signed report has no images.")
        header = studies.header(tx, images[0].id)
    wanted = wanted_images(report)
    files: dict[str, Path] = {
        i.sop_instance_uid: node.storage.path(i.digest) for i in images if i.sop_instance_uid in wanted
    }
    evidence = [EvidenceItem(i.sop_class_uid, i.sop_instance_uid, i.series_uid, i.frames) for i in images]
    return build_documents(report, header, evidence, files, facility_name=report.observer_organization)


def _keep(documents: Iterable[bytes], node: Node) -> None:
    batch = node.intake.begin(Arrival(via=Via.DESK, received_at=node.clock.now(), facility=node.facility))
    try:
        for content in documents:
            file = batch.create()
            file.write(content)
            file.commit()
    finally:
        batch.close()
