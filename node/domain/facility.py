"""Facilities, tiers, peers: who there is. Keyed by code, never by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Tier:
    """A level of the health system. Ordered by `rank`, lowest first; what levels there are is data."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    code: str
    rank: int
    name: str


@dataclass(frozen=True, slots=True)
class Facility:
    """A hospital, centre or station. Names change, codes do not."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    code: str
    name: str
    tier: str
    aliases: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    reads_at: tuple[str, ...] = ()  # codes of the upper-tier facilities that it is registered with, in order


class PeerKind(StrEnum):
    DICOM = "dicom"  # speaks DIMSE: a modality, a PACS, a workstation
    NODE = "node"  # another Liên Tuyến node, reached over HTTPS or dialling in


class Service(StrEnum):
    """What a peer may ask of this node. Verification (C-ECHO) is open to every registered peer."""

    STORE = "store"  # C-STORE, STOW
    FIND = "find"  # C-FIND of patients, studies, series, images
    RETRIEVE = "retrieve"  # C-MOVE, C-GET
    WORKLIST = "worklist"  # modality worklist
    PROCEDURE_STEP = "procedure-step"  # MPPS
    COMMITMENT = "commitment"  # storage commitment


@dataclass(frozen=True, slots=True)
class Peer:
    """Something that this node talks to."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    code: str
    kind: PeerKind
    facility: str
    name: str = ""
    ae_title: str = ""
    host: str = ""
    port: int = 0
    services: tuple[Service, ...] = (Service.STORE,)  # what it may ask of us; nothing else is answered
    url: str = ""  # kind node: where it is reached; empty when it dials in to us
    token_file: str = ""  # kind node: the secret that we show to it
    token_sha256: str = ""  # kind node: the digest of the secret that it shows to us
    ca_file: str = ""  # kind node: certificate authority of its certificate, empty for the system's
    preferred_syntaxes: tuple[
        str, ...
    ] = ()  # of those that it proposes for objects, the ones that we take first, in order
    refused_syntaxes: tuple[str, ...] = ()  # of those that it proposes for objects, the ones that we never take
    syntaxes: tuple[str, ...] = field(default=())  # transfer syntaxes to propose, in order; empty: as stored
