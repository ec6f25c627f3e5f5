"""X.509 certificates as far as people want to know: whose, until when, and which one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from node.errors import Invalid


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says. Times are UTC."""

    subject: str  # its common name, else its whole name
    not_before: datetime
    not_after: datetime
    sha256: str  # of the DER form, hexadecimal
    names: frozenset[str]  # DNS names and addresses, lower case; the common name when it has none


def from_der(content: bytes) -> Certificate | None:
    """None when it cannot be read: certificates of the wild are not always well-formed."""
    try:
        return _certificate(x509.load_der_x509_certificate(content))
    except (ValueError, TypeError):
        return None


def read_pem(path: Path) -> list[Certificate]:
    """All certificates of a PEM file, in order. Raises `Invalid`."""
    try:
        return [_certificate(found) for found in x509.load_pem_x509_certificates(path.read_bytes())]
    except OSError as error:
        raise Invalid(
            f"The certificate file {path} cannot be read: {error.strerror}.", hint="Mend its path or its permissions."
        ) from None
    except (ValueError, TypeError):
        raise Invalid(
            f"{path} holds no certificate in PEM form.", hint="It begins with -----BEGIN CERTIFICATE-----."
        ) from None


def _certificate(found: x509.Certificate) -> Certificate:
    common = [str(name.value) for name in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return Certificate(
        subject=common[0] if common else found.subject.rfc4514_string(),
        not_before=found.not_valid_before_utc,
        not_after=found.not_valid_after_utc,
        sha256=found.fingerprint(SHA256()).hex(),
        names=_names(found) or frozenset(name.lower() for name in common),
    )


def _names(found: x509.Certificate) -> frozenset[str]:
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return frozenset()
    hosts = names.get_values_for_type(x509.DNSName)
    return frozenset(
        [host.lower() for host in hosts] + [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    )
