"""Objects that are not pictures, for our own viewer: documents, waveforms, presentation states, segmentations, headers.

What each answer holds is said by `node.dicom.presentation.told`. Objects never change under their digest, so what names nobody
may be kept by the browser for long; documents and headers may not be kept at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, get_type_hints

from fastapi import APIRouter
from fastapi import Path as PathParameter
from starlette.responses import Response

from node.dicom.image import first
from node.dicom.presentation.attributes import attributes
from node.dicom.presentation.content import document
from node.dicom.presentation.overlays import overlays
from node.dicom.presentation.segmentation import CLASSES as SEGMENTATIONS
from node.dicom.presentation.segmentation import frame_picture, segmentation
from node.dicom.presentation.state import CLASSES as STATES
from node.dicom.presentation.state import presentation
from node.dicom.presentation.structures import CLASS as STRUCTURES
from node.dicom.presentation.structures import structures
from node.dicom.presentation.told import Layer, LayerKind, Layers
from node.dicom.presentation.waveform import waveform
from node.errors import NotFound
from node.ledger import objects
from node.ledger.objects import ObjectRow, Place
from node.ports import Node
from node.web.series import no_series
from node.web.studies import Uid

_KEEP: Final = "private, max-age=31536000, immutable"
_NEVER: Final = "no-store"
_FACES: Final[dict[str, Callable[[Path], Mapping[str, object]]]] = {  # last part of the address: what it tells
    "attributes": attributes,
    "document": document,
    "overlays": overlays,
    "presentation": presentation,
    "segmentation": segmentation,
    "structures": structures,
    "waveform": waveform,
}
_KINDS: Final[dict[str, LayerKind]] = {
    **dict.fromkeys(STATES, "presentation"),
    **dict.fromkeys(SEGMENTATIONS, "segmentation"),
    STRUCTURES: "structures",
}

Frame = Annotated[int, PathParameter(ge=1, le=1_000_000)]


def router(node: Node) -> APIRouter:
    """GET under /api/display, beside the images."""
    routes = APIRouter(prefix="/api/display/studies/{study_uid}/series/{series_uid}", tags=["display"])

    @routes.get("/layers", response_class=Response, responses={200: {"model": Layers}})
    def layers(study_uid: Uid, series_uid: Uid) -> Response:
        return _answer(Layers(items=find_layers(node, study_uid, series_uid)))

    def add(face: str, make: Callable[[Path], Mapping[str, object]]) -> None:
        told: dict[int | str, dict[str, Any]] = {200: {"model": get_type_hints(make)["return"]}}

        @routes.get(f"/instances/{{sop_uid}}/{face}", response_class=Response, responses=told, name=face)
        def tell(study_uid: Uid, series_uid: Uid, sop_uid: Uid) -> Response:
            return _answer(make(_path(node, Place(study_uid, series_uid, sop_uid))))

    for face, make in _FACES.items():
        add(face, make)

    @routes.get(
        "/instances/{sop_uid}/segmentation/frames/{number}",
        response_class=Response,
        responses={200: {"content": {"image/png": {}}}},
    )
    def segment_frame(study_uid: Uid, series_uid: Uid, sop_uid: Uid, number: Frame) -> Response:
        row = _row(node, Place(study_uid, series_uid, sop_uid))
        if number > max(1, row.frames):
            raise NotFound("There is no such frame.", hint="Open the study again.")
        content = _picture(node.storage.path(row.digest), number - 1)
        return Response(content, media_type="image/png", headers={"Cache-Control": _KEEP})

    return routes


@lru_cache(maxsize=256)
def _picture(path: Path, index: int) -> bytes:
    return frame_picture(path, index)


def _answer(content: Mapping[str, object]) -> Response:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Response(text, media_type="application/json", headers={"Cache-Control": _NEVER})


def _row(node: Node, place: Place) -> ObjectRow:
    with node.ledger.read() as tx:
        rows = objects.find_objects(tx, place)
    if not rows:
        raise no_series()
    return rows[0]


def _path(node: Node, place: Place) -> Path:
    return node.storage.path(_row(node, place).digest)


# --- what belongs to a series -----------------------------------------------------------------------------------------


def find_layers(node: Node, study_uid: str, series_uid: str) -> list[Layer]:
    """What can be laid over the images of a series.

    That is what names the series, and segmentations and structures of its frame of reference. Newest first.
    """
    with node.ledger.read() as tx:
        rows = objects.find_objects(tx, Place(study_uid))
        candidates = [row for row in rows if row.sop_class_uid in _KINDS]
        if not candidates:
            return []
        image = next((row for row in rows if row.series_uid == series_uid), None)
        if image is None:
            raise no_series()
        place = Place(study_uid, series_uid, image.sop_instance_uid)
        frame_of_reference = first(next(objects.find_headers(tx, place))[1], "00200052")
        found = []
        for row in candidates:
            at = Place(study_uid, row.series_uid, row.sop_instance_uid)
            header = next(objects.find_headers(tx, at))[1]
            if row.series_uid != series_uid and _belongs(header, series_uid, frame_of_reference, row.sop_class_uid):
                found.append(_layer(row, header))
    return sorted(found, key=lambda one: one["date"], reverse=True)


def _belongs(header: Mapping[str, Any], series_uid: str, frame_of_reference: Any, sop_class: str) -> bool:
    if series_uid in set(_named(header, "0020000E")):
        return True
    if sop_class in STATES or not frame_of_reference:
        return False
    return first(header, "00200052") == frame_of_reference or frame_of_reference in set(_named(header, "00200052"))


def _named(header: Mapping[str, Any], tag: str) -> Iterator[str]:
    """Every value of an attribute inside the sequences of a header."""
    for element in header.values():
        if isinstance(element, Mapping) and element.get("vr") == "SQ":
            for item in element.get("Value") or []:
                yield from (str(value) for value in (item.get(tag) or {}).get("Value") or [])
                yield from _named(item, tag)


def _layer(row: ObjectRow, header: Mapping[str, Any]) -> Layer:
    def text(*tags: str) -> str:
        for tag in tags:
            value = first(header, tag)
            if isinstance(value, Mapping):
                value = value.get("Alphabetic")
            if value:
                return str(value)
        return ""

    return {
        "kind": _KINDS[row.sop_class_uid],
        "series": row.series_uid,
        "sop": row.sop_instance_uid,
        "label": text("00700080", "30060002", "0008103E"),
        "description": text("00700081", "0008103E"),
        "creator": text("00700084"),
        "date": text("00700082", "00080023", "30060008", "0008002A", "00080021") + text("00700083", "00080033"),
    }
