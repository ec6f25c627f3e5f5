"""The attributes that can be searched for: where each is kept and at which level it stands (PS3.4 C.6.1.1, C.6.2.1).

What has no column comes from an object's header; there the level says whether one object may speak for all of its series,
study or patient.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column

from node.domain.query import Level
from node.ledger.schema import instances, series, studies

COLUMNS: Final[dict[str, tuple[Level, Column[Any]]]] = {
    "PatientID": (Level.PATIENT, studies.c.patient_id),
    "IssuerOfPatientID": (Level.PATIENT, studies.c.issuer_of_patient_id),
    "PatientName": (Level.PATIENT, studies.c.patient_name),
    "PatientBirthDate": (Level.PATIENT, studies.c.birth_date),
    "PatientSex": (Level.PATIENT, studies.c.sex),
    "StudyInstanceUID": (Level.STUDY, studies.c.uid),
    "StudyDate": (Level.STUDY, studies.c.study_date),
    "StudyTime": (Level.STUDY, studies.c.study_time),
    "AccessionNumber": (Level.STUDY, studies.c.accession_number),
    "StudyID": (Level.STUDY, studies.c.study_id),
    "ReferringPhysicianName": (Level.STUDY, studies.c.referring_physician),
    "StudyDescription": (Level.STUDY, studies.c.description),
    "PatientAge": (Level.STUDY, studies.c.age),
    "InstitutionName": (Level.STUDY, studies.c.institution),
    "ModalitiesInStudy": (Level.STUDY, studies.c.modalities),
    "NumberOfStudyRelatedInstances": (Level.STUDY, studies.c.instances),
    "SeriesInstanceUID": (Level.SERIES, series.c.uid),
    "Modality": (Level.SERIES, series.c.modality),
    "SeriesNumber": (Level.SERIES, series.c.number),
    "SeriesDescription": (Level.SERIES, series.c.description),
    "BodyPartExamined": (Level.SERIES, series.c.body_part),
    "SOPInstanceUID": (Level.IMAGE, instances.c.sop_instance_uid),
    "SOPClassUID": (Level.IMAGE, instances.c.sop_class_uid),
    "AvailableTransferSyntaxUID": (Level.IMAGE, instances.c.transfer_syntax_uid),
    "InstanceNumber": (Level.IMAGE, instances.c.number),
    "NumberOfFrames": (Level.IMAGE, instances.c.frames),
    "Rows": (Level.IMAGE, instances.c.rows),
    "Columns": (Level.IMAGE, instances.c.columns),
}

COUNTED: Final[dict[str, Level]] = {  # not kept: found out for each answer
    "NumberOfPatientRelatedStudies": Level.PATIENT,
    "NumberOfPatientRelatedSeries": Level.PATIENT,
    "NumberOfPatientRelatedInstances": Level.PATIENT,
    "NumberOfStudyRelatedSeries": Level.STUDY,
    "SOPClassesInStudy": Level.STUDY,
    "NumberOfSeriesRelatedInstances": Level.SERIES,
}

_HEADERS: Final[dict[Level, str]] = {  # what a header may say besides; anything else stands at the level IMAGE
    Level.PATIENT: """
        IssuerOfPatientIDQualifiersSequence TypeOfPatientID OtherPatientIDs OtherPatientIDsSequence OtherPatientNames
        PatientBirthTime PatientBirthName PatientMotherBirthName EthnicGroup PatientComments PatientSpeciesDescription
        PatientSpeciesCodeSequence PatientBreedDescription ResponsiblePerson ResponsibleOrganization QualityControlSubject
        PatientAddress PatientTelephoneNumbers CountryOfResidence RegionOfResidence PatientReligiousPreference
        ReferencedPatientSequence PatientIdentityRemoved DeidentificationMethod DeidentificationMethodCodeSequence
    """,
    Level.STUDY: """
        IssuerOfAccessionNumberSequence ReferringPhysicianIdentificationSequence ConsultingPhysicianName
        PhysiciansOfRecord PhysiciansOfRecordIdentificationSequence NameOfPhysiciansReadingStudy
        PhysiciansReadingStudyIdentificationSequence RequestingService RequestingPhysician RequestedProcedureDescription
        ReferencedStudySequence ProcedureCodeSequence ReasonForPerformedProcedureCodeSequence AdmittingDiagnosesDescription
        AdmittingDiagnosesCodeSequence PatientSize PatientWeight PatientBodyMassIndex Occupation AdditionalPatientHistory
        MedicalAlerts Allergies SmokingStatus PregnancyStatus LastMenstrualDate PatientState PatientSexNeutered AdmissionID
        IssuerOfAdmissionIDSequence ServiceEpisodeID ServiceEpisodeDescription StudyComments InterpretationAuthor
        StudyVerifiedDate StudyReadDate ScheduledStudyStartDate ReasonForStudy InstitutionAddress
        InstitutionalDepartmentName CurrentPatientLocation RouteOfAdmissions ReasonForVisit
    """,
    Level.SERIES: """
        Laterality SeriesDate SeriesTime PerformingPhysicianName PerformingPhysicianIdentificationSequence ProtocolName
        SeriesDescriptionCodeSequence OperatorsName OperatorIdentificationSequence ReferencedPerformedProcedureStepSequence
        RelatedSeriesSequence AnatomicalOrientationType PatientPosition RequestAttributesSequence PerformedProcedureStepID
        PerformedProcedureStepStartDate PerformedProcedureStepStartTime PerformedProcedureStepEndDate
        PerformedProcedureStepEndTime PerformedProcedureStepDescription PerformedProtocolCodeSequence
        CommentsOnThePerformedProcedureStep Manufacturer ManufacturerModelName DeviceSerialNumber SoftwareVersions
        StationName InstitutionCodeSequence GantryID FrameOfReferenceUID PositionReferenceIndicator TreatmentSessionUID
    """,
}
HEADER_LEVELS: Final[dict[str, Level]] = {
    keyword: level for level, keywords in _HEADERS.items() for keyword in keywords.split()
}


def level_of(keyword: str) -> Level:
    """The level at which an attribute stands."""
    if keyword in COLUMNS:
        return COLUMNS[keyword][0]
    return COUNTED.get(keyword, HEADER_LEVELS.get(keyword, Level.IMAGE))
