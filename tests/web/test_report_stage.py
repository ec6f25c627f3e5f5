"""What a signed version becomes at the node whose desk signed it: all its documents, once, whatever comes later."""

from __future__ import annotations

import io
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pydicom
import pytest
from sqlalchemy import select

from node.dicom.report.bundle import build_documents
from node.dicom.report.reading import read_report
from node.domain.report import ReportStatus
from node.domain.study import Via
from node.flow import report as stage
from node.ledger import registry
from node.ledger.schema import instances, reports, users
from tests.web.test_marks import put
from tests.web.test_reading import TASK
from tests.web.test_reports import desk, save, senior, sign, trainee  # noqa: F401
from tests.web.test_studies import run_report_stage
from tests.web.world import STUDY, World, ct

SR, MEASUREMENTS = "1.2.840.10008.5.1.4.1.1.88.22", "1.2.840.10008.5.1.4.1.1.88.34"


def documents(world: World) -> list[pydicom.Dataset]:
    """Everything that the desk made, in the order in which it was kept."""
    with world.node.ledger.read() as tx:
        rows = tx.execute(select(instances.c.digest).where(instances.c.via == Via.DESK.value).order_by(instances.c.id))
        return [pydicom.dcmread(world.node.storage.path(digest)) for digest in rows.scalars()]


def narratives(world: World) -> list[Any]:
    made = [ds for ds in documents(world) if ds.SOPClassUID == SR]
    contents = []
    for ds in made:
        out = io.BytesIO()
        ds.save_as(out, enforce_file_format=True)
        contents.append(read_report(io.BytesIO(out.getvalue())))
    return sorted(contents, key=lambda report: report.version)


@pytest.fixture
def three(desk: World, trainee: Any, senior: Any) -> World:  # noqa: F811
    """Signed by a trainee, verified by a senior, and with an addendum; one key image, one measurement."""
    trainee.post(f"{TASK}/claim")
    assert put(trainee).status_code == 200
    save(trainee, key_images=[f"{STUDY}.1.1"], conclusion="Nốt 5 mm.")
    assert sign(trainee, **{"as": "preliminary"}).status_code == 200
    desk.clock.forward(minutes=5)
    senior.post(f"{TASK}/claim")
    assert sign(senior, **{"as": "final"}).status_code == 200
    desk.clock.forward(hours=5)
    begun = senior.post(f"{TASK}/amend").json()
    save(
        senior,
        begun["report_revision"],
        conclusion="Đã so phim cũ: nốt không đổi.",
        technique="",
        findings="",
        recommendation="",
    )
    assert sign(senior, **{"as": "final"}).status_code == 200
    return desk


def test_every_signed_version_has_all_its_documents(three: World) -> None:
    run_report_stage(three)
    made = documents(three)
    assert Counter(ds.Modality for ds in made) == {"SR": 6, "KO": 3, "PR": 3, "DOC": 3}
    assert Counter(str(ds.SOPClassUID) for ds in made)[MEASUREMENTS] == 3
    assert len({ds.SOPInstanceUID for ds in made}) == len(made)
    assert {ds.StudyInstanceUID for ds in made} == {STUDY}


