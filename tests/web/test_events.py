"""The pages hear that something changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from node.errors import LedgerBusy
from node.ledger.changes import ChangeMarks
from node.web import events
from node.web.events import Changes
from tests.web.world import World, ct


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


async def next_change(stream: AsyncIterator[str]) -> dict[str, bool]:
    async for text in stream:
        if text.startswith("event: changed"):
            found: dict[str, bool] = json.loads(text.partition("data: ")[2])
            return found
    raise AssertionError("the stream ended")


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        await asyncio.wait_for(test(), 20)

    asyncio.run(limited())


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "POLL_SECONDS", 0.02)


def test_every_listener_hears_of_a_new_study(world: World) -> None:
    changes = Changes(world.node)

    async def test() -> None:
        streams = [changes.listen(yes) for _ in range(3)]
        assert [await anext(stream) for stream in streams] == ["retry: 2000\n\n"] * 3
        waiting = [asyncio.create_task(next_change(stream)) for stream in streams]
        await asyncio.to_thread(settled, changes)
        await asyncio.to_thread(world.receive, ct())
        for change in await asyncio.gather(*waiting):
            assert change == {"studies": True, "tasks": False, "orders": False, "notices": False}
        for stream in streams:
            await stream.aclose()

    run(test)


def settled(changes: Changes) -> None:
    """Returns after the poll has seen the state before the change."""
    seen: list[object] = []
    original = changes.marks

    def marks() -> object:
        found = original()
        seen.append(found)
        return found

    changes.marks = marks  # type: ignore[method-assign, assignment]
    import time

    deadline = time.monotonic() + 10
    while len(seen) < 2 and time.monotonic() < deadline:
        time.sleep(0.005)
    assert len(seen) >= 2


def test_what_changed_while_the_first_look_failed_is_told_by_the_second(world: World) -> None:
    changes = Changes(world.node)
    look, failures = changes.marks, iter([True])

    def marks() -> ChangeMarks:
        if next(failures, False):
            raise LedgerBusy("The ledger is busy.")
        return look()

    changes.marks = marks  # type: ignore[method-assign]

    async def test() -> None:
        stream = changes.listen(yes)
        assert await next_change(stream) == {"studies": True, "tasks": True, "orders": True, "notices": True}
        await stream.aclose()

    run(test)


def test_a_stream_ends_when_the_login_has_ended(world: World) -> None:
    async def test() -> None:
        stream = Changes(world.node).listen(no, heartbeat=0.05)
        assert [text async for text in stream] == ["retry: 2000\n\n"]

    run(test)


def test_a_heartbeat_keeps_the_line_open(world: World) -> None:
    async def test() -> None:
        stream = Changes(world.node).listen(yes, heartbeat=0.05)
        assert [await anext(stream), await anext(stream)] == ["retry: 2000\n\n", ": still here\n\n"]
        await stream.aclose()

    run(test)


def test_streams_end_when_the_node_stops(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        stream = Changes(world.node).listen(yes)
        await anext(stream)
        monkeypatch.setattr(world.node.doorbell, "closed", True)
        assert [text async for text in stream] == []

    run(test)


def test_nothing_is_polled_when_nobody_listens(world: World) -> None:
    changes = Changes(world.node)

    async def test() -> None:
        stream = changes.listen(yes)
        await anext(stream)
        await stream.aclose()
        assert changes._task is not None
        await changes._task

    run(test)
