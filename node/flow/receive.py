"""Who may hand objects in by DIMSE, and what is noted of them."""

from __future__ import annotations

import ipaddress

from node.domain.facility import Peer, PeerKind, Service
from node.domain.study import Arrival, Via
from node.errors import NotAuthorized
from node.ports import Admitted, Node


def admit(node: Node, calling_ae: str, called_ae: str, address: str) -> Admitted:
    """The circumstances of an association. Raises `NotAuthorized` for a caller that the registry does not know."""
    registry = node.registry()
    peer = registry.peer_by_ae(calling_ae)
    if peer is None and not registry.accept_unknown_callers:
        raise NotAuthorized(
            f"The calling AE title '{calling_ae}' ({address}) is not registered here.",
            hint="Add a peer with this ae_title to the registry and apply it: lientuyen apply registry.toml",
        )
    if peer is not None:
        _check(peer, calling_ae, address)
    arrival = Arrival(
        via=Via.DIMSE,
        received_at=node.clock.now(),
        peer=peer.code if peer else "",
        facility=peer.facility if peer else node.facility,
        calling_ae=calling_ae,
        called_ae=called_ae,
        address=address,
    )
    return Admitted(arrival, peer, _services(peer))


def _services(peer: Peer | None) -> frozenset[Service]:
    """A destination that answers for the keeping of what we deliver calls to report on it."""
    if peer is None:
        return frozenset({Service.STORE})
    return frozenset(peer.services) | (frozenset({Service.COMMITMENT}) if peer.commitment else frozenset())


def _check(peer: Peer, calling_ae: str, address: str) -> None:
    if peer.kind != PeerKind.DICOM:
        raise NotAuthorized(f"The peer '{calling_ae}' does not speak DIMSE.", hint="Mend its kind in the registry.")
    try:
        expected = ipaddress.ip_address(peer.host)
    except ValueError:  # empty, or a name: the AE title decides
        return
    if expected != ipaddress.ip_address(address):
        raise NotAuthorized(
            f"'{calling_ae}' calls from {address}, registered is {peer.host}.",
            hint="Correct the peer's host in the registry, or leave it empty when its address changes.",
        )
