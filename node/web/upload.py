"""Objects in pieces, from other nodes: what arrived before a cut is kept, and the sender goes on from there.

GET says how far an object has come; PUT adds a piece; the last one hands the whole object over as a part of STOW-RS would
be, so that the same rules hold and success is durable.
"""

import hashlib
from typing import Annotated, Any, BinaryIO

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request
from fastapi import Path as InPath
from starlette.requests import ClientDisconnect

from node.domain.facility import Peer, Service
from node.domain.numbers import LARGEST, RowId
from node.domain.study import Arrival, Via
from node.errors import NotAuthorized
from node.ports import Node
from node.web.auth import calling_node
from node.web.stow import PIECE, StowReceiver

_CHUNK = 1 << 20

Digest = Annotated[str, InPath(pattern=r"^[0-9a-f]{64}$")]
Uid = Annotated[str, InPath(pattern=r"^[0-9.]{1,64}$")]


def router(node: Node) -> APIRouter:
    """Routes under /exchange; the gate lets in nobody but registered nodes."""
    calling = Annotated[Peer, Depends(calling_node)]
    routes = APIRouter(prefix="/exchange/studies/{study_uid}/objects", tags=["exchange"], include_in_schema=False)

    @routes.get("/{sha256}")
    def get_received(study_uid: Uid, sha256: Digest, peer: calling) -> dict[str, Any]:
        return {"received": node.partials.received(peer.code, sha256)}

    @routes.put("/{sha256}")
    async def put_piece(
        study_uid: Uid,
        sha256: Digest,
        request: Request,
        peer: calling,
        offset: RowId,
        size: Annotated[int, Query(ge=1, le=LARGEST)],
    ) -> dict[str, Any]:
        """{"received": bytes so far}, with the last piece also "taken" and "reason" (a failure reason of PS3.18)."""
        if Service.STORE not in peer.services:
            raise NotAuthorized("This node may not store here.", hint="Add 'store' to its services in the registry.")
        if size > node.settings.dicom.max_object_mb << 20:
            return {"received": offset, "taken": False, "reason": "0110"}
        received = await _take(node, request, peer, sha256, offset, size)
        if received < size:
            return {"received": received}
        address = request.client.host if request.client else ""
        return await to_thread.run_sync(_hand_over, node, peer, study_uid, sha256, address)

    return routes


async def _take(node: Node, request: Request, peer: Peer, sha256: str, offset: int, size: int) -> int:
    """Keeps what comes, to the last byte before a cut; returns how much is here."""
    writer = await to_thread.run_sync(node.partials.writer, peer.code, sha256, offset)
    at = offset
    pieces: list[bytes] = []
    try:
        async for piece in request.stream():
            if writer is None:
                continue
            pieces.append(piece[: max(0, size - at)])
            at += len(pieces[-1])
            if sum(map(len, pieces)) >= PIECE:
                writer = writer if await to_thread.run_sync(writer.write, b"".join(pieces)) else None
                pieces.clear()
    except ClientDisconnect:
        pass
    if writer is not None and pieces:
        await to_thread.run_sync(writer.write, b"".join(pieces))
    return node.partials.received(peer.code, sha256)


def _hand_over(node: Node, peer: Peer, study_uid: str, sha256: str, address: str) -> dict[str, Any]:
    path = node.partials.path(peer.code, sha256)
    try:
        file = path.open("rb")
    except FileNotFoundError:  # the same last piece came twice at once
        return {"received": 0}
    with file:
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            node.partials.drop(peer.code, sha256)  # a power cut spoilt it: from the beginning
            return {"received": 0}
        file.seek(0)
        return _store(node, peer, study_uid, sha256, address, file)


def _store(node: Node, peer: Peer, study_uid: str, sha256: str, address: str, file: BinaryIO) -> dict[str, Any]:
    arrival = Arrival(Via.LINK, node.clock.now(), peer=peer.code, facility=peer.facility, address=address)
    receiver = StowReceiver(node, node.intake.begin(arrival), study_uid, peer)
    try:
        receiver.begin({"content-type": "application/dicom"})
        while chunk := file.read(_CHUNK):
            receiver.data(memoryview(chunk))
        receiver.end()
    except BaseException:
        receiver.abandon()
        raise
    finally:
        receiver.batch.close()
    [result] = receiver.results
    if result.failure != 0xA700:  # else the bytes stay: the disk was full
        node.partials.drop(peer.code, sha256)
    if not result.failure:
        node.wake()
    return {
        "received": file.tell(),
        "taken": not result.failure,
        "reason": f"{result.failure:04X}" if result.failure else "",
    }
