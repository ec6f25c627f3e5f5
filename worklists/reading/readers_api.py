"""Readers over HTTP: who can be asked, what each may read and when, and their second opinions."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, time
from typing import Any

from fastapi import APIRouter, Depends

from node.errors import NotFound
from node.ledger.audit import audit
from node.ports import Node
from worklists.reading import opinions, profiles, shapes
from worklists.reading.api import Person, ReadingDesk, as_reader
from worklists.reading.moves import get
from worklists.reading.profiles import Profile, Window
from worklists.reading.subject import SPECIALITIES


def router(node: Node, current_user: Callable[..., Person]) -> APIRouter:
    """Routes under /api/reading and /api/admin/readers."""
    routes = APIRouter(tags=["readers"])
    reading = ReadingDesk(node)
    caller = Depends(current_user)
    _add_opinions(routes, reading, caller)
    _add_profiles(routes, reading, caller)

    @routes.get("/api/reading/readers", response_model=shapes.ColleagueList)
    def colleagues(person: Person = caller) -> dict[str, Any]:
        now = node.clock.now()
        with node.ledger.read() as tx:
            found = profiles.readers(tx)
        return {
            "items": [
                {
                    "username": profile.username,
                    "display_name": profile.display_name,
                    "seniority": profile.seniority,
                    "on_call_now": profile.is_on_call(now),
                    "me": profile.username == person.username,
                }
                for profile in found
            ]
        }

    return routes


def _add_opinions(routes: APIRouter, reading: ReadingDesk, caller: Any) -> None:
    node = reading.node

    def show(task_id: str) -> dict[str, Any]:
        with node.ledger.read() as tx:
            return {"items": opinions.show(tx, get(tx, task_id).id)}

    @routes.get("/api/reading/tasks/{task_id}/second-opinions", response_model=shapes.OpinionList)
    def list_opinions(task_id: str) -> dict[str, Any]:
        return show(task_id)

    @routes.post("/api/reading/tasks/{task_id}/second-opinion", response_model=shapes.OpinionList)
    def ask(task_id: str, wanted: shapes.AskOpinion, person: Person = caller) -> dict[str, Any]:
        with node.ledger.begin() as tx:
            reader, new_id = as_reader(person), uuid.uuid4().hex
            opinions.ask(tx, reading.now(), reader, task_id, of=wanted.of, question=wanted.question, new_id=new_id)
        return show(task_id)

    @routes.post("/api/reading/second-opinions/{opinion_id}/answer", response_model=shapes.OpinionList)
    def answer(opinion_id: str, given: shapes.AnswerOpinion, person: Person = caller) -> dict[str, Any]:
        with node.ledger.begin() as tx:
            found = opinions.answer(tx, reading.now(), as_reader(person), opinion_id, given.answer)
        return show(found.task_id)

    @routes.post("/api/reading/second-opinions/{opinion_id}/withdraw", status_code=204)
    def withdraw(opinion_id: str, person: Person = caller) -> None:
        with node.ledger.begin() as tx:
            opinions.withdraw(tx, reading.now(), as_reader(person), opinion_id)


def _add_profiles(routes: APIRouter, reading: ReadingDesk, caller: Any) -> None:
    node = reading.node

    @routes.get("/api/admin/readers", response_model=shapes.ReaderList)
    def list_profiles() -> dict[str, Any]:
        now = node.clock.now()
        with node.ledger.read() as tx:
            return {"items": [_show(p, now) for p in profiles.readers(tx)], "specialities": list(SPECIALITIES)}

    @routes.get("/api/admin/readers/{username}", response_model=shapes.ReaderShown)
    def get_profile(username: str) -> dict[str, Any]:
        return _show(_find(node, username), node.clock.now())

    @routes.put("/api/admin/readers/{username}", response_model=shapes.ReaderShown)
    def put_profile(username: str, wanted: shapes.ReaderProfile, person: Person = caller) -> dict[str, Any]:
        known = _find(node, username)
        profile = Profile(
            known.username,
            known.display_name,
            wanted.licence_number.strip(),
            wanted.seniority,
            frozenset(wanted.modalities),
            frozenset(wanted.specialities),
            tuple(
                Window(tuple(sorted(set(w.days))), time.fromisoformat(w.begin), time.fromisoformat(w.end))
                for w in wanted.on_call
            ),
        )
        now = node.clock.now()
        with node.ledger.begin() as tx:
            profiles.put(tx, profile, now)
            audit(tx, now, person.username, "reader-profile", username)
        return _show(_find(node, username), now)


def _find(node: Node, username: str) -> Profile:
    with node.ledger.read() as tx:
        found = next((p for p in profiles.readers(tx) if p.username == username), None)
    if found is None:
        raise NotFound("There is no such radiologist here.", hint="Add the account first: lientuyen user add.")
    return found


def _show(profile: Profile, now: datetime) -> dict[str, Any]:
    return {
        "username": profile.username,
        "display_name": profile.display_name,
        "licence_number": profile.licence_number,
        "seniority": profile.seniority,
        "modalities": sorted(profile.modalities),
        "specialities": [s for s in SPECIALITIES if s in profile.specialities],
        "on_call": [
            {"days": list(w.days), "from": f"{w.begin:%H:%M}", "to": f"{w.end:%H:%M}"} for w in profile.on_call
        ],
        "on_call_now": profile.is_on_call(now),
    }
