"""States and events of an entity are a table; nothing else changes a state."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from node.errors import NotAllowed

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


def advance(table: Mapping[tuple[S, E], S], state: S, event: E) -> S:
    """The state that follows `state` on `event`; raises `NotAllowed` when the table has no such row."""
    try:
        return table[state, event]
    except KeyError:
        raise NotAllowed(f"'{event}' is not possible while the state is '{state}'.") from None
