"""The administrator's page of DICOM peers: who is known, here, refused; whose certificate ends; and a test of the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from node.dicom.network.certificate import Certificate
from node.dicom.network.probe import Probe
from node.domain.caller import Call
from node.domain.facility import Peer, PeerKind
from node.errors import Invalid, NotFound
from node.flow.certificates import Expiry, Watched
from node.flow.peers import PeerDesk, callable_by_us
from node.ports import Node


class ShownCertificate(BaseModel):
    """`name` is dicom, dicom-authority, web, peer:<code> or peer-authority:<code>."""

    name: str
    subject: str
    not_after: datetime
    state: Expiry
    sha256: str


class ShownCall(BaseModel):
    at: datetime
    address: str
    calling_ae: str
    called_ae: str
    tls: str
    peer: str
    refusal: str | None
    count: int


class DicomPeer(BaseModel):
    code: str
    name: str
    facility: str
    facility_name: str
    ae_title: str
    host: str
    port: int
    services: list[str]
    tls: bool
    pinned: bool
    max_associations: int
    open: int
    seen: ShownCall | None
    refused: ShownCall | None
    certificate: ShownCertificate | None
    testable: bool


class Peers(BaseModel):
    """`strangers` are refused callers that are no peer's."""

    ae_titles: list[str]
    port: int
    tls_port: int | None
    open: int
    max_associations: int
    peers: list[DicomPeer]
    strangers: list[ShownCall]
    certificates: list[ShownCertificate]


class Failure(BaseModel):
    fault: str
    message: str
    hint: str


class Tested(BaseModel):
    """Times in milliseconds, each of its own step; null: not reached."""

    code: str
    addresses: list[str]
    resolved: float | None
    connected: float | None
    secured: float | None
    accepted: float | None
    echoed: float | None
    tls: bool
    tls_version: str
    tls_suite: str
    certificate_subject: str
    certificate_not_after: datetime | None
    offers: list[str]
    failure: Failure | None


def router(node: Node, desk: PeerDesk) -> APIRouter:
    """The routes under /api/admin/peers."""
    routes = APIRouter(prefix="/api/admin/peers", tags=["admin"])

    @routes.get("", response_model=Peers)
    def get_peers() -> dict[str, Any]:
        return _overview(node, desk)

    @routes.post("/{code}/test", response_model=Tested)
    def test(code: str) -> dict[str, Any]:
        peer = node.registry().peer(code)
        if peer is None or peer.kind != PeerKind.DICOM:
            raise NotFound("There is no such DICOM peer in the registry.", hint="Open the page again.")
        if not callable_by_us(peer):
            raise Invalid(
                "This peer has no host and port in the registry: it only calls us.",
                hint="Add its host and port to test the way to it.",
            )
        return _tested(peer, desk.test(peer))

    return routes


def _overview(node: Node, desk: PeerDesk) -> dict[str, Any]:
    registry, now, part = node.registry(), desk.attendance(), node.settings.dicom
    certificates = desk.certificates()
    shown = {watched.name: _certificate(watched) for watched in reversed(certificates)}
    peers = [peer for peer in registry.peers if peer.kind == PeerKind.DICOM]
    owners = {id(call): _owner(call, peers) for call in now.refused}
    latest: dict[str, Call] = {}
    for call in now.refused:
        latest.setdefault(owners[id(call)], call)
    names = {facility.code: facility.name for facility in registry.facilities}
    return {
        "ae_titles": [part.ae_title, *part.more_ae_titles],
        "port": part.port,
        "tls_port": part.tls_port or None,
        "open": sum(now.open.values()),
        "max_associations": part.max_associations,
        "peers": [
            _peer(peer, names)
            | {
                "open": now.open.get(peer.code, 0),
                "seen": _call(now.seen.get(peer.code)),
                "refused": _call(latest.get(peer.code)),
                "certificate": shown.get(f"peer:{peer.code}"),
            }
            for peer in peers
        ],
        "strangers": [_call(call) for call in now.refused if not owners[id(call)]],
        "certificates": [_certificate(watched) for watched in certificates],
    }


def _owner(call: Call, peers: Sequence[Peer]) -> str:
    """The code of the peer that a refused caller can only be; empty when it is none, or one of several, or elsewhere."""
    titled = [p for p in peers if call.calling_ae and p.ae_title == call.calling_ae and p.host in ("", call.address)]
    return titled[0].code if len(titled) == 1 else ""


def _peer(peer: Peer, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "code": peer.code,
        "name": peer.name,
        "facility": peer.facility,
        "facility_name": names.get(peer.facility, peer.facility),
        "ae_title": peer.ae_title,
        "host": peer.host,
        "port": peer.port,
        "services": [service.value for service in peer.services],
        "tls": peer.tls,
        "pinned": bool(peer.certificate_sha256),
        "max_associations": peer.max_associations,
        "testable": callable_by_us(peer),
    }


def _call(call: Call | None) -> dict[str, Any] | None:
    if call is None:
        return None
    return {
        "at": call.at,
        "address": call.address,
        "calling_ae": call.calling_ae,
        "called_ae": call.called_ae,
        "tls": call.tls,
        "peer": call.peer,
        "refusal": call.refusal.value if call.refusal else None,
        "count": call.count,
    }


def _certificate(watched: Watched) -> dict[str, Any]:
    found = watched.certificate
    return {
        "name": watched.name,
        "subject": found.subject,
        "not_after": found.not_after,
        "state": watched.state.value,
        "sha256": found.sha256,
    }


def _tested(peer: Peer, found: Probe) -> dict[str, Any]:
    certificate: Certificate | None = found.line.certificate
    failure = found.failure
    return {
        "code": peer.code,
        "addresses": list(found.addresses),
        "resolved": found.resolved,
        "connected": found.connected,
        "secured": found.secured,
        "accepted": found.accepted,
        "echoed": found.echoed,
        "tls": peer.tls,
        "tls_version": found.line.version,
        "tls_suite": found.line.suite,
        "certificate_subject": certificate.subject if certificate else "",
        "certificate_not_after": certificate.not_after if certificate else None,
        "offers": list(found.offers),
        "failure": {"fault": failure.fault or failure.code, "message": failure.message, "hint": failure.hint}
        if failure
        else None,
    }
