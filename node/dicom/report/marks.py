"""Measurements as content of structured reports: numbers with units, inferred from coordinates on an image (TID 300, 320).

The tracking identifier is the mark's id, the tracking UID the same as a UID (2.25.<the UUID as an integer>, PS3.5 B.2).
What a mark is (`MeasurementKind`) and what its lengths rest on are said in our own codes, as measurement method and
basis, so that `read_marks` gives back what was drawn.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from highdicom.sr import (
    CodeContentItem,
    ContainerContentItem,
    ContentSequence,
    CoordinatesForMeasurement,
    SourceImageForRegion,
    TextContentItem,
    TrackingIdentifier,
)
from highdicom.sr import Measurement as NumericMeasurement
from highdicom.sr.enum import GraphicTypeValues as Graphic
from highdicom.sr.enum import RelationshipTypeValues as Relation
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from node.dicom.report import _codes_table as codes
from node.dicom.report import _marks_table as table
from node.dicom.report.document import EvidenceItem
from node.dicom.study_header import text_of
from node.domain.measurement import POINTS, Measurement, MeasurementKind, SpacingBasis, Value
from node.errors import Invalid

Points = tuple[tuple[float, float], ...]
_K = MeasurementKind
_TWO_LINES = frozenset({_K.BIDIRECTIONAL, _K.COBB, _K.CARDIOTHORACIC})
_AXES = {"long-axis": slice(0, 1), "short-axis": slice(1, 2)}  # which of the two lines of a bidirectional measurement


def graphics(mark: Measurement) -> list[tuple[Graphic, Points]]:
    """What is drawn, as SCOORD (PS3.3 C.18.6); the polyline of a rectangle is closed."""
    if mark.kind is _K.ELLIPSE:
        return [(Graphic.ELLIPSE, mark.points)]
    if mark.kind is _K.PROBE:
        return [(Graphic.POINT, mark.points)]
    if mark.kind is _K.RECTANGLE:
        return [(Graphic.POLYLINE, (*mark.points, mark.points[0]))]
    if mark.kind in _TWO_LINES:
        return [(Graphic.POLYLINE, mark.points[:2]), (Graphic.POLYLINE, mark.points[2:])]
    return [(Graphic.POLYLINE, mark.points)]


def tracking_uid(mark_id: str) -> str:
    """A UUID as a UID; an id that is none is hashed to one."""
    try:
        number = uuid.UUID(mark_id).int
    except ValueError:
        number = int.from_bytes(hashlib.sha256(mark_id.encode()).digest()[:16], "big")
    return f"2.25.{number}"


def tracking(mark: Measurement) -> TrackingIdentifier:
    return TrackingIdentifier(uid=tracking_uid(mark.id), identifier=mark.id)


def concept(mark: Measurement, value: Value) -> tuple[Code, Code | None]:
    """What a value is, and how it was derived from the pixels of the region."""
    if derivation := table.DERIVATIONS.get(value.name):
        return table.QUANTITIES.get(value.unit, table.PIXEL_VALUE), derivation
    if value.name == "value":
        return table.QUANTITIES.get(value.unit, table.PIXEL_VALUE), None
    if mark.kind is _K.COBB and value.name == "angle":
        return table.COBB_ANGLE, None
    return table.NAMES.get(value.name) or codes.private(value.name[:16], value.name[:64]), None


def unit(value: Value) -> Code:
    return Code(value.unit, "UCUM", table.UNITS.get(value.unit, value.unit))


def source_of(mark: Measurement, images: Mapping[str, EvidenceItem]) -> SourceImageForRegion:
    """The image, and its frame when it has several. Raises `Invalid` when it is not of the study."""
    image = images.get(mark.sop_instance_uid)
    if image is None:
        raise Invalid(
            "A measurement is on an image that is not part of the study.", hint="Delete it and draw it again."
        )
    if mark.frame > max(1, image.frames):
        raise Invalid("A measurement is on a frame that the image has not.", hint="Delete it and draw it again.")
    frames = [mark.frame] if image.frames > 1 else None
    return SourceImageForRegion(image.sop_class_uid, image.sop_instance_uid, frames)


def coordinates(
    mark: Measurement, value: Value | None, source: SourceImageForRegion
) -> list[CoordinatesForMeasurement]:
    """The lines that a value was measured on: both of a bidirectional measurement only for what is neither axis."""
    drawn = graphics(mark)
    names = {v.name for v in mark.values}
    if mark.kind is _K.BIDIRECTIONAL and value is not None and names >= set(_AXES):
        drawn = drawn[_AXES.get(value.name, slice(None))]
    return [CoordinatesForMeasurement(kind, np.array(points, np.float64), source) for kind, points in drawn]


def numbers(mark: Measurement, drawn_on: SourceImageForRegion | None) -> list[NumericMeasurement]:
    """TID 300 of every value; inferred from coordinates when `drawn_on` is given."""
    made = []
    for value in mark.values:
        name, derivation = concept(mark, value)
        number = NumericMeasurement(
            name=name,
            value=float(value.number),
            unit=unit(value),
            derivation=derivation,
            referenced_coordinates=coordinates(mark, value, drawn_on) if drawn_on is not None else None,
        )
        if number[0].get("ContentSequence") is None:
            number[0].ContentSequence = ContentSequence()
        number[0].ContentSequence.insert(0, _basis(mark))
        made.append(number)
    return made


def method(mark: Measurement) -> CodeContentItem:
    """What kind of mark a group is (TID 1501)."""
    return CodeContentItem(table.METHOD, table.KINDS[mark.kind], Relation.HAS_CONCEPT_MOD)


def _basis(mark: Measurement) -> CodeContentItem:
    return CodeContentItem(table.BASIS, table.BASES[mark.basis.value], Relation.HAS_CONCEPT_MOD)


def finding_code(mark: Measurement) -> Code | None:
    """The reader's words as a coded finding: our scheme, a value that follows from the words; None without words."""
    words = text_of(mark.text)
    if not words:
        return None
    return codes.private(f"T{hashlib.sha256(words.encode()).hexdigest()[:15]}", words[:64].rstrip())


