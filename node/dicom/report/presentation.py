"""The marks of a report as softcopy presentation states: what is drawn, over which image, with which grey scale.

Grayscale Softcopy (PS3.3 A.33.1) for images of one sample, Color Softcopy (A.33.2) for those in colour. A presentation
state replaces the transformations of the image, so that it repeats them; as it has one modality transformation only,
images that differ in it get a state each. Coordinates are those of the marks: (0.0, 0.0) is the upper left corner of the
image (C.10.5).
"""

from __future__ import annotations

import copy
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from PIL import ImageCms
from pydicom.dataset import Dataset
from pydicom.uid import ColorSoftcopyPresentationStateStorage, GrayscaleSoftcopyPresentationStateStorage

from node.dicom.image import describe_dataset
from node.dicom.report.document import (
    MANUFACTURER,
    PRESENTATION,
    SERIES_NUMBER,
    EvidenceItem,
    finish,
    language,
    moment_of,
    new_dataset,
    reference,
    series_uid,
    sop_uid,
    stamp,
)
from node.dicom.report.labels import label
from node.dicom.report.names import observer_name
from node.dicom.setup import configure
from node.dicom.study_header import text_of
from node.domain.measurement import Measurement, MeasurementKind
from node.domain.report import SignedReport

Points = Sequence[tuple[float, float]]
LAYER = "REPORT"
_YELLOW = (61680, 30000, 55000)  # CIELab as PS3.3 C.10.7.1.1 scales it
_HEAD = 0.02  # length of an arrow's head, of the image's longer side


@dataclass(frozen=True, slots=True)
class _Drawn:
    """The marks on one frame."""

    image: EvidenceItem
    header: Dataset
    frame: int
    marks: tuple[Measurement, ...]


def build_presentations(
    report: SignedReport, study: Mapping[str, Any], evidence: Sequence[EvidenceItem], headers: Mapping[str, Dataset]
) -> list[bytes]:
    """The presentation states as Part 10 files; none when nothing is marked.

    `headers` holds the header of each marked image by its UID; marks on objects without pixels are left out.
    """
    configure()
    images = {e.sop_instance_uid: e for e in evidence}
    groups: dict[tuple[str, ...], list[_Drawn]] = defaultdict(list)
    for drawn in _frames(report.measurements, images, headers):
        groups[_group_key(drawn)].append(drawn)
    return [_state(report, study, number, groups[key]) for number, key in enumerate(sorted(groups), start=1)]


def _frames(
    marks: Sequence[Measurement], images: Mapping[str, EvidenceItem], headers: Mapping[str, Dataset]
) -> Iterator[_Drawn]:
    on: dict[tuple[str, int], list[Measurement]] = defaultdict(list)
    for mark in marks:
        on[mark.sop_instance_uid, mark.frame].append(mark)
    for (uid, frame), there in sorted(on.items()):
        header = headers.get(uid)
        if uid in images and header is not None and describe_dataset(header) is not None:
            yield _Drawn(images[uid], header, frame, tuple(there))


def _group_key(drawn: _Drawn) -> tuple[str, ...]:
    """Images with equal keys can share a presentation state."""
    d = describe_dataset(drawn.header)
    assert d is not None
    if d.samples > 1 or d.photometric == "PALETTE COLOR":
        return ("colour", str(hash_of(drawn.header.get("ICCProfile") or b"")))
    modality = _modality(drawn)
    lut = drawn.image.sop_instance_uid if "ModalityLUTSequence" in modality else ""
    values = [str(modality.get(k, "")) for k in ("RescaleSlope", "RescaleIntercept", "RescaleType")]
    return ("grey", d.photometric, lut, *values)


def hash_of(content: bytes) -> int:
    return int.from_bytes(content[:8], "big") ^ len(content)


