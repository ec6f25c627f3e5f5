"""What people set up in the pages stays theirs."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from node.web import preferences
from node.web.preferences import Name
from tests.web.world import World

OWN = "/api/preferences/viewer"  # takes any JSON


def test_a_preference_is_kept_for_one_person_and_changed(world: World) -> None:
    own, other = world.client("bs"), world.client("bs2")
    assert own.get(OWN).json() == {"value": None, "site": None}
    assert own.put(OWN, json={"value": {"next": "N", "tên": "Ánh"}}).json()["value"] == {"next": "N", "tên": "Ánh"}
    assert own.put(OWN, json={"value": [1, 2]}).json() == {"value": [1, 2], "site": None}
    assert own.get(OWN).json()["value"] == [1, 2]
    assert other.get(OWN).json()["value"] is None
    assert own.put(OWN, json={"value": None}).json()["value"] is None


def test_only_the_administrator_sets_the_sites_own_and_everyone_sees_it(world: World) -> None:
    assert world.client("bs").put(f"{OWN}/site", json={"value": 1}).status_code == 403
    assert world.client("quantri").put(f"{OWN}/site", json={"value": 1}).json() == {"value": None, "site": 1}
    assert world.client("ktv").get(OWN).json() == {"value": None, "site": 1}


@pytest.mark.parametrize(
    "content", [b'{"value": NaN}', b'{"value": "\\ud800"}', b'{"value": "' + b"x" * 65_536 + b'"}', b"{}", b"[1]"]
)
def test_what_cannot_be_kept_is_refused(world: World, content: bytes) -> None:
    answer = world.client("bs").put(OWN, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text


def test_an_unknown_name_and_a_stranger_are_refused(world: World) -> None:
    assert world.client("bs").get("/api/preferences/other").status_code == 422
    assert world.client().get(OWN).status_code == 401


def test_a_name_with_a_schema_takes_nothing_else(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preferences, "SCHEMAS", {Name.VIEWER: TypeAdapter(dict[str, str])})
    bs = world.client("bs")
    assert bs.put(OWN, json={"value": {"next": 5}}).status_code == 422
    assert bs.put(OWN, json={"value": {"next": "n"}}).status_code == 200


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


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ({"tool-length": ["L"], "undo": ["Ctrl+Z", "Ctrl+Y"], "help": []}, 200),
        (None, 200),
        ({"tool length": ["L"]}, 422),
        ({"undo": "Ctrl+Z"}, 422),
        ({"undo": ["x" * 25]}, 422),
        ([], 422),
    ],
)
def test_own_keys_have_a_shape(world: World, value: object, status: int) -> None:
    assert world.client("bs").put("/api/preferences/keys", json={"value": value}).status_code == status
