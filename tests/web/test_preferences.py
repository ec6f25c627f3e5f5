"""What people set up in the pages stays theirs."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from node.web import preferences
from node.web.preferences import Name
from tests.web.world import World

KEYS = "/api/preferences/keys"


def test_a_preference_is_kept_for_one_person_and_changed(world: World) -> None:
    own, other = world.client("bs"), world.client("bs2")
    assert own.get(KEYS).json() == {"value": None, "site": None}
    assert own.put(KEYS, json={"value": {"next": "N", "tên": "Ánh"}}).json()["value"] == {"next": "N", "tên": "Ánh"}
    assert own.put(KEYS, json={"value": [1, 2]}).json() == {"value": [1, 2], "site": None}
    assert own.get(KEYS).json()["value"] == [1, 2]
    assert other.get(KEYS).json()["value"] is None
    assert own.put(KEYS, json={"value": None}).json()["value"] is None


def test_only_the_administrator_sets_the_sites_own_and_everyone_sees_it(world: World) -> None:
    assert world.client("bs").put(f"{KEYS}/site", json={"value": 1}).status_code == 403
    assert world.client("quantri").put(f"{KEYS}/site", json={"value": 1}).json() == {"value": None, "site": 1}
    assert world.client("ktv").get(KEYS).json() == {"value": None, "site": 1}


@pytest.mark.parametrize(
    "content", [b'{"value": NaN}', b'{"value": "\\ud800"}', b'{"value": "' + b"x" * 65_536 + b'"}', b"{}", b"[1]"]
)
def test_what_cannot_be_kept_is_refused(world: World, content: bytes) -> None:
    answer = world.client("bs").put(KEYS, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text


def test_an_unknown_name_and_a_stranger_are_refused(world: World) -> None:
    assert world.client("bs").get("/api/preferences/other").status_code == 422
    assert world.client().get(KEYS).status_code == 401


def test_a_name_with_a_schema_takes_nothing_else(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preferences, "SCHEMAS", {Name.KEYS: TypeAdapter(dict[str, str])})
    bs = world.client("bs")
    assert bs.put(KEYS, json={"value": {"next": 5}}).status_code == 422
    assert bs.put(KEYS, json={"value": {"next": "n"}}).status_code == 200


def test_the_filters_of_the_worklist_are_kept_whole_and_composed(world: World) -> None:
    path = "/api/preferences/worklist-filters"
    kept = {"name": "Ngu\u031b\u0323c", "filters": {"text": "phổi", "priorities": ["urgent"], "newer": 1}}
    value = world.client("bs").put(path, json={"value": {"filters": [kept]}}).json()["value"]
    assert value["first"] is None
    assert value["filters"][0]["name"] == "Ngực"
    assert value["filters"][0]["filters"]["view"] == "to-read"
    assert "newer" not in value["filters"][0]["filters"]
    refused: tuple[object, ...] = (
        {"filters": [{"name": "", "filters": {}}]},
        {"filters": [{"name": "a", "filters": {"view": "x"}}]},
        [],
    )
    for wrong in refused:
        assert world.client("bs").put(path, json={"value": wrong}).status_code == 422
