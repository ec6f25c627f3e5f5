"""DICOM by TLS with DCMTK on the other side, and every way in which it can be wrong, named."""

from __future__ import annotations

import hashlib
import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from node.dicom.dataset import dataset_digest
from node.dicom.network.send import StoreSender, echo
from node.dicom.network.tls import Tls, TlsFiles
from node.domain.caller import Refusal
from node.domain.facility import Peer, Service
from node.domain.study import Arrival, Via
from node.errors import Invalid, PeerUnreachable
from node.ports import Admitted, Outcome
from tests.wire.conftest import AE_TITLE, NOW, ListeningNode, a_peer, dcmtk, outgoing
from tests.wire.pki import Authority, Identity
from tests.wire.script import request
from tests.wire.test_send import peer_that

ImageFile = Callable[..., Path]
REJECTED_WITHOUT_REASON = (3, b"\x00\x01\x01\x01")


@dataclass
class Hospital:
    """An authority, a node's certificate and a device's."""

    authority: Authority
    node: Identity
    device: Identity

    def files(self, **changes: Any) -> TlsFiles:
        return TlsFiles(
            **{"certificate": self.node.certificate, "key": self.node.key, "client_ca": self.authority.file} | changes
        )

    def tls(self, **changes: Any) -> Tls:
        return Tls(self.files(**changes), lambda: datetime.now(UTC))

    def as_device(self, identity: Identity | None = None) -> list[str | Path]:
        """DCMTK's options for a device with a certificate."""
        shown = identity or self.device
        return ["+tls", shown.key, shown.certificate, "+cf", self.authority.file]


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    authority = Authority(tmp_path_factory.mktemp("pki"))
    return Hospital(authority, authority.issue("node", "127.0.0.1", "localhost"), authority.issue("ct1", "ct1.example"))


@pytest.fixture
def secure_node(start_node: Callable[..., ListeningNode], hospital: Hospital) -> Callable[..., ListeningNode]:
    """Starts a node with a TLS port; keywords change its files."""
    return lambda peer=None, **changes: start_node(
        tls=hospital.tls(**changes), tls_port=0, **({"admit": admit_as(peer)} if peer else {})
    )


def admit_as(peer: Peer) -> Callable[[str, str, str], Admitted]:
    def admit(calling_ae: str, called_ae: str, address: str) -> Admitted:
        return Admitted(Arrival(Via.DIMSE, NOW, calling_ae=calling_ae), peer, frozenset(Service))

    return admit


def secure_echo(node: ListeningNode, *options: str | Path) -> CompletedProcess[str]:
    return dcmtk("echoscu", "-v", "-aet", "CT1", "-aec", AE_TITLE, *options, "127.0.0.1", str(node.server.tls_port))


def refusals(node: ListeningNode) -> list[Refusal | None]:
    node.wait_until_alone()
    return [call.refusal for call in node.server.callers.now().refused]


def test_receives_by_tls_what_it_receives_plain(
    secure_node: Callable[..., ListeningNode], hospital: Hospital, image_file: ImageFile
) -> None:
    node = secure_node()
    sent = [image_file(number, rows=256) for number in (1, 2)]
    port = str(node.server.tls_port)
    result = dcmtk("storescu", *hospital.as_device(), "-aet", "CT1", "-aec", AE_TITLE, "127.0.0.1", port, *sent)
    assert result.returncode == 0, result.stderr
    assert node.digests == sorted(map(dataset_digest, sent))
    assert dcmtk("echoscu", "-aec", AE_TITLE, "127.0.0.1", str(node.server.port)).returncode == 0


def test_a_caller_without_a_certificate_is_refused_unless_they_are_optional(
    secure_node: Callable[..., ListeningNode], hospital: Hospital, caplog: pytest.LogCaptureFixture
) -> None:
    node = secure_node()
    anonymous = ("+tla", "+cf", hospital.authority.file)
    assert secure_echo(node, *anonymous).returncode != 0
    assert refusals(node) == [Refusal.NO_CERTIFICATE]
    assert "it shows no certificate" in caplog.text
    assert "127.0.0.1 on the TLS port" in caplog.text
    assert secure_echo(secure_node(require_certificates=False), *anonymous).returncode == 0


