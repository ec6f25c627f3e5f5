"""Objects that are not, or not only, a picture: real ones and some made for a test, in a node, and their study in the browser."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from tests.e2e.conftest import Watched
from tests.e2e.truth import serving
from tests.web.world import ledger_of, make_world

GSPS = UID("1.2.840.10008.5.1.4.1.1.11.1")
KEY_OBJECTS = UID("1.2.840.10008.5.1.4.1.1.88.59")
PATHS = (
    "ct/dcmqi-ct-3slice/01.dcm",
    "ct/dcmqi-ct-3slice/02.dcm",
    "ct/dcmqi-ct-3slice/03.dcm",
    "seg_pm/dcmqi__partial_overlaps.dcm",
    "pydicom-testfiles/pydicom__waveform_ecg.dcm",
    "sr/openrem-pypi__CT-RDSR-Siemens_Flash-TAP-SS.dcm",
    "sr/highdicom__sr_document_with_multiple_groups.dcm",
    "cr_dx/highdicom__ct_image.dcm",
    "ko_pr/weasis-demo__2.25.233264940140993415200268000968453086368",
    "encapsulated/weasis-demo__1.3.6.1.4.1.5962.1.1.0.1.1.1359229044.2601.0",
    "ko_pr/offis-gsps-12/1.2.276.0.7230010.3.200.12.0.1",
    "ko_pr/offis-gsps-12/1.2.276.0.7230010.3.200.12.1.1",
    "rt/debian-octave-dicom__rtstruct.dcm",
)


@contextmanager
def a_node_of_objects(folder: Path, migrated_sqlite: Path, shared_data: Path) -> Iterator[str]:
    """A node that holds the objects: its address and a token that logs in."""
    shutil.copyfile(migrated_sqlite, folder / "ledger.db")
    world = make_world(folder, f"sqlite:///{folder / 'ledger.db'}")
    image = shared_data / PATHS[0]
    bare = a_state(image, "2.25.503", ContentLabel="TRAN", SoftcopyVOILUTSequence=None, RescaleSlope=None)
    world.receive(*((shared_data / path).read_bytes() for path in PATHS), a_state(image), bare, a_selection(image))
    world.receive(a_staircase(), *(a_grey_state(sop, **more) for sop, more in GREY_STATES.items()))
    with serving(world) as url:
        yield f"{url} {world.token('bs')}"
    world.node.pool.shutdown()
    ledger_of(world).dispose()


def item(**values: Any) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def a_state(image: Path, sop: str = "2.25.501", **changes: Any) -> bytes:
    """How somebody at the district saw a slice: mirrored, in a liver window, with an arrow, words and a shutter."""
    seen = dcmread(image, stop_before_pixels=True)
    about = item(ReferencedSOPClassUID=seen.SOPClassUID, ReferencedSOPInstanceUID=seen.SOPInstanceUID)
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = GSPS, UID(sop)
    ds.SpecificCharacterSet = "ISO_IR 192"
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "StudyDate", "StudyTime", "AccessionNumber"):
        setattr(ds, keyword, seen.get(keyword, ""))
    ds.SOPClassUID, ds.SOPInstanceUID, ds.SeriesInstanceUID, ds.Modality = GSPS, sop, "2.25.502", "PR"
    ds.ContentLabel, ds.ContentDescription, ds.ContentCreatorName = "GAN_1", "Tổn thương gan", "Trần^Ánh"
    ds.PresentationCreationDate, ds.PresentationCreationTime = "20260301", "101500"
    ds.ReferencedSeriesSequence = [item(SeriesInstanceUID=seen.SeriesInstanceUID, ReferencedImageSequence=[about])]
    ds.ShutterShape = ["RECTANGULAR", "CIRCULAR"]
    ds.ShutterLeftVerticalEdge, ds.ShutterRightVerticalEdge = 60, 450
    ds.ShutterUpperHorizontalEdge, ds.ShutterLowerHorizontalEdge = 60, 450
    ds.CenterOfCircularShutter, ds.RadiusOfCircularShutter = [256, 256], 230
    ds.ShutterPresentationValue = 0
    ds.GraphicLayerSequence = [item(GraphicLayer="MAIN", GraphicLayerOrder=1)]
    words = item(
        UnformattedTextValue="Nốt giảm tỉ trọng\r\nhạ phân thùy VII",
        BoundingBoxAnnotationUnits="PIXEL",
        BoundingBoxTopLeftHandCorner=[260.0, 120.0],
        BoundingBoxBottomRightHandCorner=[420.0, 150.0],
        BoundingBoxTextHorizontalJustification="LEFT",
        AnchorPointAnnotationUnits="PIXEL",
        AnchorPoint=[180.0, 220.0],
        AnchorPointVisibility="Y",
    )
    circle = item(
        GraphicAnnotationUnits="PIXEL",
        GraphicDimensions=2,
        NumberOfGraphicPoints=2,
        GraphicData=[180.0, 220.0, 200.0, 220.0],
        GraphicType="CIRCLE",
        GraphicFilled="N",
    )
    ds.GraphicAnnotationSequence = [
        item(GraphicLayer="MAIN", TextObjectSequence=[words], GraphicObjectSequence=[circle])
    ]
    ds.DisplayedAreaSelectionSequence = [
        item(
            DisplayedAreaTopLeftHandCorner=[1, 1],
            DisplayedAreaBottomRightHandCorner=[512, 512],
            PresentationSizeMode="SCALE TO FIT",
        )
    ]
    ds.ImageRotation, ds.ImageHorizontalFlip = 0, "Y"
    ds.SoftcopyVOILUTSequence = [item(WindowCenter="70", WindowWidth="150")]
    ds.PresentationLUTShape = "IDENTITY"
    ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = seen.RescaleSlope, seen.RescaleIntercept, "HU"
    for keyword, value in changes.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    out = BytesIO()
    dcmwrite(out, ds, enforce_file_format=True)
    return out.getvalue()


def a_selection(image: Path) -> bytes:
    """Somebody chose two images: the slice, and one that never came."""
    seen = dcmread(image, stop_before_pixels=True)
    about = [
        item(ReferencedSOPClassUID=seen.SOPClassUID, ReferencedSOPInstanceUID=uid)
        for uid in (seen.SOPInstanceUID, "2.25.599")
    ]
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = KEY_OBJECTS, UID("2.25.511")
    ds.SpecificCharacterSet = "ISO_IR 192"
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "StudyDate", "StudyTime", "AccessionNumber"):
        setattr(ds, keyword, seen.get(keyword, ""))
    ds.SOPClassUID, ds.SOPInstanceUID, ds.SeriesInstanceUID, ds.Modality = KEY_OBJECTS, "2.25.511", "2.25.512", "KO"
    ds.ContentDate, ds.ContentTime, ds.SeriesDescription = "20260301", "101500", "Ảnh chọn"
    ds.CurrentRequestedProcedureEvidenceSequence = [
        item(
            StudyInstanceUID=seen.StudyInstanceUID,
            ReferencedSeriesSequence=[
                item(SeriesInstanceUID=seen.SeriesInstanceUID, ReferencedSOPSequence=about),
            ],
        )
    ]
    ds.ValueType, ds.ContinuityOfContent = "CONTAINER", "SEPARATE"
    ds.ConceptNameCodeSequence = [item(CodeValue="113000", CodingSchemeDesignator="DCM", CodeMeaning="Of Interest")]
    ds.ContentSequence = [
        item(RelationshipType="CONTAINS", ValueType="IMAGE", ReferencedSOPSequence=[one]) for one in about
    ]
    out = BytesIO()
    dcmwrite(out, ds, enforce_file_format=True)
    return out.getvalue()


STAIRS = "2.25.700"
STEP, ACROSS = 64, 8  # stored values and pixels from step to step; steps in a row


def a_staircase() -> bytes:
    """64 squares of one value each: 0, 64, 128 … as stored, 1000 less in its own units."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName, ds.PatientID, ds.StudyInstanceUID, ds.SeriesInstanceUID = "Bậc^Thang", "BT1", STAIRS, f"{STAIRS}.1"
    ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = UID("1.2.840.10008.5.1.4.1.1.2"), UID(f"{STAIRS}.1.1"), "CT"
    ds.StudyDate, ds.StudyTime, ds.AccessionNumber = "20260301", "101500", ""
    ds.Rows = ds.Columns = STEP * ACROSS
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 12, 11
    ds.RescaleSlope, ds.RescaleIntercept, ds.WindowCenter, ds.WindowWidth = 1, -1000, 40, 400
    row, column = np.indices((ds.Rows, ds.Columns)) // STEP
    ds.PixelData = (STEP * (ACROSS * row + column)).astype("<u2").tobytes()
    out = BytesIO()
    dcmwrite(out, ds, enforce_file_format=True)
    return out.getvalue()


