"""Code systems and codes of the FHIR resources as data."""

from __future__ import annotations

from typing import Any

VERSION = "4.0.1"
FHIR_JSON = "application/fhir+json"

UID_SYSTEM = "urn:dicom:uid"
URI_SYSTEM = "urn:ietf:rfc:3986"
UCUM = "http://unitsofmeasure.org"
DCM = "http://dicom.nema.org/resources/ontology/DCM"
SYSTEMS = {"SCT": "http://snomed.info/sct", "LN": "http://loinc.org", "DCM": DCM}  # by coding scheme designator

ACCESSION = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "ACSN"}]}
MEDICAL_RECORD = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}
LICENCE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MD"}]}
RADIOLOGY = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD"}]}
IMAGING = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "imaging"}]}
REPORT_CODE = {"coding": [{"system": SYSTEMS["LN"], "code": "18748-4", "display": "Diagnostic imaging study"}]}
WADO = {"system": "http://terminology.hl7.org/CodeSystem/endpoint-connection-type", "code": "dicom-wado-rs"}
PAYLOAD = {"text": "DICOM"}
GENDERS = {"M": "male", "F": "female", "O": "other"}

ISSUES = {  # HTTP status -> IssueType (http://hl7.org/fhir/issue-type)
    400: "structure",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    409: "conflict",
    413: "too-long",
    415: "not-supported",
    422: "invalid",
    429: "throttled",
    500: "exception",
    502: "transient",
    503: "transient",
}

_BY_IDENTIFIER = {
    "name": "identifier",
    "type": "token",
    "documentation": "The accession number, or the Study Instance UID, bare or as urn:dicom:uid|urn:oid:<uid>.",
}
_BY_STUDY = {
    "name": "study",
    "type": "token",
    "documentation": "The Study Instance UID, or ImagingStudy/<uid>.",
}
RESOURCES: tuple[dict[str, Any], ...] = (  # of the capability statement
    {
        "type": "DiagnosticReport",
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "versioning": "no-version",
        "searchParam": [_BY_IDENTIFIER, _BY_STUDY],
    },
    {
        "type": "ImagingStudy",
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "versioning": "no-version",
        "searchParam": [_BY_IDENTIFIER, _BY_STUDY],
    },
    {"type": "Binary", "interaction": [{"code": "read"}], "versioning": "no-version"},
)
