"""What a study is about: the sub-speciality that reads it, and the clinical question that its headers carry. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any

SPECIALITIES = (
    "neuro", "head-neck", "chest", "cardiovascular", "breast", "abdomen", "musculoskeletal", "obstetrics", "nuclear",
    "dental", "ophthalmology",
)  # fmt: skip

_BY_MODALITY: Mapping[str, str] = {
    "MG": "breast",
    "XA": "cardiovascular",
    "ECG": "cardiovascular",
    "IVUS": "cardiovascular",
    "NM": "nuclear",
    "PT": "nuclear",
    "PX": "dental",
    "IO": "dental",
    "OP": "ophthalmology",
    "OPT": "ophthalmology",
}

_BY_WORD: tuple[tuple[str, str], ...] = (  # of the body part and the descriptions, accents folded; the first decides
    (r"breast|mammo|nhu anh|tuyen vu|\bvu\b", "breast"),
    (r"coronary|heart|cardi|\btim\b|mach vanh|aorta|dong mach|angio|doppler mach", "cardiovascular"),
    (r"brain|head|skull|neuro|so nao|\bnao\b|pituitary|tuyen yen", "neuro"),
    (r"spine|lspine|cspine|tspine|cot song|myelo", "neuro"),
    (r"neck|thyroid|sinus|orbit|face|\bear\b|\btai\b|xoang|tuyen giap|\bco\b vung|ham mat|temporal", "head-neck"),
    (r"obstet|fetal|fetus|\bthai\b|san khoa", "obstetrics"),
    (r"chest|lung|thora|nguc|phoi|rib|suon", "chest"),
    (r"abdom|liver|kidney|pelvi|bung|\bgan\b|\bthan\b|tieu khung|prostate|bladder|pancreas|colon|tien liet", "abdomen"),
    (
        r"knee|hand|foot|ankle|wrist|shoulder|elbow|hip|femur|tibia|humerus|forearm|extremit|bone|joint|finger|toe|clavicle|"
        r"\bgoi\b|ban tay|ban chan|co tay|co chan|\bvai\b|khuyu|\bhang\b|xuong|khop|cang|dui",
        "musculoskeletal",
    ),
)  # fmt: skip
_WORDS = tuple((re.compile(pattern), speciality) for pattern, speciality in _BY_WORD)

_QUESTION_TAGS = (  # PS3.3 C.4.11, C.3.4; the reason before what was asked for
    "00401002",  # Reason for the Requested Procedure
    "00401400",  # Requested Procedure Comments
    "00081080",  # Admitting Diagnoses Description
    "00321060",  # Requested Procedure Description
)
_MOST = 2000  # characters


def fold(text: str) -> str:
    """Small letters without accents, Đ as d."""
    plain = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(c for c in plain if not unicodedata.combining(c))


def speciality_of(modalities: Collection[str], body_part: str, description: str) -> str:
    """One of `SPECIALITIES`, or "" when nothing tells. The body part counts before the description."""
    for modality in sorted(modalities):
        if modality in _BY_MODALITY:
            return _BY_MODALITY[modality]
    for text in (fold(body_part), fold(description)):
        for pattern, speciality in _WORDS:
            if pattern.search(text):
                return speciality
    return ""


def question_of(header: Mapping[str, Any]) -> str:
    """The clinical question in a header in the DICOM JSON model (PS3.18 F.2), each text once; "" when it has none."""
    found: list[str] = []
    for tag in _QUESTION_TAGS:
        element = header.get(tag)
        values = element.get("Value") if isinstance(element, Mapping) else None
        for value in values if isinstance(values, list) else ():
            text = " ".join(unicodedata.normalize("NFC", value).split()) if isinstance(value, str) else ""
            if text and text not in found:
                found.append(text)
    return " · ".join(found)[:_MOST]
