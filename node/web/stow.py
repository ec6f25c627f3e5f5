"""DICOMweb, the storing half (STOW-RS, PS3.18 10.5): part after part into the spool, each durable before it counts.

An object is named stored when it survives a power cut. A bad part never hurts the good ones beside it. Other nodes store
with their own secret; their objects come in "via link", those of users "via stow".
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from node.dicom.dataset import read_uids
from node.dicom.part10 import SERIES, SOP_CLASS, SOP_INSTANCE, STUDY
from node.domain.facility import Peer, Service
from node.domain.study import Arrival, Via
from node.errors import NotAuthorized, StorageFull, Unreadable
from node.ledger import objects
from node.ports import Batch, Node, SpoolFile
from node.web.auth import current_peer
from node.web.multipart import MultipartParser
from node.web.negotiation import parse_media_type
from node.web.problems import RETRY_AFTER, UnsupportedMedia

PIECE = 512 << 10  # bytes that are gathered before a thread takes them to the disk

OUT_OF_RESOURCES = 0xA700  # failure reasons, PS3.18 Table I.2-2
CANNOT_UNDERSTAND = 0xC000
PROCESSING_FAILURE = 0x0110
NOT_AUTHORIZED = 0x0124


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of one part; `failure` is 0 when it is stored."""

    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    study_uid: str = ""
    series_uid: str = ""
    failure: int = 0


@dataclass(slots=True)
class _Part:
    """A part on its way into the spool; without a file it is only read over."""

    file: SpoolFile | None
    failure: int = 0
    size: int = 0


@dataclass(slots=True)
class StowReceiver:
    """Implements `node.web.multipart.PartSink`: each part becomes an object in the spool. Used by one thread at a time."""

    node: Node
    batch: Batch
    study_uid: str = ""  # the only study that is taken; empty: any
    peer: Peer | None = None
    results: list[Stored] = field(default_factory=list)
    _part: _Part | None = None
    _owners: dict[str, str | None] = field(default_factory=dict)

    def begin(self, headers: dict[str, str]) -> None:
        if parse_media_type(headers.get("content-type", "application/dicom")).name != "application/dicom":
            self._part = _Part(None, CANNOT_UNDERSTAND)
            return
        try:
            self._part = _Part(self.batch.create())
        except StorageFull:
            self._part = _Part(None, OUT_OF_RESOURCES)

    def data(self, data: memoryview) -> None:
        part = self._part
        if part is None or part.file is None:
            return
        part.size += len(data)
        if part.size > self.node.settings.dicom.max_object_mb << 20:
            part.file.abort()
            part.file, part.failure = None, PROCESSING_FAILURE
            return
        try:
            part.file.write(data)
        except StorageFull:
            part.file, part.failure = None, OUT_OF_RESOURCES

    def end(self) -> None:
        part, self._part = self._part, None
        if part is None:
            return
        if part.file is None:
            self.results.append(Stored(failure=part.failure))
            return
        try:
            self.results.append(self._settle(part.file))
        except BaseException:
            part.file.abort()
            raise

    def abandon(self) -> None:
        """The body broke off: what was not whole is dropped."""
        part, self._part = self._part, None
        if part is not None and part.file is not None:
            part.file.abort()

    def _settle(self, file: SpoolFile) -> Stored:
        try:
            stored = _look(file)
        except Unreadable as error:
            try:
                file.quarantine(error.message)
            except OSError:  # no room even for that
                file.abort()
                return Stored(failure=OUT_OF_RESOURCES)
            return Stored(failure=CANNOT_UNDERSTAND)
        failure = self._refusal(stored.study_uid)
        if failure:
            file.abort()
        else:
            try:
                file.commit()
            except StorageFull:
                failure = OUT_OF_RESOURCES
        return Stored(stored.sop_class_uid, stored.sop_instance_uid, stored.study_uid, stored.series_uid, failure)

    def _refusal(self, study_uid: str) -> int:
        if self.study_uid and study_uid != self.study_uid:
            return PROCESSING_FAILURE
        if self.peer is not None:
            if study_uid not in self._owners:
                with self.node.ledger.read() as tx:
                    self._owners[study_uid] = objects.origin_of(tx, study_uid)
            if self._owners[study_uid] not in (None, self.peer.facility):
                return NOT_AUTHORIZED
        return 0


def router(node: Node) -> APIRouter:
    """POST /dicom-web/studies and /dicom-web/studies/{study}"""
    routes = APIRouter(prefix="/dicom-web", tags=["dicomweb"])
    caller = Depends(current_peer)
    answers: dict[int | str, dict[str, Any]] = {
        status: {"content": {"application/dicom+json": {}}} for status in (200, 202, 409, 503)
    }

    @routes.post("/studies", response_class=Response, responses=answers)
    async def store(request: Request, peer: Peer | None = caller) -> Response:
        return await _store(node, request, peer, "")

    @routes.post("/studies/{study_uid}", response_class=Response, responses=answers)
    async def store_in_study(
        study_uid: Annotated[str, Path(pattern=r"^[0-9.]{1,64}$")], request: Request, peer: Peer | None = caller
    ) -> Response:
        return await _store(node, request, peer, study_uid)

    return routes


