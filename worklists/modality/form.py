"""From what a person or a file wrote to an order's text, or to a list of faults, each with its field. Pure.

Files write dates, times and choices in many ways; what cannot be misunderstood is taken.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final

from node.domain.order import LOCAL, LONG, REPEATED, OrderText, Pregnancy
from node.domain.study import Priority
from node.errors import Fault, Invalid
from worklists.modality._form_table import FIELDS, MODALITIES, PREGNANCIES, PRIORITIES, SEXES, FormField, Kind

FAULTS: Final = {  # code: what it means; the pages have their own words for each
    "missing": "This must be given.",
    "too-long": "This is too long.",
    "characters": "Backslashes and control characters are not possible here.",
    "name": "A name has at most five parts separated by ^.",
    "date": "This is not a date; write day/month/year.",
    "birth-date": "This is not a date of birth; write day/month/year, or the year alone.",
    "time": "This is not a time; write hours:minutes.",
    "sex": "Write M, F or O.",
    "modality": "This is not a modality; write CT, MR, DX, CR, US, MG …",
    "station": "An AE title has at most 16 letters, digits or signs without accents.",
    "priority": "Write routine, urgent or emergency.",
    "weight": "Write the weight in kilograms, between 0.2 and 500.",
    "pregnancy": "Write no, possible, yes or unknown.",
    "uid": "This is not a DICOM UID.",
    "used": "This is already used by another order.",
    "duplicate": "The same examination is already ordered for this patient on this day.",
    "unknown-field": "There is no such field.",
    "unreadable": "This cannot be read.",
    "no-orders": "There is no order in it.",
    "too-many": "It holds too many orders; split it into several files.",
    "headings": "The first line must name the columns, among them the patient's name and number and the modality.",
    "several-steps": "It holds several scheduled steps; give each its own file and accession number.",
}
LOCAL_SCHEME: Final = "99LOCAL"

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_UID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_AE = re.compile(r"[!-\[\]-~]([ -\[\]-~]{0,14}[!-\[\]-~])?")


class OrderInvalid(Invalid):
    """An order's form has faults; they are told field by field."""

    code = "order-invalid"

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("The order has faults.", hint="Mend the fields that are named, then save again.")
        self.faults = faults


class _FaultError(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def fault(code: str, field: str = "") -> Fault:
    """One of `FAULTS`."""
    return Fault(field, code, FAULTS[code])


def fold(text: str) -> str:
    """Without accents, case, spaces and signs, to compare headings and choices."""
    letters = unicodedata.normalize("NFD", text.replace("Đ", "D").replace("đ", "d").casefold())
    return "".join(c for c in letters if c.isalnum() and c.isascii())


def read_order(given: Mapping[str, Any], now: datetime) -> tuple[OrderText | None, tuple[Fault, ...]]:
    """The order's text, or None and what is wrong. Values are texts, numbers or lists of texts; without a scheduled date
    or time it is now (`now`: aware)."""
    names = {field.name for field in FIELDS}
    faults = [fault("unknown-field", name) for name in given if name not in names]
    values: dict[str, Any] = {}
    for field in FIELDS:
        try:
            values[field.name] = _value(field, given.get(field.name))
        except _FaultError as error:
            faults.append(fault(error.code, field.name))
    if values.get("procedure_code_scheme") and not values.get("procedure_code"):
        values["procedure_code_scheme"] = ""
    if faults:
        return None, tuple(faults)
    local = now.astimezone(LOCAL)
    values["scheduled_time"] = values["scheduled_time"] or (
        "000000" if values["scheduled_date"] not in ("", f"{local:%Y%m%d}") else f"{local:%H%M}00"
    )
    values["scheduled_date"] = values["scheduled_date"] or f"{local:%Y%m%d}"
    if values["procedure_code"]:
        values["procedure_code_scheme"] = values["procedure_code_scheme"] or LOCAL_SCHEME
    return OrderText(**values), ()


def checked(given: Mapping[str, Any], now: datetime) -> OrderText:
    """As `read_order`; raises `OrderInvalid`."""
    text, faults = read_order(given, now)
    if text is None:
        raise OrderInvalid(faults)
    return text


def _value(field: FormField, given: Any) -> Any:
    text = _plain(given, field.kind)
    if not text and field.required:
        raise _FaultError("missing")
    if field.kind not in (Kind.PROSE, Kind.LIST, Kind.STATIONS) and (_CONTROL.search(text) or REPEATED in text):
        raise _FaultError("characters")
    if not text:
        return {Kind.STATIONS: (), Kind.PRIORITY: Priority.ROUTINE, Kind.WEIGHT: None, Kind.PREGNANCY: None}.get(
            field.kind, ""
        )
    value = _READERS[field.kind](text)
    if isinstance(value, str) and len(value) > field.longest:
        raise _FaultError("too-long")
    return value


def _plain(given: Any, kind: Kind) -> str:
    """NFC, trimmed; blanks are single but in prose."""
    if isinstance(given, list | tuple):
        given = REPEATED.join(str(part) for part in given)
    if isinstance(given, float) and given.is_integer():
        given = int(given)
    text = unicodedata.normalize("NFC", "" if given is None else str(given)).strip()
    return text if kind in (Kind.PROSE, Kind.LIST, Kind.STATIONS) else re.sub(r"[ \t\u00a0]+", " ", text)


def _text(text: str) -> str:
    return text


def _name(text: str) -> str:
    groups = text.split("=")
    if len(groups) > 3 or any(group.count("^") > 4 for group in groups):
        raise _FaultError("name")
    if not text.strip("^= "):
        raise _FaultError("missing")
    return "=".join("^".join(part.strip() for part in group.split("^")).rstrip("^") for group in groups)


def _prose(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _CONTROL.search(text.replace("\n", "").replace("\t", "")):
        raise _FaultError("characters")
    return text


def _list(text: str) -> str:
    parts = [part.strip() for part in re.split(r"[;\n\r\\]+", text) if part.strip()]
    if any(_CONTROL.search(part) for part in parts):
        raise _FaultError("characters")
    if any(len(part) > LONG for part in parts):
        raise _FaultError("too-long")
    return REPEATED.join(parts)


def _uid(text: str) -> str:
    if not _UID.fullmatch(text):
        raise _FaultError("uid")
    return text


def _stations(text: str) -> tuple[str, ...]:
    titles = tuple(dict.fromkeys(part.strip() for part in re.split(r"[;,\n\r\\]+", text) if part.strip()))
    if any(not _AE.fullmatch(title) for title in titles) or len(REPEATED.join(titles)) > 480:
        raise _FaultError("station")
    return titles


_DATES: Final = (  # shape: the groups' order
    (re.compile(r"(\d{4})(\d{2})(\d{2})"), (1, 2, 3)),
    (re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})([T ].*)?"), (1, 2, 3)),
    (re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})( .*)?"), (3, 2, 1)),
)


