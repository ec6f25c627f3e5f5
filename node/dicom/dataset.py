"""What a received file says of itself: its digest, its header for the index, its metadata without bulk data.

Reading is tolerant: missing or wrong file meta information, a declared transfer syntax that is not the one used, wrong
VRs and lengths, deflated and big endian data sets. Pixels are never read. What cannot be read raises `Unreadable` with
the reason; reasons hold no values of the data set.
"""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag

from node.dicom import part10
from node.dicom.part10 import Layout, dataset_offset, file_meta, layout, open_dataset, scan_uids
from node.dicom.setup import configure
from node.dicom.telling_private import is_telling
from node.domain.study import InstanceHeader
from node.errors import Unreadable

__all__ = [
    "clean_text",
    "dataset_digest",
    "dataset_offset",
    "file_meta",
    "has_short_header",
    "json_metadata",
    "read_dataset_header",
    "read_header",
    "read_uids",
    "require_uids",
]

_PIXELS: Final = frozenset({0x7FE00001, 0x7FE00002, 0x7FE00003, 0x7FE00008, 0x7FE00009, 0x7FE00010})
_BINARY_VRS: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN", "OB or OW", "US or OW", "US or SS or OW"})
_INLINE_LIMIT: Final = 1024  # bytes of a binary value that still counts as metadata
_VALUE_LIMIT: Final = 256 << 10  # bytes of any other value, sequences excepted
_SEQUENCE_LIMIT: Final = 32 << 20
_METADATA_LIMIT: Final = 32 << 20  # bytes of an object's elements that are kept as its metadata, 32 more for each
_OVERHEAD: Final = 32
_UID_REACH: Final = 4 << 20  # bytes of a data set in which the UIDs that place it are looked for
_TOLERANT_REACH: Final = 64 << 10  # the same for elements that only a tolerant parse can tell
_SHORT_HEADER: Final = 64 << 10
_DEPTH_LIMIT: Final = 32
_INT32: Final = 2**31 - 1

