"""DICOMweb, the reading half: search (QIDO-RS) and retrieve (WADO-RS) of what is stored, as stored (PS3.18 10.4, 10.6).

Objects travel from the disk to the line in pieces; a study is never in memory.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.datastructures import QueryParams
from starlette.responses import Response, StreamingResponse

from node.dicom.network.identifier import key_of
from node.dicom.pixels import Frames
from node.domain.query import Key, Level, Matching
from node.domain.query import Query as Search
from node.errors import Invalid, NotFound
from node.ledger import objects
from node.ledger.objects import ObjectRow, Place
from node.ledger.search import find, unsupported
from node.ports import Node
from node.web import negotiation
from node.web._dicomweb_table import ALWAYS, FRAME_TYPES, NATIVE, model
from node.web.arrived import Uid, no_study

DICOM_JSON = "application/dicom+json"
MOST_RESULTS = 5000
_CHUNK = 256 << 10  # bytes

Limit = Annotated[int, Query(ge=1, le=MOST_RESULTS)]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]
_IGNORED = frozenset({"limit", "offset", "includefield", "fuzzymatching", "accept"})
_FRAMES = re.compile(r"[1-9]\d{0,6}(,[1-9]\d{0,6}){0,4999}")

_JSON_ANSWER: dict[int | str, dict[str, Any]] = {200: {"content": {DICOM_JSON: {}}}}
_OBJECTS_ANSWER: dict[int | str, dict[str, Any]] = {200: {"content": {"multipart/related": {}}}}


def router(node: Node) -> APIRouter:
    """GET under /dicom-web."""
    routes = APIRouter(prefix="/dicom-web", tags=["dicomweb"])
    _add_searches(routes, node)
    _add_metadata(routes, node)
    _add_objects(routes, node)
    return routes


def _add_searches(routes: APIRouter, node: Node) -> None:
    def found(request: Request, level: Level, place: dict[str, str], limit: int, offset: int) -> Response:
        query, ignored = read_query(level, request.query_params, place)
        with node.ledger.read() as tx, closing(find(tx, query)) as entries:
            base = _base(request)
            models = [model(level, query.keys, entry, base) for entry in islice(entries, offset, offset + limit)]
        return _json_response(request, models, ignored)

    @routes.get("/studies", response_class=Response, responses=_JSON_ANSWER)
    def search_studies(request: Request, limit: Limit = 1000, offset: Offset = 0) -> Response:
        return found(request, Level.STUDY, {}, limit, offset)

    @routes.get("/studies/{study_uid}/series", response_class=Response, responses=_JSON_ANSWER)
    def search_series(
        study_uid: Uid,
        request: Request,
        modality: Annotated[str, Query(alias="Modality", max_length=16)] = "",
        series_uid: Annotated[str, Query(alias="SeriesInstanceUID", max_length=64)] = "",
        limit: Limit = MOST_RESULTS,
        offset: Offset = 0,
    ) -> Response:
        return found(request, Level.SERIES, {"StudyInstanceUID": study_uid}, limit, offset)

    @routes.get("/studies/{study_uid}/series/{series_uid}/instances", response_class=Response, responses=_JSON_ANSWER)
    def search_instances(
        study_uid: Uid,
        series_uid: Uid,
        request: Request,
        sop_uid: Annotated[str, Query(alias="SOPInstanceUID", max_length=64)] = "",
        limit: Limit = MOST_RESULTS,
        offset: Offset = 0,
    ) -> Response:
        place = {"StudyInstanceUID": study_uid, "SeriesInstanceUID": series_uid}
        return found(request, Level.IMAGE, place, limit, offset)


def _add_metadata(routes: APIRouter, node: Node) -> None:
    def metadata(request: Request, place: Place) -> Response:
        negotiation.require_json(request.headers.get("accept", ""))
        _found(node, place)

        def pieces() -> Iterator[str]:
            separator = "["
            with node.ledger.read() as tx:
                for _, header in objects.find_headers(tx, place):
                    yield separator + json.dumps(header, ensure_ascii=False, separators=(",", ":"))
                    separator = ","
            yield "]"

        return StreamingResponse(pieces(), media_type=DICOM_JSON, headers={"Cache-Control": "no-store"})

    @routes.get("/studies/{study_uid}/metadata", response_class=Response, responses=_JSON_ANSWER)
    def study_metadata(study_uid: Uid, request: Request) -> Response:
        return metadata(request, Place(study_uid))

    @routes.get("/studies/{study_uid}/series/{series_uid}/metadata", response_class=Response, responses=_JSON_ANSWER)
    def series_metadata(study_uid: Uid, series_uid: Uid, request: Request) -> Response:
        return metadata(request, Place(study_uid, series_uid))

    @routes.get(
        "/studies/{study_uid}/series/{series_uid}/instances/{sop_uid}/metadata",
        response_class=Response,
        responses=_JSON_ANSWER,
    )
    def instance_metadata(study_uid: Uid, series_uid: Uid, sop_uid: Uid, request: Request) -> Response:
        return metadata(request, Place(study_uid, series_uid, sop_uid))


def _add_objects(routes: APIRouter, node: Node) -> None:
    @routes.get("/studies/{study_uid}", response_class=Response, responses=_OBJECTS_ANSWER)
    def retrieve_study(study_uid: Uid, request: Request) -> Response:
        return _objects_response(node, request, Place(study_uid))

    @routes.get("/studies/{study_uid}/series/{series_uid}", response_class=Response, responses=_OBJECTS_ANSWER)
    def retrieve_series(study_uid: Uid, series_uid: Uid, request: Request) -> Response:
        return _objects_response(node, request, Place(study_uid, series_uid))

    @routes.get(
        "/studies/{study_uid}/series/{series_uid}/instances/{sop_uid}",
        response_class=Response,
        responses=_OBJECTS_ANSWER,
    )
    def retrieve_instance(study_uid: Uid, series_uid: Uid, sop_uid: Uid, request: Request) -> Response:
        return _objects_response(node, request, Place(study_uid, series_uid, sop_uid))

    @routes.get(
        "/studies/{study_uid}/series/{series_uid}/instances/{sop_uid}/frames/{frames}",
        response_class=Response,
        responses=_OBJECTS_ANSWER,
    )
    def retrieve_frames(
        study_uid: Uid, series_uid: Uid, sop_uid: Uid, frames: Annotated[str, Path(max_length=40_000)]
    ) -> Response:
        if not _FRAMES.fullmatch(frames):
            raise NotFound("There is no such frame.", hint="Open the study again.")
        row = _found(node, Place(study_uid, series_uid, sop_uid))[0]
        numbers = [int(number) for number in frames.split(",")]
        if max(numbers) > row.frames:
            raise NotFound("There is no such frame.", hint="Open the study again.")
        return _frames_response(node, row, numbers)


def read_query(level: Level, parameters: QueryParams, place: Mapping[str, str]) -> tuple[Search, list[str]]:
    """The search of a query string within a place, and the names of parameters that are not searched by (PS3.18 8.3.4).

    Raises `Invalid`.
    """
    keys = {keyword: _read_key(keyword, "") for keyword in ALWAYS[level]}
    included = (name for value in parameters.getlist("includefield") for name in value.split(","))
    wanted = [(name, "") for name in included] + [(k, v) for k, v in parameters.multi_items() if k not in _IGNORED]
    ignored = []
    for name, value in [*wanted, *place.items()]:
        key = _read_key(name, value)
        if key is not None and not unsupported(Search(level, (key,))):
            keys[key.keyword] = key
        elif value:
            ignored.append(name)
    return Search(level, tuple(key for key in keys.values() if key is not None), ordered=True), ignored


def _read_key(name: str, value: str) -> Key | None:
    """The key of a parameter; names of attributes within sequences are joined by dots."""
    if len(value) > 10_000 or "\0" in value:
        raise _bad_value()
    outer, _, inner = name.partition(".")
    try:
        key = key_of(outer, "" if inner else value)
        if key is not None and (key.vr == "UI" or key.keyword == "ModalitiesInStudy"):
            key = key_of(outer, value.replace(",", "\\"))
    except ValueError:
        raise _bad_value() from None
    nested = _read_key(inner, value) if inner else None
    if key is None or (inner and (nested is None or key.vr != "SQ")):
        return None
    return key if nested is None else replace(key, kind=Matching.SEQUENCE, nested=(nested,))


def _bad_value() -> Invalid:
    return Invalid("A search value is not valid.", hint="See PS3.18 8.3.4 for how to write it.")


def _found(node: Node, place: Place) -> list[ObjectRow]:
    with node.ledger.read() as tx:
        rows = list(objects.find_objects(tx, place))
    if rows:
        return rows
    if place.series or place.instance:
        raise NotFound("There is no such series or instance.", hint="Open the study again.")
    raise no_study()


def _objects_response(node: Node, request: Request, place: Place) -> Response:
    rows = _found(node, place)
    syntaxes = {row.transfer_syntax_uid for row in rows}
    single = negotiation.require_objects(request.headers.get("accept", ""), syntaxes)
    for row in rows:  # before the first byte: nothing may break off because of a missing file
        node.storage.path(row.digest)
    if single and len(rows) == 1:
        return StreamingResponse(
            _file(node, rows[0]), media_type="application/dicom", headers={"Cache-Control": "no-store"}
        )

    def parts() -> Iterator[tuple[str, Iterator[bytes]]]:
        for row in rows:
            yield f"application/dicom; transfer-syntax={row.transfer_syntax_uid}", _file(node, row)

    return _multipart("application/dicom", parts())


def _frames_response(node: Node, row: ObjectRow, numbers: list[int]) -> Response:
    path = node.storage.path(row.digest)
    kind = FRAME_TYPES.get(row.transfer_syntax_uid, "application/octet-stream")
    syntax = row.transfer_syntax_uid if kind != "application/octet-stream" else NATIVE
    with Frames.open(path) as frames:  # the last one first: what cannot be read fails before the answer begins
        frames.stored(max(numbers) - 1)

    def parts() -> Iterator[tuple[str, Iterator[bytes]]]:
        for number in numbers:
            with Frames.open(path) as opened:
                content = opened.stored(number - 1)
            yield f"{kind}; transfer-syntax={syntax}", iter((content,))

    return _multipart(kind, parts())


def _file(node: Node, row: ObjectRow) -> Iterator[bytes]:
    with node.storage.open(row.digest) as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _multipart(kind: str, parts: Iterator[tuple[str, Iterator[bytes]]]) -> Response:
    boundary = secrets.token_hex(16)

    def body() -> Iterator[bytes]:
        for content_type, content in parts:
            yield f"--{boundary}\r\nContent-Type: {content_type}\r\n\r\n".encode()
            yield from content
            yield b"\r\n"
        yield f"--{boundary}--\r\n".encode()

    media_type = f'multipart/related; type="{kind}"; boundary={boundary}'
    return StreamingResponse(body(), headers={"Content-Type": media_type, "Cache-Control": "no-store"})


def _json_response(request: Request, models: list[dict[str, Any]], ignored: list[str] | None = None) -> Response:
    negotiation.require_json(request.headers.get("accept", ""))
    headers = {"Cache-Control": "no-store"}
    if ignored:
        headers["Warning"] = '299 lientuyen "The search was not narrowed by every parameter given"'
    return Response(json.dumps(models, ensure_ascii=False), media_type=DICOM_JSON, headers=headers)


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}/dicom-web"