def _state(report: SignedReport, study: Mapping[str, Any], number: int, drawn: Sequence[_Drawn]) -> bytes:
    moment, spoken = moment_of(report, study), language(report)
    colour = _group_key(drawn[0])[0] == "colour"
    ds = new_dataset()
    ds.SOPClassUID = ColorSoftcopyPresentationStateStorage if colour else GrayscaleSoftcopyPresentationStateStorage
    ds.SOPInstanceUID = sop_uid(PRESENTATION, report.sop_instance_uid, str(number))
    ds.SeriesInstanceUID = series_uid(PRESENTATION, report.series_instance_uid)
    ds.Modality = "PR"
    ds.Laterality = ""
    ds.SeriesNumber = SERIES_NUMBER + PRESENTATION.series_offset
    ds.SeriesDescription = PRESENTATION.title[spoken]
    ds.InstanceNumber = 100 * report.version + number
    ds.Manufacturer = MANUFACTURER
    if institution := text_of(report.observer_organization)[:64].rstrip():
        ds.InstitutionName = institution
    stamp(ds, moment, "Series", "PresentationCreation")
    ds.ContentLabel = LAYER
    ds.ContentDescription = PRESENTATION.title[spoken]
    signed = report.author or report.verifier
    ds.ContentCreatorName = observer_name(signed.name if signed else report.observer_name)
    ds.ReferencedSeriesSequence = _relationship(drawn)
    ds.DisplayedAreaSelectionSequence = [_displayed_area(one) for one in drawn]
    ds.GraphicAnnotationSequence = [_annotation(one, spoken) for one in drawn]
    ds.GraphicLayerSequence = [_layer()]
    _add_transformations(ds, drawn, colour=colour)
    return finish(ds, report, study)


def _references(one: _Drawn) -> list[Dataset]:
    frames = [one.frame] if one.image.frames > 1 else []
    return [reference(one.image.sop_class_uid, one.image.sop_instance_uid, frames)]


def _relationship(drawn: Sequence[_Drawn]) -> list[Dataset]:
    """Presentation State Relationship (PS3.3 C.11.11): whole images, by series."""
    series: dict[str, dict[str, EvidenceItem]] = defaultdict(dict)
    for one in drawn:
        series[one.image.series_instance_uid][one.image.sop_instance_uid] = one.image
    items = []
    for uid, images in sorted(series.items()):
        item = Dataset()
        item.ReferencedImageSequence = [reference(i.sop_class_uid, i.sop_instance_uid) for i in images.values()]
        item.SeriesInstanceUID = uid
        items.append(item)
    return items


def _displayed_area(one: _Drawn) -> Dataset:
    """The whole image, in the form of its pixels (PS3.3 C.10.4)."""
    item = Dataset()
    item.ReferencedImageSequence = _references(one)
    item.DisplayedAreaTopLeftHandCorner = [1, 1]
    item.DisplayedAreaBottomRightHandCorner = [int(one.header.Columns), int(one.header.Rows)]
    item.PresentationSizeMode = "SCALE TO FIT"
    spacing = pixel_spacing(one.header, one.frame)
    if spacing is not None:
        item.PresentationPixelSpacing = list(spacing)
    else:
        item.PresentationPixelAspectRatio = list(aspect_ratio(one.header))
    return item


def pixel_spacing(header: Dataset, frame: int) -> tuple[str, str] | None:
    """Between rows and between columns in mm, as the image says it for this frame; None when it does not."""
    for group in (*_functional_groups(header, frame, "PixelMeasuresSequence"), header):
        for keyword in ("PixelSpacing", "ImagerPixelSpacing"):
            values = group.get(keyword)
            try:
                if values and len(values) == 2 and min(float(v) for v in values) > 0:
                    return str(values[0]), str(values[1])
            except (TypeError, ValueError):
                continue
    return None


