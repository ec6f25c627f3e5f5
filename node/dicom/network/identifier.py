"""Identifiers of C-FIND (PS3.4 C.4.1.1.3, K.4.1.1.3) as plain data, and what was found as bytes again.

Requests are read tolerantly: wrong VRs, an undeclared character set. Answers are written by hand, element by element: a
toolkit's data set for each of thousands of answers would cost more than finding them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from io import BytesIO
from typing import Any, Final

from pydicom import Dataset
from pydicom.charset import convert_encodings, decode_bytes
from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.filereader import read_dataset
from pydicom.valuerep import PN_DELIMS, TEXT_VR_DELIMS

from node.dicom.network.charset import UNICODE, encode_text
from node.dicom.network.data_set import require_cheap
from node.dicom.setup import configure
from node.dicom.syntaxes import EXPLICIT_BIG, IMPLICIT_LITTLE
from node.domain.query import Entry, Identifier, Key, Matching, as_list, make_key, parse_offset
from node.errors import Unreadable

CHARSET, LEVEL, RETRIEVE_AE, AVAILABILITY, OFFSET = 0x00080005, 0x00080052, 0x00080054, 0x00080056, 0x00080201
_APART: Final = frozenset({CHARSET, LEVEL, RETRIEVE_AE, AVAILABILITY, OFFSET})  # never keys
_MOST: Final = 20_000  # attributes and values that are read: no list of UIDs is longer than 10,000
_DEPTH: Final = 8  # sequences within sequences that are looked at
_LONG: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
_PACKED: Final = {  # VR: format
    "US": "H", "SS": "h", "UL": "I", "SL": "i", "UV": "Q", "SV": "q", "FL": "f", "FD": "d",
}  # fmt: skip
_BINARY: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_SHORT: Final = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UI"})
_REPERTOIRE: Final = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})  # VRs that (0008,0005) speaks of


def parse(content: bytes, transfer_syntax: str) -> Identifier:
    """The identifier in `content`. Raises `Unreadable`."""
    configure()
    implicit, little = transfer_syntax == IMPLICIT_LITTLE, transfer_syntax != EXPLICIT_BIG
    require_cheap(content, transfer_syntax, _MOST)
    try:
        ds = read_dataset(BytesIO(content), implicit, little, bytelength=len(content))
        _require_whole(ds, len(content))
        charset = tuple(filter(None, _raw_text(ds, CHARSET).split("\\")))
        keys = _keys(ds, _encodings(charset), 0)
        offset = _offset(_raw_text(ds, OFFSET))
    except Unreadable:
        raise
    except (Exception, RecursionError) as error:  # the toolkit raises whatever its parsers meet
        raise Unreadable(f"The identifier cannot be read ({type(error).__name__}).") from None
    return Identifier(keys, _raw_text(ds, LEVEL).upper(), charset, offset)


def _require_whole(ds: Dataset, length: int) -> None:
    """A key that was cut off would make the query wider than it was meant."""
    end = length
    for raw in map(ds.get_item, list(ds.keys())):
        if isinstance(raw, RawDataElement):
            end = raw.value_tell + len(raw.value or b"")
            if len(raw.value or b"") != raw.length:
                raise Unreadable("The identifier is cut off")
        else:
            end = length
    if end != length:
        raise Unreadable("The identifier is cut off")


def key_of(name: str, text: str) -> Key | None:
    """The key that a keyword or eight hexadecimal digits name; None for an attribute that the dictionary does not know.

    Raises `ValueError` for a date or time that is none.
    """
    tag = int(name, 16) if len(name) == 8 and not set(name) - set("0123456789abcdefABCDEF") else tag_for_keyword(name)
    keyword, vr = _dictionary(tag) if tag is not None else ("", "")
    return make_key(int(tag), keyword, vr, text) if tag is not None and vr != "UN" and keyword else None


def _keys(ds: Dataset, encodings: list[str], depth: int) -> tuple[Key, ...]:
    tags = (tag for tag in sorted(ds.keys()) if tag.group > 7 and tag.element and tag.group != 0xFFFC)
    return tuple(_key(ds, int(tag), encodings, depth) for tag in tags if depth or int(tag) not in _APART)


def _key(ds: Dataset, tag: int, encodings: list[str], depth: int) -> Key:
    keyword, vr = _dictionary(tag)
    raw = ds.get_item(tag)
    if vr == "UN" and raw.VR:
        vr = raw.VR
    if vr == "SQ":
        items = ds[tag].value or []
        nested = _keys(items[0], encodings, depth + 1) if len(items) and depth < _DEPTH else ()
        return Key(tag, keyword, vr, Matching.SEQUENCE if nested else Matching.UNIVERSAL, nested=nested)
    value = raw.value if isinstance(raw, RawDataElement) and isinstance(raw.value, bytes) else b""
    try:
        return make_key(tag, keyword, vr, _text(value, vr, encodings, little=_is_little(raw)))
    except ValueError:
        where = f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
        raise Unreadable(f"{where} is no date, time or range of them") from None


def _is_little(raw: Any) -> bool:
    return bool(getattr(raw, "is_little_endian", True))


def _text(value: bytes, vr: str, encodings: list[str], *, little: bool) -> str:
    if vr in _PACKED:
        kind = _PACKED[vr]
        count = len(value) // struct.calcsize(kind)
        return "\\".join(str(n) for n in struct.unpack_from(f"{'<' if little else '>'}{count}{kind}", value))
    if vr in _BINARY or vr == "AT":
        return ""
    if vr not in _REPERTOIRE or value.isascii():
        return value.decode("ascii", "replace").rstrip("\0 ")
    if encodings:
        return decode_bytes(value, encodings, PN_DELIMS if vr == "PN" else TEXT_VR_DELIMS).rstrip("\0 ")
    try:
        return value.decode("utf-8").rstrip("\0 ")
    except UnicodeDecodeError:
        return value.decode("latin-1").rstrip("\0 ")


def _encodings(charset: Sequence[str]) -> list[str]:
    """Python's codecs; none when the caller did not say, or said something that is no character set."""
    try:
        return list(convert_encodings(list(charset))) if charset else []
    except LookupError:
        return []


