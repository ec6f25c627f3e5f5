"""Values that stand where something must stand and nothing may be told: action D of PS3.15 Table E.1-1a."""

from __future__ import annotations

from typing import Any, Final

from pydicom.dataset import Dataset

WORD: Final = "REMOVED"
_BY_VR: Final[dict[str, Any]] = {
    "AS": "000Y",
    "AT": 0,
    "DA": "19000101",
    "DS": "0",
    "DT": "19000101000000",
    "FD": 0.0,
    "FL": 0.0,
    "IS": "0",
    "SL": 0,
    "SS": 0,
    "SV": 0,
    "TM": "000000",
    "UL": 0,
    "UR": "urn:removed",
    "US": 0,
    "UV": 0,
} | dict.fromkeys(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"), WORD)
_CODE_VALUES: Final = (0x00080100, 0x00080119, 0x00080120)  # Code Value, Long Code Value, URN Code Value


def dummy(vr: str) -> Any:
    """A value that is valid for `vr`; two zero bytes for binary ones."""
    return _BY_VR.get(vr, b"\0\0")


def is_code(item: Dataset) -> bool:
    """Whether a sequence item is a coded entry (PS3.3 8.8)."""
    return any(tag in item for tag in _CODE_VALUES)


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """A coded entry."""
    item = Dataset()
    item.CodeValue = value
    item.CodingSchemeDesignator = scheme
    item.CodeMeaning = meaning
    return item


def dummy_code() -> Dataset:
    return code(WORD, "99LIENTUYEN", "Removed")


def dummy_document(media_type: str) -> bytes:
    """An empty document of a media type, of even length: one blank page as PDF, else an empty element or nothing."""
    if media_type.strip().lower() == "application/pdf":
        return _even(_blank_pdf())
    return b"<removed/>" if "xml" in media_type.lower() else b"\0\0"


def _blank_pdf() -> bytes:
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>>>",
    )
    text, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(text))
        text += b"%d 0 obj%s endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return text + b"xref\n0 4\n0000000000 65535 f \n%strailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        table,
        len(text),
    )


def _even(content: bytes) -> bytes:
    return content + b"\0" * (len(content) % 2)
