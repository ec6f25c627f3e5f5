"""Orders out of DICOM worklist files: data sets of the Modality Worklist information model (PS3.4 Table K.6-1), as file
servers such as `wlmscpfs` keep them, with or without file meta information.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final

from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.filereader import read_dataset

from node.dicom.dataset import json_metadata
from node.dicom.part10 import layout, open_dataset
from node.dicom.setup import configure
from node.domain.performed import values
from node.errors import Unreadable

PATIENT_NAME, STEP_TAG = 0x00100010, 0x00400100
STEP: Final = "00400100"
_TOP: Final = {  # name in an order's form: tags, the first that has a value counts
    "patient_name": ("00100010",),
    "patient_id": ("00100020",),
    "issuer_of_patient_id": ("00100021",),
    "birth_date": ("00100030",),
    "sex": ("00100040",),
    "weight": ("00101030",),
    "alerts": ("00102000",),
    "allergies": ("00102110",),
    "pregnancy": ("001021C0",),
    "accession_number": ("00080050",),
    "referring_physician": ("00321032", "00080090"),
    "procedure_description": ("00321060",),
    "procedure_id": ("00401001",),
    "priority": ("00401003",),
    "reason": ("00401400", "00401002", "00081080"),
    "location": ("00380300",),
    "study_uid": ("0020000D",),
}
_OF_STEP: Final = {
    "modality": ("00080060",),
    "stations": ("00400001",),
    "scheduled_date": ("00400002",),
    "scheduled_time": ("00400003",),
    "performing_physician": ("00400006",),
    "step_description": ("00400007",),
    "step_id": ("00400009",),
}
_CODES: Final = ("00321064", "00400008")  # of the requested procedure; of the protocol, in the step's item


def read_worklist(content: bytes) -> tuple[dict[str, Any], int]:
    """What the file says of an order, by the names of an order's form, and how many scheduled steps it holds (the first is
    taken). Raises `Unreadable`."""
    model = json_metadata(_parse(content))
    steps = values(model, STEP)
    step = steps[0] if steps else {}
    found = {name: _first(model, tags) for name, tags in _TOP.items()}
    found |= {name: _first(step, tags) for name, tags in _OF_STEP.items()}
    codes = [*values(model, _CODES[0]), *values(step, _CODES[1])]
    if codes:
        found["procedure_code"] = _first(codes[0], ("00080100",))
        found["procedure_code_scheme"] = _first(codes[0], ("00080102",))
        found["procedure_description"] = found["procedure_description"] or _first(codes[0], ("00080104",))
    return {name: value for name, value in found.items() if value}, len(steps)


def _parse(content: bytes) -> Dataset:
    configure()
    try:
        ds = _read(content, "iso8859")
        if not ds.get("SpecificCharacterSet") and _is_utf8(ds):
            ds = _read(content, "utf8")
            ds.SpecificCharacterSet = "ISO_IR 192"
            ds.decode()
    except Unreadable:
        raise
    except (Exception, RecursionError) as error:  # the toolkit raises whatever its parsers meet
        raise Unreadable(f"The file cannot be read ({type(error).__name__}).") from None
    if STEP_TAG not in ds and PATIENT_NAME not in ds:
        raise Unreadable("The file is no worklist item.")
    return ds


def _read(content: bytes, undeclared: str) -> Dataset:
    file = BytesIO(content)
    where = layout(file)
    return read_dataset(open_dataset(file, where), where.implicit, where.little, parent_encoding=undeclared)


def _is_utf8(ds: Dataset) -> bool:
    """A name in UTF-8 that does not say so."""
    raw = ds.get_item(PATIENT_NAME) if PATIENT_NAME in ds else None
    name = raw.value if isinstance(raw, RawDataElement) and isinstance(raw.value, bytes) else b""
    try:
        return not name.isascii() and bool(name.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _first(model: dict[str, Any], tags: tuple[str, ...]) -> str:
    """Values of one attribute, joined by backslashes."""
    for tag in tags:
        if found := values(model, tag):
            return "\\".join(_text(value) for value in found)
    return ""


def _text(value: Any) -> str:
    if isinstance(value, dict):
        groups = ("Alphabetic", "Ideographic", "Phonetic")
        return "=".join(str(value.get(group, "")) for group in groups).rstrip("=")
    return str(value)
