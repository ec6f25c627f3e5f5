"""What a caller looks for, as plain data, and whether something is it (PS3.4 C.2.2.2).

A query of DIMSE (C-FIND of studies or of the modality worklist) and one of DICOMweb become the same `Key`s. The database
narrows, `matches` decides: there is one set of rules. What is looked at is an `Entry`: keyword to value.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any

from node.domain.person_name import matches_name, wildcard

Entry = Mapping[str, Any]
"""Keyword (or eight hexadecimal digits of a tag) to a value: text, number, bytes, None, a sequence of those, or for VR SQ
a sequence of `Entry`."""


class Level(IntEnum):
    """The levels of the information model, the widest first."""

    PATIENT = 0
    STUDY = 1
    SERIES = 2
    IMAGE = 3


class Matching(StrEnum):
    UNIVERSAL = "universal"  # nothing is asked, the value is wanted in the answer
    SINGLE = "single"  # one value, or any of several: list of UID, multiple values
    WILDCARD = "wildcard"  # the same with `*` and `?`
    RANGE = "range"  # `values` are (first, last), either may be empty; a lone time or date-time too
    COMBINED = "combined"  # a date and its time as one moment: `values` are (first, last) as YYYYMMDDHHMMSS.FFFFFF
    EMPTY = "empty"  # `""`: what has no value
    SEQUENCE = "sequence"  # an item of which all `nested` match


@dataclass(frozen=True, slots=True)
class Key:
    """One attribute of an identifier."""

    tag: int
    keyword: str  # eight hexadecimal digits for an attribute that the dictionary does not name
    vr: str
    kind: Matching = Matching.UNIVERSAL
    values: tuple[str, ...] = ()
    nested: tuple[Key, ...] = ()
    time: str = ""  # COMBINED: the keyword of the time that belongs to this date

    @property
    def asks(self) -> bool:
        """False for an attribute that is only wanted in the answer."""
        return self.kind != Matching.UNIVERSAL and (self.kind != Matching.SEQUENCE or any(k.asks for k in self.nested))


@dataclass(frozen=True, slots=True)
class Identifier:
    """A request's identifier. `level` is as sent, upper case; empty in a worklist query."""

    keys: tuple[Key, ...]  # in the order of their tags; without the character set, level and timezone
    level: str = ""
    charset: tuple[str, ...] = ()
    offset: int | None = None  # (0008,0201) in minutes east of UTC

    def key(self, keyword: str) -> Key | None:
        return next((key for key in self.keys if key.keyword == keyword), None)


@dataclass(frozen=True, slots=True)
class Query:
    """A search in what this node keeps."""

    level: Level
    keys: tuple[Key, ...]
    offset: int | None = (
        None  # dates and times in keys and answers are of this zone (minutes east of UTC); None: as kept
    )
    ordered: bool = False  # the newest study first, series and instances by their numbers; costs time


_TEXTS = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})  # PS3.4 C.2.2.2.4: may hold wildcards
_WHOLE = frozenset({"LT", "ST", "UT", "UR"})  # a backslash is a letter of these
_NUMBERS = frozenset({"IS", "DS", "US", "SS", "UL", "SL", "FL", "FD", "SV", "UV"})
_MOMENTS = frozenset({"DA", "TM", "DT"})
_DATE_TIME = re.compile(r"(\d{4,14}(?:\.\d{1,6})?(?:[+-]\d{4})?)?(-)?(\d{4,14}(?:\.\d{1,6})?(?:[+-]\d{4})?)?")
_MOMENT_LOW, _MOMENT_HIGH = "00000101000000.000000", "99991231235959.999999"
COMPANIONS: Mapping[str, str] = {  # date: the time that belongs to it
    "StudyDate": "StudyTime",
    "SeriesDate": "SeriesTime",
    "AcquisitionDate": "AcquisitionTime",
    "ContentDate": "ContentTime",
    "InstanceCreationDate": "InstanceCreationTime",
    "PerformedProcedureStepStartDate": "PerformedProcedureStepStartTime",
    "PerformedProcedureStepEndDate": "PerformedProcedureStepEndTime",
    "ScheduledProcedureStepStartDate": "ScheduledProcedureStepStartTime",
}


