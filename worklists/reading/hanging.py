"""What people keep as hanging protocols (the preference `hanging-protocols`): for which studies, and what stands in each cell.

The built-in rules and their use are the viewer's; here only the shape is checked, so that nothing else is kept under this name.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from worklists.reading.shapes import Words

Word = Annotated[Words, Field(max_length=64)]
Several = Annotated[list[Word], Field(max_length=24)]
MAX_CELLS = 9


class _Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)  # of a newer version


class When(_Shape):
    """Empty lists mean any."""

    modalities: Several = []
    bodyParts: Several = []  # noqa: N815 - as the viewer writes it
    words: Several = []
    priors: Annotated[int, Field(ge=0, le=9)] = 0
    views: Several = []


class Pick(_Shape):
    """Which series, or which picture, of the study (0) or of its prior (1: the newest)."""

    prior: Annotated[int, Field(ge=0, le=9)] = 0
    modality: Word | None = None
    plane: Literal["axial", "coronal", "sagittal"] | None = None
    laterality: Literal["R", "L"] | None = None
    view: Word | None = None
    words: Several = []
    avoid: Several = []
    first: Literal["largest", "in-order"] = "largest"


class Show(_Shape):
    preset: Word | None = None
    invert: bool = False
    chestWall: Literal["left", "right"] | None = None  # noqa: N815


class Cell(_Shape):
    pick: Pick = Pick()
    show: Show = Show()


class Layout(_Shape):
    rows: Annotated[int, Field(ge=1, le=3)]
    columns: Annotated[int, Field(ge=1, le=3)]


class Name(_Shape):
    vi: Annotated[Words, Field(max_length=80)]
    en: Annotated[Words, Field(max_length=80)]


class Protocol(_Shape):
    id: Annotated[str, Field(min_length=1, max_length=80)]
    name: Name
    when: When
    layout: Layout
    keepEmpty: bool = False  # noqa: N815
    cells: Annotated[list[Cell], Field(max_length=MAX_CELLS)]


class Protocols(_Shape):
    version: Literal[1] = 1
    protocols: Annotated[list[Protocol], Field(max_length=64)]


SCHEMA: TypeAdapter[Protocols] = TypeAdapter(Protocols)
