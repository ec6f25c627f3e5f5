"""No whole number that comes over HTTP is larger than the database can keep, or than JavaScript can say exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from node.web import exchange, upload
from tests.web.test_marks import MARKS, a_length
from tests.web.world import PEER_TOKEN, STUDY, World

LARGEST = 2**53


def schemas(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(where, schema) of everything that may be sent."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            where = f"{method.upper()} {path}"
            for parameter in operation.get("parameters", []):
                yield f"{where} {parameter['name']}", parameter["schema"]
            for content in operation.get("requestBody", {}).get("content", {}).values():
                yield f"{where} body", content.get("schema", {})


def integers(
    document: Mapping[str, Any], schema: Any, seen: frozenset[str] = frozenset()
) -> Iterator[Mapping[str, Any]]:
    """All schemas of whole numbers within one, each reference followed once."""
    if isinstance(schema, list):
        for one in schema:
            yield from integers(document, one, seen)
        return
    if not isinstance(schema, Mapping):
        return
    if (reference := schema.get("$ref")) and reference not in seen:
        name = str(reference).rpartition("/")[2]
        yield from integers(document, document["components"]["schemas"][name], seen | {reference})
    if schema.get("type") == "integer" and "enum" not in schema and "const" not in schema:
        yield schema
    for key, part in schema.items():
        if key in {"anyOf", "allOf", "oneOf", "items", "prefixItems", "additionalProperties"}:
            yield from integers(document, part, seen)
        elif key in {"properties", "patternProperties"}:
            yield from integers(document, list(part.values()), seen)


def described(world: World) -> dict[str, Any]:
    """The interface as it describes itself, with what is for other nodes only."""
    hidden = [route for api in (exchange.router(world.node), upload.router(world.node)) for route in api.routes]
    for route in hidden:
        assert isinstance(route, APIRoute)
        route.include_in_schema = True
    shown, more = world.client("bs").get("/openapi.json").json(), get_openapi(title="", version="", routes=hidden)
    schemas = {**shown["components"]["schemas"], **more["components"]["schemas"]}
    return {"paths": {**shown["paths"], **more["paths"]}, "components": {"schemas": schemas}}


def test_every_whole_number_that_may_be_sent_has_bounds(world: World) -> None:
    document = described(world)
    found = [(where, one) for where, schema in schemas(document) for one in integers(document, schema)]
    assert len(found) > 20
    unbounded = sorted(
        {
            f"{where}: {one.get('title', '')}"
            for where, one in found
            if not (abs(one.get("minimum", LARGEST + 1)) <= LARGEST and one.get("maximum", LARGEST + 1) <= LARGEST)
        }
    )
    assert not unbounded, "\n".join(unbounded)


HUGE = 10**30
MARK = "6d5e1c1e-61e3-4b0e-9d8a-0d8bb1a3b001"


@pytest.mark.parametrize(
    ("username", "method", "path"),
    [
        ("bs", "DELETE", f"/api/reading/studies/{STUDY}/marks/{MARK}?base_revision={HUGE}"),
        ("bs", "POST", f"/api/notices/{10**17}/seen"),
        ("bs", "GET", f"/api/display/studies/{STUDY}/opening?from={HUGE}"),
        ("ktv", "GET", f"/api/orders?offset={HUGE}"),
        ("quantri", "POST", f"/api/admin/deliveries/{HUGE}/retry"),
        ("quantri", "POST", f"/api/admin/jobs/{HUGE}/retry"),
    ],
)
def test_a_number_too_large_to_keep_is_refused(world: World, username: str, method: str, path: str) -> None:
    answer = world.client(username).request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_delivery_of_another_node_is_refused_when_its_number_is_too_large(world: World, method: str) -> None:
    path = f"/exchange/outbox/{HUGE}/" + ("1.2.3" if method == "GET" else "receipt")
    answer = TestClient(world.app, raise_server_exceptions=False).request(
        method, path, json={"items": {}}, headers={"Authorization": f"Bearer {PEER_TOKEN}"}
    )
    assert answer.status_code == 422


def test_a_mark_of_a_revision_too_large_is_refused(world: World) -> None:
    for changes in ({"base_revision": HUGE}, {"base_revision": 2**31}, {"frame": HUGE}):
        answer = world.client("bs").put(f"{MARKS}/{MARK}", json=a_length(**changes))
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
