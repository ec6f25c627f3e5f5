"""`kill -9` of either node at every boundary of every stage while a study goes up: the loop still ends, once, nothing lost,
nothing doubled. (A file of its own, so that it can run beside the one of the way home.)"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flow.ended import check_ended_once
from tests.flow.loop import Loop

PUSHED_AT = [  # the node dies while the study goes up
    ("district", "spool.before_commit"),
    ("district", "spool.after_commit"),
    ("district", "index.after_adopt"),
    ("district", "index.after_commit"),
    *(
        ("district", f"{stage}.{when}")
        for stage in ("route", "transform", "deliver")
        for when in ("before_work", "after_work", "after_settle")
    ),
    ("district", "send.halfway"),
    ("hub", "spool.before_commit"),
    ("hub", "spool.after_commit"),
    ("hub", "index.after_adopt"),
    ("hub", "index.after_commit"),
    *(
        ("hub", f"{stage}.{when}")
        for stage in ("route", "read")
        for when in ("before_work", "after_work", "after_settle")
    ),
]

Push = Callable[[Loop, Path], bool]


@pytest.mark.parametrize(("name", "boundary"), PUSHED_AT)
def test_a_study_arrives_whole_though_a_node_dies_at(
    name: str, boundary: str, loop: Loop, ct_study: Path, storescu: Push
) -> None:
    loop.start_both(**{name: boundary})
    taken = storescu(loop, ct_study)
    loop.wait_killed(name)
    loop.start(name)
    if not taken:  # the modality was told, and sends again
        assert storescu(loop, ct_study)
    (task,) = loop.wait_task(images=4)
    loop.sign(task["id"])
    check_ended_once(loop, ct_study)
