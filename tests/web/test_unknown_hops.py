"""A newer node at the other end of the link may tell hops that this one does not know."""

from __future__ import annotations

from node.ledger import reads
from tests.web.world import PEER_TOKEN, STUDY, World, ct


def test_an_unknown_hop_is_passed_over_and_the_others_of_its_batch_are_kept(world: World) -> None:
    world.receive(ct(1))
    entry = {"study_instance_uid": STUDY, "at": "2026-03-02T07:00:00Z", "instances": 1, "key": "", "detail": {}}
    hops = ("routed", "from-the-future", "prepared")
    peer = world.client()
    peer.headers["Authorization"] = f"Bearer {PEER_TOKEN}"
    answer = peer.post("/exchange/entries", json={"entries": [{**entry, "hop": hop} for hop in hops]})
    assert answer.status_code == 200, answer.text
    with world.node.ledger.read() as tx:
        told = [item["hop"] for item in reads.study_timeline(tx, STUDY) if item["node"] == "DEMO-DH"]
    assert sorted(told) == ["prepared", "routed"]
    refused = peer.post("/exchange/entries", json={"entries": [{**entry, "hop": "No hop!"}]})
    assert refused.status_code == 422
