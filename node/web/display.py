"""Images for our own viewer, in forms that every browser can decode; see `node.dicom.display` for what they are.

Objects never change under their digest, so frames may stay in the browser's cache for good. What names a patient (the
metadata) may not be kept by it at all.

`/previews` and `/opening` answer with one stream of records, so that a long line is crossed once for a whole series. A
stream begins with the eight bytes `LTSTRM01`; all numbers are little endian; each record is a head of 16 bytes, then
`length` bytes:

    0  kind       1 metadata · 2 HTJ2K · 3 raw samples · 9 end
    1  reduction  the frame is complete to the image reduced by 2**n
    2  (zero)
    4  index      of the frame in the series, from 0, in the order of the metadata
    8  offset     of these bytes within the coded frame: 0, or where the last record of this frame ended
    12 length

Metadata are gzipped JSON: {"study", "series", "first", "frames", "metadata": [DICOM JSON model]}. Frames come from the one
asked for outwards. A stream without its end record broke off.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from node import __version__
from node.domain.numbers import LARGEST_COUNT
from node.errors import NotFound
from node.ledger import objects
from node.ledger.objects import ObjectRow, Place
from node.ports import Node
from node.web.frames import FrameSource, Piece
from node.web.series import SeriesShelf, ShownSeries, no_series
from node.web.stream import Wish, records
from node.web.studies import Uid

_KEEP = "private, max-age=31536000, immutable"
_DAY = "private, max-age=86400"
_STREAM = "application/octet-stream"

Frame = Annotated[int, Path(ge=1, le=1_000_000)]
Resolution = Annotated[int | None, Query(alias="res", ge=0, le=8, description="halvings of the image")]
After = Annotated[int | None, Query(ge=0, le=8, description="leaves out what `res` of this number already had")]
From = Annotated[
    int | None, Query(alias="from", ge=0, le=LARGEST_COUNT, description="frame of the series, from 0, to begin with")
]


class _Display:
    """The handlers' view of the node."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.frames = FrameSource(node)
        self.series = SeriesShelf(node)

    def one(self, place: Place) -> ObjectRow:
        with self.node.ledger.read() as tx:
            rows = objects.find_objects(tx, place)
        images = [row for row in rows if row.rows > 0]
        if not rows:
            raise no_series()
        if not images:
            raise NotFound("The instance holds no pixels.", hint="Open the study again.")
        return images[len(images) // 2]

    def frame(self, row: ObjectRow, number: int, wanted: tuple[int, int | None], request: Request) -> Response:
        if number > row.frames:
            raise NotFound("There is no such frame.", hint="Open the study again.")
        resolution, after = wanted
        etag = _etag(row, f"{number}-{resolution}-{'' if after is None else after}")
        headers = {"Cache-Control": _KEEP, "ETag": etag}
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        piece = self.frames.piece(row, number - 1, resolution, after)
        kind = f"{piece.media_type}; transfer-syntax={piece.transfer_syntax_uid}"
        return Response(piece.content, headers={**headers, "Content-Type": kind})

    def thumbnail(self, row: ObjectRow, request: Request, size: int = 128) -> Response:
        etag = _etag(row, f"thumbnail-{size}")
        headers = {"Cache-Control": _DAY, "ETag": etag}
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        return Response(self.frames.thumbnail(row, size), media_type="image/jpeg", headers=headers)

    def stream(self, shown: ShownSeries, wish: Wish) -> Response:
        def piece(index: int, reduction: int, after: int | None) -> Piece:
            row, frame = shown.frame(index)
            return self.frames.piece(row, frame, reduction, after)

        return StreamingResponse(records(shown, wish, piece), media_type=_STREAM, headers={"Cache-Control": "no-store"})


def router(node: Node) -> APIRouter:
    """GET under /api/display."""
    routes = APIRouter(prefix="/api/display/studies/{study_uid}", tags=["display"])
    shown = _Display(node)
    _add_streams(routes, shown)
    _add_pictures(routes, shown)
    return routes


def _add_streams(routes: APIRouter, shown: _Display) -> None:
    stream: Any = {"response_class": Response, "responses": {200: {"content": {_STREAM: {}}}}}

    @routes.get("/opening", **stream)
    def opening(study_uid: Uid, first: From = None) -> Response:
        """The series that opens first: its metadata, its first image up to full size, then all previews."""
        series = shown.series.opening(study_uid)
        return shown.stream(series, Wish(first, metadata=True, whole_first=True))

    @routes.get("/series/{series_uid}/opening", **stream)
    def series_opening(study_uid: Uid, series_uid: Uid, first: From = None) -> Response:
        """The same for a series that is named."""
        series = shown.series.one(Place(study_uid, series_uid))
        return shown.stream(series, Wish(first, metadata=True, whole_first=True))

    @routes.get("/series/{series_uid}/previews", **stream)
    def previews(study_uid: Uid, series_uid: Uid, resolution: Resolution = None, first: From = None) -> Response:
        """The previews of a series alone; without `res` of a size that suits it."""
        series = shown.series.one(Place(study_uid, series_uid))
        return shown.stream(series, Wish(first, resolution))


def _add_pictures(routes: APIRouter, shown: _Display) -> None:
    jpeg: Any = {"response_class": Response, "responses": {200: {"content": {"image/jpeg": {}}}}}
    place = "/series/{series_uid}"

    @routes.get(f"{place}/metadata", response_class=Response, responses={200: {"content": {"application/json": {}}}})
    def metadata(study_uid: Uid, series_uid: Uid, request: Request) -> Response:
        series = shown.series.one(Place(study_uid, series_uid))
        headers = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(series.instances_gzip, media_type="application/json", headers=headers)
        return Response(series.instances_json, media_type="application/json", headers=headers)

    @routes.get(f"{place}/thumbnail", **jpeg)
    def series_thumbnail(study_uid: Uid, series_uid: Uid, request: Request) -> Response:
        return shown.thumbnail(shown.one(Place(study_uid, series_uid)), request)

    @routes.get(f"{place}/instances/{{sop_uid}}/thumbnail", **jpeg)
    def thumbnail(
        study_uid: Uid, series_uid: Uid, sop_uid: Uid, request: Request, size: Literal["128", "768"] = "128"
    ) -> Response:
        """The larger one is for a report's key images, which are read beside its text."""
        return shown.thumbnail(shown.one(Place(study_uid, series_uid, sop_uid)), request, int(size))

    @routes.get(
        f"{place}/instances/{{sop_uid}}/frames/{{number}}",
        response_class=Response,
        responses={200: {"content": {"image/jphc": {}, "application/octet-stream": {}}}},
    )
    def frame(
        study_uid: Uid,
        series_uid: Uid,
        sop_uid: Uid,
        number: Frame,
        request: Request,
        resolution: Resolution = None,
        after: After = None,
    ) -> Response:
        row = shown.one(Place(study_uid, series_uid, sop_uid))
        return shown.frame(row, number, (resolution or 0, after), request)


def _etag(row: ObjectRow, what: str) -> str:
    """Another release may display the same bytes in another way."""
    return f'"{row.digest[:24]}-{what}-{__version__}"'
