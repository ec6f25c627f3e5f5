"""Names of radiologists as DICOM person names and as they are printed, and their licence numbers as codes."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.valuerep import PersonName

from node.dicom.study_header import text_of

LICENCES = "99VNGPHN"  # coding scheme of the licence numbers (số giấy phép hành nghề) that users have here
LICENCES_NAME = "Số giấy phép hành nghề khám bệnh, chữa bệnh"

_TITLES = frozenset(
    {"BS", "BSCKI", "BSCKII", "BSNT", "THS", "TS", "PGS", "GS", "CKI", "CKII", "CK1", "CK2", "DR", "PROF"}
)


def observer_name(display: str) -> str:
    """A PN value for a display name such as "BS. Trần Thị Hồng Ánh".

    The academic title goes to the prefix and the whole name to the first component: which part of a Vietnamese name is
    the family's cannot be told from the text, and the order of the words must not change.
    """
    words = text_of(display).replace("^", " ").replace("=", " ").replace("\\", " ").split()
    count = 0
    while count < len(words) - 1 and ("." in words[count] or words[count].upper() in _TITLES):
        count += 1
    name, title = " ".join(words[count:])[:60], " ".join(words[:count])[:60]
    if len(name) + len(title) > 60:
        title = ""
    return f"{name}^^^{title}" if title else f"{name or '-'}^"


def display_name(name: PersonName | str | None) -> str:
    """The name as it is printed: our own names as they were, others as prefix, given, middle, family, suffix."""
    if name is None:
        return ""
    parts = [text_of(p) for p in str(name).split("=")[0].split("^")] + [""] * 5
    family, given, middle, prefix, suffix = parts[:5]
    written = " ".join(p for p in (prefix, given, middle, family) if p)
    written = "" if written == "-" else written
    return f"{written}, {suffix}" if suffix and written else written


def licence_codes(number: str, name: str) -> list[Dataset]:
    """The identification code of a person (PS3.3 10.1); none when the licence number is not known."""
    value = text_of(number)
    if not value:
        return []
    code = Dataset()
    setattr(code, "CodeValue" if len(value) <= 16 else "LongCodeValue", value)
    code.CodingSchemeDesignator = LICENCES
    code.CodeMeaning = text_of(name)[:64] or "-"
    return [code]


def licence_number(codes: object) -> str:
    """The licence number among a person's identification codes, or empty."""
    for code in codes if isinstance(codes, list) or hasattr(codes, "__iter__") else ():
        if code.get("CodingSchemeDesignator") == LICENCES:
            return text_of(code.get("CodeValue") or code.get("LongCodeValue") or "")
    return ""
