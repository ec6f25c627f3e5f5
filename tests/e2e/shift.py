"""A shift's work: a reading hospital with studies of every kind of `../shared/data` on its worklist."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import httpx

from node.demo.network import HUB, hub_registry
from node.ledger import registry, users
from tests.flow.lone_node import LoneNode
from tests.flow.loop import wait_for

STUDIES: dict[str, tuple[str, ...]] = {  # what it is: files, or folders of them
    "CT, cone beam, 64 slices with contours": ("ct/series-cbct-catphan-64",),
    "CT, signed pixels": ("ct/orthanc-tests__SignedCT.dcm",),
    "CT, two dates of one patient: the later": ("ct/orthanc-tests__TEST_1_study_2345.dcm",),
    "CT, two dates of one patient: the earlier": ("ct/orthanc-tests__TEST_1_study_1234.dcm",),
    "CT with a liver segmentation": ("ct/dcmqi-ct-3slice", "seg_pm/pydicom-data-pypi__liver.dcm"),
    "CT, head": ("dicomdir/pydicom/77654033/CT2",),
    "CT, enhanced": ("enhanced/pydicom-data-pypi__eCT_Supplemental.dcm",),
    "CT with measurements and segments": ("cr_dx/highdicom__ct_image.dcm", "seg_pm/highdicom__seg_image_ct_binary.dcm"),
    "MR, 128 sagittal slices by JPEG 2000": ("mr/series-t1-sag-128-j2k",),
    "MR, axial": ("mr/heudiconv-pypi__axasc35.dcm",),
    "MR, angiography": ("dicomdir/pydicom/98892003/MR1",),
    "MR, enhanced": ("enhanced/pydicom-data-pypi__emri_small.dcm",),
    "MR with overlays": ("mr/pydicom-data-pypi__MR-SIEMENS-DICOM-WithOverlays.dcm",),
    "CR, chest, MONOCHROME1": ("cr_dx/dwv__gdcm-CR-MONO1-10-chest.dcm",),
    "CR, cervical spine": ("dicomdir/pydicom/77654033/CR1", "dicomdir/pydicom/77654033/CR2"),
    "DX": ("cr_dx/highdicom__dx_image.dcm",),
    "MG, for presentation": ("mg/openrem-pypi__MG-Im-GE_Seno_1_ForPresentation.dcm",),
    "MG, one large view": ("mg/fo-dicom__GH133.dcm",),
    "US, cine": ("us/deid-data-pypi__GREYSCALE_CINE.dcm",),
    "US, colour cine": ("us/pydicom-data-pypi__color3d_jpeg_baseline.dcm",),
    "US, palette": ("us/pydicom-data-pypi__color-pl.dcm",),
    "XA": ("xa_rf/fo-dicom__HasFragmentSequence.dcm",),
    "NM, gated heart": ("nm_pt/dcm4che__NM-MONO2-16-13x-heart",),
    "NM, whole body": ("nm_pt/pydicom-data-pypi__JPEG-LL.dcm",),
    "PT": ("nm_pt/suyash__1.dcm",),
    "slide microscopy": ("sc_vl/highdicom__sm_image.dcm",),
    "secondary capture, colour": ("sc_vl/pydicom-data-pypi__SC_rgb.dcm",),
    "ECG": ("pydicom-testfiles/pydicom__waveform_ecg.dcm",),
    "a paper": ("encapsulated",),
    "presentation states": ("ko_pr/offis-gsps-12",),
}
READER = "bs.truc"


class Shift:
    """The hub, its reader, its studies."""

    def __init__(self, folder: Path) -> None:
        self.node = LoneNode(folder, node={"facility": HUB})
        self.password = secrets.token_urlsafe(12)
        now = datetime.now(UTC)
        with self.node.ledger.begin() as tx:
            document = hub_registry(district_token_sha256="0" * 64, quiet_seconds=1.0)
            registry.apply(tx, document, "test", now)
            for name, role in ((READER, "radiologist"), ("quantri", "admin")):
                users.create_user(tx, name, f"BS. {name}", role, self.password, "vi", now)
        self.node.start()

    def send(self, data: Path, studies: Iterable[str]) -> None:
        """Stores the studies by STOW-RS, and waits until all are ready to be read, each with all that was sent of it."""
        answer = httpx.post(f"{self.node.url}/api/tokens", json={"username": "quantri", "password": self.password})
        headers = {"Authorization": f"Bearer {answer.raise_for_status().json()['token']}"}
        wanted = list(studies)
        with httpx.Client(base_url=self.node.url, headers=headers, timeout=120) as api:
            sent = [path for name in wanted for path in files(data, STUDIES[name])]
            for path in sent:
                _stow(api, path)

            def ready() -> bool:
                items = api.get("/api/reading/tasks", params={"state": "open"}).json()["items"]
                whole = sum(item["instances_received"] for item in items) == len(sent)
                return whole and len(items) >= len(wanted) and all(item["state"] == "ready" for item in items)

            wait_for(ready, 180, f"{len(wanted)} studies are ready")

    def stop(self) -> None:
        self.node.stop()


def files(data: Path, names: Iterable[str]) -> list[Path]:
    """All files of the table's entries."""
    found: list[Path] = []
    for name in names:
        path = data / name
        found += sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return found


def _stow(api: httpx.Client, path: Path) -> None:
    boundary = "shift"
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    body = head + path.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    kind = f'multipart/related; type="application/dicom"; boundary={boundary}'
    answer = api.post("/dicom-web/studies", content=body, headers={"Content-Type": kind})
    assert answer.status_code in (200, 202), (path.name, answer.status_code, answer.text[:300])
