"""What each document must hold: attributes of type 1 (a value) and of type 2 (present), by SOP class (PS3.3 Annex A)."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.uid import (
    ColorSoftcopyPresentationStateStorage,
    Comprehensive3DSRStorage,
    EncapsulatedPDFStorage,
    EnhancedSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    KeyObjectSelectionDocumentStorage,
)


@dataclass(frozen=True, slots=True)
class Needs:
    """Keywords of attributes; `modality` is the series'."""

    modality: str
    type_1: tuple[str, ...]
    type_2: tuple[str, ...] = ()


TYPE_1 = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Modality", "SpecificCharacterSet")
TYPE_2 = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
    "StudyID",
    "AccessionNumber",
    "SeriesNumber",
    "Manufacturer",
)

_ROOT = ("InstanceNumber", "ContentDate", "ContentTime", "ValueType", "ConceptNameCodeSequence", "ContinuityOfContent")
_TREE = (*_ROOT, "ContentSequence", "CurrentRequestedProcedureEvidenceSequence")
_FLAGS = ("CompletionFlag", "VerificationFlag", "PreliminaryFlag")
_SR = Needs("SR", (*_TREE, *_FLAGS), ("ReferencedPerformedProcedureStepSequence", "PerformedProcedureCodeSequence"))
_PR = (
    "InstanceNumber",
    "ContentLabel",
    "PresentationCreationDate",
    "PresentationCreationTime",
    "ReferencedSeriesSequence",
    "DisplayedAreaSelectionSequence",
    "GraphicAnnotationSequence",
    "GraphicLayerSequence",
)

CLASSES: dict[str, Needs] = {
    str(EnhancedSRStorage): _SR,
    str(Comprehensive3DSRStorage): _SR,
    str(KeyObjectSelectionDocumentStorage): Needs("KO", _TREE, ("ReferencedPerformedProcedureStepSequence",)),
    str(GrayscaleSoftcopyPresentationStateStorage): Needs(
        "PR", (*_PR, "PresentationLUTShape"), ("ContentDescription", "ContentCreatorName")
    ),
    str(ColorSoftcopyPresentationStateStorage): Needs(
        "PR", (*_PR, "ICCProfile"), ("ContentDescription", "ContentCreatorName")
    ),
    str(EncapsulatedPDFStorage): Needs(
        "DOC",
        (
            "InstanceNumber",
            "ConversionType",
            "BurnedInAnnotation",
            "VerificationFlag",
            "SourceInstanceSequence",
            "MIMETypeOfEncapsulatedDocument",
            "EncapsulatedDocument",
        ),
        ("AcquisitionDateTime", "ContentDate", "ContentTime", "DocumentTitle", "ConceptNameCodeSequence"),
    ),
}

# the attributes of the items of a sequence that have a value wherever the sequence stands
ITEMS: dict[str, tuple[str, ...]] = {
    "ConceptNameCodeSequence": ("CodingSchemeDesignator", "CodeMeaning"),
    "ConceptCodeSequence": ("CodingSchemeDesignator", "CodeMeaning"),
    "MeasurementUnitsCodeSequence": ("CodeValue", "CodingSchemeDesignator", "CodeMeaning"),
    "MeasuredValueSequence": ("NumericValue", "MeasurementUnitsCodeSequence"),
    "ContentSequence": ("RelationshipType", "ValueType"),
    "ReferencedSOPSequence": ("ReferencedSOPClassUID", "ReferencedSOPInstanceUID"),
    "ReferencedImageSequence": ("ReferencedSOPClassUID", "ReferencedSOPInstanceUID"),
    "ReferencedSeriesSequence": ("SeriesInstanceUID",),
    "VerifyingObserverSequence": ("VerifyingObserverName", "VerifyingOrganization", "VerificationDateTime"),
    "AuthorObserverSequence": ("ObserverType", "PersonName"),
    "ParticipantSequence": ("ParticipationType", "ObserverType", "PersonName"),
    "GraphicObjectSequence": ("GraphicAnnotationUnits", "GraphicDimensions", "GraphicData", "GraphicType"),
    "TextObjectSequence": ("UnformattedTextValue",),
    "DisplayedAreaSelectionSequence": ("DisplayedAreaBottomRightHandCorner", "PresentationSizeMode"),
    "SoftcopyVOILUTSequence": (),
}
# by value type, what a content item of it has (PS3.3 C.17.3)
VALUES: dict[str, tuple[str, ...]] = {
    "TEXT": ("ConceptNameCodeSequence", "TextValue"),
    "CODE": ("ConceptNameCodeSequence", "ConceptCodeSequence"),
    "NUM": ("ConceptNameCodeSequence", "MeasuredValueSequence"),
    "PNAME": ("ConceptNameCodeSequence", "PersonName"),
    "UIDREF": ("ConceptNameCodeSequence", "UID"),
    "DATETIME": ("ConceptNameCodeSequence", "DateTime"),
    "SCOORD": ("GraphicType", "GraphicData", "ContentSequence"),
    "IMAGE": ("ReferencedSOPSequence",),
    "COMPOSITE": ("ReferencedSOPSequence",),
    "WAVEFORM": ("ReferencedSOPSequence",),
    "CONTAINER": ("ContinuityOfContent",),
}
