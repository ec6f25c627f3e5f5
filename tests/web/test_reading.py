"""The reading desk over HTTP: from the worklist to the signed report."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from node.domain.job import Job
from node.ledger import reads
from node.ledger.schema import jobs, studies
from node.ledger.signed import signed_report
from tests.web.world import STUDY, World, ct, sign_seen
from worklists.reading.intake import ReadStage, task_id_of

TASK = f"/api/reading/tasks/{task_id_of(STUDY)}"
TEXT = {
    "technique": "CT ngực không tiêm thuốc.",
    "findings": "Không thấy tổn thương.",
    "conclusion": "Bình thường.",
    "recommendation": "",
    "key_images": [f"{STUDY}.1.1"],
    "language": "vi",
}


def put_on_worklist(world: World, study: str = STUDY, state: str = "complete") -> None:
    with world.node.ledger.begin() as tx:
        tx.execute(update(studies).values(state=state))
    stage = ReadStage()
    job = Job(1, "read", study, {}, 0, 2, 0, "test")
    result = stage.work(job, world.node)
    with world.node.ledger.begin() as tx:
        assert [job.kind for job in stage.settle(tx, job, result, world.node)] == ["prepare"]


@pytest.fixture
def desk(world: World) -> World:
    world.receive(ct(1), ct(2))
    put_on_worklist(world)
    return world


@pytest.fixture
def reader(desk: World) -> TestClient:
    return desk.client("bs")


def hops(world: World) -> list[str]:
    with world.node.ledger.read() as tx:
        return [item["hop"] for item in reads.study_timeline(tx, STUDY)]


def test_a_study_is_claimed_drafted_and_signed(desk: World, reader: TestClient) -> None:
    (task,) = reader.get("/api/reading/tasks").json()["items"]
    assert (task["state"], task["modality"], task["instances_received"]) == ("ready", "CT", 2)
    assert task["instances_expected"] is None
    assert task["origin_name"] == "TTYT Định Hóa"
    claimed = reader.post(f"{TASK}/claim").json()
    assert (claimed["state"], claimed["mine"], claimed["claimed_by_name"]) == ("claimed", True, "BS. Trần Thị Hồng Ánh")
    drafted = reader.put(f"{TASK}/report", json=TEXT).json()
    assert (drafted["state"], drafted["report_state"]) == ("drafting", "draft")
    assert drafted["report"].items() >= TEXT.items()
    signed = sign_seen(reader, TASK)
    assert signed.status_code == 200, signed.text
    assert signed.json()["state"] == "final"
    assert sign_seen(reader, TASK).json() == signed.json()
    assert [t["state"] for t in reader.get("/api/reading/tasks").json()["items"]] == ["final"]
    assert reader.get("/api/reading/tasks?state=open").json()["items"] == []
    assert len(reader.get("/api/reading/tasks?state=final").json()["items"]) == 1
    assert [hop for hop in hops(desk) if hop != "first-image"] == ["ready", "claimed", "drafted", "signed"]
    with desk.node.ledger.read() as tx:
        assert tx.execute(select(jobs.c.subject).where(jobs.c.kind == "report")).scalars().all() == [task["id"]]
        report = signed_report(tx, task["id"])
    assert report is not None
    assert report.observer_name == "BS. Trần Thị Hồng Ánh"
    assert report.text.conclusion == "Bình thường."
    assert report.sop_instance_uid.startswith("2.25.")
    assert report.sop_instance_uid != report.series_instance_uid
    assert desk.client("ktv").get(f"/api/studies/{STUDY}").json()["stage"] == "signed"


def test_nobody_else_can_touch_a_claimed_study(desk: World, reader: TestClient) -> None:
    other = desk.client("bs2")
    reader.post(f"{TASK}/claim")
    for method, path, body in (
        ("POST", "claim", None),
        ("POST", "release", None),
        ("PUT", "report", TEXT),
        ("POST", "sign", {"base_revision": ""}),
    ):
        answer = other.request(method, f"{TASK}/{path}", json=body)
        assert answer.status_code == 409, path
        assert answer.json()["code"] == "not-allowed"
    assert other.get(TASK).json()["mine"] is False


def test_a_released_study_keeps_its_draft_for_the_next_reader(desk: World, reader: TestClient) -> None:
    reader.post(f"{TASK}/claim")
    reader.put(f"{TASK}/report", json=TEXT)
    assert reader.post(f"{TASK}/release").json()["state"] == "ready"
    other = desk.client("bs2")
    other.post(f"{TASK}/claim")
    assert other.get(TASK).json()["report"].items() >= TEXT.items()
    assert sign_seen(other, TASK).json()["state"] == "final"
    with desk.node.ledger.read() as tx:
        report = signed_report(tx, task_id_of(STUDY))
    assert report is not None
    assert report.observer_name == "BS. Lê Quang Đức"


def test_an_administrator_can_give_a_study_back(desk: World, reader: TestClient) -> None:
    reader.post(f"{TASK}/claim")
    assert desk.client("quantri").post(f"{TASK}/release").json()["state"] == "ready"
    assert reader.put(f"{TASK}/report", json=TEXT).status_code == 409


def test_a_claim_ends_by_itself_and_the_study_is_free_again(desk: World, reader: TestClient) -> None:
    reader.post(f"{TASK}/claim")
    desk.clock.forward(minutes=20)
    reader.put(f"{TASK}/report", json=TEXT)  # saving renews the lease
    desk.clock.forward(minutes=29)
    assert desk.client("bs2").post(f"{TASK}/claim").status_code == 409
    desk.clock.forward(minutes=2)
    (task,) = desk.client("bs2").get("/api/reading/tasks").json()["items"]
    assert task["state"] == "ready"
    assert desk.client("bs2").post(f"{TASK}/claim").json()["mine"] is True
    assert hops(desk).count("released") == 1


def test_claiming_again_renews_the_lease(desk: World, reader: TestClient) -> None:
    first = reader.post(f"{TASK}/claim").json()["lease_until"]
    desk.clock.forward(minutes=10)
    assert reader.post(f"{TASK}/claim").json()["lease_until"] > first
    assert hops(desk).count("claimed") == 1


@pytest.mark.parametrize("conclusion", ["", "  \n "])
def test_a_report_without_a_conclusion_cannot_be_signed(reader: TestClient, conclusion: str) -> None:
    reader.post(f"{TASK}/claim")
    assert sign_seen(reader, TASK).status_code == 422
    reader.put(f"{TASK}/report", json={**TEXT, "conclusion": conclusion})
    answer = sign_seen(reader, TASK, language="vi")
    assert answer.status_code == 422
    assert answer.json()["detail"] == "Chưa có kết luận."
    assert answer.json()["code"] == "invalid"


def test_a_signed_report_cannot_be_changed(desk: World, reader: TestClient) -> None:
    reader.post(f"{TASK}/claim")
    reader.put(f"{TASK}/report", json=TEXT)
    sign_seen(reader, TASK)
    for client in (reader, desk.client("bs2")):
        assert client.put(f"{TASK}/report", json={**TEXT, "conclusion": "Khác."}).status_code == 409
        assert client.post(f"{TASK}/claim").status_code == 409
        assert client.post(f"{TASK}/release").status_code == 409
    assert sign_seen(desk.client("bs2"), TASK).status_code == 409
    assert reader.get(TASK).json()["report"]["conclusion"] == "Bình thường."


@pytest.mark.parametrize(
    "change",
    [
        {"findings": "x" * 20_001},
        {"findings": "bell \u0007"},
        {"key_images": ["1.2.3.4.5"]},
        {"key_images": ["../../etc/passwd"]},
        {"language": "fr"},
        {"unknown": "field"},
        {"conclusion": None},
    ],
)
def test_a_report_that_is_not_valid_is_refused(reader: TestClient, change: dict[str, Any]) -> None:
    reader.post(f"{TASK}/claim")
    answer = reader.put(f"{TASK}/report", json={**TEXT, **change})
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid"
    assert reader.get(TASK).json()["report"] is None


def test_texts_are_stored_composed(reader: TestClient) -> None:
    reader.post(f"{TASK}/claim")
    saved = reader.put(
        f"{TASK}/report", json={**TEXT, "findings": "Nguye\u0302\u0303n\r\nto\u0302\u0309n thương"}
    ).json()
    assert saved["report"]["findings"] == "Nguyễn\ntổn thương"


def test_the_more_urgent_and_then_the_longest_waiting_comes_first(world: World) -> None:
    for number in range(1, 5):
        world.receive(ct(1, study=f"1.2.{number}"))
        put_on_worklist(world, f"1.2.{number}")
        world.clock.forward(minutes=5)
    client = world.client("bs")
    for study, priority in (("1.2.3", "urgent"), ("1.2.4", "emergency")):
        answer = client.post(f"/api/reading/tasks/{task_id_of(study)}/priority", json={"priority": priority})
        assert answer.json()["priority"] == priority
    tasks = client.get("/api/reading/tasks").json()["items"]
    assert [task["study_instance_uid"] for task in tasks] == ["1.2.4", "1.2.3", "1.2.1", "1.2.2"]
    assert [task["waiting_seconds"] for task in tasks] == [300, 600, 1200, 900]


def test_what_was_read_stays_on_the_list_of_all_for_a_week_after_what_is_open(world: World) -> None:
    client = world.client("bs")
    for number in range(1, 4):
        study = f"1.2.{number}"
        world.receive(ct(1, study=study, sop=f"{study}.1.1"))
        put_on_worklist(world, study)
        world.clock.forward(minutes=5)
    for study in ("1.2.1", "1.2.2"):
        task = f"/api/reading/tasks/{task_id_of(study)}"
        client.post(f"{task}/claim")
        client.put(f"{task}/report", json=TEXT | {"key_images": []})
        assert sign_seen(client, task).json()["state"] == "final"
        world.clock.forward(hours=1)
    shown = client.get("/api/reading/tasks").json()["items"]
    assert [(t["study_instance_uid"], t["state"]) for t in shown] == [
        ("1.2.3", "ready"),
        ("1.2.2", "final"),
        ("1.2.1", "final"),
    ]
    assert client.get("/api/reading/tasks?state=all").json()["items"] == shown
    world.clock.forward(days=6, hours=22, minutes=30)
    client = world.client("bs")
    assert [t["study_instance_uid"] for t in client.get("/api/reading/tasks").json()["items"]] == ["1.2.3", "1.2.2"]
    assert len(client.get("/api/reading/tasks?state=final").json()["items"]) == 2


def test_the_radiographer_has_no_worklist_and_unknown_tasks_are_not_found(desk: World, reader: TestClient) -> None:
    assert desk.client("ktv").get("/api/reading/tasks").status_code == 403
    signature = {"base_revision": ""}
    for method, path, body in (("GET", "", None), ("POST", "/claim", None), ("POST", "/sign", signature)):
        answer = reader.request(method, f"/api/reading/tasks/unknown{path}", json=body)
        assert answer.status_code == 404
        assert answer.json()["code"] == "not-found"
