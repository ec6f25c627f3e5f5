"""`kill -9` of either node at every boundary of every stage while the report comes home: the loop still ends, once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.flow.ended import check_ended_once
from tests.flow.loop import Loop

RETURNED_AT = [  # the node dies while the report comes back
    *(
        ("hub", f"{stage}.{when}")
        for stage in ("report", "deliver")
        for when in ("before_work", "after_work", "after_settle")
    ),
    ("hub", "index.after_commit"),
    ("district", "dial.before_receipt"),
    ("district", "spool.after_commit"),
    *(
        ("district", f"{stage}.{when}")
        for stage in ("homecome", "deliver")
        for when in ("before_work", "after_work", "after_settle")
    ),
    ("district", "send.halfway"),
]

Push = Callable[[Loop, Path], bool]


@pytest.mark.parametrize(("name", "boundary"), RETURNED_AT)
def test_a_report_comes_home_though_a_node_dies_at(
    name: str, boundary: str, loop: Loop, ct_study: Path, storescu: Push
) -> None:
    loop.start_both()
    assert storescu(loop, ct_study)
    (task,) = loop.wait_task(images=4)
    loop.kill(name)
    if name == "hub":
        loop.start(name, crash=boundary)
        loop.wait_ready(name)
        with contextlib.suppress(httpx.TransportError):  # it may die before the answer is on the line
            loop.sign(task["id"])
    else:
        loop.sign(task["id"])
        loop.start(name, crash=boundary)
    loop.wait_killed(name)
    loop.start(name)
    with loop.api("hub", "radiologist") as api:
        state = api.get(f"/api/reading/tasks/{task['id']}").json()["state"]
    if state != "final":  # the radiologist saw no answer and signs again
        loop.sign(task["id"])
    check_ended_once(loop, ct_study)
