"""C-MOVE and C-GET of real objects in every transfer syntax, and by peers as they are: DCMTK, pynetdicom, Orthanc."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from pydicom import Dataset, dcmread

from node.dicom.dataset import dataset_digest
from node.dicom.transcode import pixel_digest
from tests.orthanc import OrthancServer
from tests.unit.flow.station import STUDY, numbered
from tests.wire.conftest import AE_TITLE, ListeningNode, Pacs
from tests.wire.house import (
    EXPLICIT,
    IMPLICIT,
    House,
    a_house,
    uids,
    uids_in,
)

StartPacs = Callable[..., Pacs]
KEYS = ("QueryRetrieveLevel=STUDY", f"StudyInstanceUID={STUDY}")
FOLDER = "codec/ctimage-all-syntaxes"
MORE = (
    "codec/dcm4che__will-jxl.dcm",
    "codec/pydicom-data-git__HTJ2KLossless_08_RGB.dcm",
    "codec/pydicom-data-git__HTJ2K_08_RGB.dcm",
    "seg_pm/pydicom-data-git__liver_deflate.dcm",
    "seg_pm/pydicom-data-git__liver_j2k.dcm",
    "us/pydicom-data-pypi__US1_J2KI.dcm",
    "us/pydicom-data-pypi__OBXXXX1A_rle_2frame.dcm",
    "us/pydicom-data-pypi__OBXXXX1A_expb.dcm",
    "xa_rf/fo-dicom__HasFragmentSequence.dcm",
    "sc_vl/highdicom__sm_image_jpegls_nobot.dcm",
)


@pytest.fixture
def house(start_node: Callable[..., ListeningNode], migrated_sqlite: Path, tmp_path: Path) -> Iterator[House]:
    with a_house(start_node, migrated_sqlite, tmp_path) as made:
        yield made


@pytest.fixture
def every_syntax(house: House, shared_data: Path) -> dict[str, Dataset]:
    """One study, an object in each transfer syntax that real data have, and more kinds; by SOP Instance UID."""
    paths = [*sorted((shared_data / FOLDER).iterdir()), *(shared_data / name for name in MORE)]
    contents, found = [], {}
    for number, path in enumerate(paths, 1):
        ds = dcmread(path)
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = STUDY, f"{STUDY}.1", f"{STUDY}.1.{number}"
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        buffer = BytesIO()
        ds.save_as(buffer, enforce_file_format=True)
        contents.append(buffer.getvalue())
        found[str(ds.SOPInstanceUID)] = dcmread(BytesIO(buffer.getvalue()))
    house.station.receive(*contents)
    assert len(house.station.instances()) == len(paths)
    return found


def assert_same_pixels(sent: dict[str, Dataset], folder: Path, syntax: str) -> None:
    arrived = {str(ds.SOPInstanceUID): ds for ds in map(dcmread, folder.iterdir())}
    assert arrived.keys() == sent.keys()
    for uid, ds in arrived.items():
        before = sent[uid]
        assert ds.file_meta.TransferSyntaxUID == syntax
        assert pixel_digest(ds) == pixel_digest(before), before.file_meta.TransferSyntaxUID.name
        assert (ds.Rows, ds.Columns, ds.get("NumberOfFrames")) == (
            before.Rows,
            before.Columns,
            before.get("NumberOfFrames"),
        )
        assert ds.get("PatientName") == before.get("PatientName")


def test_who_takes_only_implicit_little_endian_is_moved_every_syntax(
    house: House, every_syntax: dict[str, Dataset], start_pacs: StartPacs
) -> None:
    pacs = start_pacs("+xi")
    house.know(pacs.port)
    done = house.movescu(*KEYS)
    assert done.returncode == 0, done.stderr
    assert_same_pixels(every_syntax, pacs.folder, IMPLICIT)


def test_getscu_gets_every_syntax_uncompressed(house: House, every_syntax: dict[str, Dataset], tmp_path: Path) -> None:
    """It proposes JPEG 2000 first, in the same context: for that, objects would have to be in it."""
    done = house.getscu(tmp_path / "got", "+xv", keys=KEYS)
    assert done.returncode == 0, done.stderr
    assert_same_pixels(every_syntax, tmp_path / "got", EXPLICIT)


def test_who_takes_every_syntax_gets_the_bytes_as_stored(
    house: House, every_syntax: dict[str, Dataset], start_pacs: StartPacs
) -> None:
    pacs = start_pacs("--bit-preserving", "+xa")
    house.know(pacs.port)
    done = house.movescu(*KEYS)
    assert done.returncode == 0, done.stderr
    stored = {row.sop_instance_uid: row for row in house.station.instances()}
    same = 0
    for path in pacs.files:
        ds = dcmread(path, stop_before_pixels=True)
        row = stored.pop(str(ds.SOPInstanceUID))
        if ds.file_meta.TransferSyntaxUID == row.transfer_syntax_uid:
            assert dataset_digest(path) == row.digest
            same += 1
    assert stored == {}
    assert same > 15  # DCMTK 3.6.7 knows neither HTJ2K nor JPEG XL nor deflated frames


def test_orthanc_has_a_study_moved_to_itself(house: House, orthanc: OrthancServer) -> None:
    house.station.receive(*numbered(range(1, 5)))
    house.know(orthanc.dicom_port, orthanc.ae_title)
    httpx.put(
        f"{orthanc.url}/modalities/{AE_TITLE}", json=[AE_TITLE, "127.0.0.1", house.port], timeout=30
    ).raise_for_status()
    answer = httpx.post(
        f"{orthanc.url}/modalities/{AE_TITLE}/move",
        json={"Level": "Study", "Resources": [{"StudyInstanceUID": STUDY}], "TargetAet": orthanc.ae_title},
        timeout=60,
    )
    assert answer.is_success, answer.text
    assert len(orthanc.instances()) == 4


def test_pynetdicoms_own_applications_retrieve(house: House, tmp_path: Path, start_pacs: StartPacs) -> None:
    house.station.receive(*numbered(range(1, 5)))
    pacs = start_pacs("+xi")
    house.know(pacs.port)
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={STUDY}", "-S", "-aec", AE_TITLE, "-aet", "CT1"]
    programs = {"movescu": ["-aem", "WS"], "getscu": ["-od", str(tmp_path / "got")]}
    (tmp_path / "got").mkdir()
    for name, more in programs.items():
        command = [sys.executable, "-m", "pynetdicom", name, "127.0.0.1", str(house.port), *keys, *more]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert uids_in(pacs.folder) == uids_in(tmp_path / "got") == uids(*range(1, 5))