async def _store(node: Node, request: Request, peer: Peer | None, study_uid: str) -> Response:
    if peer is not None and Service.STORE not in peer.services:
        raise NotAuthorized("This node may not store here.", hint="Add 'store' to its services in the registry.")
    boundary = _boundary(request)
    receiver = StowReceiver(node, node.intake.begin(_arrival(node, request, peer)), study_uid, peer)
    try:
        parser = MultipartParser(boundary, receiver)
        await _feed(request, parser)
    except BaseException:
        await to_thread.run_sync(receiver.abandon)
        raise
    finally:
        receiver.batch.close()
        if any(not result.failure for result in receiver.results):
            node.wake()
    base = f"{request.url.scheme}://{request.url.netloc}/dicom-web"
    return _answer(receiver.results, base, study_uid)


async def _feed(request: Request, parser: MultipartParser) -> None:
    pieces: list[bytes] = []
    gathered = 0
    async for piece in request.stream():
        pieces.append(piece)
        gathered += len(piece)
        if gathered >= PIECE:
            await to_thread.run_sync(parser.feed, b"".join(pieces))
            pieces, gathered = [], 0
    await to_thread.run_sync(parser.feed, b"".join(pieces))
    parser.close()


def _boundary(request: Request) -> str:
    kind = parse_media_type(request.headers.get("content-type", ""))
    boundary = kind.parameters.get("boundary", "")
    if kind.name != "multipart/related" or kind.root not in ("application/dicom", "") or not boundary:
        raise UnsupportedMedia(
            "The body is no multipart/related of DICOM objects.",
            hint='Send multipart/related; type="application/dicom" with a boundary.',
        )
    return boundary


def _arrival(node: Node, request: Request, peer: Peer | None) -> Arrival:
    address = request.client.host if request.client else ""
    now = node.clock.now()
    if peer is not None:
        return Arrival(Via.LINK, now, peer=peer.code, facility=peer.facility, address=address)
    return Arrival(Via.STOW, now, facility=node.facility, address=address)


def _look(file: SpoolFile) -> Stored:
    """The UIDs of an object that is written but not committed. Raises `Unreadable`."""
    with file.path.open("rb") as opened:
        if opened.read(132)[128:] != b"DICM":
            raise Unreadable("The part is no DICOM file (PS3.10).", hint="Send DICOM files with file meta information.")
    found = read_uids(file.path)
    sop_class, sop, study, series = (found.get(tag, "") for tag in (SOP_CLASS, SOP_INSTANCE, STUDY, SERIES))
    if not (sop_class and sop and study and series):
        raise Unreadable("The object lacks a UID.", hint="Check the object where it was made and send it again.")
    return Stored(sop_class, sop, study, series)


def _answer(results: list[Stored], base: str, study_uid: str) -> Response:
    good = [result for result in results if not result.failure]
    bad = [result for result in results if result.failure]
    body: dict[str, Any] = {}
    study = study_uid or next((result.study_uid for result in good), "")
    body["00081190"] = {"vr": "UR", "Value": [f"{base}/studies/{study}"]} if study else {"vr": "UR"}
    if good:
        body["00081199"] = {"vr": "SQ", "Value": [_stored_item(result, base) for result in good]}
    if bad:
        body["00081198"] = {"vr": "SQ", "Value": [_failed_item(result) for result in bad]}
    headers = {"Cache-Control": "no-store"}
    if not bad and good:
        status = 200
    elif good:
        status = 202
    elif bad and all(result.failure == OUT_OF_RESOURCES for result in bad):
        status = 503
        headers["Retry-After"] = RETRY_AFTER
    else:
        status = 409
    return Response(json.dumps(body), status, headers, "application/dicom+json")


def _stored_item(result: Stored, base: str) -> dict[str, Any]:
    url = f"{base}/studies/{result.study_uid}/series/{result.series_uid}/instances/{result.sop_instance_uid}"
    return _reference(result) | {"00081190": {"vr": "UR", "Value": [url]}}


def _failed_item(result: Stored) -> dict[str, Any]:
    return _reference(result) | {"00081197": {"vr": "US", "Value": [result.failure]}}


def _reference(result: Stored) -> dict[str, Any]:
    uids = (("00081150", result.sop_class_uid), ("00081155", result.sop_instance_uid))
    return {tag: {"vr": "UI", "Value": [uid]} for tag, uid in uids if uid}
