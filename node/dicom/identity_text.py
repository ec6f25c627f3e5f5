"""The words that tell who a patient is, found in texts and taken out of them.

Texts are compared folded: without case and accents, Đ as D. A name is looked for word by word; an identifier also
inside a word, because "BN12345" is often written "BN12345_CT".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

WORD = re.compile(r"[^\W\d_]+")
LONG = 5  # an identifier of this length or more is also looked for inside words
SHORTEST = 3  # shorter names and identifiers are ordinary words more often than traces
SPACELESS = 0x1100  # scripts from here on (Hangul, Han, Kana) do not part words by spaces

_MONTHS = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_NUMBERS = re.compile(
    r"""[^\s@]{1,64}@[^\s@]{1,255}                          # mail address
    | (?<!\d)(?:\+84|0)\d(?:[ .-]?\d){7,9}(?!\d)            # telephone number
    | ngày\s+\d{1,2}\s+tháng\s+\d{1,2}(?:\s+năm\s+\d{4})?   # date as it is written in Vietnamese
    | \d{1,2}\s+MONTHS\.?,?\s+\d{2,4} | MONTHS\.?\s+\d{1,2},?\s+\d{4}
    | (?<![\d.])\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})(?![\d.])
    | (?<![\d.])\d{4}[./-]\d{1,2}[./-]\d{1,2}(?![\d.])
    | \d{5,}""".replace("MONTHS", _MONTHS),
    re.VERBOSE | re.IGNORECASE,
)
_UID = re.compile(r"\d+(?:\.\d+){3,}")


def fold(text: str) -> str:
    """Without case, accents and compatibility forms; Đ becomes d."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in folded if not unicodedata.combining(c)).replace("đ", "d")


def name_words(name: str) -> set[str]:
    """The folded words of a DICOM person name (PS3.5 6.2.1), and each of its representations written as one word."""
    words = set()
    for representation in name.split("="):
        parts = WORD.findall(fold(representation))
        words.update(parts)
        if len("".join(parts)) >= LONG:
            words.add("".join(parts))
    return words


@dataclass(frozen=True, slots=True)
class IdentityText:
    """What to look for in one object's texts. All folded."""

    names: frozenset[str]  # words of the patient's names
    words: frozenset[str]  # these and the words of every other person's name, for descriptors
    inside: tuple[str, ...]  # identifiers that count anywhere
    alone: frozenset[str]  # short identifiers that count as a whole word only
    phrase: re.Pattern[str] | None  # identifiers with spaces or signs in them
    uids: frozenset[str] = frozenset()

    @classmethod
    def of(cls, patient: Iterable[str], others: Iterable[str], identifiers: Iterable[str]) -> IdentityText:
        """`patient` and `others`: person names; `identifiers`: numbers of the patient, the order, the stay."""
        names = set().union(*map(name_words, patient))
        words = names.union(*map(name_words, others))
        spaceless = {word for word in names if len(word) > 1 and ord(max(word)) >= SPACELESS}
        marks = {mark for mark in (fold(text).strip() for text in identifiers) if len(mark) >= SHORTEST}
        phrases = sorted((m for m in marks if re.search(r"\s", m)), key=len, reverse=True)
        return cls(
            names=frozenset(word for word in names if len(word) >= SHORTEST),
            words=frozenset(word for word in words if len(word) >= 2),
            inside=tuple(sorted(spaceless | {mark for mark in marks if len(mark) >= LONG})),
            alone=frozenset(mark for mark in marks if len(mark) < LONG),
            phrase=re.compile("|".join(r"\s+".join(map(re.escape, p.split())) for p in phrases)) if phrases else None,
        )

    def found_in(self, text: str) -> bool:
        """Whether `text` still tells the patient: a word of the name, an identifier, an original UID."""
        folded = fold(text)
        return (
            not self.names.isdisjoint(WORD.findall(folded))
            or self._has_identifier(folded)
            or any(uid in self.uids for uid in _UID.findall(text))
        )

    def found_in_code(self, text: str) -> bool:
        """The same of a coded term: one word ("HEAD") or a number is a coincidence there, two words are not."""
        folded = fold(text)
        if len(self.names.intersection(WORD.findall(folded))) > 1:
            return True
        return any(mark in folded for mark in self.inside if not mark.isdigit())

    def cleaned(self, text: str) -> str:
        """A descriptor without names, identifiers, long numbers, dates and telephone numbers; empty if no word is left."""
        return _tidy(_NUMBERS.sub(" ", self._without(text, self.words)))

    def stripped(self, text: str) -> str:
        """`text` without what `found_in` finds; empty if no word is left."""
        return _tidy(self._without(_UID.sub(lambda m: "" if m.group() in self.uids else m.group(), text), self.names))

    def _has_identifier(self, folded: str) -> bool:
        if any(mark in folded for mark in self.inside):
            return True
        return bool(self.alone) and any(
            re.search(rf"(?<![^\W_]){re.escape(mark)}(?![^\W_])", folded) for mark in self.alone if mark in folded
        )

    def _without(self, text: str, words: frozenset[str]) -> str:
        if self.phrase and self.phrase.search(fold(text)):
            text = self.phrase.sub(" ", fold(text))
        return "\n".join(" ".join(self._chunk(chunk, words) for chunk in line.split()) for line in text.split("\n"))

    def _chunk(self, chunk: str, words: frozenset[str]) -> str:
        folded = fold(chunk)
        if self._has_identifier(folded):
            return ""
        if words.isdisjoint(WORD.findall(folded)):
            return chunk
        return WORD.sub(lambda match: "" if fold(match.group()) in words else match.group(), chunk)


def _tidy(text: str) -> str:
    """One space between words; empty if no letter or digit is left."""
    tidy = "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()
    return tidy if any(c.isalnum() for c in tidy) else ""