@pytest.mark.parametrize(
    ("make", "refusal"),
    [
        (lambda a, folder: a.issue("late", expired=True), Refusal.EXPIRED),
        (lambda a, folder: Authority(folder, "Another").issue("stranger"), Refusal.UNKNOWN_AUTHORITY),
    ],
    ids=["expired", "of an unknown authority"],
)
def test_a_certificate_that_does_not_hold_is_refused_in_words(
    secure_node: Callable[..., ListeningNode],
    hospital: Hospital,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    make: Callable[[Authority, Path], Identity],
    refusal: Refusal,
) -> None:
    node = secure_node()
    shown = make(hospital.authority, tmp_path)
    assert secure_echo(node, *hospital.as_device(shown)).returncode != 0
    assert refusals(node) == [refusal]
    assert "was not let in" in caplog.text


def test_a_devices_own_certificate_may_stand_for_its_authority(
    secure_node: Callable[..., ListeningNode], hospital: Hospital
) -> None:
    node = secure_node(client_ca=hospital.device.certificate)
    assert secure_echo(node, *hospital.as_device()).returncode == 0
    assert secure_echo(node, *hospital.as_device(hospital.authority.issue("ct3"))).returncode != 0
    assert refusals(node) == [Refusal.UNKNOWN_AUTHORITY]


def test_a_pinned_peer_shows_this_very_certificate(
    secure_node: Callable[..., ListeningNode], hospital: Hospital
) -> None:
    other = hospital.authority.issue("ct2")
    capitals = ":".join(hospital.device.sha256.upper()[i : i + 2] for i in range(0, 64, 2))
    node = secure_node(peer=a_peer(0, tls=True, certificate_sha256=capitals))
    assert secure_echo(node, *hospital.as_device()).returncode == 0
    refused = secure_echo(node, *hospital.as_device(other))
    assert "Calling AE Title Not Recognized" in refused.stderr
    assert refusals(node) == [Refusal.WRONG_CERTIFICATE]
    assert node.server.callers.now().seen["pacs"].tls in ("TLSv1.2", "TLSv1.3")


@pytest.mark.parametrize(("name", "code"), [("ct1.example", 0), ("ct2.example", 1)])
def test_a_peer_with_a_certificate_name_shows_one_with_it(
    secure_node: Callable[..., ListeningNode], hospital: Hospital, name: str, code: int
) -> None:
    node = secure_node(peer=a_peer(0, certificate_name=name))
    assert secure_echo(node, *hospital.as_device()).returncode == code
    assert refusals(node) == [Refusal.WRONG_NAME] * code


def test_a_peer_that_must_come_by_tls_is_not_served_plain(
    secure_node: Callable[..., ListeningNode], hospital: Hospital, caplog: pytest.LogCaptureFixture
) -> None:
    node = secure_node(peer=a_peer(0, tls=True))
    result = dcmtk("echoscu", "-aec", AE_TITLE, "127.0.0.1", str(node.server.port))
    assert "Association Rejected" in result.stderr
    assert refusals(node) == [Refusal.NEEDS_TLS]
    assert "must come by TLS" in caplog.text


def test_a_plain_caller_on_the_tls_port_is_named_and_rejected(
    secure_node: Callable[..., ListeningNode], caplog: pytest.LogCaptureFixture
) -> None:
    node = secure_node()
    result = dcmtk("echoscu", "-aet", "CT9", "-aec", AE_TITLE, "127.0.0.1", str(node.server.tls_port))
    assert "Association Rejected" in result.stderr
    assert refusals(node) == [Refusal.PLAIN_ON_TLS]
    assert node.server.callers.now().refused[0].calling_ae == "CT9"
    assert "plain DICOM where TLS is expected" in caplog.text


