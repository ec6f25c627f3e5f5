"""What must be true when a loop has ended, whatever happened on the way."""

from __future__ import annotations

from pathlib import Path

import pydicom

from tests.flow.loop import Loop, wait_for


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
