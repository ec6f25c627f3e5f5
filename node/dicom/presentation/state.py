"""Presentation states (PS3.3 A.33): how somebody saw images, to be seen so again. Grayscale, colour and pseudo-colour ones."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset

from node.dicom.luts import table_entries
from node.dicom.presentation import source
from node.dicom.presentation.overlays import planes, shutters
from node.dicom.presentation.source import items, number, numbers, references, text
from node.dicom.presentation.told import (
    DisplayedArea,
    Graphic,
    GraphicAnnotation,
    GraphicLayer,
    ImageReference,
    Lut,
    PlacedImages,
    Presentation,
    Rescale,
    ShownWindow,
    TextObject,
    Undrawn,
)

CLASSES: Final = frozenset(f"1.2.840.10008.5.1.4.1.1.11.{number}" for number in (1, 2, 3, 4, 5, 6, 7, 8))
_MOST_POINTS: Final = 20_000
_NOT_DRAWN: Final[
    dict[str, Undrawn]
] = {  # an attribute that a state has when it says more than the viewer can show: its name there
    "RedPaletteColorLookupTableDescriptor": "pseudo-colour",  # PS3.3 A.33.3
    "BlendingSequence": "blending",  # A.33.4
    "AdvancedBlendingSequence": "blending",  # A.33.8
    "BlendingDisplaySequence": "blending",
    "MaskSubtractionSequence": "subtraction",  # A.33.5
    "VolumetricPresentationInputSetSequence": "volume",  # A.33.6, A.33.7
}
_TABLES: Final = ("ModalityLUTSequence", "PresentationLUTSequence")


def presentation(path: Path) -> Presentation:
    """What the state at `path` says, of which images. Raises `Unreadable`, `NotFound` for what is no such state."""
    ds = source.read(path)
    if text(ds, "SOPClassUID") not in CLASSES:
        raise source.refuse("presentation state")
    return {
        "label": text(ds, "ContentLabel"),
        "description": text(ds, "ContentDescription"),
        "creator": text(ds, "ContentCreatorName"),
        "date": text(ds, "PresentationCreationDate"),
        "time": text(ds, "PresentationCreationTime"),
        "images": images_of(ds),
        "layers": sorted((_layer(item) for item in items(ds, "GraphicLayerSequence")), key=lambda one: one["order"]),
        "annotations": [_annotation(item) for item in items(ds, "GraphicAnnotationSequence")],
        "shutter": shutters(ds),
        "overlays": planes(ds),
        "areas": [_area(item) for item in items(ds, "DisplayedAreaSelectionSequence")],
        "rotation": int(number(ds, "ImageRotation") or 0) % 360,
        "flipped": text(ds, "ImageHorizontalFlip") == "Y",
        "windows": [window for item in items(ds, "SoftcopyVOILUTSequence") for window in _windows(item)],
        "inverse": text(ds, "PresentationLUTShape") == "INVERSE",
        "modality": _modality(ds),
        "presentation_lut": next((_lut(item) for item in items(ds, "PresentationLUTSequence")), None),
        "left_out": left_out(ds),
    }


def images_of(ds: Dataset) -> list[PlacedImages]:
    """Every image that the state is about."""
    return [
        {"series": text(series, "SeriesInstanceUID"), **image}
        for series in items(ds, "ReferencedSeriesSequence")
        for image in references(series)
    ]


def _layer(item: Dataset) -> GraphicLayer:
    colour = numbers(item, "GraphicLayerRecommendedDisplayRGBValue")
    lab = numbers(item, "GraphicLayerRecommendedDisplayCIELabValue")
    return {
        "name": text(item, "GraphicLayer"),
        "order": int(number(item, "GraphicLayerOrder") or 0),
        "description": text(item, "GraphicLayerDescription"),
        "colour": [round(part / 257) for part in colour] if len(colour) == 3 else lab_to_rgb(lab),
    }


def lab_to_rgb(lab: list[float]) -> list[int] | None:
    """CIELab as DICOM keeps it in 16 bits (PS3.3 C.10.7.1.1) to sRGB of 8 bits, white point D50 taken as D65's."""
    if len(lab) != 3:
        return None
    lightness, a, b = lab[0] * 100 / 65535, lab[1] * 255 / 65535 - 128, lab[2] * 255 / 65535 - 128
    y = (lightness + 16) / 116
    x, z = y + a / 500, y - b / 200
    xyz = [
        w * (v**3 if v**3 > 0.008856 else (v - 16 / 116) / 7.787)
        for v, w in zip((x, y, z), (0.9505, 1.0, 1.089), strict=True)
    ]
    linear = (
        3.2406 * xyz[0] - 1.5372 * xyz[1] - 0.4986 * xyz[2],
        -0.9689 * xyz[0] + 1.8758 * xyz[1] + 0.0415 * xyz[2],
        0.0557 * xyz[0] - 0.2040 * xyz[1] + 1.0570 * xyz[2],
    )
    gamma = (12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055 for v in (max(0.0, v) for v in linear))
    return [max(0, min(255, round(255 * v))) for v in gamma]


