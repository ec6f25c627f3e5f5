"""A job: a row that says what is to be done next. Who does it is not its business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job. `generation` tells whether it was asked for again while it ran."""

    id: int
    kind: str
    subject: str
    payload: Mapping[str, Any]
    attempts: int
    priority: int
    generation: int
    lease_owner: str


@dataclass(frozen=True, slots=True)
class NextJob:
    """A job to be enqueued. `key` is unique: asking for the same key twice before it ran is one job."""

    kind: str
    subject: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    due_at: datetime | None = None  # now when None
    priority: int = 2
    part: str = ""  # tells jobs of the same kind and subject apart

    @property
    def key(self) -> str:
        return ":".join(filter(None, (self.kind, self.subject, self.part)))