def a_lut(entries: list[int], bits: int) -> Dataset:
    made = item(LUTDescriptor=[len(entries), 0, bits])
    made.add_new("LUTData", "US", entries)
    return made


SQUARED: list[int] = [round(level * level / 255) for level in range(256)]
BACKWARDS = [4095 - value for value in range(4096)]
GREY_STATES: dict[str, dict[str, Any]] = {
    f"{STAIRS}.91": {
        "ContentLabel": "VUONG",
        "RescaleSlope": 2,
        "RescaleIntercept": -3000,
        "RescaleType": "US",
        "PresentationLUTSequence": [a_lut(SQUARED, 8)],
        "SoftcopyVOILUTSequence": [item(WindowCenter="500", WindowWidth="4001")],
    },
    f"{STAIRS}.92": {
        "ContentLabel": "NGUOC",
        "ModalityLUTSequence": [a_lut(BACKWARDS, 12)],
        "SoftcopyVOILUTSequence": [item(WindowCenter="2048", WindowWidth="2001")],
        "PresentationLUTShape": "IDENTITY",
    },
}


def a_grey_state(sop: str, **more: Any) -> bytes:
    about = item(ReferencedSOPClassUID=UID("1.2.840.10008.5.1.4.1.1.2"), ReferencedSOPInstanceUID=f"{STAIRS}.1.1")
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName, ds.PatientID, ds.StudyInstanceUID, ds.SeriesInstanceUID = "Bậc^Thang", "BT1", STAIRS, f"{sop}.1"
    ds.StudyDate, ds.StudyTime, ds.AccessionNumber = "20260301", "101500", ""
    ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = GSPS, UID(sop), "PR"
    ds.PresentationCreationDate, ds.PresentationCreationTime = "20260301", "101500"
    ds.ReferencedSeriesSequence = [item(SeriesInstanceUID=f"{STAIRS}.1", ReferencedImageSequence=[about])]
    for keyword, value in more.items():
        setattr(ds, keyword, value)
    out = BytesIO()
    dcmwrite(out, ds, enforce_file_format=True)
    return out.getvalue()