def _annotation(item: Dataset) -> GraphicAnnotation:
    return {
        "layer": text(item, "GraphicLayer"),
        "images": references(item),
        "graphics": [_graphic(one) for one in items(item, "GraphicObjectSequence")],
        "texts": [_text(one) for one in items(item, "TextObjectSequence")],
    }


def _graphic(item: Dataset) -> Graphic:
    data = numbers(item, "GraphicData")[: 2 * _MOST_POINTS]
    return {
        "type": text(item, "GraphicType"),
        "units": text(item, "GraphicAnnotationUnits") or "PIXEL",
        "points": [data[i : i + 2] for i in range(0, len(data) - 1, 2)],
        "filled": text(item, "GraphicFilled") == "Y",
    }


def _text(item: Dataset) -> TextObject:
    return {
        "text": text(item, "UnformattedTextValue"),
        "units": text(item, "BoundingBoxAnnotationUnits") or "PIXEL",
        "top_left": numbers(item, "BoundingBoxTopLeftHandCorner") or None,
        "bottom_right": numbers(item, "BoundingBoxBottomRightHandCorner") or None,
        "align": text(item, "BoundingBoxTextHorizontalJustification") or "LEFT",
        "anchor": numbers(item, "AnchorPoint") or None,
        "anchor_units": text(item, "AnchorPointAnnotationUnits") or "PIXEL",
        "anchor_visible": text(item, "AnchorPointVisibility") != "N",
    }


def _area(item: Dataset) -> DisplayedArea:
    return {
        "images": references(item),
        "top_left": numbers(item, "DisplayedAreaTopLeftHandCorner"),
        "bottom_right": numbers(item, "DisplayedAreaBottomRightHandCorner"),
        "mode": text(item, "PresentationSizeMode"),
        "magnification": number(item, "PresentationPixelMagnificationRatio"),
    }


def _windows(item: Dataset) -> list[ShownWindow]:
    """As `viewer/src/imaging/luts` takes them: windows by centre and width, tables by their entries."""
    images = references(item)
    tables = [_table(one, images) for one in items(item, "VOILUTSequence")]
    centers, widths = numbers(item, "WindowCenter"), numbers(item, "WindowWidth")
    function = text(item, "VOILUTFunction") or "LINEAR"
    return [table for table in tables if table] + [
        {"images": images, "center": center, "width": width, "function": function, "name": ""}
        for center, width in zip(centers, widths, strict=False)
    ]


def _table(item: Dataset, images: list[ImageReference]) -> ShownWindow | None:
    table = _lut(item)
    if table is None:
        return None
    return {
        "images": images,
        "descriptor": table["descriptor"],
        "entries": table["entries"],
        "name": text(item, "LUTExplanation"),
    }


def _lut(item: Dataset) -> Lut | None:
    """None when it is not whole."""
    try:
        descriptor = [int(part) for part in item.LUTDescriptor]
        entries = table_entries(item).tolist()
    except Exception:  # the toolkit raises whatever its converters meet
        return None
    return {"descriptor": descriptor, "entries": entries} if len(descriptor) == 3 and len(entries) > 1 else None


def _modality(ds: Dataset) -> Rescale | Lut | None:
    """None where the state has neither: then values are the stored ones (PS3.4 N.2.1.1)."""
    for item in items(ds, "ModalityLUTSequence"):
        return _lut(item)
    slope, intercept = number(ds, "RescaleSlope"), number(ds, "RescaleIntercept")
    return {"slope": slope, "intercept": intercept or 0.0} if slope else None


def left_out(ds: Dataset) -> list[Undrawn]:
    """What the state says and the viewer cannot show, so that it can tell."""
    names = [name for keyword, name in _NOT_DRAWN.items() if keyword in ds and ds.get(keyword) not in (None, "", [])]
    annotations = items(ds, "GraphicAnnotationSequence")
    if any(items(one, "CompoundGraphicSequence") for one in annotations):
        names.append("compound-graphics")
    tables = [item for keyword in _TABLES for item in items(ds, keyword)]
    tables += [item for voi in items(ds, "SoftcopyVOILUTSequence") for item in items(voi, "VOILUTSequence")]
    if any(_lut(item) is None for item in tables):
        names.append("table")
    return list(dict.fromkeys(names))
