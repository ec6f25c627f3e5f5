"""A person's own keys as they are kept: by the action's name, the keys that start it. Which actions there are the viewer knows."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, TypeAdapter

MAX_ACTIONS = 400

_Action = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
_Key = Annotated[str, Field(min_length=1, max_length=24)]

SCHEMA: TypeAdapter[Any] = TypeAdapter(
    Annotated[dict[_Action, Annotated[list[_Key], Field(max_length=4)]], Field(max_length=MAX_ACTIONS)] | None
)
