"""The main job on real processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pydicom

from tests.flow.ended import check_ended_once
from tests.flow.loop import Loop, wait_for

Push = Callable[[Loop, Path], bool]


def test_a_study_that_was_sent_while_the_hub_was_off_arrives_when_it_is_on_again(
    loop: Loop, ct_study: Path, storescu: Push
) -> None:
    loop.start("district")
    assert storescu(loop, ct_study)
    with loop.api("district", "radiographer") as api:
        (study,) = wait_for(lambda: api.get("/api/studies").json()["items"], 30, "the district lists the study")
        assert study["stage"] in {"receiving", "queued", "sending"}
    loop.start("hub")
    (task,) = loop.wait_task(images=4)
    loop.sign(task["id"])
    check_ended_once(loop, ct_study)


def test_no_identity_leaves_the_district(loop: Loop, ct_study: Path, storescu: Push) -> None:
    loop.start_both()
    assert storescu(loop, ct_study)
    (task,) = loop.wait_task(images=4)
    loop.sign(task["id"])
    check_ended_once(loop, ct_study)
    originals = [pydicom.dcmread(p, stop_before_pixels=True) for p in ct_study.rglob("*.dcm")]
    secrets = {str(getattr(ds, k)) for ds in originals for k in ("PatientID", "AccessionNumber")}
    secrets |= {
        str(getattr(ds, k)) for ds in originals for k in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    }
    secrets |= {word for ds in originals for word in str(ds.PatientName).replace("^", " ").split() if len(word) > 3}
    for name in list(loop.processes):
        loop.kill(name)
    held = [p for p in loop.demo.hub.folder.rglob("*") if p.is_file()]
    assert len(held) > len(originals)
    for path in held:
        content = path.read_bytes()
        found = [s for s in secrets if s.encode() in content]
        assert not found, (path.name, len(found))


def test_late_images_join_the_study(loop: Loop, ct_study: Path, storescu: Push, tmp_path: Path) -> None:
    files = sorted(ct_study.rglob("*.dcm"))
    first, later = tmp_path / "first", tmp_path / "later"
    for folder, some in ((first, files[:2]), (later, files[2:])):
        folder.mkdir()
        for file in some:
            (folder / file.name).symlink_to(file)
    loop.start_both()
    assert storescu(loop, first)
    (task,) = loop.wait_task(images=2)
    assert task["instances_expected"] == 2
    assert storescu(loop, later)

    def whole() -> bool:
        (now,) = loop.wait_task()
        return bool(now["instances_received"] == len(files) == now["instances_expected"])

    wait_for(whole, 60, "the late images are on the worklist")
    loop.sign(task["id"])
    check_ended_once(loop, ct_study)