def _raw_text(ds: Dataset, tag: int) -> str:
    raw = ds.get_item(tag) if tag in ds else None
    value = raw.value if isinstance(raw, RawDataElement) and isinstance(raw.value, bytes) else b""
    return value.decode("ascii", "replace").strip("\0 ")


def _offset(text: str) -> int | None:
    try:
        return parse_offset(text) if text else None
    except ValueError:
        raise Unreadable("(0008,0201) is no offset from UTC") from None


@lru_cache(maxsize=4096)
def _dictionary(tag: int) -> tuple[str, str]:
    """Keyword and VR; eight hexadecimal digits and UN for what the dictionary does not know."""
    keyword = keyword_for_tag(tag)
    if not keyword:
        return f"{tag:08X}", "UN"
    return keyword, {"US or SS": "US", "OB or OW": "OW"}.get(vr := dictionary_VR(tag), vr[:2])


@lru_cache(maxsize=4096)
def _attribute(name: str) -> tuple[int, str] | None:
    """Tag and VR of a keyword or of eight hexadecimal digits."""
    tag = tag_for_keyword(name)
    if tag is None:
        tag = int(name, 16) if len(name) == 8 and not set(name) - set("0123456789ABCDEF") else None
    return None if tag is None else (int(tag), _dictionary(int(tag))[1])


