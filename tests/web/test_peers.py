"""The page of DICOM peers: who is known, here and refused, whose certificate ends, and the test of the way to one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from node.dicom.network.callers import Callers
from node.dicom.network.tls import Tls, TlsFiles
from node.domain.caller import Call, Refusal
from node.domain.facility import Peer, PeerKind
from node.flow.peers import PeerDesk
from node.web.app import create_app
from tests import services
from tests.web import world as worlds
from tests.web.world import World
from tests.wire.pki import Authority

CT = Peer("ct1", PeerKind.DICOM, "DEMO-TW", name="CT", ae_title="CT1", host="192.0.2.7", max_associations=2)
PACS = Peer("pacs", PeerKind.DICOM, "DEMO-TW", ae_title="PACS", host="127.0.0.1", port=1, tls=True)


class Site:
    """A world whose DICOM port was called."""

    def __init__(self, world: World, files: TlsFiles, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(worlds, "REGISTRY", replace(worlds.REGISTRY, peers=(*worlds.REGISTRY.peers, CT, PACS)))
        self.callers = Callers()
        self.desk = PeerDesk(world.node, self.callers, Tls(files, world.clock.now))
        self.at = world.clock.now()
        world.app = create_app(world.node, self.desk)
        self.world = world

    def client(self, username: str = "quantri") -> TestClient:
        return self.world.client(username)

    def call(self, calling_ae: str, address: str, refusal: Refusal | None = None) -> Call:
        return Call(self.at, address, calling_ae, "NODE", refusal=refusal)


@pytest.fixture
def site(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(world, TlsFiles(), monkeypatch)


def test_shows_who_is_here_and_who_was_here(site: Site) -> None:
    site.callers.enter(site.call("CT1", "192.0.2.7"), CT)
    site.callers.enter(site.call("CT1", "192.0.2.7"), CT)
    found = site.client().get("/api/admin/peers").json()
    peers = {peer["code"]: peer for peer in found["peers"]}
    ct, pacs = peers["ct1"], peers["pacs"]
    assert (ct["code"], ct["open"], ct["max_associations"], ct["testable"]) == ("ct1", 2, 2, False)
    assert ct["seen"]["address"] == "192.0.2.7"
    assert ct["facility_name"] == next(f.name for f in worlds.REGISTRY.facilities if f.code == "DEMO-TW")
    assert (pacs["open"], pacs["seen"], pacs["tls"], pacs["testable"]) == (0, None, True, True)
    assert found["open"] == 2
    site.callers.leave(CT)
    assert site.client().get("/api/admin/peers").json()["open"] == 1


def test_unknown_callers_are_listed_with_what_they_call_themselves(site: Site) -> None:
    for _ in range(3):
        site.callers.refuse(site.call("CT2", "192.0.2.8", Refusal.NOT_REGISTERED))
    site.callers.refuse(site.call("CT1", "192.0.2.7", Refusal.PEER_LIMIT))
    site.callers.refuse(site.call("CT1", "192.0.2.66", Refusal.OTHER_ADDRESS))
    found = site.client().get("/api/admin/peers").json()
    strangers = [(s["calling_ae"], s["address"], s["refusal"], s["count"]) for s in found["strangers"]]
    assert strangers == [("CT1", "192.0.2.66", "other-address", 1), ("CT2", "192.0.2.8", "not-registered", 3)]
    assert [p["refused"]["refusal"] for p in found["peers"] if p["code"] == "ct1"] == ["peer-limit"]


def test_certificates_that_end_are_shown_counted_and_said_once_a_day(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    authority = Authority(tmp_path)
    own = authority.issue("node", days=365)
    site = Site(world, TlsFiles(own.certificate, own.key, authority.file), monkeypatch)
    (end,) = [w.certificate.not_after for w in site.desk.certificates() if w.name == "dicom"]
    for days, state in ((31, "good"), (29, "soon"), (6, "urgent"), (-1, "expired")):
        world.clock.at = end - timedelta(days=days, hours=-1)
        caplog.clear()
        site.desk.warn()
        site.desk.warn()
        found = site.client().get("/api/admin/peers").json()["certificates"]
        assert [(c["name"], c["state"]) for c in found if c["name"] == "dicom"] == [("dicom", state)]
        assert len([r for r in caplog.records if "the certificate of dicom (node)" in r.message]) == (state != "good")
    metrics = site.client().get("/metrics").text
    assert 'lientuyen_certificate_expiry_seconds{name="dicom"} -90000.0' in metrics
    assert 'lientuyen_dicom_refused_total{reason="plain-on-tls"} 0.0' in metrics


def test_the_test_of_a_peer_says_how_far_it_came(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    peer = replace(PACS, port=services.free_port(), tls=False)
    monkeypatch.setattr(worlds, "REGISTRY", replace(worlds.REGISTRY, peers=(peer,)))
    found = site.client().post("/api/admin/peers/pacs/test").json()
    assert found["addresses"] == ["127.0.0.1"]
    assert found["resolved"] >= 0
    assert found["connected"] is None
    assert found["failure"]["fault"] == "no-connection"
    assert found["failure"]["hint"]


@pytest.mark.parametrize(("code", "status"), [("nobody", 404), ("ct1", 422)])
def test_only_registered_peers_with_an_address_are_tested(site: Site, code: str, status: int) -> None:
    assert site.client().post(f"/api/admin/peers/{code}/test").status_code == status


@pytest.mark.parametrize("username", ["ktv", "bs"])
def test_the_page_is_the_administrators(site: Site, username: str) -> None:
    assert site.client(username).get("/api/admin/peers").status_code == 403
    assert site.client(username).post("/api/admin/peers/pacs/test").status_code == 403