def make_key(tag: int, keyword: str, vr: str, text: str) -> Key:
    """The key that a value's text (backslashes between several values) asks for; raises `ValueError` for a bad range."""
    parts = [text] if vr in _WHOLE else text.split("\\")
    values = tuple(dict.fromkeys(unicodedata.normalize("NFC", part.strip(" \0")) for part in parts))
    if not any(values) or any(value and not value.strip("*") for value in values):
        return Key(tag, keyword, vr)
    values = tuple(value for value in values if value)
    if values == ('""',):
        return Key(tag, keyword, vr, Matching.EMPTY)
    if vr in _MOMENTS and len(values) == 1:
        return _moment_key(tag, keyword, vr, values[0]) if values[0].strip("- ") else Key(tag, keyword, vr)
    wild = vr in _TEXTS and any(set(value) & set("*?") for value in values)
    return Key(tag, keyword, vr, Matching.WILDCARD if wild else Matching.SINGLE, values)


def _moment_key(tag: int, keyword: str, vr: str, text: str) -> Key:
    if vr == "DA":
        text = text.replace(".", "") if re.match(r"\d{4}\.\d\d\.\d\d", text) else text
    if vr == "TM":
        text = text.replace(":", "")
    first, dash, last = _split_range(vr, text)
    if vr == "DA" and not dash:
        return Key(tag, keyword, vr, Matching.SINGLE, (first,))
    return Key(tag, keyword, vr, Matching.RANGE, (first, last if dash else first))


def _split_range(vr: str, text: str) -> tuple[str, str, str]:
    """Raises `ValueError`."""
    form = {"DA": r"\d{8}", "TM": r"\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?"}.get(vr)
    pattern = re.compile(f"({form})? *(-)? *({form})?") if form else _DATE_TIME
    found = pattern.fullmatch(text)
    if found is None or not (found[1] or found[3]) or (found[3] and not found[2]):
        raise ValueError("not a date, a time or a range of them")
    return found[1] or "", found[2] or "", found[3] or ""


def combined(keys: Iterable[Key]) -> tuple[Key, ...]:
    """The keys with each date and its time as one range (PS3.4 C.2.2.2.5, K.6.1.2.2): both must be ranges of moments."""
    by_keyword = {key.keyword: key for key in keys}
    found = dict(by_keyword)
    for date, time in COMPANIONS.items():
        day, hour = by_keyword.get(date), by_keyword.get(time)
        if day is None or hour is None or not (day.asks and hour.kind == Matching.RANGE) or len(day.values) > 2:
            continue
        first, last = (day.values[0], day.values[-1])
        low = f"{first}{_padded(hour.values[0], '000000.000000')}" if first else _MOMENT_LOW
        high = f"{last}{_padded(hour.values[1], '235959.999999')}" if last else _MOMENT_HIGH
        found[date] = Key(day.tag, date, "DA", Matching.COMBINED, (low, high), time=time)
        found[time] = Key(hour.tag, time, "TM")
    return tuple(
        Key(k.tag, k.keyword, k.vr, k.kind, k.values, combined(k.nested), k.time) if k.nested else k
        for k in found.values()
    )


def _padded(text: str, filling: str) -> str:
    return text + filling[len(text) :]


def matches_all(keys: Iterable[Key], entry: Entry) -> bool:
    """Whether `entry` is what all `keys` ask for."""
    for key in keys:
        if not key.asks:
            continue
        values = [entry.get(key.keyword)]
        if key.kind == Matching.COMBINED:
            values.append(entry.get(key.time))
        if not matches(key, *values):
            return False
    return True


def matches(key: Key, value: Any, time: Any = None) -> bool:
    """Whether an attribute's value (for COMBINED keys also the time that belongs to it) is what `key` asks for."""
    if not key.asks:
        return True
    found = as_list(value)
    if key.kind == Matching.EMPTY:
        return not found
    if key.kind == Matching.SEQUENCE:
        return any(isinstance(item, Mapping) and matches_all(key.nested, item) for item in found)
    if key.kind == Matching.COMBINED:
        hour = _hour(next(iter(as_list(time)), ""))
        return any(key.values[0] <= f"{_day(day)}{hour}" <= key.values[1] for day in found)
    if key.vr not in _WHOLE and any(isinstance(one, str) and "\\" in one for one in found):
        found = [part for one in found for part in str(one).split("\\")]
    return any(_matches_one(key, one) for one in found)


def as_list(value: Any) -> list[Any]:
    """The values of an element: none for an empty one."""
    if value is None or value == "":
        return []
    if isinstance(value, str | bytes | int | float | Mapping):
        return [value]
    return [part for part in value if part is not None and part != ""]


