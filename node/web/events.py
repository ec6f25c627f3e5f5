"""Server-sent events: the pages hear that something changed and ask again. One task polls the ledger for all of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from node.errors import NodeError
from node.ledger.changes import ChangeMarks, change_marks
from node.ports import Node

POLL_SECONDS = 1.0
HEARTBEAT_SECONDS = 15.0
_WHAT = ("studies", "tasks", "orders", "notices")


class Changes:
    """Watches the ledger while at least one page listens."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._listeners: set[asyncio.Queue[dict[str, bool] | None]] = set()
        self._task: asyncio.Task[None] | None = None

    def marks(self) -> ChangeMarks:
        with self._node.ledger.read() as tx:
            return change_marks(tx)

    async def listen(
        self, still_allowed: Callable[[], Awaitable[bool]], heartbeat: float = HEARTBEAT_SECONDS
    ) -> AsyncIterator[str]:
        """The event stream of one page; ends when the login ends or the server stops."""
        queue: asyncio.Queue[dict[str, bool] | None] = asyncio.Queue(maxsize=4)
        self._listeners.add(queue)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll())
        try:
            yield "retry: 2000\n\n"
            while True:
                try:
                    change = await asyncio.wait_for(queue.get(), heartbeat)
                except TimeoutError:
                    if not await still_allowed():
                        return
                    yield ": still here\n\n"
                    continue
                if change is None:
                    return
                yield f"event: changed\ndata: {json.dumps(change)}\n\n"
        finally:
            self._listeners.discard(queue)

    def close(self) -> None:
        """Ends all streams, so that the server can stop."""
        for queue in list(self._listeners):
            while queue.full():
                queue.get_nowait()
            queue.put_nowait(None)

    async def _poll(self) -> None:
        before = await self._look()
        while self._listeners:
            now = await self._look()
            if now is not None and now != before:
                self._tell({name: before is None or getattr(now, name) != getattr(before, name) for name in _WHAT})
                before = now
            if self._node.doorbell.closed:
                self.close()
            await asyncio.sleep(POLL_SECONDS)

    async def _look(self) -> ChangeMarks | None:
        """None when the ledger is busy: the next look tells."""
        try:
            return await to_thread.run_sync(self.marks)
        except NodeError:
            return None

    def _tell(self, change: dict[str, bool]) -> None:
        for queue in self._listeners:
            if queue.full():  # a slow page hears of all at once
                queue.get_nowait()
                change = dict.fromkeys(change, True)
            queue.put_nowait(change)


def router(changes: Changes, still_allowed: Callable[[Request], Awaitable[bool]]) -> APIRouter:
    """GET /api/events"""
    routes = APIRouter(tags=["events"])

    @routes.get("/api/events", response_class=StreamingResponse)
    async def events(request: Request) -> StreamingResponse:
        stream = changes.listen(lambda: still_allowed(request))
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

    return routes
