"""The attributes that a node takes from its patient and study and puts back when a report comes home.

Patient Module, General Study Module and Patient Study Module (PS3.3 C.7.1.1, C.7.2.1, C.7.2.2), as DICOM JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

# type 2 in every composite IOD: present, if need be empty
_REQUIRED = """
    PatientName PatientID PatientBirthDate PatientSex
    StudyDate StudyTime ReferringPhysicianName StudyID AccessionNumber
"""
_OPTIONAL = """
    IssuerOfPatientID TypeOfPatientID IssuerOfPatientIDQualifiersSequence SourcePatientGroupIdentificationSequence
    GroupOfPatientsIdentificationSequence PatientBirthTime PatientBirthDateInAlternativeCalendar
    PatientDeathDateInAlternativeCalendar PatientAlternativeCalendar OtherPatientIDs OtherPatientIDsSequence
    OtherPatientNames PatientBirthName PatientMotherBirthName PatientAddress PatientTelephoneNumbers EthnicGroup
    EthnicGroupCodeSequence PatientComments PatientSpeciesDescription PatientSpeciesCodeSequence
    PatientBreedDescription PatientBreedCodeSequence BreedRegistrationSequence ResponsiblePerson
    ResponsiblePersonRole ResponsibleOrganization QualityControlSubject StrainDescription StrainNomenclature
    StrainCodeSequence StrainAdditionalInformation StrainStockSequence GeneticModificationsSequence
    ReferencedPatientSequence ReferencedPatientPhotoSequence PatientReligiousPreference MilitaryRank
    BranchOfService MedicalRecordLocator ReferringPhysicianAddress ReferringPhysicianTelephoneNumbers
    ReferringPhysicianIdentificationSequence ConsultingPhysicianName ConsultingPhysicianIdentificationSequence
    IssuerOfAccessionNumberSequence StudyDescription PhysiciansOfRecord PhysiciansOfRecordIdentificationSequence
    NameOfPhysiciansReadingStudy PhysiciansReadingStudyIdentificationSequence RequestingService
    RequestingServiceCodeSequence ReferencedStudySequence ProcedureCodeSequence
    ReasonForPerformedProcedureCodeSequence AdmittingDiagnosesDescription AdmittingDiagnosesCodeSequence
    PatientAge PatientSize PatientSizeCodeSequence PatientWeight PatientBodyMassIndex MeasuredAPDimension
    MeasuredLateralDimension MedicalAlerts Allergies SmokingStatus PregnancyStatus LastMenstrualDate PatientState
    Occupation AdditionalPatientHistory AdmissionID IssuerOfAdmissionIDSequence ReasonForVisit
    ReasonForVisitCodeSequence ServiceEpisodeID IssuerOfServiceEpisodeIDSequence ServiceEpisodeDescription
    PatientSexNeutered
"""


def _tag(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    assert tag is not None, keyword
    return tag


REQUIRED: Final = tuple(map(_tag, _REQUIRED.split()))
ATTRIBUTES: Final = REQUIRED + tuple(map(_tag, _OPTIONAL.split()))
STUDY_INSTANCE_UID: Final = 0x0020000D
ACCESSION_NUMBER: Final = 0x00080050


def collect(ds: Dataset) -> dict[str, Any]:
    """What a decoded data set says of its patient and study, as DICOM JSON (PS3.18 F)."""
    model: dict[str, Any] = {}
    for tag in (STUDY_INSTANCE_UID, *ATTRIBUTES):
        if tag not in ds:
            continue
        with suppress(TypeError, ValueError):  # a number that is no number: JSON cannot carry it
            model[f"{tag:08X}"] = ds[tag].to_json_dict(None, 0)
    return model


def restore(ds: Dataset, identity: Mapping[str, Any]) -> None:
    """Replaces what `ds` says of its patient and study by `identity`; what it lacks is removed, or empty if required."""
    original = Dataset.from_json(dict(identity))
    for tag in ATTRIBUTES:
        if tag in original:
            ds[tag] = original[tag]
        elif tag in REQUIRED:
            ds[tag] = DataElement(tag, dictionary_VR(tag), "")
        elif tag in ds:
            del ds[tag]