def aspect_ratio(header: Dataset) -> tuple[int, int]:
    """Vertical and horizontal size of a pixel, 1:1 when the image does not say."""
    values = header.get("PixelAspectRatio")
    try:
        if values and len(values) == 2 and min(int(v) for v in values) > 0:
            return int(values[0]), int(values[1])
    except (TypeError, ValueError):
        pass
    return 1, 1


def _functional_groups(header: Dataset, frame: int, keyword: str) -> Iterator[Dataset]:
    """The items of a macro that hold for a frame: its own, then the shared ones (PS3.3 C.7.6.16)."""
    for sequence, at in (("PerFrameFunctionalGroupsSequence", frame - 1), ("SharedFunctionalGroupsSequence", 0)):
        items = header.get(sequence) or []
        if at < len(items):
            yield from items[at].get(keyword) or []


# --- what is drawn


def _annotation(one: _Drawn, spoken: str) -> Dataset:
    item = Dataset()
    item.ReferencedImageSequence = _references(one)
    item.GraphicLayer = LAYER
    width, height = int(one.header.Columns), int(one.header.Rows)
    item.GraphicObjectSequence = [
        _graphic(kind, points, width, height)
        for mark in one.marks
        for kind, points in strokes(mark, _HEAD * max(width, height))
    ]
    texts = [(mark, label(mark, spoken)) for mark in one.marks]
    if any(lines for _, lines in texts):
        item.TextObjectSequence = [_text(mark, lines, width, height) for mark, lines in texts if lines]
    return item


def strokes(mark: Measurement, head: float) -> list[tuple[str, Points]]:
    """What is drawn of a mark: (graphic type, points); `head` is the length of an arrow's head in pixels."""
    points = mark.points
    match mark.kind:
        case MeasurementKind.ELLIPSE:
            return [("ELLIPSE", points)]
        case MeasurementKind.PROBE:
            return [("POINT", points)]
        case MeasurementKind.RECTANGLE:
            return [("POLYLINE", (*points, points[0]))]
        case MeasurementKind.BIDIRECTIONAL | MeasurementKind.COBB | MeasurementKind.CARDIOTHORACIC:
            return [("POLYLINE", points[:2]), ("POLYLINE", points[2:])]
        case MeasurementKind.ARROW:
            return [("POLYLINE", points), ("POLYLINE", _arrow_head(points[0], points[1], head))]
        case _:
            return [("POLYLINE", points)]


def _arrow_head(tip: tuple[float, float], tail: tuple[float, float], length: float) -> Points:
    towards = math.atan2(tail[1] - tip[1], tail[0] - tip[0])
    left, right = (
        (tip[0] + length * math.cos(towards + turn), tip[1] + length * math.sin(towards + turn)) for turn in (0.5, -0.5)
    )
    return (left, tip, right)


def _graphic(kind: str, points: Points, width: int, height: int) -> Dataset:
    item = Dataset()
    item.GraphicAnnotationUnits = "PIXEL"
    item.GraphicDimensions = 2
    item.NumberOfGraphicPoints = len(points)
    item.GraphicData = [number for point in points for number in _inside(point, width, height)]
    item.GraphicType = kind
    if kind == "ELLIPSE" or (kind == "POLYLINE" and len(points) > 3 and points[0] == points[-1]):
        item.GraphicFilled = "N"
    return item


def _inside(point: tuple[float, float], width: int, height: int) -> tuple[float, float]:
    """Values must be within the image (PS3.3 C.10.5.1.2)."""
    return min(max(point[0], 0.0), float(width)), min(max(point[1], 0.0), float(height))


def _text(mark: Measurement, lines: Sequence[str], width: int, height: int) -> Dataset:
    item = Dataset()
    item.AnchorPointAnnotationUnits = "PIXEL"
    item.UnformattedTextValue = "\r\n".join(lines)[:1024]
    anchor = max(mark.points, key=lambda p: (p[0], -p[1]))  # rightmost: the text begins where nothing is drawn
    item.AnchorPoint = list(_inside(anchor, width, height))
    item.AnchorPointVisibility = "N"
    return item


