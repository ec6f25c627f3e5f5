"""Facilities, tiers, peers: who there is. Keyed by code, never by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from node.domain.commitment import ReportWay


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


class Charset(StrEnum):
    """What a device can read: defined terms of Specific Character Set (PS3.3 C.12.1.1.2)."""

    UTF8 = "ISO_IR 192"
    ASCII = "ISO_IR 6"
    LATIN1 = "ISO_IR 100"
    LATIN2 = "ISO_IR 101"
    LATIN3 = "ISO_IR 109"
    LATIN4 = "ISO_IR 110"
    LATIN5 = "ISO_IR 148"
    LATIN9 = "ISO_IR 203"
    CYRILLIC = "ISO_IR 144"
    ARABIC = "ISO_IR 127"
    GREEK = "ISO_IR 126"
    HEBREW = "ISO_IR 138"
    THAI = "ISO_IR 166"
    JAPANESE = "ISO_IR 13"
    GB18030 = "GB18030"
    GBK = "GBK"

    @property
    def term(self) -> str:
        """As an answer says it: the default repertoire is not said."""
        return "" if self == Charset.ASCII else self.value


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
    ca_file: str = ""  # authority of its certificate; empty: for a node the system's, else dicom.tls_client_ca
    tls: bool = False  # kind dicom: we call it by TLS, and it must call us by TLS
    certificate_sha256: str = ""  # kind dicom: it shows this very certificate, calling or called
    certificate_name: str = ""  # kind dicom: a name in its certificate; empty: its host when called, any when it calls
    max_associations: int = 0  # that it may have open at the same time; 0: half of the node's
    max_object_mb: int = 0  # largest object that is taken from it; 0: the node's limit
    idle_seconds: float = 0.0  # its silent association is aborted after this time; 0: the node's
    preferred_syntaxes: tuple[
        str, ...
    ] = ()  # of those that it proposes for objects, the ones that we take first, in order
    refused_syntaxes: tuple[str, ...] = ()  # of those that it proposes for objects, the ones that we never take
    syntaxes: tuple[str, ...] = field(default=())  # transfer syntaxes to propose, in order; empty: as stored
    commitment: bool = False  # it answers for the keeping of what we deliver to it: ask it (storage commitment)
    commitment_reports: ReportWay = ReportWay.EITHER  # the association on which it takes our answers about keeping
    charset: Charset = Charset.UTF8  # answers to it are in this repertoire; what it cannot write goes without accents
    worklist_any_station: bool = False  # it names a wrong station AE title, or none of ours: it is not looked at
    worklist_in_progress: bool = False  # orders that a modality has begun stay on its worklist until they are over
    worklist_days: int = 0  # without a date in its question it hears of orders this many days around today; 0: of all
