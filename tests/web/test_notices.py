"""What people are told in the application."""

from __future__ import annotations

from typing import Any

from node.ledger import notices
from tests.web.world import World


def tell(world: World, key: str, audience: str, **more: Any) -> bool:
    with world.node.ledger.begin() as tx:
        return notices.tell(tx, key=key, audience=audience, kind="overdue", now=world.clock.now(), **more)


def test_a_person_sees_their_own_notices_and_their_roles(world: World) -> None:
    assert tell(world, "a", "bs", urgent=True, task_id="t1", detail={"level": 1})
    assert tell(world, "b", "role:radiologist")
    assert tell(world, "c", "bs2")
    assert not tell(world, "a", "bs2")  # the same thing is said once
    answer = world.client("bs").get("/api/notices").json()
    assert answer["unseen"] == 2
    newest, first = answer["items"]
    assert (newest["urgent"], first["urgent"], first["task_id"], first["detail"]) == (False, True, "t1", {"level": 1})
    assert world.client("ktv").get("/api/notices").json() == {"items": [], "unseen": 0}


def test_what_one_person_has_seen_is_new_to_another(world: World) -> None:
    tell(world, "b", "role:radiologist")
    tell(world, "c", "bs")
    bs, bs2 = world.client("bs"), world.client("bs2")
    for_all = bs2.get("/api/notices").json()["items"][0]["id"]
    assert bs.post(f"/api/notices/{for_all}/seen").json()["unseen"] == 1
    assert bs2.get("/api/notices").json()["unseen"] == 1
    assert bs.post("/api/notices/seen").json()["unseen"] == 0
    assert bs2.post(f"/api/notices/{for_all + 1}/seen").status_code == 404  # another's


def test_what_is_done_is_not_new_any_more_and_goes_after_a_while(world: World) -> None:
    tell(world, "clock:t1:1:bs", "bs", urgent=True)
    tell(world, "clock:t10:1:bs", "bs", urgent=True)
    with world.node.ledger.begin() as tx:
        assert notices.over(tx, "clock:t1", world.clock.now()) == 1
    client = world.client("bs")
    other, done = client.get("/api/notices").json()["items"]
    assert (done["over"], done["urgent"], done["seen"]) == (True, False, True)
    assert (other["over"], other["urgent"], other["seen"]) == (False, True, False)
    world.clock.forward(hours=11, minutes=59)
    assert len(client.get("/api/notices").json()["items"]) == 2
    world.clock.forward(minutes=2)
    client = world.client("bs")
    assert len(client.get("/api/notices").json()["items"]) == 1
    world.clock.forward(days=14)
    assert world.client("bs").get("/api/notices").json()["items"] == []
