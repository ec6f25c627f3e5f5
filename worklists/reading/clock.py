"""The service clock: how long a study may wait for its answer, by the class of its urgency. Pure.

It starts when all images are here, stands while the origin is asked for something or for better images (and while late images
are still to come), and stops when the first signature gives the origin an answer. A preliminary report is such an answer; but it
must not stay without a senior, so that from then on a second clock runs, with the limit of its own `verification`, until the
final signature. Addenda and corrections have no clock: the answer stands meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from node.domain.report import ReadingState

_WHOLE_STATES = (ReadingState.CLAIMED, ReadingState.DRAFTING)  # it runs in them once all images have been here
_ALWAYS = (ReadingState.READY, ReadingState.PRELIMINARY, ReadingState.VERIFYING)
_VERIFICATION = (ReadingState.PRELIMINARY, ReadingState.VERIFYING)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long each class may wait; `classes` by the rank of the priority (0 emergency)."""

    classes: tuple[timedelta, timedelta, timedelta]
    verification: timedelta

    def of(self, state: ReadingState, priority: int) -> timedelta:
        return self.verification if state in _VERIFICATION else self.classes[priority]


@dataclass(frozen=True, slots=True)
class ClockRow:
    """What is kept: since when it runs (None: it stands) and what was used before that."""

    running_since: datetime | None
    used_seconds: int


@dataclass(frozen=True, slots=True)
class Face:
    """What the clock shows."""

    limit_seconds: int
    used_seconds: int
    running: bool

    @property
    def left_seconds(self) -> int:
        """Negative when it has run out."""
        return self.limit_seconds - self.used_seconds

    @property
    def overdue(self) -> bool:
        return self.left_seconds < 0

    @property
    def level(self) -> int:
        """0 in time; 1 from the limit on, and one more for each further half of it."""
        if self.used_seconds < self.limit_seconds:
            return 0
        return 1 + int(2 * (self.used_seconds - self.limit_seconds) / max(1, self.limit_seconds))


def look(row: ClockRow, state: ReadingState, priority: int, limits: Limits, now: datetime) -> Face:
    """What the clock of a task in this state shows now."""
    return Face(int(limits.of(state, priority).total_seconds()), _used(row, now), row.running_since is not None)


def moved(row: ClockRow, before: ReadingState, after: ReadingState, *, complete: bool, now: datetime) -> ClockRow:
    """The clock after a task went from one state to the next; `complete`: all images have been here."""
    if after == ReadingState.PRELIMINARY and before not in _VERIFICATION:
        return ClockRow(now, 0)
    runs = after in _ALWAYS or (after in _WHOLE_STATES and complete)
    if runs == (row.running_since is not None):
        return row
    return ClockRow(now, row.used_seconds) if runs else ClockRow(None, _used(row, now))


def _used(row: ClockRow, now: datetime) -> int:
    if row.running_since is None:
        return row.used_seconds
    return row.used_seconds + max(0, int((now - row.running_since).total_seconds()))
