"""Measurements and marks on images, as the viewer makes them and documents carry them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MeasurementKind(StrEnum):
    """What is drawn; `points` says which points, in this order."""

    LENGTH = "length"  # 2: the ends
    BIDIRECTIONAL = "bidirectional"  # 4: the ends of the long axis, then of the short one
    ANGLE = "angle"  # 3: an end, the vertex, the other end
    COBB = "cobb"  # 4: the ends of the first line, then of the second
    ELLIPSE = "ellipse"  # 4: the ends of the major axis, then of the minor one (as a SCOORD ELLIPSE)
    RECTANGLE = "rectangle"  # 4: the corners, in order around
    PROBE = "probe"  # 1
    ARROW = "arrow"  # 2: the tip, then the tail; with a text
    CARDIOTHORACIC = "cardiothoracic"  # 4: the ends of the heart's width, then of the chest's


class SpacingBasis(StrEnum):
    """What lengths rest on."""

    PATIENT = "patient"  # Pixel Spacing in the patient
    DETECTOR = "detector"  # Imager Pixel Spacing: on the detector, not in the patient
    CALIBRATED = "calibrated"  # by the reader, on this image
    REGION = "region"  # an ultrasound region's calibration (PS3.3 C.8.5.5)
    NONE = "none"  # pixels


@dataclass(frozen=True, slots=True)
class Value:
    """One number of a measurement, e.g. ("length", 12.3, "mm"). `unit` is a UCUM code: mm, mm2, deg, [hnsf'U], g/ml{SUVbw}, 1."""

    name: str  # length | short-axis | long-axis | angle | area | mean | stddev | min | max | value | ratio
    number: float
    unit: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """One of them. Points are (column, row) on the frame, (0.0, 0.0) being the upper left corner of the upper left
    pixel, whose middle is (0.5, 0.5) (PS3.3 C.10.5, C.18.6)."""

    id: str  # a UUID
    kind: MeasurementKind
    series_instance_uid: str
    sop_instance_uid: str
    frame: int  # from 1
    points: tuple[tuple[float, float], ...]
    values: tuple[Value, ...] = ()
    basis: SpacingBasis = SpacingBasis.NONE
    text: str = ""  # what the reader wrote beside it
    in_report: bool = True  # goes into the report when it is signed
