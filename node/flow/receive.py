"""Who may hand objects in by DIMSE, and what is noted of them."""

from __future__ import annotations

from collections.abc import Callable

from node.domain.caller import Refusal
from node.domain.facility import Peer, PeerKind, Service
from node.domain.route import Registry
from node.domain.study import Arrival, Via
from node.errors import CallerRefused
from node.flow.hosts import HostNames, plain
from node.ports import Admitted, Node

Resolve = Callable[[str], frozenset[str]]


class Admission:
    """Decides by AE title and address. Implements `node.dicom.network.offer.Admission`."""

    def __init__(self, node: Node, resolve: Resolve | None = None) -> None:
        self._node = node
        self._resolve = resolve or HostNames().addresses

    def __call__(self, calling_ae: str, called_ae: str, address: str) -> Admitted:
        """The circumstances of an association. Raises `CallerRefused` for a caller that the registry does not know."""
        peer = find_caller(self._node.registry(), calling_ae, plain(address), self._resolve)
        arrival = Arrival(
            via=Via.DIMSE,
            received_at=self._node.clock.now(),
            peer=peer.code if peer else "",
            facility=peer.facility if peer else self._node.facility,
            calling_ae=calling_ae,
            called_ae=called_ae,
            address=address,
        )
        return Admitted(arrival, peer, _services(peer))


def find_caller(registry: Registry, calling_ae: str, address: str, resolve: Resolve) -> Peer | None:
    """The peer with this AE title at this address, else the one with this title and no address; None for an unknown caller
    that the registry lets in. Raises `CallerRefused`."""
    titled = registry.peers_by_ae(calling_ae)
    if not titled:
        if registry.accept_unknown_callers:
            return None
        raise CallerRefused(
            f"The calling AE title '{calling_ae}' ({address}) is not registered here.",
            fault=Refusal.NOT_REGISTERED.value,
            hint="Add a peer with this ae_title to the registry and apply it: lientuyen apply registry.toml",
        )
    peers = [peer for peer in titled if peer.kind == PeerKind.DICOM]
    if not peers:
        raise CallerRefused(
            f"The peer '{calling_ae}' does not speak DIMSE.",
            fault=Refusal.NOT_DICOM.value,
            hint="Mend its kind in the registry.",
        )
    anywhere = next((peer for peer in peers if not peer.host), None)
    known = {peer.code: resolve(peer.host) for peer in peers if peer.host}
    here = next((peer for peer in peers if address in known.get(peer.code, ())), anywhere)
    if here is not None:
        return here
    unresolved = [peer.host for peer in peers if not known[peer.code]]
    if len(unresolved) == len(peers):
        raise CallerRefused(
            f"'{calling_ae}' calls from {address}, and the registered host '{unresolved[0]}' has no address.",
            fault=Refusal.UNRESOLVED.value,
            hint="Check the name server, or put the address into the registry.",
        )
    raise CallerRefused(
        f"'{calling_ae}' calls from {address}, registered is {' or '.join(peer.host for peer in peers)}.",
        fault=Refusal.OTHER_ADDRESS.value,
        hint="Correct the peer's host in the registry, or leave it empty when its address changes.",
    )


def _services(peer: Peer | None) -> frozenset[Service]:
    """A destination that answers for the keeping of what we deliver calls to report on it."""
    if peer is None:
        return frozenset({Service.STORE})
    return frozenset(peer.services) | (frozenset({Service.COMMITMENT}) if peer.commitment else frozenset())