def _matches_one(key: Key, value: Any) -> bool:
    text = str(value).strip(" \0")
    if key.vr == "PN":
        return any(matches_name(wanted, text) for wanted in key.values)
    if key.kind == Matching.RANGE:
        return _in_range(key, text)
    if key.kind == Matching.WILDCARD:
        return any(wildcard(wanted).fullmatch(text) for wanted in key.values)
    if key.vr in _NUMBERS:
        return any(_same_number(wanted, text) for wanted in key.values)
    return (_day(text) if key.vr == "DA" else text) in key.values


def _same_number(wanted: str, text: str) -> bool:
    try:
        return float(wanted) == float(text)
    except ValueError:
        return wanted == text


def _in_range(key: Key, text: str) -> bool:
    first, last = key.values
    if key.vr == "DA":
        text = _day(text)
        return len(text) == 8 and (not first or first <= text) and (not last or text <= last)
    if key.vr == "TM":
        return _hour(first) <= _hour(text) <= _padded(last, "235959.999999")
    low, high, at = _instant(first, _MOMENT_LOW), _instant(last, _MOMENT_HIGH), _instant(text, _MOMENT_LOW)
    return low <= at <= high


def _day(value: Any) -> str:
    """DA without the dots of ACR-NEMA."""
    return str(value).strip().replace(".", "")


def _hour(value: Any) -> str:
    """TM without colons, to the microsecond."""
    return _padded(str(value).strip().replace(":", ""), "000000.000000")


def _instant(text: str, filling: str) -> str:
    """A DT as a moment that sorts; with an offset, in UTC."""
    found = re.fullmatch(r"([\d.]*)([+-]\d{4})?", text)
    if found is None:
        return ""
    moment = _padded(found[1], filling)
    if not found[2]:
        return moment
    return "".join(shift(moment[:8], moment[8:], -parse_offset(found[2])))


def parse_offset(text: str) -> int:
    """Minutes east of UTC of `+HHMM`; raises `ValueError`."""
    if not re.fullmatch(r"[+-](0\d|1[0-4])[0-5]\d", text):
        raise ValueError("not an offset from UTC")
    minutes = int(text[1:3]) * 60 + int(text[3:5])
    return -minutes if text[0] == "-" else minutes


def format_offset(minutes: int) -> str:
    """The inverse of `parse_offset`."""
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"


def shift(date: str, time: str, minutes: int) -> tuple[str, str]:
    """A date and time moved by minutes, as precise as they were; unchanged when they are no moment."""
    digits, _, fraction = time.partition(".")
    try:
        moment = datetime.strptime(f"{date}{_padded(digits, '000000')}+0000", "%Y%m%d%H%M%S%z")
        moved = (moment + timedelta(minutes=minutes)).strftime("%Y%m%d%H%M%S").rjust(14, "0")
    except (ValueError, OverflowError):
        return date, time
    precision = max(len(digits), 4) if minutes % 60 else len(digits)
    return moved[:8], moved[8:][:precision] + (f".{fraction}" if fraction else "")


def shifted(entry: Entry, minutes: int) -> Entry:
    """The entry with its dates and times moved by minutes: into another zone. Dates without a time stay."""
    moved = dict(entry)
    for date, time in COMPANIONS.items():
        day, hour = entry.get(date), entry.get(time)
        if isinstance(day, str) and isinstance(hour, str) and day and hour:
            moved[date], moved[time] = shift(day, hour, minutes)
    return moved


def read_model(model: Mapping[str, Any], keys: Iterable[Key]) -> dict[str, Any]:
    """The attributes `keys` of a data set in the DICOM JSON model (PS3.18 F.2) as an entry; absent ones are left out."""
    found: dict[str, Any] = {}
    for key in keys:
        element = model.get(f"{key.tag:08X}")
        if element is not None:
            found[key.keyword] = _read_element(element, key.nested)
    return found


def _read_element(element: Mapping[str, Any], nested: Sequence[Key]) -> Any:
    if "InlineBinary" in element:
        return base64.b64decode(element["InlineBinary"])
    values = element.get("Value") or []
    if element.get("vr") == "SQ":
        return [read_model(item, nested) if nested else _read_all(item) for item in values]
    if element.get("vr") == "PN":
        groups = ("Alphabetic", "Ideographic", "Phonetic")
        values = ["=".join(v.get(g, "") for g in groups).rstrip("=") if isinstance(v, Mapping) else v for v in values]
    return values[0] if len(values) == 1 else values


def _read_all(item: Mapping[str, Any]) -> dict[str, Any]:
    return {tag: _read_element(element, ()) for tag, element in item.items()}
