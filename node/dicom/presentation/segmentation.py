"""Segmentations (PS3.3 A.51): their segments, where each frame lies, and frames as pictures."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset

from node.dicom.pixels import Frames
from node.dicom.presentation import source
from node.dicom.presentation.source import first_code, items, number, numbers, text
from node.dicom.presentation.state import lab_to_rgb
from node.dicom.presentation.told import Segment, Segmentation, SegmentFrame

CLASSES: Final = frozenset({"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"})
_COLOURS: Final = (
    (230, 85, 75), (90, 180, 90), (80, 140, 235), (235, 190, 65), (185, 105, 215), (75, 200, 205),
    (240, 135, 55), (225, 110, 165), (150, 200, 70), (145, 125, 235), (205, 165, 125), (120, 210, 165),
)  # fmt: skip


def segmentation(path: Path) -> Segmentation:
    """Its segments and where its frames lie. Raises `Unreadable`, `NotFound` for what is no segmentation."""
    ds = source.read(path)
    if text(ds, "SOPClassUID") not in CLASSES:
        raise source.refuse("segmentation")
    kind = text(ds, "SegmentationType") or "BINARY"
    shared = next(iter(items(ds, "SharedFunctionalGroupsSequence")), Dataset())
    frames = items(ds, "PerFrameFunctionalGroupsSequence")
    return {
        "type": kind,
        "label": text(ds, "ContentLabel"),
        "frame_of_reference": text(ds, "FrameOfReferenceUID"),
        "rows": int(number(ds, "Rows") or 0),
        "columns": int(number(ds, "Columns") or 0),
        "segments": [_segment(item, index) for index, item in enumerate(items(ds, "SegmentSequence"))],
        "frames": [_frame(item, shared, index, kind) for index, item in enumerate(frames, 1)],
    }


def _segment(item: Dataset, index: int) -> Segment:
    category, kind = (
        first_code(item, "SegmentedPropertyCategoryCodeSequence"),
        first_code(item, "SegmentedPropertyTypeCodeSequence"),
    )
    return {
        "number": int(number(item, "SegmentNumber") or 0),
        "label": text(item, "SegmentLabel") or (kind["meaning"] if kind else ""),
        "colour": lab_to_rgb(numbers(item, "RecommendedDisplayCIELabValue")) or list(_COLOURS[index % len(_COLOURS)]),
        "category": category["meaning"] if category else "",
        "kind": kind["meaning"] if kind else "",
        "algorithm": text(item, "SegmentAlgorithmType"),
    }


def _frame(frame: Dataset, shared: Dataset, index: int, kind: str) -> SegmentFrame:
    def group(keyword: str) -> Dataset:
        return next((item for where in (frame, shared) for item in items(where, keyword)), Dataset())

    sources = [
        image
        for derivation in items(frame, "DerivationImageSequence") or items(shared, "DerivationImageSequence")
        for image in items(derivation, "SourceImageSequence")
    ]
    measures = group("PixelMeasuresSequence")
    return {
        "number": index,
        "segment": 0
        if kind == "LABELMAP"
        else int(number(group("SegmentIdentificationSequence"), "ReferencedSegmentNumber") or 0),
        "position": numbers(group("PlanePositionSequence"), "ImagePositionPatient"),
        "orientation": numbers(group("PlaneOrientationSequence"), "ImageOrientationPatient"),
        "spacing": numbers(measures, "PixelSpacing"),
        "thickness": number(measures, "SliceThickness"),
        "source": [text(image, "ReferencedSOPInstanceUID") for image in sources],
        "source_frames": [int(n) for image in sources for n in numbers(image, "ReferencedFrameNumber")],
    }


def frame_picture(path: Path, index: int) -> bytes:
    """Frame `index` (from 0) as a PNG of 8 bits: 0 or 255 of a binary one, 0…255 of a fractional one, segment numbers of a
    label map (up to 255). Raises `Unreadable`."""
    with Frames.open(path) as frames:
        samples = frames.decode(index).samples
        kind = str(frames.header.get("SegmentationType", "BINARY"))
        if kind == "BINARY":
            levels = (samples > 0) * np.uint8(255)
        elif kind == "FRACTIONAL":
            most = float(frames.header.get("MaximumFractionalValue", 255) or 255)
            levels = np.clip(np.rint(samples.astype(float) * 255 / most), 0, 255)
        else:
            levels = np.clip(samples, 0, 255)
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(levels.astype(np.uint8))).save(out, "PNG", compress_level=1)
    return out.getvalue()
