"""A signed report becomes DICOM objects that the node receives from itself (walk 3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from node.domain.job import Job, NextJob
from node.domain.study import Arrival, Via
from node.domain.timeline import Hop, TimelineEntry
from node.errors import NotFound
from node.ledger import studies, timeline
from node.ledger.signed import signed_report
from node.ports import Node

_IMAGES = (Via.DIMSE, Via.STOW, Via.LINK)


class ReportStage:
    """Implements `node.ports.Stage`; the subject is a reading task whose newest report version is signed.

    The objects' UIDs and times are in the signed row, so that a repeat makes the same bytes.
    """

    kind = "report"

    def work(self, job: Job, node: Node) -> Any:
        from node.dicom.report.document import EvidenceItem
        from node.dicom.report.narrative import build_sr
        from node.dicom.report.sheet import (
            build_pdf,
            encapsulate,
        )  # here: a node that only receives needs not their 25 MB

        with node.ledger.read() as tx:
            signed = signed_report(tx, job.subject, node.settings.node.organization)
            if signed is None:
                raise NotFound("The task has no signed report.")
            images = studies.current_instances(tx, signed.study_instance_uid, _IMAGES)
            built = studies.current_instances(tx, signed.study_instance_uid, (Via.DESK,))
            if any(i.sop_instance_uid == signed.sop_instance_uid for i in built):
                return signed  # a repeat: late images must not change what was made once
            if not images:
                raise NotFound("The study of the signed report has no images.")
            header = studies.header(tx, images[0].id)
        evidence = [EvidenceItem(i.sop_class_uid, i.sop_instance_uid, i.series_uid) for i in images]
        sr = build_sr(signed, header, evidence)
        sheet = build_pdf(signed, header, facility_name=signed.observer_organization)
        pdf = encapsulate(sheet, signed, header, sr_sop_instance_uid=signed.sop_instance_uid)
        batch = node.intake.begin(Arrival(via=Via.DESK, received_at=node.clock.now(), facility=node.facility))
        try:
            for content in (sr, pdf):
                file = batch.create()
                file.write(content)
                file.commit()
        finally:
            batch.close()
        return signed

    def settle(self, tx: Any, job: Job, result: Any, node: Node) -> Iterable[NextJob]:
        entry = TimelineEntry(
            result.study_instance_uid, node.facility, Hop.REPORT_BUILT, node.clock.now(), 1, key=str(result.version)
        )
        timeline.record(tx, entry)
        return []
