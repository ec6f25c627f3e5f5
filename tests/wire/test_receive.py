"""Receiving from DCMTK's programs."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import dcmread

from node.dicom.dataset import dataset_digest, read_header
from node.dicom.network.offer import Offer
from node.dicom.network.receive import DicomServer
from node.dicom.network.tls import Tls, TlsFiles
from node.errors import Invalid
from tests import services
from tests.wire.conftest import AE_TITLE, ListeningNode, StoppedClock, admit_modalities, an_image, dcmtk, store

ImageFile = Callable[..., Path]
StartNode = Callable[..., ListeningNode]


def test_answers_an_echo(node: ListeningNode) -> None:
    result = dcmtk("echoscu", "-v", "-aec", AE_TITLE, "127.0.0.1", str(node.server.port))
    assert result.returncode == 0
    assert "Received Echo Response (Success)" in result.stdout + result.stderr
    assert node.files == []


def test_keeps_the_data_set_byte_by_byte(node: ListeningNode, image_file: ImageFile) -> None:
    sent = [image_file(number, rows=256) for number in (1, 2, 3)]
    assert store(node, *sent).returncode == 0
    assert node.digests == sorted(map(dataset_digest, sent))
    assert node.commits == [1, 2, 3]


def test_writes_who_sent_it_into_the_file_meta(node: ListeningNode, image_file: ImageFile) -> None:
    store(node, image_file())
    meta = dcmread(node.files[0]).file_meta
    assert meta.SourceApplicationEntityTitle == "CT1"
    assert meta.ReceivingApplicationEntityTitle == AE_TITLE
    assert meta.MediaStorageSOPInstanceUID == "2.25.7.1"
    assert node.spool.last_arrival.calling_ae == "CT1"


def test_refuses_an_unknown_caller(node: ListeningNode, image_file: ImageFile) -> None:
    port = str(node.server.port)
    result = dcmtk("storescu", "-aet", "STRANGER", "-aec", AE_TITLE, "127.0.0.1", port, image_file())
    assert result.returncode != 0
    assert "Calling AE Title Not Recognized" in result.stderr
    assert node.files == []


def test_refuses_a_called_title_that_is_not_ours(node: ListeningNode) -> None:
    result = dcmtk("echoscu", "-aec", "SOMEBODY", "127.0.0.1", str(node.server.port))
    assert "Called AE Title Not Recognized" in result.stderr


def test_can_answer_to_any_called_title(start_node: StartNode) -> None:
    node = start_node(ae_titles=frozenset())
    assert dcmtk("echoscu", "-aec", "SOMEBODY", "127.0.0.1", str(node.server.port)).returncode == 0


def test_answers_a700_below_the_watermark_and_recovers(node: ListeningNode, image_file: ImageFile) -> None:
    node.spool.full = True
    result = store(node, image_file(1, rows=512))
    assert "Received Store Response (Refused: OutOfResources)" in result.stderr
    assert node.files == []
    assert node.commits == []
    node.spool.full = False
    assert store(node, image_file(1, rows=512)).returncode == 0
    assert len(node.files) == 1


def test_puts_an_object_without_a_study_aside_and_says_so(node: ListeningNode, image_file: ImageFile) -> None:
    result = store(node, image_file(StudyInstanceUID=None))
    assert "Received Store Response (Error: CannotUnderstand)" in result.stderr
    assert node.files == []
    [(_, reason, arrival, _)] = list(node.spool.quarantined())
    assert reason == "The object has no Study Instance UID."
    assert arrival.calling_ae == "CT1"


def test_refuses_an_object_larger_than_allowed_and_goes_on(start_node: StartNode, image_file: ImageFile) -> None:
    node = start_node(max_object_bytes=100_000)
    result = store(node, "-nh", image_file(1, rows=512), image_file(2))
    assert result.stderr.count("Received Store Response") == 2
    assert result.stderr.count("Received Store Response (Success)") == 1
    assert [read_header(path).sop_instance_uid for path in node.files] == ["2.25.7.2"]
    assert node.parts() == []


def test_serves_two_associations_at_the_same_time(node: ListeningNode, image_file: ImageFile) -> None:
    program = str(services.find_program("storescu", "dcmtk"))
    paths = [image_file(number, rows=512) for number in range(1, 9)]
    command = [program, "-aec", AE_TITLE, "127.0.0.1", str(node.server.port)]
    first = subprocess.Popen([*command, *map(str, paths[:4])])
    second = subprocess.Popen([*command, *map(str, paths[4:])])
    assert (first.wait(60), second.wait(60)) == (0, 0)
    assert node.digests == sorted(map(dataset_digest, paths))


def test_keeps_the_deflated_form_as_sent(node: ListeningNode, tmp_path: Path) -> None:
    path = tmp_path / "deflated.dcm"
    ds = an_image()
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
    ds.save_as(path, enforce_file_format=True)
    assert store(node, "-xd", path).returncode == 0
    header = read_header(node.files[0])
    assert header.transfer_syntax_uid == "1.2.840.10008.1.2.1.99"
    assert header.patient_name == "Nguyễn^Thị Đào"


@pytest.mark.parametrize("option", ["-xi", "-xe", "-xb"])
def test_takes_every_uncompressed_encoding(node: ListeningNode, image_file: ImageFile, option: str) -> None:
    assert store(node, option, image_file()).returncode == 0
    assert read_header(node.files[0]).patient_name == "Nguyễn^Thị Đào"


def test_a_port_in_use_is_explained(node: ListeningNode) -> None:
    offer = Offer(frozenset(), admit_modalities, node.spool, lambda: None, Tls(TlsFiles(), StoppedClock().now))
    second = DicomServer(offer, host="127.0.0.1", port=node.server.port, max_associations=1)
    with pytest.raises(Invalid, match=r"dicom\.port"):
        second.start()


def test_stops_and_starts_again(start_node: StartNode, image_file: ImageFile) -> None:
    node = start_node()
    node.server.stop()
    node.server.start()
    assert store(node, image_file()).returncode == 0
