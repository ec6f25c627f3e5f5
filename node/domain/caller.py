"""Who called this node by DICOM, and why some were not let in. Facts for logs, counters and the administrator's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Refusal(StrEnum):
    """Why an association was not opened. The value is stable: pages and metrics use it."""

    NOT_REGISTERED = "not-registered"  # no peer of the registry has this AE title
    OTHER_ADDRESS = "other-address"  # a peer has this AE title, at another address
    UNRESOLVED = "unresolved"  # the peer's host name has no address
    NOT_DICOM = "not-dicom"  # the AE title is one of a peer of another kind
    CALLED_AE = "called-ae"  # the called AE title is not ours
    PROTOCOL = "protocol"  # another version or application context
    LIMIT = "limit"  # all associations of this node are in use
    PEER_LIMIT = "peer-limit"  # all associations of this peer are in use
    BUSY = "busy"  # the node itself cannot decide now
    NEEDS_TLS = "needs-tls"  # the registry wants this peer to come by TLS
    PLAIN_ON_TLS = "plain-on-tls"  # plain DICOM on the TLS port
    TLS_ON_PLAIN = "tls-on-plain"  # TLS on the port for plain DICOM
    NO_CERTIFICATE = "no-certificate"
    EXPIRED = "certificate-expired"
    NOT_YET_VALID = "certificate-not-yet-valid"
    UNKNOWN_AUTHORITY = "certificate-unknown-authority"
    WRONG_NAME = "certificate-wrong-name"
    WRONG_CERTIFICATE = "certificate-not-the-pinned"
    BAD_CERTIFICATE = "certificate-bad"  # any other fault of it
    OURS_REFUSED = "our-certificate-refused"
    NO_COMMON_TLS = "no-common-tls"  # no protocol version or cipher suite that both take
    HANDSHAKE = "handshake"  # broken off, or too slow


@dataclass(frozen=True, slots=True)
class Call:
    """One association that was asked for, or several refused alike (`count`, `at` of the last)."""

    at: datetime
    address: str
    calling_ae: str = ""  # empty: the caller came not so far as to say it
    called_ae: str = ""
    tls: str = ""  # the protocol's version; empty: plain
    peer: str = ""  # the peer's code in the registry
    refusal: Refusal | None = None
    count: int = 1
