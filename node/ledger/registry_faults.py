"""What can be wrong with the peers of a registry, found when it is applied: titles, addresses, UIDs, limits, certificates."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Final

from node.domain.facility import Peer, PeerKind
from node.domain.route import Action, Registry

_AE: Final = re.compile(r"[!-\[\]-~]([ -\[\]-~]{0,14}[!-\[\]-~])?")  # PS3.5 6.2: up to 16 characters, no backslash
_UID: Final = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+")  # PS3.5 9.1
_HOST: Final = re.compile(r"[0-9A-Za-z._:%-]{1,253}")
_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}|[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){31}")

_FIELDS: Final[tuple[tuple[str, Callable[[Peer], bool], str], ...]] = (  # field, is it wrong, what it must be
    (
        "ae_title",
        lambda p: bool(p.ae_title) and not _AE.fullmatch(p.ae_title),
        "1 to 16 ASCII characters, no backslash",
    ),
    ("host", lambda p: bool(p.host) and not _HOST.fullmatch(p.host), "a host name or an address, nothing else"),
    ("port", lambda p: not 0 <= p.port <= 65535, "from 1 to 65535, or 0 for none"),
    ("max_associations", lambda p: p.max_associations < 0, "0 or more"),
    ("max_object_mb", lambda p: p.max_object_mb < 0, "0 or more"),
    ("idle_seconds", lambda p: p.idle_seconds < 0, "0 or more"),
    ("worklist_days", lambda p: p.worklist_days < 0, "0 or more"),
    (
        "certificate_sha256",
        lambda p: bool(p.certificate_sha256) and not _SHA256.fullmatch(p.certificate_sha256),
        "64 hexadecimal digits, as of: openssl x509 -noout -fingerprint -sha256",
    ),
)
_OF_DICOM: Final = (
    "tls",
    "certificate_sha256",
    "certificate_name",
    "max_associations",
    "max_object_mb",
    "idle_seconds",
    "commitment",
)


def peer_faults(registry: Registry) -> Iterator[str]:
    facilities = {f.code for f in registry.facilities}
    for peer in registry.peers:
        if peer.facility not in facilities:
            yield f"peer '{peer.code}': no facility '{peer.facility}'"
        yield from (f"peer '{peer.code}': {name} must be {words}" for name, wrong, words in _FIELDS if wrong(peer))
        yield from _dicom_faults(peer) if peer.kind == PeerKind.DICOM else _node_faults(peer)
    yield from _same_titles(registry)
    yield from _unreachable(registry)
    for uid in registry.private_sop_classes:
        if not is_uid(uid):
            yield f"private_sop_classes: '{uid}' is not a UID"


def _dicom_faults(peer: Peer) -> Iterator[str]:
    if not peer.ae_title:
        yield f"peer '{peer.code}': a DICOM peer needs an ae_title"
    if bool(peer.port) > bool(peer.host):
        yield f"peer '{peer.code}': a port needs a host"
    if peer.commitment and not (peer.host and peer.port):
        yield f"peer '{peer.code}': commitment needs the host and the port where it is asked"
    if (peer.certificate_sha256 or peer.certificate_name) and not peer.tls:
        yield f"peer '{peer.code}': certificate_sha256 and certificate_name need tls = true"
    for name in ("preferred_syntaxes", "refused_syntaxes", "syntaxes"):
        uids = getattr(peer, name)
        yield from (f"peer '{peer.code}': {name}: '{uid}' is not a UID" for uid in uids if not is_uid(uid))
        yield from (f"peer '{peer.code}': {name}: '{u}' is there twice" for u in sorted(set(uids)) if uids.count(u) > 1)
    for uid in peer.preferred_syntaxes:
        if uid in peer.refused_syntaxes:
            yield f"peer '{peer.code}': the syntax '{uid}' is both preferred and refused"


def _node_faults(peer: Peer) -> Iterator[str]:
    if not (peer.url or peer.token_sha256):
        yield f"peer '{peer.code}': a node needs a url (we dial it) or a token_sha256 (it dials us)"
    if peer.url and not peer.token_file:
        yield f"peer '{peer.code}': a url needs the token_file with the secret to show there"
    yield from (f"peer '{peer.code}': {name} is for DICOM peers only" for name in _OF_DICOM if getattr(peer, name))


def _same_titles(registry: Registry) -> Iterator[str]:
    """Peers may share an AE title when their addresses tell them apart."""
    places: dict[tuple[str, str], list[str]] = defaultdict(list)
    for peer in registry.peers:
        if peer.kind == PeerKind.DICOM and peer.ae_title:
            places[peer.ae_title, peer.host.lower()].append(peer.code)
    for (title, host), codes in places.items():
        if len(codes) > 1:
            where = f"the host '{host}'" if host else "no host"
            yield f"peers {', '.join(codes)}: the same ae_title '{title}' and {where}: nothing tells them apart"


def _unreachable(registry: Registry) -> Iterator[str]:
    for route in registry.routes:
        if route.action == Action.FORWARD:
            for peer in filter(None, map(registry.peer, route.to)):
                if peer.kind == PeerKind.DICOM and not (peer.host and peer.port):
                    yield f"route '{route.code}': peer '{peer.code}' has no host and port to send to"


def is_uid(text: str) -> bool:
    return len(text) <= 64 and _UID.fullmatch(text) is not None
