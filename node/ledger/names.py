"""Finding studies by patients' names among millions: a table of words, each with the keys of the names that it is in.

Four names in ten are Nguyễn: of the words of a query the rarest one is looked up, the others only filter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Connection, Engine, func, literal, select

from node.domain.person_name import GroupPattern, index_words
from node.ledger.schema import name_words
from node.ledger.sql import insert_new

_LOOKS: Final = (1_000, 8_000, 64_000)  # rows that are counted to learn how rare a word is
_REMEMBERED: Final = 20_000  # words
_PIECE: Final = 500
_FREQUENT: Final[WeakKeyDictionary[Engine, dict[str, int]]] = WeakKeyDictionary()  # a guide to speed only: may be old


def add_name(tx: Connection, name: str, name_key: str) -> None:
    """Makes a study's patient name findable. Without effect when the name is known."""
    rows = [{"word": word, "name_key": name_key} for word in sorted(index_words(name))]
    if rows:
        tx.execute(insert_new(tx, name_words, "word", "name_key"), rows)


def keys_of(tx: Connection, pattern: GroupPattern) -> Iterator[str]:
    """The keys of names that may be what the pattern asks for: all that are, and some that are not. Each comes once."""
    seen: set[str] = set()
    for condition in _conditions(tx, pattern):
        query = select(name_words.c.name_key).where(*condition).execution_options(yield_per=_PIECE)
        for (key,) in tx.execute(query):
            if key not in seen:
                seen.add(key)
                yield key


def _conditions(tx: Connection, pattern: GroupPattern) -> Iterator[list[ColumnElement[bool]]]:
    if pattern.joined:
        yield list(like(name_words.c.word, pattern.joined))
    words = [word for word in pattern.words if word != pattern.joined]
    if words:
        rarest = _rarest(tx, words)
        padded = literal(" ") + name_words.c.name_key + literal(" ")
        others = (padded.like(f"% {_pattern(word)} %", escape="/") for word in words if word != rarest)
        yield [*like(name_words.c.word, rarest), *others]


def _rarest(tx: Connection, words: Sequence[str]) -> str:
    """The word that the fewest names have, as far as a look at some of each tells."""
    for most in _LOOKS:
        counts = {word: _frequency(tx, word, most) for word in words}
        rarest = min(counts, key=lambda word: counts[word])
        if counts[rarest] < most:
            break
    return rarest


def _frequency(tx: Connection, word: str, most: int) -> int:
    """In how many names a word is, if not in more than `most`; words that begin with a wildcard are taken for frequent.

    Counting the frequent ones costs more than finding names by another: what was counted once is remembered.
    """
    if not _literal_start(word):
        return most + 1
    known = _FREQUENT.setdefault(tx.engine, {})
    if known.get(word, 0) >= most:
        return most
    if word in known and known[word] not in _LOOKS:
        return known[word]
    rows = select(literal(1)).where(*like(name_words.c.word, word)).limit(most).subquery()
    count = int(tx.execute(select(func.count()).select_from(rows)).scalar_one())
    if count >= _LOOKS[0] and len(known) < _REMEMBERED:
        known[word] = count
    return count


def like(column: Any, text: str, *, ordered: bool = True) -> Iterator[ColumnElement[bool]]:
    """What `text` with `*` and `?` asks of a column, as the database can answer it by an index; upper and lower case may
    be taken for the same. `ordered`: the column sorts by code points."""
    start = _literal_start(text)
    if start == text:
        yield column == text
        return
    if start and ordered:
        yield column >= start
        yield column < _after(start)
    if text != f"{start}*" or not ordered:
        yield column.like(_pattern(text), escape="/")


def containing(text: str) -> str:
    """LIKE with `/` for an escape: what holds `text` (with `*` and `?`)."""
    return f"%{_pattern(text)}%"


def any_of(column: Any, values: Collection[str]) -> ColumnElement[bool]:
    """One of the values; a single one by equality."""
    found: ColumnElement[bool] = column.in_(list(values)) if len(values) > 1 else column == next(iter(values))
    return found


def _literal_start(text: str) -> str:
    return text[: min((text.find(sign) for sign in "*?" if sign in text), default=len(text))]


def _after(start: str) -> str:
    """The first text that sorts behind all that begin with `start`."""
    last = ord(start[-1]) + 1
    return start[:-1] + chr(0xE000 if last == 0xD800 else min(last, 0x10FFFF))


def _pattern(text: str) -> str:
    """`*` and `?` of PS3.4 C.2.2.2.4 as LIKE with `/` for an escape."""
    for sign in "/%_":
        text = text.replace(sign, f"/{sign}")
    return text.replace("*", "%").replace("?", "_")
