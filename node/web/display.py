"""Images for our own viewer, in forms that every browser can decode; see `node.dicom.display` for what they are.

Objects never change under their digest, so frames may stay in the browser's cache for good.
"""

from __future__ import annotations

import json
import os
from threading import BoundedSemaphore
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from node import __version__
from node.dicom import display
from node.errors import NotFound
from node.ledger import objects
from node.ledger.objects import ObjectRow, Place
from node.ports import Node
from node.web.studies import Uid

_KEEP = "private, max-age=31536000, immutable"
_DAY = "private, max-age=86400"

Frame = Annotated[int, Path(ge=1, le=1_000_000)]
Resolution = Annotated[int | None, Query(alias="res", ge=0, le=8)]


class _Display:
    """The handlers' view of the node; decoding is limited to as many threads as there are cores."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._cores = BoundedSemaphore(max(2, os.cpu_count() or 2))

    def metadata(self, place: Place) -> list[dict[str, Any]]:
        with self.node.ledger.read() as tx:
            found = list(objects.find_headers(tx, place))
        if not found:
            raise no_series()
        shown = []
        for row, header in found:
            how = display.plan(header)
            if how is None:
                continue
            path = self.node.storage.path(row.digest) if how.needs_pixels else None
            model = display.display_metadata(header, path)
            if model is not None:
                shown.append(model)
        return [shown[index] for index in display.order(shown)]

    def one(self, place: Place) -> ObjectRow:
        with self.node.ledger.read() as tx:
            rows = objects.find_objects(tx, place)
        if not rows:
            raise no_series()
        images = [row for row in rows if row.rows > 0]
        if not images:
            raise NotFound("The instance holds no pixels.", hint="Open the study again.")
        return images[len(images) // 2]

    def frame(self, row: ObjectRow, number: int, resolution: int | None, request: Request) -> Response:
        if number > row.frames:
            raise NotFound("There is no such frame.", hint="Open the study again.")
        etag = _etag(row, f"{number}-{resolution or 0}")
        headers = {"Cache-Control": _KEEP, "ETag": etag}
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        with self._cores:
            frame = display.display_frame(self.node.storage.path(row.digest), number, resolution=resolution)
        kind = f"{frame.media_type.partition(';')[0]}; transfer-syntax={frame.transfer_syntax_uid}"
        return Response(frame.content, headers={**headers, "Content-Type": kind})

    def thumbnail(self, row: ObjectRow, request: Request) -> Response:
        etag = _etag(row, "thumbnail")
        headers = {"Cache-Control": _DAY, "ETag": etag}
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        with self._cores:
            content = display.thumbnail(self.node.storage.path(row.digest), 128)
        return Response(content, media_type="image/jpeg", headers=headers)


def router(node: Node) -> APIRouter:
    """GET under /api/display."""
    routes = APIRouter(prefix="/api/display/studies/{study_uid}/series/{series_uid}", tags=["display"])
    shown = _Display(node)

    @routes.get("/metadata", response_class=Response, responses={200: {"content": {"application/json": {}}}})
    def metadata(study_uid: Uid, series_uid: Uid) -> Response:
        models = shown.metadata(Place(study_uid, series_uid))
        content = json.dumps(models, ensure_ascii=False, separators=(",", ":"))
        return Response(content, media_type="application/json", headers={"Cache-Control": "no-store"})

    @routes.get("/thumbnail", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
    def series_thumbnail(study_uid: Uid, series_uid: Uid, request: Request) -> Response:
        return shown.thumbnail(shown.one(Place(study_uid, series_uid)), request)

    @routes.get(
        "/instances/{sop_uid}/thumbnail", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}}
    )
    def thumbnail(study_uid: Uid, series_uid: Uid, sop_uid: Uid, request: Request) -> Response:
        return shown.thumbnail(shown.one(Place(study_uid, series_uid, sop_uid)), request)

    @routes.get(
        "/instances/{sop_uid}/frames/{number}",
        response_class=Response,
        responses={200: {"content": {"image/jphc": {}, "application/octet-stream": {}}}},
    )
    def frame(
        study_uid: Uid, series_uid: Uid, sop_uid: Uid, number: Frame, request: Request, resolution: Resolution = None
    ) -> Response:
        return shown.frame(shown.one(Place(study_uid, series_uid, sop_uid)), number, resolution, request)

    return routes


def no_series() -> NotFound:
    return NotFound("There is no such series or instance.", hint="Open the study again.")


def _etag(row: ObjectRow, what: str) -> str:
    """Another release may display the same bytes in another way."""
    return f'"{row.digest[:24]}-{what}-{__version__}"'