def _date(text: str) -> str:
    for shape, (year, month, day) in _DATES:
        if match := shape.fullmatch(text):
            try:
                found = date(int(match[year]), int(match[month]), int(match[day]))
            except ValueError:
                break
            if 1850 <= found.year <= 2200:
                return f"{found:%Y%m%d}"
    raise _FaultError("date")


def _birth(text: str) -> str:
    """A year alone is the first of January, as on insurance cards."""
    try:
        return _date(f"{text}0101" if re.fullmatch(r"\d{4}", text) else text)
    except _FaultError:
        raise _FaultError("birth-date") from None


def _time(text: str) -> str:
    match = re.fullmatch(r"(\d{1,2})[:hHgG](?:(\d{1,2})(?::(\d{2})(?:\.\d+)?)?)?", text) or re.fullmatch(
        r"(\d{2})(\d{2})(?:(\d{2})(?:\.\d+)?)?", text
    )
    if match:
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        if hours < 24 and minutes < 60 and seconds < 60:
            return f"{hours:02}{minutes:02}{seconds:02}"
    raise _FaultError("time")


def _choice(table: Mapping[str, str], code: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        found = table.get(fold(text))
        if found is None:
            raise _FaultError(code)
        return found

    return read


def _modality(text: str) -> str:
    found = MODALITIES.get(fold(text)) or text.upper()
    if not re.fullmatch(r"[A-Z][A-Z0-9_ ]{0,15}", found):
        raise _FaultError("modality")
    return found


def _weight(text: str) -> float:
    match = re.fullmatch(r"(\d{1,3}(?:[.,]\d{1,3})?)\s*(?:kg)?", text, re.IGNORECASE)
    kilograms = float(match[1].replace(",", ".")) if match else 0.0
    if not 0.2 <= kilograms <= 500:
        raise _FaultError("weight")
    return kilograms


_READERS: Final[dict[Kind, Callable[[str], Any]]] = {
    Kind.NAME: _name,
    Kind.TEXT: _text,
    Kind.PROSE: _prose,
    Kind.LIST: _list,
    Kind.UID: _uid,
    Kind.STATIONS: _stations,
    Kind.BIRTH: _birth,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.SEX: _choice(SEXES, "sex"),
    Kind.MODALITY: _modality,
    Kind.PRIORITY: lambda text: Priority(_choice(PRIORITIES, "priority")(text)),
    Kind.PREGNANCY: lambda text: Pregnancy(_choice(PREGNANCIES, "pregnancy")(text)),
    Kind.WEIGHT: _weight,
}
