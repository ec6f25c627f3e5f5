"""The radiographer's page and the operator's queue over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from node.domain.delivery import DeliveryState, ItemState
from node.domain.job import Job, NextJob
from node.domain.study import Via
from node.flow.report import ReportStage
from node.ledger import deliveries, registry, studies
from node.ledger import jobs as queue
from node.ledger.schema import jobs, quarantine
from tests.web.test_reading import TASK, TEXT, put_on_worklist
from tests.web.world import STUDY, World, ct, sign_seen
from worklists.reading.intake import task_id_of


def run_report_stage(world: World) -> None:
    stage = ReportStage()
    job = Job(1, "report", task_id_of(STUDY), {}, 0, 2, 0, "test")
    result = stage.work(job, world.node)
    with world.node.ledger.begin() as tx:
        list(stage.settle(tx, job, result, world.node))
    world.index()


@pytest.fixture
def signed(world: World) -> World:
    world.receive(ct(1), ct(2))
    put_on_worklist(world)
    reader = world.client("bs")
    reader.post(f"{TASK}/claim")
    reader.put(f"{TASK}/report", json=TEXT)
    assert sign_seen(reader, TASK).status_code == 200
    run_report_stage(world)
    return world


def test_a_study_is_listed_with_all_that_the_page_shows(world: World) -> None:
    world.receive(ct(1), ct(2))
    (study,) = world.client("ktv").get("/api/studies?q=đào").json()["items"]
    assert study["patient_name"] == "Nguyễn^Thị Đào"
    assert study["modalities"] == ["CT"]
    assert study["progress"] == {"received": 2, "prepared": 0, "delivered": 0, "total": 2}
    assert study["stage"] == "receiving"
    assert study["last_received_at"].endswith("Z")
    assert world.client("ktv").get("/api/studies?q=cường").json() == {"items": [], "total": 0}


def test_one_study_shows_its_series_and_instances(world: World) -> None:
    world.receive(ct(2), ct(1), ct(1, series="1.2.9", sop="1.2.9.1", SeriesNumber=2, Modality="SR"))
    study = world.client("ktv").get(f"/api/studies/{STUDY}").json()
    assert [(s["number"], s["modality"], len(s["instances"])) for s in study["series"]] == [(1, "CT", 2), (2, "SR", 1)]
    assert [i["number"] for i in study["series"][0]["instances"]] == [1, 2]
    assert study["series"][0]["instances"][0]["rows"] == 8


def test_the_timeline_names_the_facilities(world: World) -> None:
    world.receive(ct(1))
    answer = world.client("ktv").get(f"/api/studies/{STUDY}/timeline").json()
    assert answer["study_instance_uid"] == STUDY
    assert answer["items"][0]["hop"] == "first-image"
    assert answer["items"][0]["node_name"] == "Bệnh viện TW Thái Nguyên"


def test_a_signed_report_can_be_read_as_text_and_as_pdf(signed: World) -> None:
    client = signed.client("ktv")
    report = client.get(f"/api/studies/{STUDY}/report").json()
    assert report["conclusion"] == "Bình thường."
    assert report["findings"] == "Không thấy tổn thương."
    assert report["observer"] == "BS. Trần Thị Hồng Ánh"
    assert report["key_images"] == [f"{STUDY}.1.1"]
    assert report["signed_at"].startswith("2026-03-02T08:00:00")
    pdf = client.get(f"/api/studies/{STUDY}/report.pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF-")
    study = client.get(f"/api/studies/{STUDY}").json()
    assert study["report"]["state"] == "arrived"
    assert study["report"]["sop_instance_uid"] == report["sop_instance_uid"]
    assert study["report"]["pdf_sop_instance_uid"]
    assert (study["stage"], study["progress"]["received"]) == ("signed", 2)


def test_a_study_without_a_report_says_so(world: World) -> None:
    world.receive(ct(1))
    for path in ("report", "report.pdf"):
        answer = world.client("ktv").get(f"/api/studies/{STUDY}/{path}")
        assert answer.status_code == 404
        assert answer.json()["detail"] == "The study has no report yet."


@pytest.mark.parametrize("uid", ["9.9.9", "..", "1.2.x", "%2e%2e%2fetc", "1" * 65])
def test_what_is_no_study_here_is_not_found(world: World, uid: str) -> None:
    for path in ("", "/timeline", "/report"):
        answer = world.client("ktv").get(f"/api/studies/{uid}{path}")
        assert answer.status_code in (404, 422)
        assert answer.json()["code"] in ("not-found", "invalid")


@pytest.mark.parametrize("query", ["limit=0", "limit=100000", "offset=-1", f"q={'x' * 500}"])
def test_wrong_paging_is_invalid(world: World, query: str) -> None:
    assert world.client("ktv").get(f"/api/studies?{query}").status_code == 422


def held_delivery(world: World) -> int:
    world.receive(ct(1), ct(2), ct(3))
    with world.node.ledger.begin() as tx:
        now = world.clock.now()
        delivery = deliveries.ensure(
            tx, study_uid=STUDY, route="up", destination="hub", plan={}, priority=1, outward_uid="", now=now
        )
        ids = [row.id for row in studies.current_instances(tx, STUDY, [Via.DIMSE])]
        deliveries.add_items(tx, delivery, ids)
        states: list[tuple[ItemState, dict[str, Any]]] = [
            (ItemState.DELIVERED, {}),
            (ItemState.HELD, {"reason": "Burned in."}),
            (ItemState.REFUSED, {"reason": "No.", "digest": "a" * 64}),
        ]
        for instance, (state, values) in zip(ids, states, strict=True):
            deliveries.set_item(tx, delivery, instance, state, **values)
        deliveries.update_delivery(tx, delivery, now, state=DeliveryState.HELD.value, last_error="Held.")
    return delivery


def test_the_administrator_sees_the_queue_and_retries(world: World) -> None:
    delivery = held_delivery(world)
    client = world.client("quantri")
    queue = client.get("/api/admin/queue").json()
    assert [(d["id"], d["state"], d["last_error"]) for d in queue["deliveries"]] == [(delivery, "held", "Held.")]
    assert {job["kind"] for job in queue["jobs"]} == {"route"}
    answer = client.post(f"/api/admin/deliveries/{delivery}/retry")
    assert answer.json() == {"id": delivery, "state": "waiting"}
    with world.node.ledger.read() as tx:
        states = {i.state: i.reason for i in deliveries.items(tx, delivery)}
        asked = {row.kind: row.payload for row in tx.execute(select(jobs).where(jobs.c.subject == str(delivery)))}
    assert states == {"delivered": "", "waiting": "", "prepared": ""}
    assert set(asked) == {"transform", "deliver"}
    assert len(asked["transform"]["instances"]) == 1
    assert client.post("/api/admin/deliveries/999/retry").status_code == 404


def test_the_administrator_tries_a_held_job_again(world: World) -> None:
    now = world.clock.now()
    with world.node.ledger.begin() as tx:
        queue.enqueue(tx, NextJob("commit-report", "ct:2.25.1"), now)
        job = queue.claim(tx, "a", now, timedelta(minutes=1))
        assert job is not None
        queue.hold(tx, job, "[peer-refused] ct answered the report with status 0112.")
    client = world.client("quantri")
    [held] = client.get("/api/admin/queue", headers={"Accept-Language": "en"}).json()["jobs"]
    assert (held["state"], held["last_error"]) == ("held", "ct answered the report with status 0112.")
    assert client.post(f"/api/admin/jobs/{held['id']}/retry").json() == {"id": held["id"], "state": "open"}
    with world.node.ledger.begin() as tx:
        assert queue.claim(tx, "a", now, timedelta(minutes=1)) is not None
    assert client.post(f"/api/admin/jobs/{held['id']}/retry").status_code == 404


def test_the_queue_shows_what_was_set_aside(world: World) -> None:
    with world.node.ledger.begin() as tx:
        tx.execute(
            insert(quarantine).values(
                name="x.dcm", reason="Not DICOM.", via="dimse", calling_ae="CT1", size=10, received_at=world.clock.now()
            )
        )
    (item,) = world.client("quantri").get("/api/admin/queue").json()["quarantine"]
    assert (item["name"], item["reason"]) == ("x.dcm", "Not DICOM.")


def test_the_registry_is_shown_without_the_digests_of_secrets(world: World) -> None:
    document = {
        "tiers": [{"code": "tw", "rank": 3, "name": "TW"}],
        "facilities": [{"code": "A", "name": "A", "tier": "tw"}],
        "peers": [{"code": "n", "kind": "node", "facility": "A", "token_sha256": "ab" * 32}],
    }
    with world.node.ledger.begin() as tx:
        registry.apply(tx, document, "test", world.clock.now())
    answer = world.client("quantri").get("/api/admin/registry").json()
    assert answer["revision"] == 1
    assert answer["document"]["peers"][0]["code"] == "n"
    assert "abab" not in str(answer)


def test_who_did_what_is_recorded(signed: World) -> None:
    records = signed.client("quantri").get("/api/admin/audit").json()["items"]
    kinds = {(record["actor"], record["kind"]) for record in records}
    assert {("bs", "login"), ("bs", "reading-claimed"), ("bs", "report-signed")} <= kinds
    assert "Đào" not in str(records)
