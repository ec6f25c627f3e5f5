"""Measurements and marks on images, as the viewer makes them and documents carry them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Any

from node.errors import Invalid


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
    CALIBRATION = "calibration"  # 2: the ends of what has the length of its value; never in a report


POINTS: dict[MeasurementKind, int] = {
    MeasurementKind.LENGTH: 2,
    MeasurementKind.BIDIRECTIONAL: 4,
    MeasurementKind.ANGLE: 3,
    MeasurementKind.COBB: 4,
    MeasurementKind.ELLIPSE: 4,
    MeasurementKind.RECTANGLE: 4,
    MeasurementKind.PROBE: 1,
    MeasurementKind.ARROW: 2,
    MeasurementKind.CARDIOTHORACIC: 4,
    MeasurementKind.CALIBRATION: 2,
}


class SpacingBasis(StrEnum):
    """What lengths rest on."""

    PATIENT = "patient"  # Pixel Spacing in the patient
    DETECTOR = "detector"  # Imager Pixel Spacing: on the detector, not in the patient
    ESTIMATED = "estimated"  # the same over the Estimated Radiographic Magnification Factor (0018,1114)
    CALIBRATED = "calibrated"  # by the reader, on this image
    REGION = "region"  # an ultrasound region's calibration (PS3.3 C.8.5.5)
    NONE = "none"  # pixels


@dataclass(frozen=True, slots=True)
class Value:
    """One number of a measurement, e.g. ("length", 12.3, "mm"). `unit` is a UCUM code: mm, mm2, deg, [hnsf'U],
    g/ml{SUVbw}, 1; {pixels} for lengths and areas where nothing is known of the size of a pixel."""

    name: str  # length | short-axis | long-axis | angle | area | mean | stddev | min | max | value | ratio |
    # heart-width | chest-width | horizontal | vertical (of an ultrasound region whose directions differ)
    number: float
    unit: str

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "number": self.number, "unit": self.unit}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Value:
        return cls(str(stored["name"]), _finite(stored["number"]), str(stored["unit"]))


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

    def to_json(self) -> dict[str, Any]:
        """The form in which the ledger and the API keep it."""
        return {
            "id": self.id,
            "kind": self.kind.value,
            "series_instance_uid": self.series_instance_uid,
            "sop_instance_uid": self.sop_instance_uid,
            "frame": self.frame,
            "points": [list(point) for point in self.points],
            "values": [value.to_json() for value in self.values],
            "basis": self.basis.value,
            "text": self.text,
            "in_report": self.in_report,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Measurement:
        """The opposite of `to_json`. Raises `Invalid` when it is no measurement, or has not its kind's number of points."""
        try:
            made = cls(
                id=str(stored["id"]),
                kind=MeasurementKind(stored["kind"]),
                series_instance_uid=str(stored["series_instance_uid"]),
                sop_instance_uid=str(stored["sop_instance_uid"]),
                frame=int(stored["frame"]),
                points=tuple((_finite(column), _finite(row)) for column, row in stored["points"]),
                values=tuple(Value.from_json(value) for value in stored.get("values", ())),
                basis=SpacingBasis(stored.get("basis", SpacingBasis.NONE)),
                text=str(stored.get("text", "")),
                in_report=bool(stored.get("in_report", True)),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise Invalid("The measurement cannot be read.", hint="Draw it again.") from error
        if made.frame < 1 or len(made.points) != POINTS[made.kind]:
            raise Invalid("The measurement has a wrong number of points, or no frame.", hint="Draw it again.")
        return made


def _finite(number: Any) -> float:
    found = float(number)
    if not isfinite(found):
        raise ValueError("not a finite number")
    return found
