"""Routes: conditions and actions from a closed set, as data. Nothing in a route is ever evaluated as text."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from node.domain.facility import Facility, Peer, Tier
from node.domain.study import Priority


class Field(StrEnum):
    """What a condition may look at."""

    VIA = "via"
    PEER = "peer"
    FACILITY = "facility"
    CALLING_AE = "calling_ae"
    CALLED_AE = "called_ae"
    MODALITY = "modality"
    BODY_PART = "body_part"
    SOP_CLASS = "sop_class"
    PRIORITY = "priority"


@dataclass(frozen=True, slots=True)
class Condition:
    """True when the study has any of `any_of` in `field`; with `negate`, when it has none of them."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    field: Field
    any_of: tuple[str, ...]
    negate: bool = False


class Action(StrEnum):
    FORWARD = "forward"  # to the peers in `to`
    READ = "read"  # onto this node's reading worklist
    RETURN = "return"  # to the node of the facility that the study came from
    HOMECOMING = "homecoming"  # re-identify and receive again as our own


class Identity(StrEnum):
    KEEP = "keep"
    PSEUDONYMISE = "pseudonymise"


class Compression(StrEnum):
    NONE = "none"  # as stored
    HTJ2K = "htj2k"  # HTJ2K lossless RPCL, TLM, one tile-part per resolution (1.2.840.10008.1.2.4.202)
    JPEG_LS = "jpeg-ls"  # JPEG-LS lossless (1.2.840.10008.1.2.4.80)


class Start(StrEnum):
    ARRIVAL = "arrival"  # instances leave as they come; completeness is announced afterwards
    COMPLETION = "completion"  # nothing leaves before the study is complete


@dataclass(frozen=True, slots=True)
class Route:
    """One rule. Every route whose conditions hold applies; the order in the registry is the order of the reasons."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    code: str
    name: str
    when: tuple[Condition, ...]
    action: Action
    to: tuple[str, ...] = ()
    identity: Identity = Identity.KEEP
    profile: str = ""
    compression: Compression = Compression.NONE
    start: Start = Start.ARRIVAL
    quiet_seconds: float = 60.0
    priority: Priority | None = None  # sets the study's priority; None keeps what the study says


@dataclass(frozen=True, slots=True)
class DeidentificationProfile:
    """A named set of PS3.15 Annex E options on top of the Basic Profile."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    code: str
    name: str
    options: tuple[str, ...] = ()  # option columns of Table E.1-1, as named in node/dicom/_profile_table.py
    burned_in: str = "hold"  # when an image says BurnedInAnnotation YES: hold | mask (else hold) | send


@dataclass(frozen=True, slots=True)
class Registry:
    """Who there is and what goes where: one revision, whole."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    revision: int
    tiers: tuple[Tier, ...] = ()
    facilities: tuple[Facility, ...] = ()
    peers: tuple[Peer, ...] = ()
    routes: tuple[Route, ...] = ()
    profiles: tuple[DeidentificationProfile, ...] = ()
    private_sop_classes: tuple[str, ...] = ()  # that are stored besides those of the standard
    accept_unknown_callers: bool = False  # a demonstration setting, never for a hospital

    def peer(self, code: str) -> Peer | None:
        return next((p for p in self.peers if p.code == code), None)

    def peers_by_ae(self, ae_title: str) -> tuple[Peer, ...]:
        """Several devices may have the same AE title at different addresses."""
        return tuple(p for p in self.peers if p.ae_title and p.ae_title == ae_title)

    def node_of(self, facility: str) -> Peer | None:
        """The node that serves a facility."""
        return next((p for p in self.peers if p.kind == "node" and p.facility == facility), None)

    def facility(self, code: str) -> Facility | None:
        return next((f for f in self.facilities if f.code == code), None)

    def profile(self, code: str) -> DeidentificationProfile | None:
        return next((p for p in self.profiles if p.code == code), None)


@dataclass(frozen=True, slots=True)
class RoutingFacts:
    """What the conditions look at: each field's values over the study's instances."""

    values: dict[Field, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """One consequence of a decision."""

    route: Route
    destination: str  # the peer's code; empty for read and homecoming


@dataclass(frozen=True, slots=True)
class Decision:
    """Why a study goes where it goes: stored with the revision of the routes that made it."""

    revision: int
    targets: tuple[Target, ...]
    reasons: tuple[str, ...]  # one line for each route of the registry: matched, or the first condition that failed