def narrative_group(mark: Measurement, images: Mapping[str, EvidenceItem]) -> ContainerContentItem:
    """The mark within a section of the narrative: a container that is tracked by the mark's id, with the reader's words and
    the values, each inferred from what is drawn. Enhanced SR has observation context for containers only."""
    source = source_of(mark, images)
    words = text_of(mark.text)
    children: list[Any] = [*tracking(mark), method(mark)]
    if words or not mark.values:
        comment = TextContentItem(codes.COMMENT, words or "-", Relation.CONTAINS)
        if not mark.values:
            comment.ContentSequence = ContentSequence([_basis(mark), *coordinates(mark, None, source)])
        children.append(comment)
    children += [number[0] for number in numbers(mark, source)]
    group = ContainerContentItem(table.GROUP, is_content_continuous=False, relationship_type=Relation.CONTAINS)
    group.ContentSequence = ContentSequence(children)
    return group


# --- reading


def is_mark(item: Dataset) -> bool:
    """Whether a content item is the group of a mark."""
    return _said(item) == table.GROUP.value and bool(_child(item, table.TRACKING_UID))


def read_marks(groups: Iterable[Dataset], series_of: Mapping[str, str]) -> tuple[Measurement, ...]:
    """The marks that groups (`is_mark`) say; those that are not ours or not whole are left out.

    `series_of` gives the series of the instances in the document's evidence.
    """
    found = (_read_mark(group, series_of) for group in groups)
    return tuple(mark for mark in found if mark is not None)


def _read_mark(group: Dataset, series_of: Mapping[str, str]) -> Measurement | None:
    try:
        items = [child for child in group.ContentSequence if next(_scoords(child), None) is not None]
        first = items[0]
        kind = MeasurementKind(_code(group, table.METHOD.value))
        image = next(_children(next(_scoords(first)), "IMAGE")).ReferencedSOPSequence[0]
        sop = str(image.ReferencedSOPInstanceUID)
        basis = _code(first, table.BASIS.value)
        mark = Measurement(
            id=str(_child(group, table.TRACKING_ID).get("TextValue", "")),
            kind=kind,
            series_instance_uid=series_of.get(sop, ""),
            sop_instance_uid=sop,
            frame=int(image.get("ReferencedFrameNumber") or 1),
            points=_points(kind, items),
            values=tuple(_value(item) for item in items if item.get("ValueType") == "NUM"),
            basis=SpacingBasis(basis) if basis else SpacingBasis.NONE,
            text=_words(group),
        )
    except (ValueError, AttributeError, StopIteration, IndexError, KeyError, TypeError):
        return None
    return mark if len(mark.points) == POINTS[kind] else None


def _words(group: Dataset) -> str:
    words = str(_child(group, codes.COMMENT.value).get("TextValue") or "")
    return "" if words == "-" else words


def _value(item: Dataset) -> Value:
    measured = item.MeasuredValueSequence[0]
    derivation = _code(item, "121401")
    said = str(item.ConceptNameCodeSequence[0].CodeValue)
    name = next((n for n, code in table.DERIVATIONS.items() if code.value == derivation), "")
    if not name and said in {table.PIXEL_VALUE.value, *(code.value for code in table.QUANTITIES.values())}:
        name = "value"
    if not name:
        name = "angle" if said == table.COBB_ANGLE.value else ""
    if not name:
        name = next((n for n, code in table.NAMES.items() if code.value == said), said)
    number = measured.get("FloatingPointValue")
    return Value(
        name,
        float(measured.NumericValue if number is None else number),
        str(measured.MeasurementUnitsCodeSequence[0].CodeValue),
    )


def _points(kind: MeasurementKind, items: Sequence[Dataset]) -> Points:
    """The points of all that is drawn, each once, the long axis before the short one."""
    lines: dict[Points, None] = {}
    for item in sorted(items, key=lambda i: _said(i) == table.NAMES["short-axis"].value):
        for scoord in _scoords(item):
            data = [float(number) for number in scoord.GraphicData]
            pairs = zip(data[::2], data[1::2], strict=True)
            lines[tuple((round(column, 3), round(row, 3)) for column, row in pairs)] = None
    points = tuple(point for line in lines for point in line)
    return points[:4] if kind is _K.RECTANGLE else points


def _said(item: Dataset) -> str:
    return str(next(iter(item.get("ConceptNameCodeSequence") or []), Dataset()).get("CodeValue", ""))


def _children(item: Dataset, value_type: str) -> Iterator[Dataset]:
    return (child for child in item.get("ContentSequence", []) if child.get("ValueType") == value_type)


def _scoords(item: Dataset) -> Iterator[Dataset]:
    return _children(item, "SCOORD")


def _child(item: Dataset, code_value: str) -> Dataset:
    return next((child for child in item.get("ContentSequence", []) if _said(child) == code_value), Dataset())


def _code(item: Dataset, code_value: str) -> str:
    codes_of = _child(item, code_value).get("ConceptCodeSequence") or []
    return str(next(iter(codes_of), Dataset()).get("CodeValue", ""))
