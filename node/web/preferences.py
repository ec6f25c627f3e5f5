"""Preferences over HTTP: each person's own, and the site's, which the administrator sets.

A name is one of `Name`; whoever owns the room that uses it may give it a schema in `SCHEMAS`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from node.errors import Invalid
from node.ledger import preferences
from node.ledger.audit import audit
from node.ports import Node
from node.web.auth import Caller, current_user
from worklists.reading import filters, hanging, keys
from worklists.reporting import macros

MAX_BYTES = 65_536  # of one value as UTF-8 JSON


class Name(StrEnum):
    """What can be set up."""

    WORKLIST_FILTERS = "worklist-filters"
    HANGING_PROTOCOLS = "hanging-protocols"
    KEYS = "keys"
    MACROS = "macros"
    VIEWER = "viewer"


SCHEMAS: Mapping[Name, TypeAdapter[Any]] = {  # a name without one takes any JSON
    Name.HANGING_PROTOCOLS: hanging.SCHEMA,
    Name.KEYS: keys.SCHEMA,
    Name.MACROS: macros.SCHEMA,
    Name.WORKLIST_FILTERS: filters.SCHEMA,
}


class Value(BaseModel):
    model_config = ConfigDict(extra="forbid")

    value: Any


class Preference(BaseModel):
    """`value` is the person's own, `site` what holds for who has none; null: not set."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    value: Any = None
    site: Any = None


def router(node: Node) -> APIRouter:
    """The routes under /api/preferences."""
    routes = APIRouter(prefix="/api/preferences", tags=["preferences"])
    caller = Depends(current_user)

    @routes.get("/{name}", response_model=Preference)
    def get_preference(name: Name, person: Caller = caller) -> dict[str, Any]:
        return _show(node, name, person)

    @routes.put("/{name}", response_model=Preference)
    def put_preference(name: Name, wanted: Value, person: Caller = caller) -> dict[str, Any]:
        value = checked(name, wanted.value)
        with node.ledger.begin() as tx:
            preferences.put(tx, person.username, name.value, value, node.clock.now())
        return _show(node, name, person)

    @routes.put("/{name}/site", response_model=Preference)
    def put_site_preference(name: Name, wanted: Value, person: Caller = caller) -> dict[str, Any]:
        value = checked(name, wanted.value)
        now = node.clock.now()
        with node.ledger.begin() as tx:
            preferences.put(tx, preferences.SITE, name.value, value, now)
            audit(tx, now, person.username, "site-preference", name.value)
        return _show(node, name, person)

    return routes


def checked(name: Name, value: Any) -> Any:
    """The value as it is kept; raises `Invalid` when it is too large, no plain JSON, or not what the name's schema says."""
    if value is None:
        return None
    try:
        size = len(json.dumps(value, ensure_ascii=False, allow_nan=False).encode())
    except ValueError:  # NaN, or half a character
        raise Invalid("The setting holds a value that JSON does not have.", hint="Save it again.") from None
    if size > MAX_BYTES:
        raise Invalid("The setting is too large.", hint="Remove entries that are no longer used, then save again.")
    schema = SCHEMAS.get(name)
    if schema is None:
        return value
    try:
        return schema.dump_python(schema.validate_python(value), mode="json")
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise Invalid(f"The setting is wrong at '{where or name.value}'.", hint="Mend it, then save again.") from None


def _show(node: Node, name: Name, person: Caller) -> dict[str, Any]:
    with node.ledger.read() as tx:
        return {
            "value": preferences.get(tx, person.username, name.value),
            "site": preferences.get(tx, preferences.SITE, name.value),
        }
