"""What is not, or not only, a picture, in the browser: layers over images, documents, tracings, headers."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
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


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path, shared_data: Path) -> Iterator[str]:
    """A node that holds the objects, with a login in every request."""
    folder = tmp_path_factory.mktemp("objects")
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


def windowed(value: float, center: float, width: float) -> float:
    """PS3.3 C.11.2.1.2.1, to 0 … 255."""
    return min(255.0, max(0.0, ((value - (center - 0.5)) / (width - 1) + 0.5) * 255))


def steps(page: Page) -> list[int]:
    """The level in the middle of each square."""
    seen = picture(page)[..., 0]
    height, width = seen.shape
    edge = min(height, width)
    left, top = (width - edge) / 2, (height - edge) / 2
    middles = [(place + 0.5) * edge / ACROSS for place in range(ACROSS)]
    return [int(seen[int(top + y), int(left + x)]) for y in middles for x in middles]


Look = Callable[[str], Watched]
EDGE = 48  # pixels


@pytest.fixture
def look(browser: Browser, address: str, shared_data: Path) -> Iterator[Look]:
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


def layers(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Lớp phủ")).click()
    expect(page.get_by_role("dialog", name="Lớp phủ")).to_be_visible()


def test_a_presentation_state_shows_the_image_as_the_origin_saw_it(look: Look) -> None:
    watched = look(PATHS[0])
    page = watched.page
    plain = settle_plain(page)
    layers(page)
    page.get_by_role("radio", name=re.compile("GAN_1")).check()
    page.keyboard.press("Escape")
    expect(page.locator("canvas[data-objects='2']")).to_be_attached()
    expect(page.get_by_text("W 150 · L 70")).to_be_visible()
    settle(page, least=plain + 400)
    watched.shot("objects-presentation")
    page.locator("main [role=img]").first.hover()
    page.keyboard.press("ArrowDown")  # the state names the first slice alone
    expect(page.get_by_text("Ảnh 2/3")).to_be_visible()
    expect(page.get_by_text("Trạng thái GAN_1 không nói về ảnh này: ảnh được xem như thường")).to_be_visible()
    expect(page.get_by_text("W 400 · L 40")).to_be_visible()
    settle(page, most=plain + 350)  # the words have a colour
    watched.shot("objects-presentation-elsewhere")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_text("W 150 · L 70")).to_be_visible()
    settle(page, least=plain + 400)
    layers(page)
    page.get_by_role("radio", name="Như đã lưu").check()
    page.keyboard.press("Escape")
    expect(page.get_by_text("W 150 · L 70")).to_have_count(0)
    settle(page, most=plain + 200)


@pytest.mark.parametrize("renderer", ["cpu", "gpu"])
def test_the_tables_of_a_state_reach_the_screen(look: Look, renderer: str) -> None:
    watched = look(STAIRS)
    page = watched.page
    page.evaluate("(name) => localStorage.setItem('lientuyen.renderer', name)", renderer)
    page.reload()
    stored = [STEP * place for place in range(ACROSS * ACROSS)]
    expected: dict[str, list[float]] = {
        "VUONG": [SQUARED[round(windowed(2 * value - 3000, 500, 4001))] for value in stored],
        "NGUOC": [windowed(BACKWARDS[value], 2048, 2001) for value in stored],
        "Như đã lưu": [windowed(value - 1000, 40, 400) for value in stored],
    }
    for name, levels in expected.items():
        layers(page)
        page.get_by_role("radio", name=re.compile(name)).check()
        page.keyboard.press("Escape")
        for _ in range(60):
            found = steps(page)
            if np.abs(np.array(found) - levels).max() <= 1.5:
                break
            page.wait_for_timeout(80)
        assert found == [pytest.approx(level, abs=1.5) for level in levels], name
        watched.shot(f"objects-greys-{name[:2].lower()}-{renderer}")


def test_a_state_that_leaves_things_out_says_so_on_the_image(look: Look) -> None:
    watched = look(PATHS[0])
    page = watched.page
    settle_plain(page)
    layers(page)
    page.get_by_role("radio", name=re.compile("TRAN")).check()
    page.keyboard.press("Escape")
    expect(page.get_by_text("đang xem toàn dải giá trị")).to_be_visible()
    expect(page.get_by_text("cửa sổ tính trên giá trị gốc, không phải HU")).to_be_visible()
    watched.shot("objects-presentation-bare")


def test_segments_are_laid_over_the_slices_that_they_belong_to(look: Look) -> None:
    watched = look(PATHS[0])
    page = watched.page
    settle_plain(page)
    page.keyboard.press("ArrowDown")  # three segments lie on the second slice, one of them on the first
    expect(page.get_by_text("Ảnh 2/3")).to_be_visible()
    plain = settle_plain(page)
    layers(page)
    page.get_by_role("checkbox").first.check()
    expect(page.get_by_role("slider", name="Độ đậm")).to_be_visible()
    expect(page.get_by_role("checkbox")).to_have_count(6)
    page.keyboard.press("Escape")
    full = settle(page, least=plain + 3000)
    legend = page.get_by_role("list", name="Phân đoạn và đường viền")
    expect(legend.get_by_role("listitem")).to_have_count(3)
    watched.shot("objects-segmentation")
    page.keyboard.press("ArrowUp")
    expect(legend.get_by_role("listitem")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    layers(page)
    for box in page.get_by_role("checkbox").all()[1:]:
        box.uncheck()
    page.keyboard.press("Escape")
    assert settle(page, most=plain + 300) < full


def test_overlays_of_the_device_are_drawn_and_can_be_taken_away(look: Look) -> None:
    watched = look("ko_pr/offis-gsps-12/1.2.276.0.7230010.3.200.12.1.1")
    page = watched.page
    expect(page.locator("canvas[data-objects='4']")).to_be_attached()
    page.wait_for_timeout(400)
    before = picture(page)
    watched.shot("objects-overlays")
    layers(page)
    page.get_by_role("checkbox", name="Lớp chữ và hình của máy").uncheck()
    page.keyboard.press("Escape")
    expect(page.locator("canvas[data-objects='0']")).to_be_attached()
    assert (before != picture(page)).sum() > 200


def test_an_electrocardiogram_stands_on_its_paper_and_is_measured(look: Look) -> None:
    watched = look("pydicom-testfiles/pydicom__waveform_ecg.dcm")
    page = watched.page
    paper = page.get_by_role("img", name="Bản ghi 12 kênh, 10.0 giây")
    expect(paper).to_have_attribute("data-traces", "13")
    expect(page.get_by_text("RITMO SINUSALE")).to_be_visible()
    box = paper.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 60)  # 4 pixels to the millimetre, 25 mm to the second
    page.mouse.up()
    expect(page.get_by_text("1000 ms · 60 lần/phút")).to_be_visible()
    watched.shot("objects-ecg")


def test_a_dose_report_is_a_table_in_vietnamese(look: Look) -> None:
    watched = look("sr/openrem-pypi__CT-RDSR-Siemens_Flash-TAP-SS.dcm")
    page = watched.page
    expect(page.get_by_role("heading", name="Báo cáo liều bức xạ tia X")).to_be_visible()
    table = page.get_by_role("region", name="Lần chụp CT")
    expect(table.get_by_role("row")).not_to_have_count(1)
    expect(table.get_by_text("CTDIvol trung bình")).to_be_visible()
    watched.shot("objects-dose")


def test_measurements_lead_to_their_image(look: Look) -> None:
    watched = look("sr/highdicom__sr_document_with_multiple_groups.dcm")
    page = watched.page
    page.get_by_role("button", name=re.compile("SR")).first.click()
    expect(page.get_by_role("heading", name="Báo cáo đo lường hình ảnh")).to_be_visible()
    watched.shot("objects-measurements")
    page.get_by_role("button", name=re.compile("Xem ảnh")).first.click()
    expect(page.locator("canvas[data-objects]")).to_be_attached()


def test_chosen_images_are_shown_small_and_lead_to_themselves_those_that_never_came_are_counted(look: Look) -> None:
    watched = look(PATHS[0])
    page = watched.page
    page.get_by_role("button", name=re.compile("Ảnh chọn")).click()
    expect(page.get_by_text("1/2 ảnh được chọn không có ở đây")).to_be_visible()
    chosen = page.get_by_role("button", name=re.compile("^Xem ảnh"))
    expect(chosen).to_have_count(1)
    watched.shot("objects-key-here")
    chosen.click()
    expect(page.get_by_text("Ảnh 1/3")).to_be_visible()


@pytest.mark.parametrize(
    ("path", "words", "name"),
    [
        (
            "ko_pr/weasis-demo__2.25.233264940140993415200268000968453086368",
            "6/6 ảnh được chọn không có ở đây",
            "objects-key",
        ),
        ("rt/debian-octave-dicom__rtstruct.dcm", "Structure Set Label", "objects-attributes"),
    ],
)
def test_other_documents_are_readable(path: str, words: str, name: str, look: Look) -> None:
    watched = look(path)
    expect(watched.page.get_by_text(words).first).to_be_visible()
    watched.shot(name)


def test_the_header_of_an_image_is_searched_by_keyboard(look: Look) -> None:
    watched = look(PATHS[0])
    page = watched.page
    settle_plain(page)
    expect(page.get_by_role("navigation", name="Các chuỗi ảnh")).to_be_visible()  # with it the keys are heard
    expect(page.get_by_role("note")).to_have_text("Không dùng để chẩn đoán chính thức")
    page.keyboard.press("Shift+I")
    dialog = page.get_by_role("dialog", name="Thông tin DICOM")
    dialog.get_by_label("Tìm theo mã, tên hay giá trị").fill("photometric")
    expect(dialog.get_by_role("row")).to_have_count(2)
    watched.shot("objects-header")