Look = Callable[[str], Watched]
EDGE = 48  # pixels


@contextmanager
def looking(browser: Browser, address: str, shared_data: Path) -> Iterator[Look]:
    """Opens the study of a file: `look("ct/…")`. Afterwards no error may have been seen."""
    url, token = address.split()
    seen: list[Watched] = []

    def enter(path: str) -> Watched:
        is_study = path.startswith("2.25.")
        study = path if is_study else dcmread(shared_data / path, stop_before_pixels=True).StudyInstanceUID
        context = browser.new_context(
            viewport={"width": 1440, "height": 860},
            locale="vi-VN",
            extra_http_headers={"Authorization": f"Bearer {token}"},
        )
        watched = Watched(context.new_page(), url)
        seen.append(watched)
        watched.page.on("pageerror", lambda e: watched.errors.append(str(e)))
        watched.page.on(
            "console", lambda m: watched.errors.append(m.text) if m.type == "error" and "404" not in m.text else None
        )
        watched.page.goto(f"{url}/studies/{study}/images")
        return watched

    yield enter
    for watched in seen:
        watched.page.context.close()
        assert watched.errors == []


def picture(page: Page) -> np.ndarray[Any, Any]:
    box = page.locator("main [role=img]").first.bounding_box()
    assert box is not None
    clip = {key: box[key] for key in ("x", "y", "width", "height")}
    return np.asarray(Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB"), dtype=int)  # type: ignore[arg-type]


def coloured(page: Page) -> int:
    """Pixels of the viewport that are no grey; not its edge, where the letters of the directions and the layers' button stand."""
    seen = picture(page)[EDGE:-EDGE, EDGE:-EDGE]
    return int(((seen.max(-1) - seen.min(-1)) > 40).sum())


def settle_plain(page: Page) -> int:
    """`coloured` of the bare image, as soon as the image is there."""
    expect(page.get_by_role("button", name=re.compile("^Lớp phủ"))).to_be_visible()
    for _ in range(100):
        if (picture(page)[EDGE:-EDGE, EDGE:-EDGE].min(-1) > 60).mean() > 0.05:
            return settle(page, most=300)
        page.wait_for_timeout(80)
    raise AssertionError("no image within eight seconds")


def settle(page: Page, least: int = 0, most: int = 10**9) -> int:
    for _ in range(100):
        found = coloured(page)
        if least <= found <= most:
            return found
        page.wait_for_timeout(80)
    raise AssertionError(f"{found} coloured pixels, not {least} to {most}")
