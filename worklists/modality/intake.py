"""Orders from files: DICOM worklist items, JSON, and tables with Vietnamese or English headings (CSV).

Every row is judged by itself: what is good can be taken, what is not says why.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from node.dicom.worklist_file import read_worklist
from node.domain.order import OrderText
from node.errors import Fault, Unreadable
from worklists.modality import desk, store
from worklists.modality._form_table import FIELDS
from worklists.modality.desk import Desk
from worklists.modality.form import OrderInvalid, fault, fold, read_order

MOST_ROWS: Final = 2000  # of one file
_NEEDED: Final = ("patient_name", "patient_id", "modality")  # columns without which a table is none of orders
_HEADINGS: Final = {
    fold(heading): entry.name for entry in FIELDS for heading in (entry.name, *entry.headings)
}  # as `fold` leaves them


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """One order of a file: its line (or place) there, and what became of it."""

    number: int
    text: OrderText | None
    faults: tuple[Fault, ...] = ()
    order_id: str = ""
    accession_number: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)  # as the file says it


@dataclass(frozen=True, slots=True)
class FileRows:
    """What a file holds. `passed_over` are headings that mean nothing here."""

    format: str  # dicom | json | csv
    rows: tuple[tuple[int, Mapping[str, Any]], ...] = ()
    faults: tuple[Fault, ...] = ()  # of the file as a whole
    passed_over: tuple[str, ...] = field(default=())


def read_file(content: bytes) -> FileRows:
    """What a file of any of the three kinds says, unjudged."""
    start = content.lstrip(b"\xef\xbb\xbf \r\n\t")[:1]
    if content[128:132] != b"DICM" and start in (b"{", b"["):
        return _read_json(content)
    if content[128:132] == b"DICM" or (b"\0" in content[:512] and not content.startswith((b"\xff\xfe", b"\xfe\xff"))):
        return _read_dicom(content)
    return _read_csv(content)


def _read_dicom(content: bytes) -> FileRows:
    try:
        found, steps = read_worklist(content)
    except Unreadable:
        return FileRows("dicom", faults=(fault("unreadable"),))
    return FileRows("dicom", ((1, found),), (fault("several-steps"),) if steps > 1 else ())


def _read_json(content: bytes) -> FileRows:
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        return FileRows("json", faults=(fault("unreadable"),))
    items = found if isinstance(found, list) else found.get("orders", [found])
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return FileRows("json", faults=(fault("unreadable"),))
    return _limited("json", list(enumerate(items, 1)))


def _read_csv(content: bytes) -> FileRows:
    text = _decoded(content)
    lines = text.splitlines()
    if not lines:
        return FileRows("csv", faults=(fault("no-orders"),))
    delimiter = max(";,\t|", key=lines[0].count)
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        return FileRows("csv", faults=(fault("unreadable"),))
    columns = [_column(heading) for heading in table[0]]
    if not all(name in columns for name in _NEEDED):
        return FileRows("csv", faults=(fault("headings"),))
    rows = [
        (number, {name: cell for name, cell in zip(columns, cells, strict=False) if name})
        for number, cells in enumerate(table[1:], 2)
        if any(cell.strip() for cell in cells)
    ]
    unknown = (heading.strip() for heading, name in zip(table[0], columns, strict=True) if heading.strip() and not name)
    return _limited("csv", rows, tuple(unknown))


def _limited(kind: str, rows: Sequence[tuple[int, Mapping[str, Any]]], passed_over: tuple[str, ...] = ()) -> FileRows:
    if not rows:
        return FileRows(kind, faults=(fault("no-orders"),), passed_over=passed_over)
    if len(rows) > MOST_ROWS:
        return FileRows(kind, faults=(fault("too-many"),), passed_over=passed_over)
    return FileRows(kind, tuple(rows), (), passed_over)


def _decoded(content: bytes) -> str:
    """UTF-8, what spreadsheets call Unicode (UTF-16), else the Vietnamese code page of Windows."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1258", "replace")


def _column(heading: str) -> str:
    """The field that a heading means, with or without what is in brackets; empty for none."""
    return _HEADINGS.get(fold(heading)) or _HEADINGS.get(fold(heading.partition("(")[0])) or ""


def take(
    tx: Connection, circumstances: Desk, found: FileRows, new_id: Callable[[], tuple[str, str]]
) -> list[ImportedRow]:
    """Enters the good rows. `new_id` makes the ID and the study UID of an order."""
    if found.faults:
        return []
    return list(_take(tx, circumstances, found, new_id))


def _take(
    tx: Connection, circumstances: Desk, found: FileRows, new_id: Callable[[], tuple[str, str]]
) -> Iterator[ImportedRow]:
    for number, values in found.rows:
        text, faults = _judged(tx, values, circumstances.now)
        if text is None or faults:
            yield ImportedRow(number, text, faults, given=values)
            continue
        order_id, study_uid = new_id()
        try:
            order = desk.enter(tx, circumstances, text, order_id=order_id, study_uid=study_uid)
        except OrderInvalid as error:
            yield ImportedRow(number, text, error.faults)
            continue
        yield ImportedRow(number, order.text, (), order.id, order.text.accession_number)


def _judged(tx: Connection, values: Mapping[str, Any], now: datetime) -> tuple[OrderText | None, tuple[Fault, ...]]:
    text, faults = read_order(values, now)
    if text is not None and not text.accession_number and store.is_there_already(tx, text):
        return text, (fault("duplicate"),)
    return text, faults
