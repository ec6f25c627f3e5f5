"""The patient and study modules of a new object, taken from the header of an image of the study.

A document that is made for a study must say exactly what its images say (PS3.3 C.7.1.1, C.7.2.1), and must be valid
even where the images are not. So values that follow their VR are copied as they are, and the others are corrected where
the meaning is certain (`1997.04.24`, `10:20:30`) and left empty where it is not. An identifier that is too long is left
empty and never shortened: a shortened identifier is another patient's. The Study Instance UID is always copied: it is
the link to the images.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset

from node.errors import Invalid

HANOI = timezone(timedelta(hours=7))  # UTC+7 all year

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x80-\x9f]+")
_TIME = re.compile(r"([01]\d|2[0-3])(([0-5]\d)(([0-5]\d|60)(\.\d{1,6})?)?)?")
_OFFSET = re.compile(r"([+-])(0\d|1[0-4])([0-5]\d)")

# keyword -> type in the module; 2 is written even when empty, 3 only with a value
_ATTRIBUTES: dict[str, int] = {
    "PatientName": 2,
    "PatientID": 2,
    "PatientBirthDate": 2,
    "PatientSex": 2,
    "IssuerOfPatientID": 3,
    "PatientBirthTime": 3,
    "OtherPatientNames": 3,
    "EthnicGroup": 3,
    "PatientComments": 3,
    "StudyDate": 2,
    "StudyTime": 2,
    "AccessionNumber": 2,
    "ReferringPhysicianName": 2,
    "StudyID": 2,
    "StudyDescription": 3,
    "PatientAge": 3,
    "PatientSize": 3,
    "PatientWeight": 3,
}
_IDENTIFIERS = frozenset({"PatientID", "IssuerOfPatientID", "AccessionNumber", "StudyID"})
_LENGTH = {"SH": 16, "LO": 64, "LT": 10240, "ST": 1024}


def text_of(value: object) -> str:
    """Any text in the form that documents keep: NFC, without control characters, without blanks around it."""
    return _CONTROL.sub(" ", unicodedata.normalize("NFC", str(value))).strip()


def values_of(study: Mapping[str, Any], keyword: str) -> list[Any]:
    """The values of an attribute in the DICOM JSON model (PS3.18 F.2); empty when it is absent or has no value."""
    tag = tag_for_keyword(keyword)
    element = study.get(f"{tag:08X}") if tag is not None else None
    values = element.get("Value") if isinstance(element, Mapping) else None
    return [v for v in values if v is not None] if isinstance(values, Sequence) and not isinstance(values, str) else []


def first_of(study: Mapping[str, Any], keyword: str) -> str:
    """The first value as a text for people (a person name: its alphabetic group), or an empty text."""
    for value in values_of(study, keyword):
        return text_of(value.get("Alphabetic", "")) if isinstance(value, Mapping) else text_of(value)
    return ""


def date_value(text: str) -> str:
    """A DA value, or empty. The dotted form of ACR-NEMA and ISO 8601 dates are understood."""
    digits = re.sub(r"[.\-/ ]", "", text)
    if not re.fullmatch(r"\d{8}", digits):
        return ""
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return ""
    return digits


def time_value(text: str) -> str:
    """A TM value, or empty. The form with colons of ACR-NEMA is understood."""
    plain = text.replace(":", "").strip()
    return plain if _TIME.fullmatch(plain) else ""


def _person_name(value: object) -> str:
    """A PN value of up to three groups of up to five components and 64 characters each, or empty."""
    if isinstance(value, Mapping):
        groups = [value.get(g, "") for g in ("Alphabetic", "Ideographic", "Phonetic")]
    else:
        groups = str(value).split("=")[:3]
    cleaned = []
    for group in groups:
        parts = [p.strip() for p in text_of(group).replace("\\", " ").replace("=", " ").split("^")]
        family_to_prefix, rest = parts[:4], parts[4:]
        cleaned.append("^".join([*family_to_prefix, " ".join(p for p in rest if p)]).rstrip("^ ")[:64].rstrip("^ "))
    return "=".join(cleaned).rstrip("=")


def _decimal(text: str) -> str:
    return text if len(text) <= 16 and re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", text) else ""


def _age(text: str) -> str:
    return text if re.fullmatch(r"\d{3}[DWMY]", text) else ""


def _sex(text: str) -> str:
    return text.upper() if text.upper() in {"M", "F", "O"} else ""


_BY_VR: dict[str, Callable[[str], str]] = {"DA": date_value, "TM": time_value, "DS": _decimal, "AS": _age, "CS": _sex}


def _long_text(value: object) -> str:
    """Several lines are allowed in LT and ST; CR LF between them."""
    lines = unicodedata.normalize("NFC", str(value)).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\r\n".join(_CONTROL.sub(" ", line) for line in lines).rstrip()


def _corrected(keyword: str, values: Sequence[Any]) -> str:
    vr = dictionary_VR(keyword)
    if vr == "PN":
        names = [n for n in map(_person_name, values) if n]
        return " ".join(names[:1]) if len(names) < 2 else _person_name(" ".join(names))
    if vr in {"LT", "ST"}:
        return _long_text(values[0])[: _LENGTH[vr]] if values else ""
    text = " ".join(t for t in (text_of(v).replace("\\", " ") for v in values) if t)
    if vr in _BY_VR:
        return _BY_VR[vr](text)
    longest = _LENGTH.get(vr, 64)
    if len(text) > longest:
        return "" if keyword in _IDENTIFIERS else text[:longest].rstrip()
    return text


def patient_and_study(study: Mapping[str, Any], study_instance_uid: str) -> Dataset:
    """The patient, study and patient study attributes for a new object of the study, valid, in Unicode.

    `study` is the DICOM JSON of one image header. Raises `Invalid` when it belongs to another study than
    `study_instance_uid`.
    """
    said = first_of(study, "StudyInstanceUID")
    if said and said != study_instance_uid:
        raise Invalid("The image header belongs to another study than the report.", hint="Open the report's own study.")
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.StudyInstanceUID = study_instance_uid
    for keyword, kind in _ATTRIBUTES.items():
        value = _corrected(keyword, values_of(study, keyword))
        if value or kind == 2:
            setattr(ds, keyword, value)
    return ds


def zone_of(study: Mapping[str, Any]) -> timezone:
    """The zone in which the study's times are meant: what its images say, else Hà Nội.

    Timezone Offset From UTC (PS3.3 C.12.1) holds for all times of an object, so also for the study time that is copied.
    """
    match = _OFFSET.fullmatch(first_of(study, "TimezoneOffsetFromUTC"))
    if not match or match.group(0) == "-0000":
        return HANOI
    offset = timedelta(hours=int(match.group(2)), minutes=int(match.group(3)))
    return timezone(offset if match.group(1) == "+" else -offset)


def offset_text(moment: datetime) -> str:
    """`+0700`."""
    return moment.strftime("%z")[:5]
