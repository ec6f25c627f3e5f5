"""Each thing that can be wrong with a peer is named when the registry is applied."""

from __future__ import annotations

from typing import Any

import pytest

from node.errors import Invalid
from node.ledger.registry import parse

CT = {"code": "ct", "kind": "dicom", "facility": "bv", "ae_title": "CT1"}
JPEG = "1.2.840.10008.1.2.4.70"


def a_document(*peers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "tiers": [{"code": "t", "rank": 1, "name": "T"}],
        "facilities": [{"code": "bv", "name": "BV", "tier": "t"}],
        "peers": list(peers),
        **more,
    }


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ae_title": ""}, "a DICOM peer needs an ae_title"),
        ({"ae_title": "SEVENTEEN_LETTERS"}, "ae_title must be 1 to 16 ASCII characters"),
        ({"ae_title": "CT\\1"}, "ae_title must be"),
        ({"ae_title": "PHÒNG1"}, "ae_title must be"),
        ({"ae_title": " CT1"}, "ae_title must be"),
        ({"host": "https://ct"}, "host must be"),
        ({"host": "ct", "port": 70000}, "port must be"),
        ({"port": 104}, "a port needs a host"),
        ({"max_associations": -1}, "max_associations must be 0 or more"),
        ({"max_object_mb": -1}, "max_object_mb must be 0 or more"),
        ({"idle_seconds": -1}, "idle_seconds must be 0 or more"),
        ({"worklist_days": -1}, "worklist_days must be 0 or more"),
        ({"charset": "UTF-8"}, "charset"),
        ({"tls": True, "certificate_sha256": "abc"}, "certificate_sha256 must be 64 hexadecimal digits"),
        ({"certificate_name": "ct"}, "need tls = true"),
        ({"preferred_syntaxes": ["JPEG"]}, "preferred_syntaxes: 'JPEG' is not a UID"),
        ({"refused_syntaxes": ["1.2.03"]}, "refused_syntaxes: '1.2.03' is not a UID"),
        ({"syntaxes": [JPEG, JPEG]}, f"syntaxes: '{JPEG}' is there twice"),
        ({"preferred_syntaxes": [JPEG], "refused_syntaxes": [JPEG]}, "both preferred and refused"),
        ({"kind": "node", "token_sha256": "0", "tls": True}, "tls is for DICOM peers only"),
        ({"services": ["storage"]}, "peers.0.services.0"),
    ],
)
def test_a_fault_of_a_peer_is_named(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse(a_document(CT | settings))
    assert said in caught.value.message


@pytest.mark.parametrize("hosts", [("", ""), ("192.0.2.1", "192.0.2.1"), ("CT.example", "ct.example")])
def test_peers_that_nothing_tells_apart_are_refused(hosts: tuple[str, str]) -> None:
    with pytest.raises(Invalid, match="nothing tells them apart"):
        parse(a_document(CT | {"host": hosts[0]}, CT | {"code": "ct2", "host": hosts[1]}))


def test_one_title_at_several_addresses_is_well() -> None:
    hosts = ("192.0.2.1", "192.0.2.2", "")
    registry = parse(a_document(*(CT | {"code": f"ct{n}", "host": host} for n, host in enumerate(hosts))))
    assert [peer.host for peer in registry.peers_by_ae("CT1")] == list(hosts)


def test_a_route_to_a_peer_without_an_address_is_refused() -> None:
    route = {"code": "r", "name": "R", "when": [], "action": "forward", "to": ["ct"]}
    with pytest.raises(Invalid, match="has no host and port to send to"):
        parse(a_document(CT, routes=[route]))
    parse(a_document(CT | {"host": "192.0.2.1", "port": 104}, routes=[route]))


def test_private_classes_are_uids() -> None:
    assert parse(a_document(private_sop_classes=["1.2.276.1"])).private_sop_classes == ("1.2.276.1",)
    with pytest.raises(Invalid, match="'CT' is not a UID"):
        parse(a_document(private_sop_classes=["CT"]))


@pytest.mark.parametrize("pin", ["ab" * 32, ":".join(["AB"] * 32)])
def test_a_pin_is_taken_as_people_write_it(pin: str) -> None:
    parse(a_document(CT | {"tls": True, "certificate_sha256": pin}))
