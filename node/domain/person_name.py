"""How names are looked for: without accents, Đ as D, in any case, in any order, with any spaces (PS3.4 C.2.2.2.1).

A name is what VR PN holds: up to three groups (alphabetic, ideographic, phonetic) separated by `=`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")
_PATTERN_WORD = re.compile(r"(?:[^\W_]|[*?])+")
_MARKS = re.compile("[\u0300-\u036f]+")
_WILD = frozenset("*?")


def fold(text: str) -> str:
    """`text` without accents, Đ as d, in lower case."""
    if text.isascii():
        return text.lower()
    decomposed = _MARKS.sub("", unicodedata.normalize("NFD", text.replace("Đ", "D").replace("đ", "d")))
    if decomposed.isascii():
        return decomposed.lower()
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def fold_name(text: str) -> str:
    """The search key of a person's name: folded, words sorted, one space between them."""
    return " ".join(sorted(_WORD.findall(fold(text))))


def index_words(name: str) -> frozenset[str]:
    """By what a name is found: its folded words, and each group of it written without spaces."""
    groups = [_WORD.findall(fold(group)) for group in name.split("=")]
    words = {word for group in groups for word in group}
    return frozenset(words | {"".join(group) for group in groups if group})


@dataclass(frozen=True, slots=True)
class GroupPattern:
    """One group of a name that is looked for. All folded; `words` may hold `*` and `?`."""

    words: tuple[str, ...]
    joined: str  # the words without spaces; empty: only the words count
    wild: bool

    def matches(self, group: str) -> bool:
        found = _WORD.findall(fold(group))
        if not self.wild:
            return sorted(found) == sorted(self.words) or "".join(found) == self.joined
        if self.joined and wildcard(self.joined).fullmatch("".join(found)):
            return True
        return all(any(wildcard(word).fullmatch(part) for part in found) for word in self.words)


@lru_cache(maxsize=256)
def name_pattern(text: str) -> tuple[GroupPattern, ...]:
    """What a key of VR PN asks for, by group. A group that asks for nothing has no words."""
    return tuple(_group_pattern(group) for group in text.split("="))


def _group_pattern(text: str) -> GroupPattern:
    parts = _PATTERN_WORD.findall(fold(text))
    words = tuple(part for part in parts if part.strip("*"))
    joined = re.sub(r"\*+", "*", "".join(parts))
    in_order = len(words) <= 1 or not _WILD & set(joined[:-1])  # otherwise every order is looked at, word by word
    return GroupPattern(words, joined if in_order else "", bool(_WILD & set(joined)))


def matches_name(text: str, name: str) -> bool:
    """Whether `name` is what the key `text` (with `*` and `?`) asks for. A key of one group may mean any of the name's."""
    wanted, groups = name_pattern(text), name.split("=")
    if len(wanted) == 1:
        return any(wanted[0].matches(group) for group in groups if group)
    groups += [""] * (len(wanted) - len(groups))
    return all(pattern.matches(group) for pattern, group in zip(wanted, groups, strict=False) if pattern.words)


@dataclass(frozen=True, slots=True)
class Wildcard:
    """A pattern with `*` and `?` (PS3.4 C.2.2.2.4). In time linear to the text, whatever the pattern: callers are not trusted."""

    parts: tuple[re.Pattern[str], ...]  # what stands between the asterisks
    lengths: tuple[int, ...]

    def fullmatch(self, text: str) -> bool:
        """Whether all of `text` is what the pattern says."""
        if len(self.parts) == 1:
            return self.parts[0].fullmatch(text) is not None
        if len(text) < self.lengths[0] + self.lengths[-1] or not self.parts[0].match(text):
            return False
        end = len(text) - self.lengths[-1]
        if not self.parts[-1].match(text, end):
            return False
        at = self.lengths[0]
        for part, length in zip(self.parts[1:-1], self.lengths[1:-1], strict=True):
            found = part.search(text, at, end)
            if found is None:
                return False
            at = found.start() + length
        return True


@lru_cache(maxsize=1024)
def wildcard(pattern: str) -> Wildcard:
    parts = re.sub(r"\*+", "*", pattern).split("*")
    plain = ("".join("." if c == "?" else re.escape(c) for c in part) for part in parts)
    return Wildcard(tuple(re.compile(part, re.DOTALL) for part in plain), tuple(map(len, parts)))