_UIDS: Final = {  # keyword: the name that PS3.6 gives it
    "SOPClassUID": "SOP Class UID",
    "SOPInstanceUID": "SOP Instance UID",
    "StudyInstanceUID": "Study Instance UID",
    "SeriesInstanceUID": "Series Instance UID",
}
_TEXTS: Final = {  # field of InstanceHeader: keyword, longest text that the ledger's column takes
    "modality": ("Modality", 16),
    "series_description": ("SeriesDescription", 1024),
    "body_part": ("BodyPartExamined", 64),
    "patient_id": ("PatientID", 64),
    "issuer_of_patient_id": ("IssuerOfPatientID", 64),
    "patient_name": ("PatientName", 324),
    "sex": ("PatientSex", 16),
    "age": ("PatientAge", 4),
    "accession_number": ("AccessionNumber", 64),
    "study_time": ("StudyTime", 16),
    "study_description": ("StudyDescription", 1024),
    "institution": ("InstitutionName", 256),
    "study_id": ("StudyID", 64),
    "referring_physician": ("ReferringPhysicianName", 324),
    "timezone": ("TimezoneOffsetFromUTC", 5),
}
_DATES: Final = {"birth_date": "PatientBirthDate", "study_date": "StudyDate"}
_NUMBERS: Final = {  # field: keyword, default, least
    "instance_number": ("InstanceNumber", None, -_INT32),
    "series_number": ("SeriesNumber", None, -_INT32),
    "frames": ("NumberOfFrames", 1, 1),
    "rows": ("Rows", 0, 0),
    "columns": ("Columns", 0, 0),
}
_UID = re.compile(r"[0-9.]{1,64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


def read_header(path: Path) -> InstanceHeader:
    """Reads what the index keeps of the object in `path`. Raises `Unreadable`."""
    configure()
    try:
        with path.open("rb") as file:
            where = layout(file)
            digest = _digest(file, where.offset)
            return _header(_parse(file, where), where, digest, path.stat().st_size)
    except Unreadable:
        raise
    except (Exception, RecursionError) as error:  # the toolkit raises whatever its parsers meet
        raise _unparsable(error) from None


def read_dataset_header(path: Path) -> Dataset:
    """The data set in `path` up to, not including, its pixel data; long values of the top level are left out.

    Raises `Unreadable`.
    """
    configure()
    try:
        with path.open("rb") as file:
            return _parse(file, layout(file))
    except Unreadable:
        raise
    except (Exception, RecursionError) as error:
        raise _unparsable(error) from None


def read_uids(path: Path) -> dict[int, str]:
    """SOP Class, SOP Instance, Study and Series UID by tag, as far as they are there.

    Looks only at the first bytes, and tolerantly at fewer of them: a caller's thread is not kept busy by an object that is
    costly to read. Raises `Unreadable`.
    """
    configure()
    try:
        with path.open("rb") as file:
            where = layout(file)
            head = open_dataset(file, where, _UID_REACH).read(_UID_REACH)
        found = scan_uids(head, implicit=where.implicit, little=where.little)
        if found is None:
            found = _search_uids(head[:_TOLERANT_REACH], where)
            if len(found) < len(_UIDS) and len(head) == _UID_REACH:
                raise Unreadable("The UIDs that place the object do not stand in its first 4 MB.")
        return found
    except Unreadable:
        raise
    except (Exception, RecursionError) as error:
        raise _unparsable(error) from None


def _search_uids(head: bytes, where: Layout) -> dict[int, str]:
    last = tag_for_keyword("SeriesInstanceUID") or 0
    ds = read_dataset(
        BytesIO(head),
        where.implicit,
        where.little,
        stop_when=lambda tag, vr, length: tag > last,
        defer_size=_INLINE_LIMIT,
    )
    texts = {tag_for_keyword(keyword) or 0: _text(ds, keyword) for keyword in _UIDS}
    return {tag: text for tag, text in texts.items() if text}


def has_short_header(path: Path) -> bool:
    """Whether `read_header` certainly costs little: all that stands before the pixel data is short. Raises nothing."""
    try:
        with path.open("rb") as file:
            where = layout(file)
            file.seek(where.offset)
            head = file.read(_SHORT_HEADER + 1)
    except (OSError, Unreadable):
        return True  # reading it ends there
    if where.deflated:
        return False
    short = len(head) <= _SHORT_HEADER
    return short or part10.has_short_header(head, implicit=where.implicit, little=where.little)


def require_uids(found: dict[int, str]) -> None:
    """Raises `Unreadable` when one of the four UIDs that place an object is missing or is no UID."""
    for keyword, name in _UIDS.items():
        uid = found.get(tag_for_keyword(keyword) or 0, "")
        if not uid:
            raise Unreadable(f"The object has no {name}.", hint="Check the object where it was made and send it again.")
        if not _UID.fullmatch(uid):
            raise Unreadable(f"The object's {name} is not a UID.", hint="Check the object where it was made.")


def dataset_digest(path: Path) -> str:
    """SHA-256 (hexadecimal) of the data set's bytes in the file, file meta excluded. Raises `Unreadable`."""
    with path.open("rb") as file:
        return _digest(file, layout(file).offset)


def _unparsable(error: BaseException) -> Unreadable:
    return Unreadable(
        f"The data set cannot be parsed ({type(error).__name__}).",
        hint="Check the object where it was made and send it again.",
    )


def _digest(file: BinaryIO, offset: int) -> str:
    file.seek(offset)
    digest = hashlib.sha256()
    while chunk := file.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


def _parse(file: BinaryIO, where: Layout) -> Dataset:
    ds = _read(open_dataset(file, where), where, "iso8859")
    if "SpecificCharacterSet" not in ds and _is_utf8(ds):  # UTF-8 that does not say so: seen often enough
        ds = _read(open_dataset(file, where), where, "utf8")
    return ds


def _read(file: BinaryIO, where: Layout, encoding: str) -> Dataset:
    start = file.tell()
    ds = read_dataset(
        file,
        where.implicit,
        where.little,
        stop_when=lambda tag, vr, length: tag >= 0x7FE00000,
        defer_size=_INLINE_LIMIT,
        parent_encoding=encoding,
    )
    file.seek(start)
    _settle_long_values(ds, file)
    return ds


def _settle_long_values(ds: Dataset, file: BinaryIO) -> None:
    """Long values were skipped: sequences and texts are read now, other binary values leave the data set."""
    for tag in list(ds.keys()):
        raw = ds.get_item(tag, keep_deferred=True)
        if not isinstance(raw, RawDataElement) or raw.value is not None or not raw.length:
            continue
        vr = _vr(raw)
        limit = _SEQUENCE_LIMIT if vr == "SQ" else 0 if vr in _BINARY_VRS else _VALUE_LIMIT
        value = b""
        if raw.length <= limit:
            file.seek(raw.value_tell)
            value = file.read(raw.length)
        if len(value) == raw.length:
            ds._dict[tag] = raw._replace(value=value)
        else:
            del ds._dict[tag]


def _vr(raw: RawDataElement) -> str:
    if raw.VR and raw.VR != "UN":
        return raw.VR
    try:
        return dictionary_VR(raw.tag)
    except KeyError:
        return "UN"


def _is_utf8(ds: Dataset) -> bool:
    texts = [ds.get_item(tag_for_keyword(keyword) or 0) for keyword, _ in _TEXTS.values()]
    joined = b" ".join(raw.value for raw in texts if isinstance(raw, RawDataElement) and isinstance(raw.value, bytes))
    if joined.isascii():
        return False
    try:
        joined.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _header(ds: Dataset, where: Layout, digest: str, size: int) -> InstanceHeader:
    uids = {keyword: _text(ds, keyword) for keyword in _UIDS}
    require_uids({tag_for_keyword(keyword) or 0: uid for keyword, uid in uids.items()})
    fields: dict[str, Any] = {field: _text(ds, keyword)[:longest] for field, (keyword, longest) in _TEXTS.items()}
    fields |= {field: _date(_text(ds, keyword)) for field, keyword in _DATES.items()}
    fields |= {field: _number(ds, *row) for field, row in _NUMBERS.items()}
    return InstanceHeader(
        sop_instance_uid=uids["SOPInstanceUID"],
        sop_class_uid=uids["SOPClassUID"],
        transfer_syntax_uid=where.transfer_syntax_uid[:64],
        study_instance_uid=uids["StudyInstanceUID"],
        series_instance_uid=uids["SeriesInstanceUID"],
        digest=digest,
        size=size,
        metadata=json_metadata(ds),
        **fields,
    )


def _value(ds: Dataset, keyword: str) -> Any:
    """The value of an element, None when it is absent or cannot be converted."""
    try:
        return ds.get(keyword)
    except Exception:  # any of the toolkit's converters
        return None


def _text(ds: Dataset, keyword: str) -> str:
    value = _value(ds, keyword)
    if value is None:
        return ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, MultiValue | list | tuple):
        value = "\\".join(str(part) for part in value)
    return clean_text(str(value))


