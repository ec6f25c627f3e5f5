"""Wakes the long polls of the peers that dial in to us."""

from __future__ import annotations

import asyncio


class LinkDoorbell:
    """Implements `node.ports.Doorbell`."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event = asyncio.Event()
        self.closed = False

    def close(self) -> None:
        """The node stops: those who wait are sent home."""
        self.closed = True
        self.ring()

    def ring(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._strike)

    def _strike(self) -> None:
        event, self._event = self._event, asyncio.Event()
        event.set()

    async def wait(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return
