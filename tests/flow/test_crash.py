"""`kill -9` of either node at every boundary of every stage: the loop still ends, once, nothing lost, nothing doubled."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import httpx
import pydicom
import pytest

from tests.flow.loop import Loop, wait_for

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


def check_ended_once(loop: Loop, study: Path) -> None:
    """One task with all images, one report in the PACS on the original study, nothing doubled, nothing left to do."""
    originals = [pydicom.dcmread(p, stop_before_pixels=True) for p in study.rglob("*.dcm")]
    files = [pydicom.dcmread(p) for p in loop.wait_reports()]
    assert sorted(f.Modality for f in files) == ["DOC", "SR"]
    for file in files:
        assert file.StudyInstanceUID == originals[0].StudyInstanceUID
        assert file.PatientID == originals[0].PatientID
        assert file.PatientName == originals[0].PatientName
    with loop.api("hub", "radiologist") as api:
        (task,) = api.get("/api/reading/tasks", params={"state": "all"}).json()["items"]
        assert (task["state"], task["instances_received"], task["instances_expected"]) == (
            "final",
            len(originals),
            len(originals),
        )
    with loop.api("district", "admin") as api:
        (item,) = wait_for(lambda: _delivered(api), 90, "the radiographer sees the report delivered")
        assert item["instances"] == len(originals) + 2
        path = f"/api/studies/{item['study_instance_uid']}/timeline"
        once = ("report-received", "report-reidentified", "report-delivered", "signed")

        def hops() -> list[str]:
            return [e["hop"] for e in api.get(path).json()["items"]]

        wait_for(lambda: {*once, "ready", "report-sent"} <= set(hops()), 90, "the whole timeline is at the district")
        assert {hop: hops().count(hop) for hop in once} == dict.fromkeys(once, 1)
        wait_for(lambda: not api.get("/api/admin/queue").json()["jobs"], 90, "the district's queue is empty")


def _delivered(api: object) -> list[dict[str, object]]:
    items = api.get("/api/studies").json()["items"]  # type: ignore[attr-defined]
    return [i for i in items if i["stage"] == "report-delivered"]


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
    (task,) = loop.wait_task()
    loop.sign(task["id"])
    check_ended_once(loop, ct_study)


@pytest.mark.parametrize(("name", "boundary"), RETURNED_AT)
def test_a_report_comes_home_though_a_node_dies_at(
    name: str, boundary: str, loop: Loop, ct_study: Path, storescu: Push
) -> None:
    loop.start_both()
    assert storescu(loop, ct_study)
    (task,) = loop.wait_task()
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
