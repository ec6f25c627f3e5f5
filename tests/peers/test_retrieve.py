"""C-MOVE and C-GET asked by every stack that can ask; what arrives is what is kept, or its pixels unpacked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pynetdicom import AE, build_role, evt
from pynetdicom.events import Event

from node.dicom.dataset import dataset_digest
from tests.orthanc import OrthancServer
from tests.peers import dcmjs_dimse, dcmtk, odil, pixelmed, pynetdicom_apps, receivers
from tests.peers.conftest import TITLES
from tests.peers.gateway import AE_TITLE, Gateway, a_peer, running_gateway
from tests.peers.objects import CT_IMAGE, EXPLICIT, IMPLICIT, JPEG_2000, pixels, write_study, write_video
from tests.peers.receivers import Receiver
from tests.steady import steady

PLAIN, PACKED, MIXED = "2.25.3000.1", "2.25.3000.2", "2.25.3000.3"
COUNT = 3
MODEL = "1.2.840.10008.5.1.4.1.2.2"


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Receiver]]:
    """Running archives of DCMTK: one takes every syntax, the others uncompressed ones only."""
    folder = tmp_path_factory.mktemp("archives")
    with (
        receivers.dcmtk(folder / "any", "ANY", "+xa") as everything,
        receivers.dcmtk(folder / "explicit", "EXPLICIT", "+xe") as explicit,
        receivers.dcmtk(folder / "implicit", "IMPLICIT", "+xi") as implicit,
    ):
        yield {one.ae_title: one for one in (everything, explicit, implicit)}


@pytest.fixture(scope="module")
def gateway(
    tmp_path_factory: pytest.TempPathFactory, archives: dict[str, Receiver], orthanc_of_the_run: OrthancServer
) -> Iterator[Gateway]:
    """A node with a plain study, one in JPEG 2000, and one of a JPEG 2000 image and a video."""
    peers = [a_peer(title) for title in TITLES]
    peers += [a_peer(one.ae_title, one.port, services=()) for one in archives.values()]
    peers.append(a_peer(orthanc_of_the_run.ae_title, orthanc_of_the_run.dicom_port))
    folder = tmp_path_factory.mktemp("gateway")
    with running_gateway(folder / "node", peers) as running:
        dcmtk.store(running.port, *write_study(folder / "plain", PLAIN, COUNT))
        packed = write_study(folder / "packed", PACKED, COUNT, syntax=JPEG_2000)
        mixed = write_study(folder / "mixed", MIXED, 2, syntax=JPEG_2000)[1:] + write_video(folder / "mixed", MIXED)
        assert dcmtk.dcmtk("dcmsend", running.port, *packed, *mixed, options=("-dn",)).ok
        for study, count in ((PLAIN, COUNT), (PACKED, COUNT), (MIXED, 2)):
            running.wait_instances(study, count)
        yield running


@pytest.fixture
def empty(archives: dict[str, Receiver]) -> dict[str, Receiver]:
    """The archives with nothing in them."""
    for one in archives.values():
        one.clear()
    return archives


def unpacked(files: list[Path]) -> dict[str, str]:
    """{instance: syntax} of files, after a look that all pixels are those of the study."""
    found = {}
    for file in files:
        ds = dcmread(file)
        assert np.array_equal(ds.pixel_array, pixels(ds.InstanceNumber)[0])
        found[str(ds.SOPInstanceUID)] = str(ds.file_meta.TransferSyntaxUID)
    return found


def all_of(study: str, syntax: str) -> dict[str, str]:
    return {f"{study}.2.{number}": syntax for number in range(1, COUNT + 1)}


# C-MOVE


def by_dcmtk(port: int, destination: str, study: str) -> None:
    said = dcmtk.move(port, destination, "QueryRetrieveLevel=STUDY", f"StudyInstanceUID={study}")
    assert "DIMSE Status                  : 0x0000" in said.text, said.text


def by_odil(port: int, destination: str, study: str) -> None:
    assert odil.script(port, "move", destination, study).text.strip() == f"completed={COUNT} failed=0 warning=0"


def by_dcmjs_dimse(port: int, destination: str, study: str) -> None:
    said = dcmjs_dimse.ask(port, {"kind": "move", "destination": destination, "study": study})
    last = said.answers[0][-1]
    assert (last["status"], last["completed"], last["failed"], last["warned"]) == (0, COUNT, 0, 0)


def by_pynetdicom(port: int, destination: str, study: str) -> None:
    words = ("-S", "-aem", destination, "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}")
    said = pynetdicom_apps.application("movescu", port, *words)
    assert "Move SCP Result: 0x0000 (Success)" in said.text, said.text


def by_pixelmed(port: int, destination: str, study: str) -> None:
    said = pixelmed.move(port, destination, study)
    assert "final status = 0x0" in said.text, said.text


MOVERS: dict[str, Callable[[int, str, str], None]] = {
    "DCMTK": by_dcmtk,
    "odil": by_odil,
    "dcmjs-dimse": by_dcmjs_dimse,
    "pynetdicom": by_pynetdicom,
    "pixelmed": by_pixelmed,
}


@pytest.mark.parametrize("stack", MOVERS)
def test_a_study_is_moved_as_it_is_kept(gateway: Gateway, empty: dict[str, Receiver], stack: str) -> None:
    MOVERS[stack](gateway.port, "ANY", PACKED)
    assert empty["ANY"].digests == gateway.digests(PACKED, COUNT)
    assert set(unpacked(empty["ANY"].files).values()) == {JPEG_2000}


@pytest.mark.parametrize(("archive", "syntax"), [("EXPLICIT", EXPLICIT), ("IMPLICIT", IMPLICIT)])
def test_an_archive_that_takes_no_jpeg_2000_gets_the_pixels_unpacked(
    gateway: Gateway, empty: dict[str, Receiver], archive: str, syntax: str
) -> None:
    by_dcmtk(gateway.port, archive, PACKED)
    assert unpacked(empty[archive].files) == all_of(PACKED, syntax)


def test_what_cannot_be_moved_is_counted(gateway: Gateway, empty: dict[str, Receiver]) -> None:
    said = dcmtk.move(gateway.port, "EXPLICIT", "QueryRetrieveLevel=STUDY", f"StudyInstanceUID={MIXED}")
    last = said.text[said.text.rindex("C-MOVE RSP") :]
    assert "DIMSE Status                  : 0xb000" in last
    assert "Completed Suboperations       : 1" in last
    assert "Failed Suboperations          : 1" in last
    assert unpacked(empty["EXPLICIT"].files) == {f"{MIXED}.2.2": EXPLICIT}


def test_orthanc_fetches_a_study_for_itself(gateway: Gateway, orthanc: OrthancServer) -> None:
    orthanc.know(AE_TITLE, gateway.port)
    query, answers = orthanc.query(AE_TITLE, "Study", {"StudyInstanceUID": PLAIN})
    assert len(answers) == 1
    assert orthanc.retrieve(query, orthanc.ae_title)
    assert len(orthanc.instances()) == COUNT


@pytest.mark.parametrize(
    ("model", "keys", "count"),
    [
        ("-P", ("QueryRetrieveLevel=PATIENT", "PatientID=P1"), COUNT),
        ("-S", ("QueryRetrieveLevel=SERIES", f"StudyInstanceUID={PLAIN}", f"SeriesInstanceUID={PLAIN}.2"), COUNT),
        ("-S", ("QueryRetrieveLevel=IMAGE", f"StudyInstanceUID={PLAIN}", f"SOPInstanceUID={PLAIN}.2.2"), 1),
    ],
    ids=["patient", "series", "image"],
)
def test_every_level_is_moved(
    gateway: Gateway, empty: dict[str, Receiver], model: str, keys: tuple[str, ...], count: int
) -> None:
    assert dcmtk.move(gateway.port, "ANY", *keys, model=model).ok
    assert len(empty["ANY"].files) == count
    assert set(empty["ANY"].digests) <= set(gateway.digests(PLAIN, COUNT))


def test_an_unknown_destination_is_refused(gateway: Gateway) -> None:
    said = dcmtk.move(gateway.port, "NOBODY", "QueryRetrieveLevel=STUDY", f"StudyInstanceUID={PLAIN}")
    assert "0xa801" in said.text


# C-GET


def get_by_dcmtk(port: int, folder: Path, study: str) -> None:
    dcmtk.get(port, folder, "QueryRetrieveLevel=STUDY", f"StudyInstanceUID={study}")


def get_by_odil(port: int, folder: Path, study: str) -> None:
    folder.mkdir()
    said = odil.get(port, folder, "study", "QueryRetrieveLevel=STUDY", f"StudyInstanceUID={study}")
    assert re.search(rf"Completed: {COUNT}, remaining: \d, failed: 0, warning: 0", said.text), said.text


def get_by_dcmjs_dimse(port: int, folder: Path, study: str) -> None:
    folder.mkdir()
    said = dcmjs_dimse.ask(port, {"kind": "get", "study": study}, folder=folder)
    assert (said.statuses, said.answers[0][-1]["completed"]) == ([0], COUNT), said


def get_by_pynetdicom(port: int, folder: Path, study: str) -> None:
    words = ("-S", "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}")
    said = pynetdicom_apps.retrieve("getscu", port, folder, *words)
    assert "0x0000 (Success)" in said.text, said.text


GETTERS: dict[str, Callable[[int, Path, str], None]] = {
    "DCMTK": get_by_dcmtk,
    "odil": get_by_odil,
    "dcmjs-dimse": get_by_dcmjs_dimse,
    "pynetdicom": get_by_pynetdicom,
}


@pytest.mark.parametrize("stack", GETTERS)
@pytest.mark.parametrize("study", [PLAIN, PACKED], ids=["plain", "JPEG 2000"])
def test_a_study_is_fetched_by_who_takes_no_compression(
    gateway: Gateway, tmp_path: Path, stack: str, study: str
) -> None:
    GETTERS[stack](gateway.port, tmp_path / "got", study)
    found = unpacked(sorted((tmp_path / "got").iterdir()))
    assert found.keys() == all_of(study, "").keys()
    assert set(found.values()) <= {EXPLICIT, IMPLICIT}


def test_a_study_is_fetched_as_it_is_kept(gateway: Gateway, tmp_path: Path) -> None:
    """`getscu` cannot say which syntaxes it takes beside JPEG 2000: this is pynetdicom's library."""
    got: list[Path] = []

    def keep(event: Event) -> int:
        got.append(tmp_path / f"{len(got)}.dcm")
        got[-1].write_bytes(event.encoded_dataset())
        return 0x0000

    ae = AE(pynetdicom_apps.TITLE)
    ae.add_requested_context(f"{MODEL}.3")
    ae.add_requested_context(CT_IMAGE, JPEG_2000)
    ae.add_requested_context(CT_IMAGE, EXPLICIT)
    role = build_role(CT_IMAGE, scp_role=True)
    called = ae.associate(
        "127.0.0.1", gateway.port, ae_title=AE_TITLE, ext_neg=[role], evt_handlers=[(evt.EVT_C_STORE, keep)]
    )
    assoc = steady(called)
    wanted = Dataset()
    wanted.QueryRetrieveLevel, wanted.StudyInstanceUID = "STUDY", PACKED
    statuses = [status.Status for status, _ in assoc.send_c_get(wanted, f"{MODEL}.3")]
    assoc.release()
    assert statuses[-1] == 0x0000
    assert unpacked(got) == all_of(PACKED, JPEG_2000)
    assert sorted(dataset_digest(file) for file in got) == gateway.digests(PACKED, COUNT)


def test_what_cannot_be_fetched_is_counted(gateway: Gateway, tmp_path: Path) -> None:
    said = dcmtk.get(gateway.port, tmp_path / "got", "QueryRetrieveLevel=STUDY", f"StudyInstanceUID={MIXED}")
    last = said.text[said.text.rindex("C-GET RSP") :]
    assert "DIMSE Status                  : 0xb000" in last
    assert "Failed Suboperations          : 1" in last
    assert unpacked(list((tmp_path / "got").iterdir())) == {f"{MIXED}.2.2": EXPLICIT}
