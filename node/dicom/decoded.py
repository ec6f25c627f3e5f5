"""Every text of a data set as NFC text, so that it can be read, changed and written as UTF-8.

The toolkit decodes on access and keeps names as the bytes that they came in; changing the character set over undecoded
names spoils them. So everything is decoded first, then (0008,0005) says ISO_IR 192. Pixel data and other binary values
stay as they are.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any, Final

from pydicom.charset import convert_encodings, decode_bytes
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag
from pydicom.valuerep import PersonName
from pydicom.values import convert_SQ

CHARACTER_SET: Final = 0x00080005
UTF8: Final = "ISO_IR 192"
ENCODED: Final = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})  # VRs that (0008,0005) applies to
TEXT: Final = ENCODED | {"AE", "CS", "UR"}
BULK: Final = frozenset({0x7FE00001, 0x7FE00002, 0x7FE00003, 0x7FE00008, 0x7FE00009, 0x7FE00010})
_PLAIN: Final = frozenset({"AS", "CS", "DA", "DS", "DT", "IS", "TM", "AE", "UI", "UR"}) | ENCODED
_BINARY: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_FOREIGN: Final = frozenset({0x0000, 0x0002, 0xFFFE})  # commands, file meta, delimiters: not of a data set
_NUMBERS: Final = frozenset({"AT", "FD", "FL", "SL", "SS", "SV", "UL", "US", "UV", "SQ"})


def decode(ds: Dataset, *, keep_private: bool = True) -> None:
    """Decodes all of `ds`, its sequences included, in place.

    A value that its VR's rules cannot read stays as the text that it is; one that cannot be kept so is removed. Without
    `keep_private`, private elements and those that nobody can know the meaning of (not in PS3.6, no number) go too.
    """
    _decode(ds, keep_private, declared=False)
    ds.SpecificCharacterSet = UTF8


def elements(ds: Dataset) -> Iterator[tuple[Dataset, DataElement, str]]:
    """Every element but the bulk ones with the data set that holds it and its path, depth first; a decoded `ds`."""
    yield from _elements(ds, "")


def texts(element: DataElement) -> list[str]:
    """The values of an element as texts; none when it is empty."""
    value = element.value
    if value is None or value == "":
        return []
    return [str(part) for part in value] if isinstance(value, MultiValue | list | tuple) else [str(value)]


def _elements(ds: Dataset, prefix: str) -> Iterator[tuple[Dataset, DataElement, str]]:
    for tag in list(ds.keys()):
        if tag in BULK or tag not in ds:
            continue
        element = ds[tag]
        path = prefix + (element.keyword or f"{int(tag):08X}")
        yield ds, element, path
        if element.VR == "SQ" and tag in ds:
            for index, item in enumerate(element.value or []):
                yield from _elements(item, f"{path}[{index}].")


def _decode(ds: Dataset, keep_private: bool, declared: bool) -> None:
    for tag in list(ds.keys()):
        if tag.element == 0 or tag.group in _FOREIGN or (not keep_private and tag.is_private):
            ds.pop(tag)
    declared = declared or CHARACTER_SET in ds
    if not declared and _is_utf8(ds):  # UTF-8 that does not say so: seen often enough
        implicit, little = ds.original_encoding
        ds.set_original_encoding(implicit, little, "utf8")
    for tag in list(ds.keys()):
        if tag in BULK or tag == CHARACTER_SET:
            continue
        element = _element(ds, tag)
        if element is None or (not keep_private and _is_unknown(tag, element.VR)):
            del ds[tag]
        elif element.VR == "SQ":
            for item in element.value or []:
                _decode(item, keep_private, declared)
                if CHARACTER_SET in item:
                    del item[CHARACTER_SET]
        elif element.VR in ENCODED:
            _normalise(element)


def _element(ds: Dataset, tag: BaseTag) -> DataElement | None:
    """The converted element; None when there is no way to read it."""
    raw = ds.get_item(tag)
    try:
        element = ds[tag]
        if element.VR == "UN" and not tag.is_private and _vr(tag) == "SQ":  # long sequences the toolkit leaves as UN
            charset = convert_encodings(ds.original_character_set or ds.get("SpecificCharacterSet"))
            items: Sequence = convert_SQ(element.value, True, True, charset)
            ds[tag] = element = DataElement(tag, "SQ", items)
        if element.VR in _BINARY and not tag.is_private and _vr(tag) in _PLAIN:  # a text that says it is none
            return _as_text(ds, tag, raw, _vr(tag))
        return element
    except Exception:  # the toolkit raises whatever its parsers meet
        return _as_text(ds, tag, raw, (raw.VR or _vr(tag)) if raw is not None else "UN")


def _as_text(ds: Dataset, tag: BaseTag, raw: DataElement | RawDataElement | None, vr: str) -> DataElement | None:
    if raw is None or not isinstance(raw.value, bytes) or vr not in _PLAIN:
        return None
    encodings = convert_encodings(ds.original_character_set or ds.get("SpecificCharacterSet"))
    text = decode_bytes(raw.value, encodings, set()).rstrip(" \0")
    ds[tag] = element = DataElement(tag, vr, text, already_converted=True)
    return element


def _normalise(element: DataElement) -> None:
    value = element.value
    if value is None or value == "":
        return
    if isinstance(value, MultiValue | list | tuple):
        element.value = [_text(element.VR, part) for part in value]
    else:
        element.value = _text(element.VR, value)


def _text(vr: str, value: Any) -> Any:
    text = unicodedata.normalize("NFC", str(value).encode("utf-8", "replace").decode("utf-8"))
    return PersonName(text) if vr == "PN" else text


def _vr(tag: BaseTag) -> str:
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"


def _is_unknown(tag: BaseTag, vr: str) -> bool:
    """Whether neither PS3.6 nor its VR says that an element holds no text."""
    return vr not in _NUMBERS and _vr(tag) == "UN"


def _is_utf8(ds: Dataset) -> bool:
    joined = b" ".join(
        raw.value
        for raw in map(ds.get_item, list(ds.keys()))
        if isinstance(raw, RawDataElement) and isinstance(raw.value, bytes) and (raw.VR or _vr(raw.tag)) in ENCODED
    )
    if joined.isascii():
        return False
    try:
        joined.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