def test_a_tls_caller_on_the_plain_port_is_named_and_sent_away(
    secure_node: Callable[..., ListeningNode], hospital: Hospital, caplog: pytest.LogCaptureFixture
) -> None:
    node = secure_node()
    with caplog.at_level(logging.WARNING):
        result = dcmtk("echoscu", *hospital.as_device(), "-aec", AE_TITLE, "127.0.0.1", str(node.server.port))
    assert "handshake failure" in result.stderr
    assert refusals(node) == [Refusal.TLS_ON_PLAIN]
    assert "TLS where plain DICOM is expected" in caplog.text


def test_a_silent_handshake_ends_after_its_time(
    secure_node: Callable[..., ListeningNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.dicom.network.receive._HANDSHAKE_SECONDS", 0.2)
    node = secure_node()
    with knocking(node) as sock:
        sock.sendall(b"\x16\x03\x01\x02\x00\x01")
        assert sock.recv(100) == b""
    assert refusals(node) == [Refusal.HANDSHAKE]


def test_old_protocols_are_not_spoken(secure_node: Callable[..., ListeningNode], hospital: Hospital) -> None:
    node = secure_node()
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("AES128-SHA256:DHE-RSA-AES128-SHA256")  # no forward secrecy, no AEAD
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with knocking(node) as sock, pytest.raises(ssl.SSLError):
        old.wrap_socket(sock)
    assert refusals(node) == [Refusal.NO_COMMON_TLS]


def test_an_association_stays_while_the_files_change(
    start_node: Callable[..., ListeningNode], tmp_path: Path, hospital: Hospital, caplog: pytest.LogCaptureFixture
) -> None:
    own = Identity(tmp_path / "own.crt", tmp_path / "own.key")
    own.key.touch(0o600)

    def install(identity: Identity) -> None:
        own.certificate.write_bytes(identity.certificate.read_bytes())
        own.key.write_bytes(identity.key.read_bytes())

    first, second = hospital.authority.issue("first", "127.0.0.1"), hospital.authority.issue("second", "127.0.0.1")
    install(first)
    node = start_node(tls=hospital.tls(certificate=own.certificate, key=own.key), tls_port=0)
    with calling(node, hospital) as open_since_before:
        assert shown(open_since_before) == first.sha256
        install(second)
        with calling(node, hospital) as later:
            assert shown(later) == second.sha256
        own.certificate.write_text("not a certificate")
        with calling(node, hospital) as meanwhile:
            assert shown(meanwhile) == second.sha256
        assert "those from before stay in force" in caplog.text
        open_since_before.sendall(request())
        assert open_since_before.recv(1) == b"\x02"


@contextmanager
def calling(node: ListeningNode, hospital: Hospital) -> Iterator[ssl.SSLSocket]:
    context = ssl.create_default_context(cafile=hospital.authority.file)
    context.load_cert_chain(hospital.device.certificate, hospital.device.key)
    with knocking(node) as sock, context.wrap_socket(sock, server_hostname="127.0.0.1") as wrapped:
        yield wrapped


def knocking(node: ListeningNode) -> socket.socket:
    assert node.server.tls_port is not None
    return socket.create_connection(("127.0.0.1", node.server.tls_port), timeout=10)


def shown(sock: ssl.SSLSocket) -> str:
    return hashlib.sha256(sock.getpeercert(binary_form=True) or b"").hexdigest()


def test_a_key_that_others_may_read_is_not_used(
    secure_node: Callable[..., ListeningNode], hospital: Hospital, tmp_path: Path
) -> None:
    key = tmp_path / "open.key"
    key.write_bytes(hospital.node.key.read_bytes())
    key.chmod(0o644)
    with pytest.raises(Invalid, match="can be read by others"):
        secure_node(key=key)


def test_a_port_that_wants_certificates_needs_their_authority(secure_node: Callable[..., ListeningNode]) -> None:
    with pytest.raises(Invalid, match="no authority is given") as caught:
        secure_node(client_ca=None)
    assert "tls_client_ca" in caught.value.hint


# We call others by TLS.


@pytest.fixture
def secure_pacs(start_pacs: Callable[..., Any], hospital: Hospital) -> Callable[..., int]:
    """Starts `storescp` with a certificate; gives its port."""

    def start(identity: Identity | None = None, *options: str | Path) -> int:
        own = identity or hospital.node
        words = ["+tls", own.key, own.certificate, "+cf", hospital.authority.file, *options]
        return int(start_pacs(*map(str, words)).port)

    return start


def test_sends_by_tls_and_shows_its_certificate(
    secure_pacs: Callable[..., int], hospital: Hospital, image_file: ImageFile
) -> None:
    port = secure_pacs()
    tls, item = hospital.tls(), outgoing(1, image_file())
    outcomes: list[Outcome] = []
    StoreSender("DISTRICT", tls=tls).send(a_peer(port, tls=True), "2.25.5", [item], outcomes.append)
    assert outcomes == [Outcome(1, True, status="0000")]
    assert tls.learnt["pacs"].subject == "node"


@pytest.mark.parametrize(
    ("changes", "files", "words"),
    [
        ({"ca_file": "other"}, {}, "authority that is not trusted"),
        ({"certificate_name": "pacs.example"}, {}, "for another name"),
        ({"certificate_sha256": "0" * 64}, {}, "another certificate than the one that is pinned"),
        ({}, {"certificate": None, "key": None}, "not accept our certificate"),
    ],
    ids=["unknown authority", "wrong name", "wrong pin", "we show none"],
)
def test_what_is_wrong_with_a_peers_tls_is_said_with_a_hint(
    secure_pacs: Callable[..., int],
    hospital: Hospital,
    tmp_path: Path,
    changes: dict[str, str],
    files: dict[str, None],
    words: str,
) -> None:
    if "ca_file" in changes:
        changes = {"ca_file": str(Authority(tmp_path, "Other").file)}
    with pytest.raises(PeerUnreachable, match=words) as caught:
        echo(a_peer(secure_pacs(), tls=True, **changes), "DISTRICT", tls=hospital.tls(**files))
    assert caught.value.hint


def test_an_expired_peer_is_named(secure_pacs: Callable[..., int], hospital: Hospital) -> None:
    late = hospital.authority.issue("pacs-late", "127.0.0.1", expired=True)
    port = secure_pacs(late)
    with pytest.raises(PeerUnreachable, match="has expired"):
        echo(a_peer(port, tls=True), "DISTRICT", tls=hospital.tls())
    with pytest.raises(PeerUnreachable, match="has expired"):  # a pin does not make it younger
        echo(a_peer(port, tls=True, certificate_sha256=late.sha256), "DISTRICT", tls=hospital.tls())


def test_a_pinned_peer_needs_neither_authority_nor_name(secure_pacs: Callable[..., int], hospital: Hospital) -> None:
    own = hospital.authority.issue("pacs-own", "somewhere.example")
    peer = a_peer(secure_pacs(own), tls=True, certificate_sha256=own.sha256)
    echo(peer, "DISTRICT", tls=hospital.tls(client_ca=None))


def test_a_plain_peer_that_is_called_by_tls_is_named(
    start_pacs: Callable[..., Any], hospital: Hospital, node: ListeningNode
) -> None:
    with pytest.raises(PeerUnreachable, match="plain DICOM") as caught:
        echo(a_peer(start_pacs().port, tls=True), "DISTRICT", tls=hospital.tls())
    assert caught.value.hint
    with pytest.raises(PeerUnreachable, match="No TLS with pacs"):  # our own port says so with an alert
        echo(a_peer(node.server.port, tls=True), "DISTRICT", tls=hospital.tls())


def test_a_tls_peer_that_is_called_plain_is_named(secure_pacs: Callable[..., int]) -> None:
    with pytest.raises(PeerUnreachable) as caught:  # DCMTK says nothing and hangs up
        echo(a_peer(secure_pacs()), "DISTRICT")
    assert "set tls = true" in caught.value.hint
    alert = b"\x15\x03\x01\x00\x02\x02\x28"
    with peer_that(lambda peer: peer.send(alert)) as port, pytest.raises(PeerUnreachable, match="speaks TLS here"):
        echo(a_peer(port), "DISTRICT")
