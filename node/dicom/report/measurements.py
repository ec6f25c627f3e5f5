"""The measurements of a report as PS3.16 TID 1500 "Measurement Report".

Regions are planar ROI groups (TID 1410), lines, angles and points are measurement groups (TID 1501) whose numbers are
inferred from coordinates (TID 320). The tracking identifiers are the marks' ids, so that other systems follow them
through versions. It is Comprehensive 3D SR, the class in which measurement reports are exchanged; the narrative report
beside it is another class, by which indexes tell the two apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from highdicom.sr import (
    CodedConcept,
    Comprehensive3DSR,
    ImageRegion,
    LanguageOfContentItemAndDescendants,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    PersonObserverIdentifyingAttributes,
    PlanarROIMeasurementsAndQualitativeEvaluations,
)
from pydicom.dataset import Dataset

from node.dicom.report import _codes_table as codes
from node.dicom.report import _marks_table as table
from node.dicom.report.document import (
    MEASUREMENTS,
    EvidenceItem,
    evidence_dataset,
    finish,
    header_arguments,
    identify_schemes,
    language,
    moment_of,
    organization_text,
    series_uid,
    sop_uid,
    stamp,
)
from node.dicom.report.marks import finding_code, graphics, method, numbers, source_of, tracking
from node.dicom.report.names import observer_name
from node.dicom.report.narrative import sign
from node.dicom.setup import configure
from node.dicom.study_header import first_of
from node.domain.measurement import Measurement, MeasurementKind
from node.domain.report import SignedReport

_REGIONS = frozenset({MeasurementKind.ELLIPSE, MeasurementKind.RECTANGLE})
Group = PlanarROIMeasurementsAndQualitativeEvaluations | MeasurementsAndQualitativeEvaluations


class _Measurements(Comprehensive3DSR):
    """See `narrative._Report`."""

    def copy_patient_and_study_information(self, dataset: Dataset) -> None:
        """Nothing: `finish` does it."""


def build_measurements(
    report: SignedReport, study: Mapping[str, Any], evidence: Sequence[EvidenceItem]
) -> bytes | None:
    """The measurements as a Part 10 file; None when no mark has a number.

    The evidence are the images that are measured, which is complete and stays the same when more images come. Raises
    `Invalid` when a mark is on an image that is not among `evidence`.
    """
    configure()
    images = {e.sop_instance_uid: e for e in evidence}
    measured = [mark for mark in report.measurements if mark.values]
    if not measured:
        return None
    groups = [_group(mark, images) for mark in measured]
    used = sorted({mark.sop_instance_uid for mark in measured})
    ds = _Measurements(
        evidence=[evidence_dataset(report.study_instance_uid, images[uid]) for uid in used],
        content=_content(report, groups, study),
        series_instance_uid=series_uid(MEASUREMENTS, report.series_instance_uid),
        sop_instance_uid=sop_uid(MEASUREMENTS, report.sop_instance_uid),
        **header_arguments(report, MEASUREMENTS),
    )
    stamp(ds, moment_of(report, study), "Series", "Content")
    sign(ds, report, study)
    identify_schemes(ds)
    return finish(ds, report, study)


def _content(report: SignedReport, groups: Sequence[Group], study: Mapping[str, Any]) -> MeasurementReport:
    signed = report.author or report.verifier
    observer = ObserverContext(
        observer_type=CodedConcept.from_code(codes.PERSON),
        observer_identifying_attributes=PersonObserverIdentifyingAttributes(
            name=observer_name(signed.name if signed else report.observer_name),
            organization_name=organization_text(signed.organization if signed else report.observer_organization),
        ),
    )
    spoken = CodedConcept.from_code(codes.LANGUAGES[language(report)])
    return MeasurementReport(
        observation_context=ObservationContext(observer_person_context=observer),
        procedure_reported=table.PROCEDURES.get(first_of(study, "Modality"), table.PROCEDURE),
        imaging_measurements=groups,
        language_of_content_item_and_descendants=LanguageOfContentItemAndDescendants(spoken),
    )


def _group(mark: Measurement, images: Mapping[str, EvidenceItem]) -> Group:
    source = source_of(mark, images)
    group: Group
    if mark.kind in _REGIONS:
        ((kind, points),) = graphics(mark)
        group = PlanarROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=tracking(mark),
            referenced_region=ImageRegion(kind, np.array(points, np.float64), source),
            finding_type=finding_code(mark),
            measurements=numbers(mark, None),
        )
    else:
        group = MeasurementsAndQualitativeEvaluations(
            tracking_identifier=tracking(mark),
            finding_type=finding_code(mark),
            measurements=numbers(mark, source),
        )
    group[0].ContentSequence.append(method(mark))  # the toolkit's own would be CONTAINS
    return group
