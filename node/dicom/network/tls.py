"""DICOM over TLS: the contexts of both sides, the handshake, and what a peer's certificate must be.

Profile: BCP 195 as of RFC 8996 and RFC 9325 (PS3.15 B.12; interoperates with the non-downgrading profile of B.10): TLS 1.2
and 1.3, ephemeral ECDH, AEAD suites only, no renegotiation, no compression. Files are read again when they have changed;
associations that are open keep what they began with.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from node.dicom.network.certificate import Certificate, from_der, read_pem
from node.dicom.network.sockets import part
from node.dicom.network.tls_faults import WORDS, caller_refused, refusal_of
from node.domain.caller import Refusal
from node.domain.facility import Peer
from node.errors import CallerRefused, Invalid, NodeError, PeerUnreachable

log = logging.getLogger("node.dicom.network")

_SUITES: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"  # of TLS 1.2; those of TLS 1.3 are all of this kind
_OTHERS_MAY: Final = 0o037  # permission bits that a private key must not have: a group may read it, nothing more
_LINGER_SECONDS: Final = 1.0
CLIENT_HELLO: Final = 0x16  # first byte of a TLS connection (RFC 8446 5.1); no PDU begins with it
ALERT: Final = 0x15
_HANDSHAKE_FAILURE: Final = (
    b"\x15\x03\x01\x00\x02\x02\x28"  # a fatal alert, for a TLS client that called the plain port
)

Stamp = tuple[tuple[str, int, int, int], ...]
Made = TypeVar("Made")


@dataclass(frozen=True)
class TlsFiles:
    """PEM files of this node. Without `certificate` there is no TLS port, and peers are called without showing one."""

    certificate: Path | None = None
    key: Path | None = None
    client_ca: Path | None = None  # authorities of the certificates of peers, callers or called
    require_certificates: bool = True


@dataclass(frozen=True, slots=True)
class Secured:
    """What is known of a connection: the protocol's version, empty for a plain one, and the certificate that was shown."""

    version: str = ""
    suite: str = ""
    certificate: Certificate | None = None


PLAIN: Final = Secured()


class Tls:
    """Both sides' contexts, as the files are now. Safe for many threads."""

    def __init__(self, files: TlsFiles, now: Callable[[], datetime], folder: Path = Path()) -> None:
        """`folder` is where the ca_file of a peer is, when it is given without its folder."""
        self.files = files
        self.folder = folder
        self.now = now
        self._lock = threading.Lock()
        self._made: dict[object, tuple[Stamp, ssl.SSLContext]] = {}
        self._said: dict[object, Stamp] = {}
        self._learnt: dict[str, Certificate] = {}

    @property
    def learnt(self) -> dict[str, Certificate]:
        """By the peer's code: the certificate that it showed last."""
        with self._lock:
            return dict(self._learnt)

    def learn(self, peer: Peer | None, secured: Secured) -> None:
        if peer is not None and secured.certificate is not None:
            with self._lock:
                self._learnt[peer.code] = secured.certificate

    def check(self) -> None:
        """Raises `Invalid` when the TLS port cannot be served with these files."""
        self._serving()

    def receive(self, sock: socket.socket, seconds: float) -> tuple[ssl.SSLSocket, Secured]:
        """The handshake with a caller, its socket closed when it fails. Raises `CallerRefused`."""
        context = self._serving()
        wrapped = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        try:
            wrapped.settimeout(seconds)
            wrapped.do_handshake()
            return wrapped, secured(wrapped)
        except OSError as error:
            part(wrapped, _LINGER_SECONDS)
            raise caller_refused(refusal_of(error)) from error

    def call(self, sock: socket.socket, peer: Peer, seconds: float) -> tuple[ssl.SSLSocket, Secured]:
        """The handshake with a peer that we called, its socket closed when it fails. Raises `PeerUnreachable`."""
        context = self._calling(peer)
        wrapped = context.wrap_socket(
            sock, server_hostname=peer.certificate_name or peer.host, do_handshake_on_connect=False
        )
        try:
            wrapped.settimeout(seconds)
            wrapped.do_handshake()
            line = secured(wrapped)
            self._check_pin(peer, line)
        except OSError as error:
            wrapped.close()
            raise _unreachable(peer, refusal_of(error)) from error
        except CallerRefused as error:
            wrapped.close()
            raise _unreachable(peer, Refusal(error.fault)) from error
        self.learn(peer, line)
        return wrapped, line

    def admit(self, peer: Peer | None, line: Secured) -> None:
        """Whether a caller's connection is what the registry demands of this peer. Raises `CallerRefused`."""
        if peer is None:
            return
        if peer.tls and not line.version:
            raise caller_refused(Refusal.NEEDS_TLS)
        if line.version:
            self._check_pin(peer, line)
            name = peer.certificate_name.lower()
            if name and (line.certificate is None or name not in line.certificate.names):
                raise caller_refused(Refusal.WRONG_NAME if line.certificate else Refusal.NO_CERTIFICATE)
        self.learn(peer, line)

    def _check_pin(self, peer: Peer, line: Secured) -> None:
        if not peer.certificate_sha256:
            return
        if line.certificate is None:
            raise caller_refused(Refusal.NO_CERTIFICATE)
        if line.certificate.sha256 != digest(peer.certificate_sha256):
            raise caller_refused(Refusal.WRONG_CERTIFICATE)
        if line.certificate.not_after < self.now():
            raise caller_refused(Refusal.EXPIRED)

    def _serving(self) -> ssl.SSLContext:
        files = self.files

        def make() -> ssl.SSLContext:
            if files.certificate is None or files.key is None:
                raise Invalid(
                    "The TLS port needs a certificate and its key.", hint="Set dicom.tls_certificate and dicom.tls_key."
                )
            if files.client_ca is None and files.require_certificates:
                raise Invalid(
                    "Callers of the TLS port must show a certificate, and no authority is given to check it.",
                    hint="Set dicom.tls_client_ca, or dicom.tls_client_certificates = 'optional'.",
                )
            context = _hardened(ssl.PROTOCOL_TLS_SERVER)
            context.num_tickets = 0  # an association is long enough to pay for its handshake
            _load_own(context, files.certificate, files.key)
            if files.client_ca is not None:
                _load_authorities(context, files.client_ca)
                context.verify_mode = ssl.CERT_REQUIRED if files.require_certificates else ssl.CERT_OPTIONAL
            return context

        return self._fresh("server", (files.certificate, files.key, files.client_ca), make)

    def _calling(self, peer: Peer) -> ssl.SSLContext:
        files = self.files
        authority = self.folder / peer.ca_file if peer.ca_file else files.client_ca
        pinned = bool(peer.certificate_sha256)

        def make() -> ssl.SSLContext:
            context = _hardened(ssl.PROTOCOL_TLS_CLIENT)
            if pinned:  # this very certificate: its name says nothing more, nor who signed it unless a ca_file is given
                context.check_hostname = False
            if pinned and not peer.ca_file:
                context.verify_mode = ssl.CERT_NONE
            elif authority is not None:
                _load_authorities(context, authority)
            else:
                context.load_default_certs()
            if files.certificate is not None and files.key is not None:
                _load_own(context, files.certificate, files.key)
            return context

        return self._fresh((peer.ca_file, pinned), (files.certificate, files.key, authority), make)

    def _fresh(
        self, name: object, files: tuple[Path | None, ...], make: Callable[[], ssl.SSLContext]
    ) -> ssl.SSLContext:
        """The context made of these files, made anew when one has changed; while that fails, the one from before."""
        now = _stamp(files)
        with self._lock:
            known = self._made.get(name)
            if known is not None and known[0] == now:
                return known[1]
            try:
                context = make()
            except NodeError as error:
                if known is None:
                    raise
                if self._said.get(name) != now:
                    log.error("the changed TLS files cannot be used, those from before stay in force: %s", error)
                self._said[name] = now
                return known[1]
            if known is not None:
                log.info("TLS files were read again")
            self._made[name] = now, context
            return context