def _layer() -> Dataset:
    item = Dataset()
    item.GraphicLayer = LAYER
    item.GraphicLayerOrder = 1
    item.GraphicLayerRecommendedDisplayGrayscaleValue = 65535
    item.GraphicLayerRecommendedDisplayCIELabValue = list(_YELLOW)
    return item


# --- grey scale and colour


def _add_transformations(ds: Dataset, drawn: Sequence[_Drawn], *, colour: bool) -> None:
    if colour:
        ds.ICCProfile = drawn[0].header.get("ICCProfile") or srgb()
        return
    ds.update(_modality(drawn[0]))
    softcopy = [item for one in drawn for item in _voi(one)]
    if softcopy:
        ds.SoftcopyVOILUTSequence = softcopy
    inverted = str(drawn[0].header.get("PhotometricInterpretation", "")).strip() == "MONOCHROME1"
    ds.PresentationLUTShape = "INVERSE" if inverted else "IDENTITY"


def _modality(one: _Drawn) -> Dataset:
    """The Modality LUT module (PS3.3 C.11.1) of the frame, empty when it has none."""
    ds = Dataset()
    for group in (*_functional_groups(one.header, one.frame, "PixelValueTransformationSequence"), one.header):
        if group.get("ModalityLUTSequence"):
            ds.ModalityLUTSequence = [copy.deepcopy(group.ModalityLUTSequence[0])]
            return ds
        slope, intercept = group.get("RescaleSlope"), group.get("RescaleIntercept")
        if slope is not None and intercept is not None:
            ds.RescaleIntercept, ds.RescaleSlope = intercept, slope
            ds.RescaleType = str(group.get("RescaleType") or "US")
            return ds
    return ds


def _voi(one: _Drawn) -> list[Dataset]:
    """The first VOI transformation of the frame (PS3.3 C.11.8); none when the image has none."""
    for group in (*_functional_groups(one.header, one.frame, "FrameVOILUTSequence"), one.header):
        item = Dataset()
        item.ReferencedImageSequence = _references(one)
        if group.get("VOILUTSequence"):
            item.VOILUTSequence = [_wide_lut(group.VOILUTSequence[0])]
            return [item]
        centre, width = _first_number(group, "WindowCenter"), _first_number(group, "WindowWidth")
        if centre is not None and width is not None and width > 0:
            item.WindowCenter, item.WindowWidth = [centre], [width]
            if group.get("VOILUTFunction"):
                item.VOILUTFunction = str(group.VOILUTFunction)
            return [item]
    return []


def _wide_lut(lut: Dataset) -> Dataset:
    """The table with entries of 8 or 16 bits, as presentation states have them; images have any number between."""
    made = copy.deepcopy(lut)
    bits = int(made.LUTDescriptor[2])
    if bits in (8, 16):
        return made
    data = made.LUTData
    entries = np.frombuffer(data, "<u2") if isinstance(data, bytes) else np.asarray(data)
    wide = np.rint(entries.astype(np.float64) * (65535 / ((1 << bits) - 1))).astype("<u2")
    made.LUTDescriptor = [*made.LUTDescriptor[:2], 16]
    made.add_new(0x00283006, "OW", wide.tobytes())
    return made


def _first_number(group: Dataset, keyword: str) -> Any:
    value = group.get(keyword)
    first = value[0] if hasattr(value, "__getitem__") and not isinstance(value, str) and value else value
    try:
        return first if first is not None and math.isfinite(float(first)) else None
    except (TypeError, ValueError):
        return None


@cache
def srgb() -> bytes:
    """The sRGB colour space as an ICC profile of class "input", for images that name no colour space (PS3.3 C.11.15)."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[12:16] = b"scnr"
    profile[24:36] = bytes.fromhex("07e600010001000000000000")  # made on: the library's clock would be here
    return bytes(profile)
