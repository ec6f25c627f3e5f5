"""Codes of the report documents as data: headings (PS3.16 CID 7001), report elements (CID 7002), titles, observers."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.sr.coding import Code


@dataclass(frozen=True, slots=True)
class Section:
    """One section of `node.domain.report.ReportText`."""

    field: str  # of ReportText
    heading: Code  # CID 7001, the section's container
    element: Code  # CID 7002, the text inside
    required: bool
    title: dict[str, str]  # printed heading by language


def _ln(value: str, meaning: str) -> Code:
    return Code(value, "LN", meaning)


def _dcm(value: str, meaning: str) -> Code:
    return Code(value, "DCM", meaning)


FINDINGS = _ln("59776-5", "Findings")

# in the order of the printed sheet
SECTIONS: tuple[Section, ...] = (
    Section(
        "technique",
        _ln("55111-9", "Current Procedure Descriptions"),
        _dcm("121065", "Procedure Description"),
        False,
        {"vi": "Kỹ thuật", "en": "Technique"},
    ),
    Section(
        "findings",
        FINDINGS,
        _dcm("121071", "Finding"),
        True,
        {"vi": "Mô tả", "en": "Findings"},
    ),
    Section(
        "conclusion",
        _ln("19005-8", "Impressions"),
        _dcm("121073", "Impression"),
        True,
        {"vi": "Kết luận", "en": "Conclusion"},
    ),
    Section(
        "recommendation",
        _ln("18783-1", "Recommendations"),
        _dcm("121075", "Recommendation"),
        False,
        {"vi": "Đề nghị", "en": "Recommendation"},
    ),
    Section(
        "comparison",
        _ln("18834-2", "Previous Findings"),
        _dcm("121069", "Previous Finding"),
        False,
        {"vi": "So sánh", "en": "Comparison"},
    ),
    Section(
        "limitations",
        _ln("55111-9", "Current Procedure Descriptions"),
        _dcm("121106", "Comment"),
        False,
        {"vi": "Hạn chế kỹ thuật", "en": "Technical limitations"},
    ),
)

# code values that other systems use for the same sections, whatever the scheme: LOINC headings, their DCM forerunners
# (retired from CID 7001 in favour of LOINC), and the elements of CID 7002
SECTION_BY_CODE: dict[str, str] = {
    "55111-9": "technique",
    "121064": "technique",
    "121065": "technique",
    "59776-5": "findings",
    "18782-3": "findings",
    "121070": "findings",
    "121071": "findings",
    "19005-8": "conclusion",
    "55110-1": "conclusion",
    "55112-7": "conclusion",
    "121072": "conclusion",
    "121073": "conclusion",
    "121076": "conclusion",
    "121077": "conclusion",
    "121111": "conclusion",
    "18783-1": "recommendation",
    "121074": "recommendation",
    "121075": "recommendation",
    "18834-2": "comparison",
    "121068": "comparison",
    "121069": "comparison",
    "121106": "limitations",
}

ANSWERS = _ln("55110-1", "Conclusions")  # CID 7001: the questions of the consultation, each with its answer
QUESTION = _dcm("121062", "Request")  # CID 7002
ANSWER = _dcm("121077", "Conclusion")  # CID 7002
ADDENDUM = _ln("55107-7", "Addendum")  # CID 7001
ADDENDUM_TEXT = "121078"  # DCM, Addendum: the element that other systems use
CRITICALS = _ln("73568-8", "Communication of Critical Results")  # CID 7001
CRITICAL = _dcm("121291", "Results communicated")
COMMENT = _dcm("121106", "Comment")

PRIVATE = "99LIENTUYEN"
PRIVATE_NAME = "Liên Tuyến: concepts for which the standard has no code"


def private(value: str, meaning: str) -> Code:
    return Code(value, PRIVATE, meaning)


CATEGORY = private("critical-class", "Category of the critical finding")
CATEGORIES: dict[int, Code] = {  # CID 7035
    1: Code("RID49480", "RADLEX", "ACR Category 1 Actionable Finding"),
    2: Code("RID49481", "RADLEX", "ACR Category 2 Actionable Finding"),
    3: Code("RID49482", "RADLEX", "ACR Category 3 Actionable Finding"),
}
RAISED_AT = private("critical-raised", "Raised at")
CHANNEL = private("critical-channel", "Channel of communication")
NOTED_BY = private("critical-by", "Noted by")
NOTED_AT = private("critical-noted", "Noted at")
READ_BACK = private("critical-read", "Read back")
YES = Code("373066001", "SCT", "Yes")  # CID 230
NO = Code("373067005", "SCT", "No")

TITLE = _ln("18748-4", "Diagnostic Imaging Report")  # CID 7000
KEY_IMAGES = _ln("55113-5", "Key Images")  # CID 7001
KEY_IMAGE_PURPOSE = _dcm("121080", "Best illustration of finding")  # CID 7003

FOR_REPORT_ATTACHMENT = _dcm("113020", "For Report Attachment")  # CID 7010
KEY_OBJECT = Code("260753009", "SCT", "Source")
KEY_OBJECT_DESCRIPTION = _dcm("113012", "Key Object Description")

LANGUAGE = _dcm("121049", "Language of Content Item and Descendants")  # TID 1204
LANGUAGES: dict[str, Code] = {  # CID 5000
    "vi": Code("vi", "RFC5646", "Vietnamese"),
    "en": Code("en", "RFC5646", "English"),
}

OBSERVER_LICENCE = _dcm("128775", "Identifier within Person Observer's Role")
OBSERVER_TYPE = _dcm("121005", "Observer Type")  # TID 1002
PERSON = _dcm("121006", "Person")
OBSERVER_NAME = _dcm("121008", "Person Observer Name")  # TID 1003
OBSERVER_ORGANIZATION = _dcm("121009", "Person Observer's Organization Name")

# what stands in a section that must be there and that the radiologist left empty (Text Value may not be empty)
NOT_STATED: dict[str, str] = {"vi": "(Không ghi)", "en": "(Not stated)"}

# the image classes (below 1.2.840.10008.5.1.4.1.1.) that an IMAGE item may reference (PS3.3 C.18.4). Classes that came
# into the standard after 2021 are left out: readers of that age refuse the whole document for them, while a COMPOSITE
# item with the same class is read
# fmt: off
IMAGE_CLASSES: frozenset[str] = frozenset({
    "1", "1.1", "1.1.1", "1.2", "1.2.1", "1.3", "1.3.1", "2", "2.1", "2.2", "3", "3.1", "4", "4.1", "4.3",
    "4.4", "5", "6", "6.1", "7", "7.1", "7.2", "7.3", "7.4", "12.1", "12.1.1", "12.2", "12.2.1", "12.3",
    "13.1.1", "13.1.2", "13.1.3", "13.1.4", "13.1.5", "14.1", "14.2", "20", "77.1", "77.2", "77.1.1",
    "77.1.1.1", "77.1.2", "77.1.2.1", "77.1.3", "77.1.4", "77.1.4.1", "77.1.5.1", "77.1.5.2", "77.1.5.4",
    "77.1.5.5", "77.1.5.6", "77.1.5.7", "77.1.6", "77.1.7", "128", "128.1", "130", "481.1", "601.1", "601.2",
})
# fmt: on