def secured(sock: ssl.SSLSocket) -> Secured:
    """What the handshake agreed on."""
    shown = sock.getpeercert(binary_form=True)
    suite = sock.cipher()
    return Secured(sock.version() or "", suite[0] if suite else "", from_der(shown) if shown else None)


def digest(written: str) -> str:
    """A SHA-256 as people write it (capitals, colons), as it is compared."""
    return written.replace(":", "").replace(" ", "").lower()


def send_away(sock: socket.socket) -> None:
    """Tells a TLS client on the plain port that it will not get through. Raises nothing."""
    with contextlib.suppress(OSError):
        sock.sendall(_HANDSHAKE_FAILURE)


def hang_up(sock: socket.socket) -> None:
    """Says that the TLS of a connection ends, when it has one, and waits for no answer. Raises nothing."""
    if isinstance(sock, ssl.SSLSocket):
        with contextlib.suppress(OSError, ValueError):
            sock.settimeout(0)
            sock.unwrap()


def unreachable(peer: Peer, error: OSError | None) -> PeerUnreachable | None:
    """The error for a TLS connection that broke after our side of the handshake: TLS 1.3 tells only then that our certificate
    is not taken. None when `error` says nothing of TLS."""
    found = refusal_of(error) if isinstance(error, ssl.SSLError) else Refusal.HANDSHAKE
    return None if found == Refusal.HANDSHAKE else _unreachable(peer, found)


def _unreachable(peer: Peer, refusal: Refusal) -> PeerUnreachable:
    text, hint = WORDS[refusal]
    return PeerUnreachable(
        f"No TLS with {peer.code} ({peer.ae_title} at {peer.host}:{peer.port}): {text}.", hint=hint, fault=refusal.value
    )


def _hardened(protocol: int) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_SUITES)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a device's own self-signed certificate may be listed
    return context


def _load_own(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    read_pem(certificate)
    try:
        mode = stat.S_IMODE(key.stat().st_mode)
        if mode & _OTHERS_MAY:
            raise Invalid(f"The key file {key} can be read by others (mode {mode:o}).", hint=f"Run: chmod 600 {key}")
        context.load_cert_chain(certificate, key, password="")  # an encrypted key would otherwise be asked for
    except ssl.SSLError:
        raise Invalid(
            f"{key} is not the key of {certificate}, or is encrypted.", hint="Give the matching key without a password."
        ) from None
    except OSError as error:
        raise Invalid(
            f"The key file {key} cannot be read: {error.strerror}.", hint="Mend its path or its permissions."
        ) from None


def _load_authorities(context: ssl.SSLContext, file: Path) -> None:
    read_pem(file)
    try:
        context.load_verify_locations(file)
    except OSError as error:
        raise Invalid(
            f"The certificates in {file} cannot be used: {error.strerror}.", hint="Give certificates in PEM form."
        ) from None


def _stamp(files: tuple[Path | None, ...]) -> Stamp:
    found = []
    for file in files:
        if file is not None:
            with contextlib.suppress(OSError):
                status = file.stat()
                found.append((str(file), status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(found)