def clean_text(text: str) -> str:
    """NFC, without control characters, padding and lone surrogates."""
    return unicodedata.normalize("NFC", _CONTROL.sub(" ", text)).strip()


def _date(text: str) -> str:
    """DA as eight digits; the dotted form of ACR-NEMA is taken too, anything else is no date."""
    digits = re.sub(r"[.\-/]", "", text)
    return digits if re.fullmatch(r"[0-9]{8}", digits) else ""


def _number(ds: Dataset, keyword: str, default: int | None, least: int) -> int | None:
    value = _value(ds, keyword)
    if isinstance(value, MultiValue | list | tuple):
        value = value[0] if value else None
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return default
    return number if least <= number <= _INT32 else default


@dataclass(slots=True)
class _Room:
    """How many bytes of elements may still become metadata."""

    left: int

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise _TooLongError


class _TooLongError(Exception):
    """There is no room for an element among the metadata."""


def json_metadata(ds: Dataset) -> dict[str, Any]:
    """The DICOM JSON model (PS3.18 F.2) of `ds` without bulk data, group lengths, and private elements but the telling ones.

    What cannot be converted is left out, and what would make the whole too long. (0008,0005) says UTF-8: ISO_IR 192.
    """
    model = dict(_json_elements(ds, 0, _Room(_METADATA_LIMIT)))
    model["00080005"] = {"vr": "CS", "Value": ["ISO_IR 192"]}
    return dict(sorted(model.items()))


def _json_elements(ds: Dataset, depth: int, room: _Room) -> Iterator[tuple[str, Any]]:
    for tag in sorted(ds.keys()):
        if tag.element == 0 or tag in _PIXELS or tag.group == 0xFFFC or (tag.is_private and not is_telling(ds, tag)):
            continue
        before = room.left
        try:
            model = _json_element(ds, tag, depth, room)
        except _TooLongError:  # an element of the top level is there whole or not at all
            if depth:
                raise
            room.left, model = before, None
        except (Exception, RecursionError):  # one bad element does not spoil the rest
            model = None
        if model is not None:
            yield f"{int(tag):08X}", model


def _json_element(ds: Dataset, tag: BaseTag, depth: int, room: _Room) -> dict[str, Any] | None:
    raw = ds.get_item(tag)
    if isinstance(raw, RawDataElement) and _vr(raw) in _BINARY_VRS and raw.value and len(raw.value) > _INLINE_LIMIT:
        return None
    room.take(_OVERHEAD + (len(raw.value) if isinstance(raw, RawDataElement) and raw.value else 0))
    element: DataElement = ds[tag]
    if element.VR == "SQ":
        if depth >= _DEPTH_LIMIT:
            return None
        items = [dict(_json_elements(item, depth + 1, room)) for item in element.value or []]
        return {"vr": "SQ", "Value": items} if items else {"vr": "SQ"}
    if element.VR in _BINARY_VRS and element.value is not None and len(element.value) > _INLINE_LIMIT:
        return None
    model: dict[str, Any] = element.to_json_dict(None, 0)
    if "Value" in model:
        model["Value"] = [_json_value(value) for value in model["Value"]]
    return model


def _json_value(value: Any) -> Any:
    """A value as JSON and databases take it: no NaN, no NUL, texts NFC."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return unicodedata.normalize("NFC", re.sub(r"[\x00\ud800-\udfff]", "", value))
    if isinstance(value, dict):
        return {key: _json_value(part) for key, part in value.items()}
    if value is None or isinstance(value, int):
        return value
    return _json_value(str(value))
