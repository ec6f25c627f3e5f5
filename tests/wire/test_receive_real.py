"""Receiving real series and every transfer syntax that DCMTK can propose.

DCMTK writes data sets anew before it sends them, so its own receiver in bit-preserving mode says what was on the wire.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from node.dicom.dataset import dataset_digest, read_header
from node.dicom.network.send import StoreSender
from node.ports import Outcome
from tests.wire.conftest import AE_TITLE, ListeningNode, Pacs, a_peer, dcmtk, outgoing, store

CODEC = "codec/ctimage-all-syntaxes/CTImage.dcm_"
COMPRESSED = {
    "-xs": "JPEGProcess14SV1TransferSyntax_1.2.840.10008.1.2.4.70",
    "-xy": "JPEGProcess1TransferSyntax_1.2.840.10008.1.2.4.50",
    "-xx": "JPEGProcess2_4TransferSyntax_1.2.840.10008.1.2.4.51",
    "-xv": "JPEG2000LosslessOnlyTransferSyntax_1.2.840.10008.1.2.4.90",
    "-xw": "JPEG2000TransferSyntax_1.2.840.10008.1.2.4.91",
    "-xt": "JPEGLSLosslessTransferSyntax_1.2.840.10008.1.2.4.80",
    "-xu": "JPEGLSLossyTransferSyntax_1.2.840.10008.1.2.4.81",
    "-xr": "RLELosslessTransferSyntax_1.2.840.10008.1.2.5",
}


@pytest.fixture
def witness(start_pacs: Callable[..., Pacs]) -> Pacs:
    """Keeps what came over the wire, bit by bit, in any syntax."""
    return start_pacs("--bit-preserving", "+xa", "-uf")


def digests(pacs: Pacs) -> list[str]:
    return sorted(map(dataset_digest, pacs.files))


def test_a_ct_series_arrives_byte_by_byte(node: ListeningNode, witness: Pacs, shared_data: Path) -> None:
    series = shared_data / "ct" / "series-cbct-catphan-64"
    assert store(node, "+sd", series).returncode == 0
    assert dcmtk("storescu", "127.0.0.1", str(witness.port), "+sd", series).returncode == 0
    assert node.digests == digests(witness)
    assert len(node.commits) == 64


def test_a_ct_series_from_our_own_sender_equals_its_files(node: ListeningNode, shared_data: Path) -> None:
    paths = sorted((shared_data / "ct" / "series-cbct-catphan-64").iterdir())
    items = [outgoing(number, path) for number, path in enumerate(paths)]
    outcomes: list[Outcome] = []
    StoreSender("DISTRICT").send(a_peer(node.server.port, ae_title=AE_TITLE), "", items, outcomes.append)
    assert [outcome.delivered for outcome in outcomes] == [True] * 64
    assert node.digests == sorted(item.digest for item in items)


@pytest.mark.parametrize("option", COMPRESSED)
def test_compressed_pixels_are_kept_as_sent(node: ListeningNode, witness: Pacs, shared_data: Path, option: str) -> None:
    path = shared_data / f"{CODEC}{COMPRESSED[option]}.dcm"
    assert store(node, option, path).returncode == 0
    assert dcmtk("storescu", option, "127.0.0.1", str(witness.port), path).returncode == 0
    [received] = node.files
    assert read_header(received).transfer_syntax_uid == read_header(path).transfer_syntax_uid
    assert node.digests == digests(witness)


@pytest.mark.parametrize("folder", ["mr", "us", "xa_rf", "mg", "cr_dx", "sr", "enhanced", "nm_pt", "rt", "seg_pm"])
def test_all_kinds_of_objects_arrive_as_they_are(node: ListeningNode, shared_data: Path, folder: str) -> None:
    sent = dcmtk(
        "dcmsend", "-v", "-dn", "-nh", "+sd", "+r", "-aec", AE_TITLE, "127.0.0.1", str(node.server.port),
        shared_data / folder,
    )  # fmt: skip
    successes = sent.stderr.count("Received C-STORE Response (Success)")
    assert successes > 0, sent.stderr
    assert len(node.files) == successes
    for path in node.files:
        header = read_header(path)
        assert header.study_instance_uid
