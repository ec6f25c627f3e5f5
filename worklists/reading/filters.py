"""What a person keeps as the filters of the worklist (the preference `worklist-filters`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from node.domain.study import Priority
from worklists.reading.shapes import Words

Word = Annotated[str, Field(max_length=64)]


class Filters(BaseModel):
    """How the list is narrowed; empty lists narrow nothing."""

    model_config = ConfigDict(extra="ignore")  # of a newer version

    view: Literal["to-read", "mine", "to-verify", "origin", "open", "signed"] = "to-read"
    text: Annotated[Words, Field(max_length=200)] = ""
    priorities: list[Priority] = Field(default_factory=list, max_length=3)
    modalities: list[Word] = Field(default_factory=list, max_length=40)
    sites: list[Word] = Field(default_factory=list, max_length=200)
    specialities: list[Word] = Field(default_factory=list, max_length=20)
    scope: bool = False
    overdue: bool = False


class Saved(BaseModel):
    name: Annotated[Words, Field(min_length=1, max_length=40)]
    filters: Filters


class SavedFilters(BaseModel):
    """`first` names the one that the page begins with."""

    filters: list[Saved] = Field(max_length=50)
    first: str | None = None


SCHEMA: TypeAdapter[SavedFilters] = TypeAdapter(SavedFilters)
