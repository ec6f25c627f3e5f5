"""The node-to-node link's HTTP face. Callers are peers of the registry, known by their token; users have no way in."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from node.domain.facility import Peer
from node.domain.numbers import LARGEST, Count, Finite, RowId, Whole
from node.domain.study import Priority
from node.flow import letters, link
from node.ports import Node
from node.web.auth import calling_node

_PATIENCE = 25  # looks at the index before a closed manifest is answered with what is missing
_UID = r"^[0-9.]{1,64}$"
Uid = Annotated[str, Path(pattern=_UID)]


class Manifest(BaseModel):
    """What a study consists of, as the sending node knows it so far."""

    model_config = ConfigDict(extra="forbid")
    closed: bool
    priority: Priority
    expected: int = Field(ge=0, le=1_000_000)
    withheld: Count = 0
    items: dict[Annotated[str, Field(pattern=_UID)], Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]]


class Receipt(BaseModel):
    model_config = ConfigDict(extra="forbid")
    items: dict[Annotated[str, Field(pattern=_UID)], Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]]


class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    study_instance_uid: str = Field(pattern=_UID)
    hop: str = Field(pattern=r"^[a-z-]{1,32}$")  # a newer node may know hops that we do not
    at: datetime
    instances: Count | None = None
    detail: dict[str, str | Whole | Finite | bool | None] = {}
    key: str = Field("", max_length=200)


class Entries(BaseModel):
    model_config = ConfigDict(extra="forbid")
    entries: list[Entry] = Field(max_length=1000)


class SentLetter(BaseModel):
    """Of any kind: what a newer node calls otherwise is kept."""

    model_config = ConfigDict(extra="ignore")
    id: str = Field(pattern=r"^[0-9a-f]{32}$")
    study_instance_uid: str = Field(pattern=_UID)
    node: str = Field(min_length=1, max_length=32)
    kind: str = Field(pattern=r"^[a-z][a-z0-9-]{0,15}$")
    about: str = Field("", pattern=r"^([0-9a-f]{32})?$")
    author: str = Field("", max_length=200)
    at: datetime
    body: dict[str, Any] = {}


class SentLetters(BaseModel):
    model_config = ConfigDict(extra="forbid")
    letters: list[SentLetter] = Field(max_length=200)


def router(node: Node) -> APIRouter:
    """All routes under /exchange. The gate lets in nobody but registered nodes, before a body is read."""
    calling = Annotated[Peer, Depends(calling_node)]
    api = APIRouter(prefix="/exchange", tags=["exchange"], include_in_schema=False)

    @api.put("/studies/{study_uid}/manifest")
    async def put_manifest(study_uid: Uid, manifest: Manifest, peer: calling) -> dict[str, Any]:
        """Answers at once while the study grows; a closed manifest waits a little for the index to catch up."""
        for _ in range(_PATIENCE):
            answer = await asyncio.to_thread(link.take_manifest, node, peer, study_uid, manifest)
            if not (manifest.closed and answer["missing"]) or node.doorbell.closed:
                break
            await asyncio.sleep(0.2)
        return answer

    @api.get("/outbox")
    async def get_outbox(
        request: Request,
        peer: calling,
        cursor: RowId = 0,
        letter_cursor: Annotated[int, Field(ge=-1, le=LARGEST)] = -1,
        wait_seconds: Finite = 0.0,
    ) -> dict[str, Any]:
        """A peer of an earlier version has no `letter_cursor`, and is told no letters."""
        if letter_cursor > 0:
            await asyncio.to_thread(letters.note_heard, node, peer, letter_cursor)
        return await _poll(node, peer, (cursor, letter_cursor), min(wait_seconds, 55.0), request.is_disconnected)

    @api.get("/outbox/{delivery}/{sop_uid}")
    def get_object(delivery: RowId, sop_uid: Uid, peer: calling) -> FileResponse:
        return FileResponse(link.outbox_file(node, peer, delivery, sop_uid), media_type="application/dicom")

    @api.post("/outbox/{delivery}/receipt")
    def post_receipt(delivery: RowId, receipt: Receipt, peer: calling) -> dict[str, Any]:
        link.take_receipt(node, peer, delivery, receipt.items)
        return {}

    @api.post("/entries")
    def post_entries(entries: Entries, peer: calling) -> dict[str, Any]:
        link.take_entries(node, peer, entries.entries)
        return {}

    @api.post("/letters")
    def post_letters(sent: SentLetters, peer: calling) -> dict[str, Any]:
        letters.take_letters(node, peer, (letter.model_dump() for letter in sent.letters))
        return {}

    return api


async def _poll(
    node: Node, peer: Peer, cursors: tuple[int, int], seconds: float, gone: Callable[[], Any]
) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    cursor, letter_cursor = cursors
    while True:
        waiting = await asyncio.to_thread(link.outbox, node, peer)
        cursor, entries = await asyncio.to_thread(link.entries_for, node, peer, cursor)
        written: list[dict[str, Any]] = []
        if letter_cursor >= 0:
            letter_cursor, written = await asyncio.to_thread(letters.letters_for, node, peer, letter_cursor)
        left = until - loop.time()
        if waiting or entries or written or left <= 0 or node.doorbell.closed or await gone():
            answer = {"deliveries": waiting, "entries": entries, "cursor": cursor}
            return answer | ({"letters": written, "letter_cursor": letter_cursor} if letter_cursor >= 0 else {})
        await node.doorbell.wait(min(left, 2.0))