@pytest.mark.parametrize("signatures", [True, False])
def test_documents_made_again_after_people_and_facilities_were_renamed_are_the_same(
    three: World, signatures: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def called(name: str, at: datetime) -> None:
        with three.node.ledger.begin() as tx:
            facility = {"code": "DEMO-TW", "name": name, "tier": "tw"}
            document = {"tiers": [{"code": "tw", "rank": 3, "name": "Trung ương"}], "facilities": [facility]}
            registry.apply(tx, document, "test", at)

    called("Bệnh viện TW Thái Nguyên", three.clock.now() - timedelta(days=30))
    kept: list[list[bytes]] = []
    monkeypatch.setattr(stage, "_keep", lambda documents, node: kept.append(list(documents)))
    if not signatures:  # as versions of before there were any
        with three.node.ledger.begin() as tx:
            tx.execute(reports.update().values(signatures=[]))
    run_report_stage(three)
    three.clock.forward(days=1)
    with three.node.ledger.begin() as tx:
        tx.execute(users.update().values(display_name="Tên khác"))
    called("Bệnh viện khác", three.clock.now())
    made, kept = kept, []
    run_report_stage(three)
    assert len(made) == 3
    assert kept == made
    assert all("Trần Thị Hồng Ánh".encode() in b"".join(documents) for documents in made[1:])


def test_flags_signatures_and_predecessors_follow_the_life_of_the_report(three: World) -> None:
    run_report_stage(three)
    first, final, addendum = narratives(three)
    assert [r.status for r in (first, final, addendum)] == [
        ReportStatus.PRELIMINARY,
        ReportStatus.FINAL,
        ReportStatus.ADDENDUM,
    ]
    assert [(s.role.value, s.licence_number) for s in first.signatures] == [("author", "GPHN-bs2")]
    signed = [("author", "GPHN-bs2"), ("verifier", "GPHN-bs")]
    assert [(s.role.value, s.licence_number) for s in final.signatures] == signed
    assert [uid for uid, _ in final.predecessors] == [first.sop_instance_uid]
    assert [uid for uid, _ in addendum.predecessors] == [first.sop_instance_uid, final.sop_instance_uid]
    assert [series for _, series in final.predecessors] == [first.series_instance_uid]


def test_an_addendum_keeps_the_text_and_the_signatures_of_the_report(three: World) -> None:
    run_report_stage(three)
    _, final, addendum = narratives(three)
    assert (addendum.text, addendum.signatures) == (final.text, final.signatures)
    (added,) = addendum.addenda
    assert added.text.conclusion == "Đã so phim cũ: nốt không đổi."
    assert added.at == addendum.signed_at > final.signed_at


def test_the_measurement_is_in_the_narrative_and_in_the_measurement_report(three: World) -> None:
    run_report_stage(three)
    for report in narratives(three):
        (mark,) = report.measurements
        assert (mark.values[0].number, mark.values[0].unit, mark.text) == (5.0, "mm", "Nốt")


def test_a_repeat_and_late_images_change_nothing(three: World) -> None:
    run_report_stage(three)
    before = [(ds.SOPInstanceUID, ds.file_meta.MediaStorageSOPInstanceUID) for ds in documents(three)]
    three.receive(ct(3), ct(4))
    run_report_stage(three)
    assert [(ds.SOPInstanceUID, ds.file_meta.MediaStorageSOPInstanceUID) for ds in documents(three)] == before


def test_what_a_crash_left_out_is_made_again_as_it_was(three: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The narrative is kept last: without it the others are made once more, the same bytes, also when images came since."""

    def all_but_the_last(*arguments: Any, **more: Any) -> list[bytes]:
        return build_documents(*arguments, **more)[:-1]

    with monkeypatch.context() as crash:
        crash.setattr("node.dicom.report.bundle.build_documents", all_but_the_last)
        run_report_stage(three)
    assert Counter(ds.Modality for ds in documents(three))["SR"] == 3  # measurements only
    three.receive(ct(3))
    run_report_stage(three)
    assert Counter(ds.Modality for ds in documents(three)) == {"SR": 6, "KO": 3, "PR": 3, "DOC": 3}
    with three.node.ledger.read() as tx:
        assert not tx.execute(select(instances.c.id).where(instances.c.conflict)).all()


def test_the_newest_version_is_what_the_pages_and_fhir_show(three: World) -> None:
    run_report_stage(three)
    client = three.client("ktv")
    assert client.get(f"/api/studies/{STUDY}/report").json()["status"] == "addendum"
    shown = client.get(f"/fhir/DiagnosticReport/{STUDY}").json()
    assert (shown["status"], shown["meta"]["versionId"]) == ("appended", "3")
    assert shown["conclusion"].splitlines() == ["Nốt 5 mm.", "Bổ sung số 1: Đã so phim cũ: nốt không đổi."]
    (measured,) = (one for one in shown["contained"] if one["resourceType"] == "Observation")
    assert measured["valueQuantity"]["code"] == "mm"
    assert measured["valueQuantity"]["value"] == 5.0
    assert measured["code"]["coding"][0]["code"] == "410668003"
    assert len(shown["resultsInterpreter"]) == 2
