"""DICOM by TLS with other people's stacks on both ends, and a device that is too old for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from node.dicom.dataset import dataset_digest
from node.domain.caller import Refusal
from tests import services
from tests.orthanc import OrthancServer, orthanc_server
from tests.peers import dcmjs_dimse, dcmtk, pixelmed, receivers
from tests.peers.gateway import AE_TITLE, Gateway, a_peer, running_gateway, wait_for
from tests.peers.objects import write_study
from tests.peers.receivers import Receiver
from tests.wire.pki import Authority, Identity

NUMBERS = count(1)


@dataclass(frozen=True)
class Hospital:
    """An authority and the certificates that it gave."""

    authority: Authority
    node: Identity
    device: Identity

    @property
    def as_device(self) -> tuple[str, ...]:
        """DCMTK's options for a device with a certificate, calling or called."""
        return ("+tls", str(self.device.key), str(self.device.certificate), "+cf", str(self.authority.file))

    @property
    def shown(self) -> dict[str, Path]:
        """The same for dcmjs-dimse."""
        return {"certificate": self.device.certificate, "key": self.device.key}


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    authority = Authority(tmp_path_factory.mktemp("pki"))
    return Hospital(authority, authority.issue("node", services.HOST), authority.issue("device", services.HOST))


@pytest.fixture(scope="module")
def secure_orthanc(hospital: Hospital) -> Iterator[OrthancServer]:
    """An Orthanc whose DICOM port is TLS only, and which shows its certificate when it calls."""
    options = {
        "DicomTlsEnabled": True,
        "DicomTlsCertificate": str(hospital.device.certificate),
        "DicomTlsPrivateKey": str(hospital.device.key),
        "DicomTlsTrustedCertificates": str(hospital.authority.file),
        "DicomTlsRemoteCertificateRequired": True,
    }
    with orthanc_server(options=options) as server:
        yield server


@pytest.fixture(scope="module")
def archive(hospital: Hospital, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    """A `storescp` that takes TLS only."""
    with receivers.dcmtk(tmp_path_factory.mktemp("archive") / "objects", "ARCHIVE", *hospital.as_device) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(
    tmp_path_factory: pytest.TempPathFactory,
    hospital: Hospital,
    secure_orthanc: OrthancServer,
    archive: Receiver,
) -> Iterator[Gateway]:
    """A node with a port for TLS; what DCMTK sends goes on to Orthanc."""
    secure = {
        "tls_port": services.free_port(),
        "tls_certificate": hospital.node.certificate,
        "tls_key": hospital.node.key,
        "tls_client_ca": hospital.authority.file,
    }
    peers = [
        a_peer(dcmtk.TITLE, tls=True),
        a_peer(dcmjs_dimse.TITLE),
        a_peer(pixelmed.TITLE),
        a_peer(secure_orthanc.ae_title, secure_orthanc.dicom_port, tls=True),
        a_peer(archive.ae_title, archive.port, tls=True),
    ]
    onward = {
        "code": "onward", "name": "onward", "when": [{"field": "calling_ae", "any_of": [dcmtk.TITLE]}],
        "action": "forward", "to": [secure_orthanc.ae_title.lower()], "quiet_seconds": 0.2,
    }  # fmt: skip
    with running_gateway(tmp_path_factory.mktemp("gateway"), peers, routes=[onward], dicom=secure) as running:
        yield running


@pytest.fixture
def tls_port(gateway: Gateway) -> int:
    port = gateway.process.dicom.tls_port
    assert port is not None
    return port


@pytest.fixture
def study() -> str:
    return f"2.25.5000.{next(NUMBERS)}"


def refusals(gateway: Gateway) -> dict[Refusal, int]:
    return dict(gateway.process.callers.now().refusals)


def test_dcmtk_is_served_by_tls_and_sent_on_to_orthanc_by_tls(
    gateway: Gateway,
    tls_port: int,
    hospital: Hospital,
    secure_orthanc: OrthancServer,
    study: str,
    tmp_path: Path,
) -> None:
    assert dcmtk.dcmtk("echoscu", tls_port, options=hospital.as_device).ok
    files = write_study(tmp_path, study, 3)
    assert dcmtk.dcmtk("storescu", tls_port, *files, options=hospital.as_device).ok
    sent = sorted(dataset_digest(file) for file in files)
    assert gateway.digests(study, 3) == sent
    wait_for(lambda: len(secure_orthanc.instances()) == 3, "Orthanc has the study")
    for instance in secure_orthanc.instances():
        (tmp_path / instance).write_bytes(secure_orthanc.file(instance))
    assert sorted(dataset_digest(tmp_path / instance) for instance in secure_orthanc.instances()) == sent


def test_orthanc_is_served_by_tls(
    gateway: Gateway, tls_port: int, secure_orthanc: OrthancServer, study: str, tmp_path: Path
) -> None:
    secure_orthanc.know(AE_TITLE, tls_port, UseDicomTls=True)
    assert secure_orthanc.echo(AE_TITLE)
    files = write_study(tmp_path, study)
    assert secure_orthanc.store(AE_TITLE, [secure_orthanc.give(file) for file in files]) == 0
    assert gateway.digests(study, 2) == sorted(dataset_digest(file) for file in files)
    _, answers = secure_orthanc.query(AE_TITLE, "Study", {"StudyInstanceUID": study})
    assert len(answers) == 1


def test_dcmjs_dimse_is_served_by_tls(
    gateway: Gateway, tls_port: int, hospital: Hospital, study: str, tmp_path: Path
) -> None:
    requests = [{"kind": "echo"}, *dcmjs_dimse.stores(write_study(tmp_path, study))]
    said = dcmjs_dimse.ask(tls_port, *requests, authority=hospital.authority.file, **hospital.shown)
    assert said.statuses == [0, 0, 0]
    assert len(gateway.wait_instances(study, 2)) == 2


def test_a_study_is_moved_by_tls(
    gateway: Gateway, tls_port: int, hospital: Hospital, archive: Receiver, study: str, tmp_path: Path
) -> None:
    files = write_study(tmp_path, study)
    assert dcmtk.dcmtk("storescu", tls_port, *files, options=hospital.as_device).ok
    gateway.wait_instances(study, 2)
    moved = {"kind": "move", "destination": archive.ae_title, "study": study}
    said = dcmjs_dimse.ask(tls_port, moved, authority=hospital.authority.file, **hospital.shown)
    assert said.statuses == [0], said
    assert archive.digests == sorted(dataset_digest(file) for file in files)


def test_a_peer_that_must_come_by_tls_is_not_served_plain(gateway: Gateway) -> None:
    assert not dcmtk.echo(gateway.port)
    assert refusals(gateway)[Refusal.NEEDS_TLS] == 1


def test_a_device_that_speaks_old_tls_only_is_refused_and_named(
    gateway: Gateway, tls_port: int, hospital: Hospital, tmp_path: Path
) -> None:
    """pixelmed speaks TLS 1.0 with the cipher suites of its time; Java has to be told to allow it."""
    allowed = tmp_path / "java.security"
    allowed.write_text("jdk.tls.disabledAlgorithms=\n", encoding="ascii")
    said = pixelmed.echo(tls_port, secure=True, java=(f"-Djava.security.properties={allowed}",))
    assert "was successful" not in said.text
    wait_for(lambda: refusals(gateway).get(Refusal.NO_COMMON_TLS), "the refusal is noted")
    assert dcmtk.dcmtk("echoscu", tls_port, options=hospital.as_device).ok
