"""Compressed images for a peer that takes only uncompressed ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import dcmread

from node.dicom.network.send import StoreSender
from node.ports import Outcome
from tests.wire.conftest import Pacs, a_peer, outgoing

CODEC = "codec/ctimage-all-syntaxes/CTImage.dcm_"
LOSSLESS = {
    "JPEG": "JPEGProcess14SV1TransferSyntax_1.2.840.10008.1.2.4.70",
    "JPEG 2000": "JPEG2000LosslessOnlyTransferSyntax_1.2.840.10008.1.2.4.90",
    "JPEG-LS": "JPEGLSLosslessTransferSyntax_1.2.840.10008.1.2.4.80",
    "RLE": "RLELosslessTransferSyntax_1.2.840.10008.1.2.5",
    "deflated": "DeflatedExplicitVRLittleEndianTransferSyntax_1.2.840.10008.1.2.1.99",
    "big endian": "BigEndianExplicitTransferSyntax_1.2.840.10008.1.2.2",
}


@pytest.mark.parametrize("accepted", ["+xe", "+xi"])
@pytest.mark.parametrize("name", LOSSLESS.values(), ids=LOSSLESS)
def test_pixels_arrive_unchanged_without_compression(
    start_pacs: Callable[..., Pacs], shared_data: Path, name: str, accepted: str
) -> None:
    plain = dcmread(shared_data / f"{CODEC}LittleEndianExplicitTransferSyntax_1.2.840.10008.1.2.1.dcm")
    pacs = start_pacs(accepted, "--bit-preserving")
    outcomes: list[Outcome] = []
    item = outgoing(1, shared_data / f"{CODEC}{name}.dcm")
    StoreSender("DISTRICT").send(a_peer(pacs.port), "", [item], outcomes.append)
    [arrived] = [dcmread(path) for path in pacs.files]
    assert outcomes == [Outcome(1, True, status="0000")]
    assert (arrived.pixel_array == plain.pixel_array).all()
    assert (arrived.Rows, arrived.Columns, arrived.BitsStored) == (512, 512, plain.BitsStored)
    assert arrived.SOPInstanceUID == item.sop_instance_uid


def test_a_peer_that_takes_the_compressed_form_gets_it(start_pacs: Callable[..., Pacs], shared_data: Path) -> None:
    path = shared_data / f"{CODEC}{LOSSLESS['JPEG 2000']}.dcm"
    pacs = start_pacs("+xv", "--bit-preserving")
    StoreSender("DISTRICT").send(a_peer(pacs.port), "", [item := outgoing(1, path)], lambda outcome: None)
    assert [outgoing(1, arrived).digest for arrived in pacs.files] == [item.digest]
