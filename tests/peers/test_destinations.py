"""The archives of seven stacks are called by the node: they answer its echo, and get what they ask it to move."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import pytest
from pydicom import dcmread

from node.dicom.network.send import echo
from node.domain.facility import Peer
from tests import services
from tests.peers import dcmtk, receivers
from tests.peers.gateway import AE_TITLE, Gateway, a_peer, running_gateway, wait_for
from tests.peers.objects import JPEG_2000, NAME, pixels, write_study
from tests.peers.receivers import Receiver, Start

PLAIN, PACKED = "2.25.6000.1", "2.25.6000.2"
COUNT = 2
ARCHIVES: dict[str, Start] = {
    "CTN": receivers.ctn,
    "PYNETDICOM": receivers.pynetdicom,
    "PIXELMED": receivers.pixelmed_dispatcher,
    "ODIL": receivers.odil_library,
    "DCMJS": receivers.dcmjs,
}


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Receiver]]:
    """One running archive of each stack, by AE title."""
    folder = tmp_path_factory.mktemp("archives")
    with ExitStack() as running:
        yield {title: running.enter_context(start(folder / title, title)) for title, start in ARCHIVES.items()}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, archives: dict[str, Receiver]) -> Iterator[Gateway]:
    """A node with a plain study and one in JPEG 2000."""
    peers = [a_peer(one.ae_title, one.port, services=()) for one in archives.values()]
    folder = tmp_path_factory.mktemp("gateway")
    with running_gateway(folder / "node", [*peers, a_peer(dcmtk.TITLE)]) as running:
        files = write_study(folder / "plain", PLAIN, COUNT)
        files += write_study(folder / "packed", PACKED, COUNT, syntax=JPEG_2000)
        assert dcmtk.dcmtk("dcmsend", running.port, *files, options=("-dn",)).ok
        for study in (PLAIN, PACKED):
            running.wait_instances(study, COUNT)
        yield running


def registered(gateway: Gateway, title: str) -> Peer:
    peer = gateway.process.node.registry().peer(title.lower())
    assert peer is not None
    return peer


@pytest.mark.parametrize("title", ARCHIVES)
def test_an_archive_answers_our_echo_and_takes_our_objects(
    gateway: Gateway, archives: dict[str, Receiver], title: str
) -> None:
    port = archives[title].port
    if title != "CTN":  # its storage server knows storage classes only
        echo(registered(gateway, title), AE_TITLE)
    for study in (PLAIN, PACKED):
        wait_for(lambda: services.is_bound(port), "it listens again: odil serves one association at a time")
        said = dcmtk.move(gateway.port, title, "QueryRetrieveLevel=STUDY", f"StudyInstanceUID={study}")
        assert "DIMSE Status                  : 0x0000" in said.text, said.text
    arrived = [dcmread(file, force=True) for file in archives[title].files]
    assert sorted(ds.SOPInstanceUID for ds in arrived) == [
        f"{study}.2.{n}" for study in (PLAIN, PACKED) for n in (1, 2)
    ]
    assert {str(ds.PatientName) for ds in arrived} == {NAME}
    for ds in arrived:
        assert np.array_equal(ds.pixel_array, pixels(ds.InstanceNumber)[0])