class AnswerWriter:
    """Writes what was found for one request: the wanted attributes and no others, empty where nothing is known.

    `always` are attributes that every answer of the request has, by keyword. Texts are UTF-8 (ISO_IR 192) unless the caller
    is an old device with another `charset`; what that cannot write is transliterated.
    """

    def __init__(
        self,
        keys: Iterable[Key],
        transfer_syntax: str,
        *,
        always: Mapping[str, str] | None = None,
        charset: str = UNICODE,
    ) -> None:
        self._implicit = transfer_syntax == IMPLICIT_LITTLE
        self._order = ">" if transfer_syntax == EXPLICIT_BIG else "<"
        self._charset = charset
        said = {"SpecificCharacterSet": charset} if charset else {}
        fixed: dict[int, bytes] = {}
        for keyword, text in (said | dict(always or {})).items():
            tag, vr = _attribute(keyword) or (0, "UN")
            fixed[tag] = self._element(tag, vr, text, ())
        wanted = {key.tag: key for key in keys if key.tag not in fixed}
        self._plan: list[
            tuple[Key | None, bytes]
        ] = [  # an attribute with its head and none behind it; or whole elements
            (wanted.get(tag), fixed.get(tag) or self._head(tag, wanted[tag].vr)) for tag in sorted({*fixed, *wanted})
        ]
        self._length = struct.Struct(f"{self._order}I" if self._implicit else f"{self._order}H")

    def write(self, entry: Entry) -> bytes:
        """The identifier of one answer."""
        parts = []
        for key, content in self._plan:
            parts.append(content)
            if key is None:
                continue
            value = entry.get(key.keyword)
            if isinstance(value, str) and len(value) < 0x3FFF and (self._plain(value, key.vr)):
                text = value.encode()
                if len(text) % 2:
                    text += b"\0" if key.vr == "UI" else b" "
                parts += (self._length.pack(len(text)), text)
            else:
                vr = _fitting(key.vr, value)
                parts[-1] = content if vr == key.vr else self._head(key.tag, vr)
                parts.append(self._rest(vr, value, key.nested))
        return b"".join(parts)

    def _plain(self, text: str, vr: str) -> bool:
        """Whether UTF-8 is the encoding of a text, with a short length before it."""
        return vr in _SHORT and (text.isascii() or (self._charset == UNICODE and vr in _REPERTOIRE))

    def _element(self, tag: int, vr: str, value: Any, nested: Sequence[Key]) -> bytes:
        vr = _fitting(vr, value)
        return self._head(tag, vr) + self._rest(vr, value, nested)

    def _head(self, tag: int, vr: str) -> bytes:
        """Everything before the length."""
        group, element = tag >> 16, tag & 0xFFFF
        if self._implicit:
            return struct.pack("<HH", group, element)
        head = struct.pack(f"{self._order}HH2s", group, element, vr.encode())
        return head + b"\0\0" if vr in _LONG else head

    def _rest(self, vr: str, value: Any, nested: Sequence[Key]) -> bytes:
        """The length and the value."""
        try:
            content = self._content(vr, _values(value), nested)
        except (ValueError, TypeError, OverflowError, struct.error):  # what is kept is not what the dictionary says
            content = b""
        long = self._implicit or vr in _LONG
        return struct.pack(f"{self._order}{'I' if long else 'H'}", len(content)) + content

    def _content(self, vr: str, values: list[Any], nested: Sequence[Key]) -> bytes:
        if not values:
            return b""
        if vr == "SQ":
            return b"".join(self._item(item, nested) for item in values if isinstance(item, Mapping))
        if vr in _PACKED:
            numbers = [_number_of(vr)(value) for value in values if value is not None]
            return struct.pack(f"{self._order}{len(numbers)}{_PACKED[vr]}", *numbers)
        if vr == "AT":
            tags = [int(str(value), 16) for value in values]
            return b"".join(struct.pack(f"{self._order}HH", tag >> 16, tag & 0xFFFF) for tag in tags)
        if vr in _BINARY:
            content = b"".join(value for value in values if isinstance(value, bytes))
            return content + b"\0" * (len(content) % 2)
        text = "\\".join("" if value is None else str(value) for value in values)
        content = encode_text(text, self._charset, vr) if vr in _REPERTOIRE else text.encode("ascii", "replace")
        if len(content) % 2:
            content += b"\0" if vr == "UI" else b" "
        return content if vr in _LONG or len(content) <= 0xFFFE else content[:0xFFFE]

    def _item(self, item: Entry, nested: Sequence[Key]) -> bytes:
        if nested:
            parts = [(k.tag, self._element(k.tag, k.vr, item.get(k.keyword), k.nested)) for k in nested]
        else:
            found = [(_attribute(name), value) for name, value in item.items()]
            parts = [(at[0], self._element(at[0], at[1], value, ())) for at, value in found if at and at[1] != "UN"]
        content = b"".join(part for _, part in sorted(parts))
        return struct.pack(f"{self._order}HHI", 0xFFFE, 0xE000, len(content)) + content


def _values(value: Any) -> list[Any]:
    """All values of an element, the empty ones between others too; none when nothing is said."""
    if isinstance(value, list | tuple):
        return list(value) if as_list(value) else []
    return as_list(value)


def _fitting(vr: str, value: Any) -> str:
    """SS where the dictionary leaves the choice between that and US and a number is negative."""
    return "SS" if vr == "US" and any(isinstance(one, int) and one < 0 for one in as_list(value)) else vr


def _number_of(vr: str) -> Callable[[Any], int | float]:
    return float if vr in ("FL", "FD") else int
