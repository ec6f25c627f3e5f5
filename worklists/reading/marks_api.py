"""Marks over HTTP. Which role may do what the gate has decided; who has the study decides `marks`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from node.domain.measurement import Measurement, MeasurementKind, SpacingBasis
from node.domain.numbers import LARGEST_COUNT, Count, Finite
from node.errors import NotFound
from node.ledger.reads import study_exists
from node.ports import Node
from worklists.reading import marks

Uid = Annotated[str, Field(pattern=r"^[0-9.]{1,64}$")]
Coordinate = Finite


class Person(Protocol):
    """What marks need to know of the caller."""

    @property
    def username(self) -> str: ...
    @property
    def role(self) -> str: ...


class MarkValue(BaseModel):
    """One number of a mark; `unit` is a UCUM code."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=40)
    number: Coordinate
    unit: str = Field(max_length=40)


class MarkContent(BaseModel):
    """A mark as the viewer draws it: `node.domain.measurement.Measurement`."""

    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)

    id: str = Field(max_length=36)
    kind: MeasurementKind
    series_instance_uid: Uid
    sop_instance_uid: Uid
    frame: int = Field(ge=1, le=LARGEST_COUNT)
    points: list[tuple[Coordinate, Coordinate]] = Field(max_length=64)
    values: list[MarkValue] = Field(default_factory=list, max_length=marks.MAX_VALUES)
    basis: SpacingBasis = SpacingBasis.NONE
    text: str = Field("", max_length=2 * marks.MAX_TEXT)
    in_report: bool = True


class NewMark(MarkContent):
    """What is saved; `base_revision` is 0 for one that is new."""

    base_revision: Count

    def mark(self) -> Measurement:
        return Measurement.from_json(self.model_dump(mode="json", exclude={"base_revision"}))


class Mark(MarkContent):
    """A mark as it is kept. `in_report`: it goes into the report; of a mark that neither who has the study nor a signer made, it
    is false until who has the study saves it."""

    revision: int
    author: str
    author_name: str
    mine: bool
    updated_at: datetime


class MarkList(BaseModel):
    items: list[Mark]
    writable: bool  # whether marks of the caller would be kept now


def router(node: Node, current_user: Callable[..., Person]) -> APIRouter:
    """The routes of marks under /api/reading/studies."""
    routes = APIRouter(prefix="/api/reading/studies", tags=["marks"])
    caller = Depends(current_user)

    @routes.get("/{study_uid}/marks", response_model=MarkList)
    def list_marks(study_uid: str, person: Person = caller) -> dict[str, Any]:
        with node.ledger.read() as tx:
            if not study_exists(tx, study_uid):
                raise NotFound("There is no such study.", hint="Open the worklist again.")
            draws = person.role == "radiologist"
            return {
                "items": marks.listed(tx, study_uid, person.username),
                "writable": draws and marks.writable(tx, study_uid, person.username),
            }

    @routes.put("/{study_uid}/marks/{mark_id}", response_model=Mark)
    def save_mark(study_uid: str, mark_id: str, body: NewMark, person: Person = caller) -> dict[str, Any]:
        mark = body.mark()
        if mark.id != mark_id:
            raise NotFound("There is no such mark.", hint="Open the study again.")
        with node.ledger.begin() as tx:
            return marks.save(
                tx,
                study_uid,
                mark,
                base_revision=body.base_revision,
                username=person.username,
                now=node.clock.now(),
            )

    @routes.delete("/{study_uid}/marks/{mark_id}", response_model=Mark)
    def remove_mark(
        study_uid: str,
        mark_id: str,
        base_revision: Annotated[int, Query(ge=1, le=LARGEST_COUNT)],
        person: Person = caller,
    ) -> dict[str, Any]:
        with node.ledger.begin() as tx:
            return marks.remove(
                tx,
                study_uid,
                mark_id,
                base_revision=base_revision,
                username=person.username,
                now=node.clock.now(),
            )

    return routes
