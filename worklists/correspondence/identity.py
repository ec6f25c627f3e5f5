"""Texts that leave the origin must not say who the patient is. Pure.

A patient's name counts as the sequence of all its words, with or without accents, and as its last two words (middle and
given name, as people are called) written with their accents; single words of a Vietnamese name are ordinary words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from node.domain.person_name import fold
from node.errors import Fault, Invalid

FAULTS: Final = {  # code: what is to be taken out
    "patient-name": "The text holds the patient's name; write 'the patient' instead.",
    "patient-id": "The text holds the patient's number or the order's; take it out.",
    "birth-date": "The text holds the patient's date of birth; write the age instead.",
    "long-number": "The text holds a telephone number or another long number; take it out.",
}
SHORTEST = 3  # characters of an identifier that is looked for
LONG = 5  # an identifier of this length is also looked for inside of words

_WORD = re.compile(r"[^\W\d_]+")
_PHONE = re.compile(r"(?<!\d)(?:\+?84[ .-]?|0)\d(?:[ .-]?\d){7,9}(?!\d)")
_NUMBER = re.compile(r"(?<![\d.])\d(?:[ -]?\d){8,}(?![\d.])")  # citizens' and insurance numbers have ten digits or more
_UID = re.compile(r"(?<![\d.+])[0-2](?:\.\d+){3,}")
_DATES = (
    re.compile(r"(?<!\d)(?P<d>\d{1,2})\s*[./-]\s*(?P<m>\d{1,2})\s*[./-]\s*(?P<y>\d{4})(?!\d)"),
    re.compile(r"(?<!\d)(?P<y>\d{4})\s*[./-]\s*(?P<m>\d{1,2})\s*[./-]\s*(?P<d>\d{1,2})(?!\d)"),
    re.compile(r"(?<!\d)(?P<d>\d{1,2})\s+tháng\s+(?P<m>\d{1,2})\s+năm\s+(?P<y>\d{4})(?!\d)", re.IGNORECASE),
    re.compile(r"(?<!\d)(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)(?!\d)"),
    re.compile(r"(?<!\d)(?P<d>\d\d)(?P<m>\d\d)(?P<y>\d{4})(?!\d)"),
)


@dataclass(frozen=True, slots=True)
class Patient:
    """By what a patient is told."""

    name: str  # VR PN
    identifiers: tuple[str, ...]  # patient ID, accession number
    birth_date: str  # VR DA; may be empty


class TellsPatient(Invalid):
    """A letter would tell another hospital who the patient is."""

    code = "tells-patient"

    def __init__(self, faults: Sequence[Fault]) -> None:
        words = " ".join(dict.fromkeys(fault.message for fault in faults))
        super().__init__("The letter tells who the patient is; it was not sent.", hint=words)
        self.faults = tuple(faults)


def check(texts: Iterable[tuple[str, str]], patient: Patient) -> None:
    """Raises `TellsPatient` when one of the (field, text) tells who the patient is."""
    faults = [Fault(field, code, FAULTS[code]) for field, text in texts for code in told_by(text, patient)]
    if faults:
        raise TellsPatient(faults)


def told_by(text: str, patient: Patient) -> list[str]:
    """The codes of `FAULTS` for what the text tells."""
    text = unicodedata.normalize("NFC", text)
    tests = {
        "patient-name": _holds_name(text, patient.name),
        "patient-id": any(_holds_identifier(text, mark) for mark in patient.identifiers),
        "birth-date": bool(patient.birth_date) and patient.birth_date in _dates(text),
        "long-number": _holds_number(text),
    }
    return [code for code, found in tests.items() if found]


def _holds_name(text: str, name: str) -> bool:
    words = _WORD.findall(text)
    folded = [fold(word) for word in words]
    for group in name.split("="):
        orders = list(_orders(group))
        for order in orders:
            plain = [fold(word) for word in order]
            if len(plain) == 1 and len(plain[0]) < SHORTEST:
                continue
            if _run(folded, plain) is not None or (len(plain) > 1 and "".join(plain) in folded):
                return True
        if orders and len(orders[-1]) > 2 and _called(words, orders[-1][-2:]):
            return True
    return False


def _orders(group: str) -> Iterator[list[str]]:
    """A name's words as they are written and, when its parts are told apart, as they are spoken: family, middle, given."""
    parts = [_WORD.findall(unicodedata.normalize("NFC", part)) for part in group.split("^")[:3]]
    written = [word for part in parts for word in part]
    if written:
        yield written
        if len(parts) == 3 and parts[2]:
            yield [*parts[0], *parts[2], *parts[1]]


def _called(words: Sequence[str], last: Sequence[str]) -> bool:
    """Whether the last two words of a name stand there: with their accents, or in a text that has none."""
    low, name = [word.casefold() for word in words], [word.casefold() for word in last]
    if _run(low, name) is not None:
        return True
    at = _run([fold(word) for word in words], [fold(word) for word in last])
    return at is not None and "".join(words).isascii()


def _run(words: Sequence[str], wanted: Sequence[str]) -> int | None:
    """Where `wanted` stands in `words`, one right after the other."""
    size = len(wanted)
    return next((i for i in range(len(words) - size + 1) if list(words[i : i + size]) == list(wanted)), None)


def _holds_identifier(text: str, identifier: str) -> bool:
    mark, folded = fold(identifier).strip(), fold(text)
    if len(mark) < SHORTEST:
        return False
    if len(mark) >= LONG:
        return mark in folded
    return re.search(rf"(?<![^\W_]){re.escape(mark)}(?![^\W_])", folded) is not None


def _dates(text: str) -> set[str]:
    """The dates in a text, as DA."""
    matches = (match for pattern in _DATES for match in pattern.finditer(text))
    return {f"{int(m['y']):04}{int(m['m']):02}{int(m['d']):02}" for m in matches}


def _holds_number(text: str) -> bool:
    without = _UID.sub(" ", text)
    return bool(_PHONE.search(without) or _NUMBER.search(without))
