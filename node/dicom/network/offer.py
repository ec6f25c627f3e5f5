"""What the DICOM port offers: AE titles, services, and how each presentation context of a caller is answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from pynetdicom import AllStoragePresentationContexts

from node.dicom.network.callers import Callers
from node.dicom.network.data_set import TRANSFER_SYNTAXES
from node.dicom.network.services.provider import Provider
from node.dicom.network.tls import Tls
from node.dicom.network.upper_layer import AnsweredContext, AssociateRequest, ProposedContext, Role
from node.dicom.syntaxes import EXPLICIT_LITTLE, IMPLICIT_LITTLE
from node.domain.facility import Service
from node.ports import Admitted, Intake

VERIFICATION: Final = "1.2.840.10008.1.1"
STORAGE_ROOT: Final = "1.2.840.10008.5.1.4.1.1."
STORAGE_CLASSES: Final = frozenset(str(c.abstract_syntax) for c in AllStoragePresentationContexts)
TRANSFER_SYNTAX_ROOT: Final = "1.2.840.10008.1.2."

_ACCEPTED, _NOT_ALLOWED, _NO_ABSTRACT_SYNTAX, _NO_TRANSFER_SYNTAX = 0, 1, 3, 4  # PS3.8 Table 9-18


class Admission(Protocol):
    """Decides who may open an association. Raises `NotAuthorized`, or `PeerBusy` when it has too many open."""

    def __call__(self, calling_ae: str, called_ae: str, address: str) -> Admitted: ...


@dataclass(frozen=True)
class Offer:
    """What all associations of a port share."""

    ae_titles: frozenset[str]  # empty: any called AE title is taken, for demonstrations
    admit: Admission
    intake: Intake
    received: Callable[[], None]
    tls: Tls
    callers: Callers = field(default_factory=Callers)
    idle_seconds: float = 60.0
    max_object_bytes: int = 4 << 30
    providers: Sequence[Provider] = ()
    private_classes: Callable[[], frozenset[str]] = frozenset  # SOP classes that the registry adds to storage
    by_class: dict[str, Provider] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.by_class.update({uid: provider for provider in self.providers for uid in provider.sop_classes})

    def calls(self, called_ae: str) -> bool:
        return not self.ae_titles or called_ae in self.ae_titles

    def stores(self, sop_class_uid: str) -> bool:
        known = sop_class_uid in STORAGE_CLASSES or sop_class_uid.startswith(STORAGE_ROOT)
        return known or sop_class_uid in self.private_classes()

    def answer(self, context: ProposedContext, admitted: Admitted, role: Role) -> AnsweredContext:
        """Storage: the first syntax that the peer's settings prefer, else the first proposed; bytes are kept as they come.
        Everything else: Explicit VR Little Endian before the others."""
        uid = context.abstract_syntax
        provider = self.by_class.get(uid)
        if uid == VERIFICATION or provider is not None:
            allowed = provider is None or provider.service in admitted.services
            usable: list[str] = [syntax for syntax in TRANSFER_SYNTAXES if syntax in context.transfer_syntaxes]
        elif self.stores(uid):
            taken = role.scp and Service.RETRIEVE in admitted.services
            allowed = taken or (role.scu and Service.STORE in admitted.services)
            usable = _storage_syntaxes(context.transfer_syntaxes, admitted, taken=taken)
        else:
            return AnsweredContext(context.id, _NO_ABSTRACT_SYNTAX, IMPLICIT_LITTLE)
        if not allowed:
            return AnsweredContext(context.id, _NOT_ALLOWED, IMPLICIT_LITTLE)
        if not usable:
            return AnsweredContext(context.id, _NO_TRANSFER_SYNTAX, IMPLICIT_LITTLE)
        return AnsweredContext(context.id, _ACCEPTED, usable[0])

    def roles(self, request: AssociateRequest, admitted: Admitted) -> dict[str, Role]:
        """The answer to the proposed roles: a caller may take objects when it may retrieve (C-GET), and may report on
        commitments that we asked it for."""
        answered = {}
        proposed = {context.abstract_syntax for context in request.contexts}
        for uid, role in request.roles.items():
            if uid not in proposed:
                continue
            provider = self.by_class.get(uid)
            if provider is not None:
                answered[uid] = Role(role.scu, role.scp and provider.service == Service.COMMITMENT)
            elif self.stores(uid):
                services = admitted.services
                answered[uid] = Role(role.scu and Service.STORE in services, role.scp and Service.RETRIEVE in services)
        return answered

    def extended(self, request: AssociateRequest) -> dict[str, bytes]:
        """The answer to the extended negotiation: what is wanted and offered (PS3.4 C.5.1.1)."""
        answered = {}
        for uid, wanted in request.extended.items():
            provider = self.by_class.get(uid)
            if provider is not None and provider.extended:
                pairs = zip(wanted, provider.extended.ljust(len(wanted), b"\0"), strict=False)
                answered[uid] = bytes(min(pair) for pair in pairs)
        return answered


def _storage_syntaxes(proposed: Sequence[str], admitted: Admitted, *, taken: bool) -> list[str]:
    """The proposed syntaxes in the order in which we take them; those that the standard knows come first.

    Where objects are `taken` from us (C-GET), uncompressed ones are before all: every object can be sent in them.
    """
    known = sorted(proposed, key=lambda uid: not f"{uid}.".startswith(TRANSFER_SYNTAX_ROOT))
    if taken:
        known = sorted(known, key=lambda uid: _rank(uid, (EXPLICIT_LITTLE, IMPLICIT_LITTLE)))
    peer = admitted.peer
    if peer is None:
        return known
    usable = [uid for uid in known if uid not in peer.refused_syntaxes]
    return sorted(usable, key=lambda uid: _rank(uid, peer.preferred_syntaxes))


def _rank(uid: str, preferred: Sequence[str]) -> int:
    return preferred.index(uid) if uid in preferred else len(preferred)
