"""The order of the reading worklist: the more urgent first, among equals the one that waits longest. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol, TypeVar

from node.domain.report import ReadingState

CLAIMED_STATES = (ReadingState.CLAIMED, ReadingState.DRAFTING, ReadingState.VERIFYING, ReadingState.AMENDING)
OPEN_STATES = (
    ReadingState.INCOMPLETE,
    ReadingState.READY,
    ReadingState.NEEDS_INFO,
    ReadingState.UNREADABLE,
    ReadingState.PRELIMINARY,
    *CLAIMED_STATES,
)


class Waiting(Protocol):
    """What the order looks at."""

    @property
    def id(self) -> str: ...
    @property
    def state(self) -> ReadingState: ...
    @property
    def priority(self) -> int: ...
    @property
    def ready_at(self) -> datetime | None: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def signed_at(self) -> datetime | None: ...


W = TypeVar("W", bound=Waiting)


def in_order(tasks: Iterable[W]) -> list[W]:
    """Open tasks first: by priority (0 emergency), then those that are complete, then by how long they wait. After them
    the finished ones, the newest first."""
    return sorted(tasks, key=_key)


def _key(task: Waiting) -> tuple[bool, float, bool, float, str]:
    if task.state not in OPEN_STATES:
        return True, -(task.signed_at or task.created_at).timestamp(), False, 0.0, task.id
    since = task.ready_at or task.created_at
    return False, task.priority, task.ready_at is None, since.timestamp(), task.id


def waiting_seconds(task: Waiting, now: datetime) -> int | None:
    """How long a study has been ready to be read; None before that and when it is finished."""
    if task.ready_at is None or task.state not in OPEN_STATES:
        return None
    return max(0, int((now - task.ready_at).total_seconds()))
