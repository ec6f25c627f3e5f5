"""The whole loop on real studies of each kind, pushed by DCMTK's storescu, judged by other people's programs."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest

from tests.flow.loop import Loop, wait_for
from tests.flow.nursery import Nursery
from tests.services import find_program
from tests.validators import dciodvfy, dicom_sr_validator, dsrdump

STUDIES: dict[str, tuple[str, ...]] = {  # kind of study: files or a folder of it
    "CT": ("ct/series-cbct-catphan-64",),
    "MR": ("mr/heudiconv-pypi__axasc35.dcm",),
    "MR compressed": ("mr/pydicom-data-pypi__MR2_J2KR.dcm",),
    "CR": ("cr_dx/dwv__gdcm-CR-MONO1-10-chest.dcm",),
    "DX": ("cr_dx/highdicom__dx_image.dcm",),
    "MG": ("mg/fo-dicom__GH133.dcm",),
    "ultrasound cine": ("us/deid-data-pypi__GREYSCALE_CINE.dcm",),
    "colour ultrasound cine": ("us/pydicom-data-pypi__color3d_jpeg_baseline.dcm",),
    "XA": ("xa_rf/fo-dicom__HasFragmentSequence.dcm",),
}
PROPOSE = {  # transfer syntax: what makes storescu propose it
    "1.2.840.10008.1.2.4.50": "-xy",
    "1.2.840.10008.1.2.4.70": "-xs",
    "1.2.840.10008.1.2.4.90": "-xv",
}
COME_HOME = {"SR", "KO", "DOC"}  # without marks there are neither measurements nor presentation states
IDENTITY = ("PatientName", "PatientID", "StudyInstanceUID")


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Iterator[Loop]:
    running = Loop(tmp_path_factory.mktemp("loop"), quiet_seconds=1.0, nursery=nursery)
    running.start_both()
    yield running
    running.close()


def gather(names: tuple[str, ...], data: Path, folder: Path) -> list[pydicom.Dataset]:
    """Links the files into a folder of their own; returns their headers."""
    paths = [
        p for name in names for p in (sorted((data / name).iterdir()) if (data / name).is_dir() else [data / name])
    ]
    for path in paths:
        (folder / f"{path.name}.dcm").symlink_to(path)
    return [pydicom.dcmread(p, stop_before_pixels=True) for p in paths]


def push(loop: Loop, folder: Path, originals: list[pydicom.Dataset]) -> None:
    syntaxes = {str(ds.file_meta.TransferSyntaxUID) for ds in originals}
    propose = [PROPOSE[s] for s in syntaxes if s in PROPOSE]
    program = str(find_program("storescu", "dcmtk"))
    command = [program, *propose, "-R", "+sd", "-aec", "TTYT_DINHHOA", "127.0.0.1", str(loop.demo.district.dicom_port)]
    done = subprocess.run([*command, str(folder)], capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("kind", STUDIES)
def test_a_study_is_read_and_its_report_comes_home(kind: str, loop: Loop, shared_data: Path, tmp_path: Path) -> None:
    originals = gather(STUDIES[kind], shared_data, tmp_path)
    with loop.api("hub", "radiologist") as api:
        before = {t["id"] for t in api.get("/api/reading/tasks", params={"state": "all"}).json()["items"]}
    push(loop, tmp_path, originals)
    tasks = loop.wait_task(images=len(originals))
    (task,) = [t for t in tasks if t["id"] not in before]
    assert task["instances_received"] == task["instances_expected"] == len(originals)
    loop.sign(task["id"], key_images=key_images(loop, task))
    by_kind = documents(loop, originals[0].StudyInstanceUID)
    for file in by_kind.values():
        ds = pydicom.dcmread(file)
        assert identity(ds) == identity(originals[0])
        assert dciodvfy(file) == []
    assert dsrdump(by_kind["SR"])[1] == []
    assert dicom_sr_validator(by_kind["SR"]) == []
    assert key_image_of(by_kind["KO"]) in {ds.SOPInstanceUID for ds in originals}
    check_text(by_kind["DOC"], tmp_path)
    check_nothing_leaked(loop, originals)


def identity(ds: pydicom.Dataset) -> dict[str, str]:
    """Trailing component delimiters of a name say nothing (PS3.5 6.2.1)."""
    return {k: str(ds.get(k, "") or "").rstrip("^") for k in IDENTITY}


def key_images(loop: Loop, task: dict[str, Any]) -> list[str]:
    with loop.api("hub", "radiologist") as api:
        study = api.get(f"/api/studies/{task['study_instance_uid']}").json()
    return [study["series"][0]["instances"][0]["sop_instance_uid"]]


def key_image_of(selection: Path) -> str:
    (item,) = (i for i in pydicom.dcmread(selection).ContentSequence if i.ValueType == "IMAGE")
    return str(item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID)


def documents(loop: Loop, study_instance_uid: str) -> dict[str, Path]:
    """The study's files in the origin's PACS by their modality, once all that come home with key images are there."""

    def come_home() -> dict[str, Path]:
        found = {
            pydicom.dcmread(p, stop_before_pixels=True).Modality: p
            for p in loop.pacs_folder.rglob("*.dcm")
            if p.parent.name == study_instance_uid
        }
        return found if found.keys() >= COME_HOME else {}

    by_kind: dict[str, Path] = wait_for(come_home, 90, f"{sorted(COME_HOME)} in the origin's PACS")
    assert by_kind.keys() == COME_HOME
    return by_kind


def check_text(sheet: Path, folder: Path) -> None:
    """The printed sheet shows Vietnamese with all its marks."""
    pdf = folder / "sheet.pdf"
    pdf.write_bytes(pydicom.dcmread(sheet).EncapsulatedDocument)
    program = str(find_program("pdftotext", "poppler-utils"))
    text = subprocess.run([program, str(pdf), "-"], capture_output=True, check=True, timeout=60).stdout.decode()
    for words in ("ngực", "tổn thương", "KẾT LUẬN"):
        assert words in text


def check_nothing_leaked(loop: Loop, originals: list[pydicom.Dataset]) -> None:
    """No original identifier in any file of the hub, its database included."""
    identifiers = {str(ds.get(k, "")) for ds in originals for k in ("PatientID", "AccessionNumber")}
    secrets = {i for i in identifiers if len(i) > 4 and len(set(i)) > 2}  # 0000000000 stands in every PDF
    secrets |= {str(ds.get(k)) for ds in originals for k in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")}
    secrets |= {w for ds in originals for w in str(ds.get("PatientName", "")).replace("^", " ").split() if len(w) > 4}
    for path in loop.demo.hub.folder.rglob("*"):
        if path.is_file():
            try:
                content = path.read_bytes()
            except FileNotFoundError:  # the node is at work
                continue
            assert not [s for s in secrets if s.encode() in content], path.name
