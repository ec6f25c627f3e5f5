"""What a radiologist may read, and when. Without a profile: everything, always, as a reader.

Licensed scope (modalities) and sub-specialities decide what is in a reader's scope; on-call windows decide who is told when a
study waits too long. Windows are in Vietnam's time, UTC+7 all year; one that ends before it begins goes over midnight.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, and_, select

from node.domain.order import LOCAL
from node.domain.report import ReadingState
from node.errors import NotAllowed
from node.ledger.desk_tables import reader_profiles
from node.ledger.schema import studies, users
from node.ledger.sql import insert
from worklists.reading.store import TaskRow

_NOT_READ = frozenset(
    {"SR", "DOC", "PR", "KO", "SEG", "REG", "RTSTRUCT", "OT"}
)  # beside images, not read by themselves


class Seniority(StrEnum):
    TRAINEE = "trainee"  # signs preliminary reports only
    READER = "reader"
    SENIOR = "senior"


@dataclass(frozen=True, slots=True)
class Window:
    """On call on these days (0 Monday) from one time to another, local."""

    days: tuple[int, ...]
    begin: time
    end: time

    def holds(self, local: datetime) -> bool:
        at, day = local.time(), local.weekday()
        if self.begin < self.end:
            return day in self.days and self.begin <= at < self.end
        yesterday = (local - timedelta(days=1)).weekday()
        return (day in self.days and at >= self.begin) or (yesterday in self.days and at < self.end)


@dataclass(frozen=True, slots=True)
class Profile:
    """One reader."""

    username: str
    display_name: str = ""
    licence_number: str = ""
    seniority: Seniority = Seniority.READER
    modalities: frozenset[str] = frozenset()  # empty: all
    specialities: frozenset[str] = frozenset()  # empty: all
    on_call: tuple[Window, ...] = field(default=())  # empty: always

    def covers(self, modalities: Collection[str], speciality: str) -> bool:
        """Whether a study of these modalities and this sub-speciality is in scope."""
        read = set(modalities) - _NOT_READ
        licensed = not self.modalities or read <= self.modalities
        return licensed and (not self.specialities or not speciality or speciality in self.specialities)

    def is_on_call(self, now: datetime) -> bool:
        local = now.astimezone(LOCAL)
        return not self.on_call or any(window.holds(local) for window in self.on_call)


def get(tx: Connection, username: str) -> Profile:
    """The profile; one without limits when there is none."""
    found = _profiles(tx, username)
    return found[0] if found else Profile(username)


def readers(tx: Connection) -> list[Profile]:
    """All radiologists whose account is open, by name."""
    return _profiles(tx)


def put(tx: Connection, profile: Profile, now: datetime) -> None:
    """Keeps the profile in place of the one before."""
    values: dict[str, Any] = {
        "licence_number": profile.licence_number,
        "seniority": profile.seniority.value,
        "modalities": sorted(profile.modalities),
        "specialities": sorted(profile.specialities),
        "on_call": [
            {"days": list(w.days), "from": f"{w.begin:%H:%M}", "to": f"{w.end:%H:%M}"} for w in profile.on_call
        ],
        "updated_at": now,
    }
    row = insert(tx, reader_profiles).values(username=profile.username, **values)
    tx.execute(row.on_conflict_do_update(index_elements=["username"], set_=values))


def admit(tx: Connection, username: str, task: TaskRow, *, override: bool) -> bool:
    """Whether this reader takes the task outside their scope; raises `NotAllowed` when they may not, or did not say that they
    mean it."""
    profile = get(tx, username)
    if task.state == ReadingState.PRELIMINARY and profile.seniority == Seniority.TRAINEE:
        raise NotAllowed("A preliminary report is verified by a senior.", hint="Take another study.", fault="trainee")
    text: str = tx.execute(select(studies.c.modalities).where(studies.c.uid == task.study_uid)).scalar_one()
    if profile.covers([m for m in text.split("\\") if m], task.speciality):
        return False
    if not override:
        raise NotAllowed(
            "This study is outside your scope.", hint="Confirm that you take it nevertheless.", fault="out-of-scope"
        )
    return True


def _profiles(tx: Connection, username: str | None = None) -> list[Profile]:
    query = (
        select(users.c.username.label("name"), users.c.display_name, reader_profiles)
        .outerjoin(reader_profiles, reader_profiles.c.username == users.c.username)
        .where(and_(users.c.role == "radiologist", users.c.disabled.is_(False)))
        .order_by(users.c.display_name)
    )
    if username is not None:
        query = query.where(users.c.username == username)
    return [_profile(row) for row in tx.execute(query)]


def _profile(row: Row[Any]) -> Profile:
    if row.seniority is None:
        return Profile(row.name, row.display_name)
    return Profile(
        row.name,
        row.display_name,
        row.licence_number,
        Seniority(row.seniority),
        frozenset(row.modalities),
        frozenset(row.specialities),
        tuple(_window(window) for window in row.on_call),
    )


def _window(content: Mapping[str, Any]) -> Window:
    return Window(tuple(content["days"]), time.fromisoformat(content["from"]), time.fromisoformat(content["to"]))
