"""What a failed TLS handshake means, in words: tables from OpenSSL's reasons to ours, and what to do about each.

Said from this node's side: "its" is the peer's, "our" is this node's.
"""

from __future__ import annotations

import ssl
from typing import Final

from node.domain.caller import Refusal
from node.errors import CallerRefused

# X.509 verification results (OpenSSL x509_vfy.h)
_VERIFIED: Final[dict[int, Refusal]] = {
    9: Refusal.NOT_YET_VALID,
    10: Refusal.EXPIRED,
    2: Refusal.UNKNOWN_AUTHORITY,
    18: Refusal.UNKNOWN_AUTHORITY,
    19: Refusal.UNKNOWN_AUTHORITY,
    20: Refusal.UNKNOWN_AUTHORITY,
    21: Refusal.UNKNOWN_AUTHORITY,
    62: Refusal.WRONG_NAME,
    64: Refusal.WRONG_NAME,
}

# OpenSSL's reasons: part of the name, the first that fits
_REASONS: Final[tuple[tuple[str, Refusal], ...]] = (
    ("WRONG_VERSION_NUMBER", Refusal.PLAIN_ON_TLS),
    ("HTTP_REQUEST", Refusal.PLAIN_ON_TLS),
    ("PACKET_LENGTH_TOO_LONG", Refusal.PLAIN_ON_TLS),
    ("RECORD_LAYER_FAILURE", Refusal.PLAIN_ON_TLS),
    ("DID_NOT_RETURN_A_CERTIFICATE", Refusal.NO_CERTIFICATE),
    ("ALERT_UNKNOWN_CA", Refusal.OURS_REFUSED),
    ("ALERT_BAD_CERTIFICATE", Refusal.OURS_REFUSED),
    ("ALERT_CERTIFICATE", Refusal.OURS_REFUSED),  # expired, unknown, revoked, required
    ("ALERT_UNSUPPORTED_CERTIFICATE", Refusal.OURS_REFUSED),
    ("ALERT_ACCESS_DENIED", Refusal.OURS_REFUSED),
    ("ALERT_DECRYPT_ERROR", Refusal.OURS_REFUSED),
    ("UNSUPPORTED_PROTOCOL", Refusal.NO_COMMON_TLS),
    ("NO_SHARED_CIPHER", Refusal.NO_COMMON_TLS),
    ("NO_PROTOCOLS_AVAILABLE", Refusal.NO_COMMON_TLS),
    ("VERSION_TOO_LOW", Refusal.NO_COMMON_TLS),
    ("ALERT_PROTOCOL_VERSION", Refusal.NO_COMMON_TLS),
    ("ALERT_INSUFFICIENT_SECURITY", Refusal.NO_COMMON_TLS),
    ("ALERT_HANDSHAKE_FAILURE", Refusal.NO_COMMON_TLS),
    ("NO_SUITABLE", Refusal.NO_COMMON_TLS),
)

WORDS: Final[dict[Refusal, tuple[str, str]]] = {  # what is so, what to do
    Refusal.PLAIN_ON_TLS: (
        "it speaks plain DICOM where TLS is expected",
        "Turn TLS on there, or use the port for plain DICOM.",
    ),
    Refusal.TLS_ON_PLAIN: ("it speaks TLS where plain DICOM is expected", "Use the TLS port, or turn TLS off there."),
    Refusal.NO_CERTIFICATE: (
        "it shows no certificate",
        "Give it a client certificate, or set dicom.tls_client_certificates = 'optional'.",
    ),
    Refusal.EXPIRED: ("its certificate has expired", "Renew the certificate there, and check both clocks."),
    Refusal.NOT_YET_VALID: ("its certificate is not valid yet", "Check the clocks of both sides."),
    Refusal.UNKNOWN_AUTHORITY: (
        "its certificate is of an authority that is not trusted here",
        "Add the authority's certificate to dicom.tls_client_ca or to the peer's ca_file.",
    ),
    Refusal.WRONG_NAME: (
        "its certificate is for another name",
        "Set the peer's certificate_name to a name in it, or pin it with certificate_sha256.",
    ),
    Refusal.WRONG_CERTIFICATE: (
        "it shows another certificate than the one that is pinned",
        "When it was renewed on purpose, put the new certificate_sha256 into the registry; otherwise find out who answers.",
    ),
    Refusal.BAD_CERTIFICATE: ("its certificate cannot be accepted", "Have it made anew for TLS."),
    Refusal.OURS_REFUSED: (
        "it does not accept our certificate",
        "Add the authority of dicom.tls_certificate to those that it trusts, and check that ours has not expired.",
    ),
    Refusal.NO_COMMON_TLS: (
        "both sides have no protocol version and cipher suite in common",
        "This node takes TLS 1.2 and 1.3 with ECDHE and AES-GCM or ChaCha20: update the other side.",
    ),
    Refusal.HANDSHAKE: (
        "the handshake broke off",
        "The other side may speak plain DICOM on this port, or not accept our certificate: see its log.",
    ),
    Refusal.NEEDS_TLS: (
        "it must come by TLS and came without",
        "Let it call the TLS port, or set tls = false for this peer in the registry.",
    ),
}


def refusal_of(error: OSError) -> Refusal:
    """What a failed handshake, or a connection that broke soon after it, means."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _VERIFIED.get(error.verify_code, Refusal.BAD_CERTIFICATE)
    reason = (error.reason or "") if isinstance(error, ssl.SSLError) else ""
    return next((refusal for part, refusal in _REASONS if part in reason), Refusal.HANDSHAKE)


def caller_refused(refusal: Refusal) -> CallerRefused:
    """The error for a caller whose connection is not as it must be."""
    text, hint = WORDS[refusal]
    return CallerRefused(f"Refused: {text}.", fault=refusal.value, hint=hint)
