"""The worklist over HTTP: whose a study is, for how long, who is told when nobody takes it."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, insert, select, update

from node.ledger import notices, webhooks
from node.ledger.desk_tables import letters
from node.ledger.schema import audit, jobs, reading_tasks, studies
from tests.web.test_reading import TASK, desk, put_on_worklist, reader  # noqa: F401
from tests.web.world import STUDY, World, ct, ledger_of
from worklists.reading import desk as actions
from worklists.reading import escalation
from worklists.reading.api import ReadingDesk, limits_of
from worklists.reading.desk import Reader
from worklists.reading.intake import task_id_of

PROFILE = {"licence_number": "012345/HN", "seniority": "reader", "modalities": [], "specialities": [], "on_call": []}


def fill(world: World, count: int, **values: Any) -> list[str]:
    """So many ready tasks, without images; returns their ids in the order in which they wait."""
    now = world.clock.now()
    ids = [f"{number:032x}" for number in range(count)]
    study = {"state": "complete", "origin": "DEMO-DH", "priority": "routine", "modalities": "CT"}
    task = {"state": "ready", "priority": 2, "instances_received": 1, "speciality": "chest"}
    with world.node.ledger.begin() as tx:
        for number, task_id in enumerate(ids):
            ready = now - timedelta(minutes=count - number)
            uid = f"1.2.9.{number}"
            tx.execute(insert(studies).values(uid=uid, first_received_at=now, last_received_at=now, **study))
            row = {**task, "ready_at": ready, "clock_running_since": ready, **values}
            tx.execute(
                insert(reading_tasks).values(id=task_id, study_uid=uid, created_at=ready, updated_at=ready, **row)
            )
    return ids


def set_profile(world: World, username: str, **values: Any) -> None:
    answer = world.client("quantri").put(f"/api/admin/readers/{username}", json={**PROFILE, **values})
    assert answer.status_code == 200, answer.text


def told(world: World, username: str) -> list[str]:
    with world.node.ledger.read() as tx:
        shown = notices.shown_to(tx, username, "radiologist", world.clock.now())
        return [notice.kind for notice in shown if not notice.over]


def audited(world: World, kind: str) -> list[Any]:
    with world.node.ledger.read() as tx:
        return list(tx.execute(select(audit.c.detail).where(audit.c.kind == kind)).scalars())


# Claims


@pytest.mark.timeout(1200)
def test_of_two_readers_who_claim_the_same_studies_at_once_each_study_gets_one(world: World) -> None:
    """A thousand studies over HTTP, both readers at the same one at the same instant."""
    ids = fill(world, 1000)
    clients = {name: world.client(name) for name in ("bs", "bs2")}
    both = threading.Barrier(2)
    outcomes: dict[str, list[int]] = {name: [] for name in clients}

    def compete(name: str) -> None:
        for task_id in ids:
            both.wait(300)
            outcomes[name].append(clients[name].post(f"/api/reading/tasks/{task_id}/claim").status_code)

    threads = [threading.Thread(target=compete, args=(name,)) for name in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(1100)
    pairs = Counter(tuple(sorted(pair)) for pair in zip(outcomes["bs"], outcomes["bs2"], strict=True))
    assert pairs == {(200, 409): 1000}
    with world.node.ledger.read() as tx:
        held = Counter(tx.execute(select(reading_tasks.c.claimed_by)).scalars())
    assert {name: outcomes[name].count(200) for name in clients if held[name]} == dict(held)


def test_the_next_study_is_never_given_to_two(world: World) -> None:
    ids = fill(world, 60)
    clients = [world.client(name) for name in ("bs", "bs2", "bs", "bs2")]
    given: list[str] = []

    def take(client: TestClient) -> None:
        while (answer := client.post("/api/reading/next")).status_code == 200:
            given.append(answer.json()["id"])

    threads = [threading.Thread(target=take, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(280)
    assert sorted(given) == sorted(ids)


def test_the_next_study_is_the_longest_waiting_in_scope_and_what_is_assigned_to_one_comes_first(world: World) -> None:
    ids = fill(world, 4)
    boss = world.client("quantri")
    assert boss.post(f"/api/reading/tasks/{ids[3]}/assign", json={"username": "bs"}).json()["assigned_to"] == "bs"
    assert boss.post(f"/api/reading/tasks/{ids[0]}/assign", json={"username": "bs2"}).status_code == 200
    with world.node.ledger.begin() as tx:
        tx.execute(update(studies).where(studies.c.uid == "1.2.9.1").values(modalities="MR"))
    set_profile(world, "bs", modalities=["CT"])
    bs = world.client("bs")
    assert [bs.post("/api/reading/next").json()["id"] for _ in range(2)] == [ids[3], ids[2]]
    assert bs.post("/api/reading/next").status_code == 204  # one is another's, one out of scope
    assert told(world, "bs2") == ["assigned"]


def test_outside_ones_scope_is_marked_and_claimed_only_knowingly(desk: World, reader: TestClient) -> None:  # noqa: F811
    set_profile(desk, "bs", modalities=["MR"])
    assert reader.get(TASK).json()["in_scope"] is False
    answer = reader.post(f"{TASK}/claim")
    assert (answer.status_code, reader.post("/api/reading/next").status_code) == (409, 204)
    assert reader.post(f"{TASK}/claim", json={"override_scope": True}).json()["mine"] is True
    assert audited(desk, "reading-claimed") == [{"outside_scope": True}]


# Leases


def test_a_closed_laptop_gives_the_study_back_after_two_minutes_and_the_draft_stays(
    desk: World,  # noqa: F811
    reader: TestClient,  # noqa: F811
) -> None:
    reader.post(f"{TASK}/claim", json={"heartbeat": True})
    for _ in range(10):
        desk.clock.forward(seconds=90)
        assert reader.post(f"{TASK}/heartbeat").json()["mine"] is True
    desk.clock.forward(seconds=110)
    assert desk.client("bs2").post(f"{TASK}/claim").status_code == 409
    desk.clock.forward(seconds=20)
    assert desk.client("bs2").post(f"{TASK}/claim").json()["mine"] is True
    assert reader.post(f"{TASK}/heartbeat").json()["mine"] is False


def test_who_does_nothing_for_half_an_hour_gives_the_study_back(desk: World, reader: TestClient) -> None:  # noqa: F811
    reader.post(f"{TASK}/claim", json={"heartbeat": True})
    assert reader.post(f"{TASK}/heartbeat", json={"idle_seconds": 1799}).json()["mine"] is True
    given_back = reader.post(f"{TASK}/heartbeat", json={"idle_seconds": 1801}).json()
    assert (given_back["mine"], given_back["state"]) == (False, "ready")


def test_a_sign_of_life_is_no_news_for_the_list(desk: World, reader: TestClient) -> None:  # noqa: F811
    reader.post(f"{TASK}/claim", json={"heartbeat": True})
    cursor = reader.get("/api/reading/tasks").json()["cursor"]
    desk.clock.forward(seconds=60)
    assert len(reader.get("/api/reading/tasks", params={"changed_after": cursor}).json()["items"]) == 1
    cursor = reader.get("/api/reading/tasks").json()["cursor"]
    reader.post(f"{TASK}/heartbeat")
    assert reader.get("/api/reading/tasks", params={"changed_after": cursor}).json()["items"] == []
    reader.post(f"{TASK}/release")
    (changed,) = reader.get("/api/reading/tasks", params={"changed_after": cursor}).json()["items"]
    assert changed["state"] == "ready"


# Hands


def test_a_study_is_handed_over_with_a_notice_and_taken_over_with_another(desk: World, reader: TestClient) -> None:  # noqa: F811
    other = desk.client("bs2")
    reader.post(f"{TASK}/claim")
    given = reader.post(f"{TASK}/hand-over", json={"username": "bs2"}).json()
    assert (given["state"], given["mine"], given["assigned_to_name"]) == ("ready", False, "BS. Lê Quang Đức")
    assert told(desk, "bs2") == ["handed-over"]
    assert [item["id"] for item in other.get("/api/reading/tasks?state=mine").json()["items"]] == [task_id_of(STUDY)]
    assert other.post(f"{TASK}/claim").json()["assigned_to"] is None
    assert told(desk, "bs2") == []
    assert reader.post(f"{TASK}/take-over").json()["mine"] is True
    assert told(desk, "bs2") == ["taken-over"]
    assert audited(desk, "reading-taken-over") == [{"from": "bs2"}]
    assert other.post(f"{TASK}/hand-over", json={"username": "bs"}).status_code == 409
    assert reader.post(f"{TASK}/hand-over", json={"username": "ktv"}).status_code == 422


def test_an_emergency_is_read_while_its_images_come_and_goes_back_to_where_it_was(world: World) -> None:
    (task,) = fill(world, 1, state="incomplete", ready_at=None, clock_running_since=None)
    bs = world.client("bs")
    assert bs.post(f"/api/reading/tasks/{task}/claim").status_code == 409
    bs.post(f"/api/reading/tasks/{task}/priority", json={"priority": "emergency"})
    claimed = bs.post(f"/api/reading/tasks/{task}/claim").json()
    assert (claimed["state"], claimed["clock"]["running"]) == ("claimed", False)
    assert bs.post(f"/api/reading/tasks/{task}/release").json()["state"] == "incomplete"


def test_a_trainee_does_not_verify(world: World) -> None:
    (task,) = fill(world, 1, state="preliminary")
    set_profile(world, "bs", seniority="trainee")
    set_profile(world, "bs2", seniority="senior")
    assert world.client("bs").post(f"/api/reading/tasks/{task}/claim").status_code == 409
    assert world.client("bs2").post("/api/reading/next").json()["state"] == "verifying"
    assert world.client("bs2").post(f"/api/reading/tasks/{task}/release").json()["state"] == "preliminary"


# Asking


def circumstances(world: World) -> tuple[Any, Reader]:
    return ReadingDesk(world.node).now(), Reader("bs", "BS. Trần Thị Hồng Ánh")


def test_asking_the_origin_stops_the_clock_and_the_answer_brings_the_study_back(
    desk: World,  # noqa: F811
    reader: TestClient,  # noqa: F811
) -> None:
    reader.post(f"{TASK}/claim")
    desk.clock.forward(minutes=10)
    with desk.node.ledger.begin() as tx:
        actions.ask(tx, *circumstances(desk), task_id_of(STUDY))
    desk.clock.forward(minutes=300)
    task = reader.get(TASK).json()
    assert (task["state"], task["mine"], task["assigned_to"]) == ("needs-info", False, "bs")
    assert (task["clock"]["running"], task["clock"]["used_seconds"]) == (False, 600)
    with desk.node.ledger.begin() as tx:
        actions.answered(tx, circumstances(desk)[0], STUDY)
    task = reader.get(TASK).json()
    assert (task["state"], task["clock"]["running"], task["clock"]["used_seconds"]) == ("ready", True, 600)
    assert told(desk, "bs") == ["answered"]
    assert reader.post("/api/reading/next").json()["id"] == task_id_of(STUDY)


def test_repeated_images_answer_a_request_to_repeat_and_nothing_new_does_not(
    desk: World,  # noqa: F811
    reader: TestClient,  # noqa: F811
) -> None:
    reader.post(f"{TASK}/claim")
    with desk.node.ledger.begin() as tx:
        actions.reject(tx, *circumstances(desk), task_id_of(STUDY))
    put_on_worklist(desk)
    assert reader.get(TASK).json()["state"] == "unreadable"
    desk.receive(ct(3))
    put_on_worklist(desk)
    assert reader.get(TASK).json()["state"] == "ready"


def test_a_repeated_image_that_is_seen_while_the_study_is_still_open_answers_too(
    desk: World,  # noqa: F811
    reader: TestClient,  # noqa: F811
) -> None:
    reader.post(f"{TASK}/claim")
    with desk.node.ledger.begin() as tx:
        actions.reject(tx, *circumstances(desk), task_id_of(STUDY))
    desk.receive(ct(3))
    put_on_worklist(desk, state="receiving")
    assert reader.get(TASK).json()["state"] == "unreadable"
    put_on_worklist(desk)
    assert reader.get(TASK).json()["state"] == "ready"


def test_a_second_opinion_is_asked_and_answered_while_the_study_stays_whose_it_is(
    desk: World,  # noqa: F811
    reader: TestClient,  # noqa: F811
) -> None:
    other = desk.client("bs2")
    reader.post(f"{TASK}/claim")
    (asked,) = reader.post(f"{TASK}/second-opinion", json={"of": "bs2", "question": "Nốt này?"}).json()["items"]
    assert (asked["state"], asked["asked_of_name"]) == ("open", "BS. Lê Quang Đức")
    assert told(desk, "bs2") == ["opinion-asked"]
    assert reader.get(TASK).json()["second_opinion"] == "open"
    path = f"/api/reading/second-opinions/{asked['id']}/answer"
    assert reader.post(path, json={"answer": "Tôi tự trả lời"}).status_code == 409
    (answered,) = other.post(path, json={"answer": "Lành tính."}).json()["items"]
    assert (answered["answer"], answered["answered_by"]) == ("Lành tính.", "bs2")
    assert other.post(path, json={"answer": "Lần nữa"}).status_code == 409
    task = reader.get(TASK).json()
    assert (task["second_opinion"], task["mine"], task["state"]) == ("answered", True, "claimed")
    assert (told(desk, "bs"), told(desk, "bs2")) == (["opinion-answered"], [])
    for body in ({"of": "bs", "question": "?"}, {"of": "ktv", "question": "?"}, {"question": "  "}):
        assert reader.post(f"{TASK}/second-opinion", json=body).status_code == 422


# When nobody takes it


def test_a_clock_that_runs_out_is_told_to_who_is_on_call_and_to_the_hospitals_systems(world: World) -> None:
    fill(world, 2)
    fill_ids = [f"{number:032x}" for number in range(2)]
    boss = world.client("quantri")
    boss.post(f"/api/reading/tasks/{fill_ids[0]}/priority", json={"priority": "urgent"})
    set_profile(world, "bs2", on_call=[{"days": [6], "from": "07:00", "to": "17:00"}])  # not on a Monday

    def tick() -> int:
        now = world.clock.now()
        with world.node.ledger.begin() as tx:
            due = escalation.is_due(tx, limits_of(world.node), now)
            count = escalation.tell_of_overdue(tx, limits_of(world.node), now)
        assert due == (count > 0)
        return count

    assert tick() == 0
    world.clock.forward(minutes=59)
    assert (tick(), tick()) == (1, 0)  # said once
    assert (told(world, "bs"), told(world, "bs2")) == (["overdue"], [])
    assert world.client("quantri").get("/api/notices").json()["unseen"] == 1
    world.clock.forward(minutes=30)
    assert tick() == 1
    with world.node.ledger.read() as tx:
        calls = webhooks.waiting(tx, 10)
        assert [call.body["level"] for call in calls] == [1, 2]
        assert tx.execute(select(jobs.c.key).where(jobs.c.kind == "webhook")).scalars().all() == ["webhook:all"]
    assert set(calls[0].body) == {"task", "study_instance_uid", "state", "level", "limit_seconds", "over_by_seconds"}
    bs = world.client("bs")
    bs.post(f"/api/reading/tasks/{fill_ids[0]}/claim")
    with world.node.ledger.begin() as tx:
        actions.ask(tx, *circumstances(world), fill_ids[0])
    assert told(world, "bs") == []


# What the list shows


def test_priors_are_of_the_same_patient_of_the_same_hospital_only(world: World) -> None:
    for number, facility, patient in (
        (1, "DEMO-DH", "P-1"),
        (2, "DEMO-DH", "P-1"),
        (3, "DEMO-TW", "P-1"),
        (4, "DEMO-DH", "P-2"),
    ):
        uid = f"1.2.{number}"
        world.receive(ct(1, study=uid, PatientID=patient, StudyDate=f"2026010{number}"), facility=facility)
        put_on_worklist(world, uid)
    world.receive(ct(1, study="1.2.5", PatientID="P-1", IssuerOfPatientID="ELSEWHERE"), facility="DEMO-DH")
    bs = world.client("bs")
    (prior,) = bs.get("/api/reading/studies/1.2.1/priors").json()["items"]
    assert (prior["study_instance_uid"], prior["study_date"], prior["instances"]) == ("1.2.2", "20260102", 1)
    counts = {t["study_instance_uid"]: t["priors"] for t in bs.get("/api/reading/tasks").json()["items"]}
    assert counts == {"1.2.1": 1, "1.2.2": 1, "1.2.3": 0, "1.2.4": 0}


def test_patients_without_an_identifier_have_no_priors(world: World) -> None:
    for number in (1, 2):
        world.receive(ct(1, study=f"1.2.{number}", PatientID=""))
        put_on_worklist(world, f"1.2.{number}")
    assert world.client("bs").get("/api/reading/studies/1.2.1/priors").json()["items"] == []


def test_the_list_tells_the_clinical_question_the_speciality_and_open_questions(world: World) -> None:
    world.receive(ct(1, BodyPartExamined="CHEST", ReasonForTheRequestedProcedure="Ho ra máu"))
    put_on_worklist(world)
    now = world.clock.now()
    common = {"study_uid": STUDY, "author": "BS", "username": "", "at": now, "received_at": now}
    with world.node.ledger.begin() as tx:
        for letter_id, kind, about, body in (
            ("a" * 32, "request", "", {"summary": "x", "questions": ["U phổi?", "U phổi?", " "]}),
            ("b" * 32, "question", "", {"text": "Tiền sử?", "blocking": False}),
        ):
            tx.execute(
                insert(letters).values(id=letter_id, kind=kind, about=about, body=body, node="DEMO-DH", **common)
            )
    (task,) = world.client("bs").get("/api/reading/tasks").json()["items"]
    assert (task["speciality"], task["clinical_question"], task["questions"]) == ("chest", "Ho ra máu", ["U phổi?"])
    assert task["question_open"] is True
    with world.node.ledger.begin() as tx:
        row = {"id": "c" * 32, "kind": "answer", "about": "b" * 32, "body": {"text": "Không"}, "node": "DEMO-DH"}
        tx.execute(insert(letters).values(**row, **common))
    assert world.client("bs").get("/api/reading/tasks").json()["items"][0]["question_open"] is False


def test_the_list_takes_the_same_number_of_queries_whatever_its_length(world: World) -> None:
    asked: list[int] = []

    def queries(count: int) -> int:
        asked.clear()
        assert len(client.get("/api/reading/tasks?state=open").json()["items"]) == count
        return len(asked)

    fill(world, 3)
    client = world.client("bs")
    event.listen(ledger_of(world).engine, "before_cursor_execute", lambda *_: asked.append(1))
    few = queries(3)
    with world.node.ledger.begin() as tx:
        tx.execute(reading_tasks.delete())
        tx.execute(studies.delete())
    fill(world, 200)
    assert queries(200) == few < 20


# Readers


def test_the_administrator_says_what_a_reader_may_read_and_when(world: World) -> None:
    boss = world.client("quantri")
    window = {"days": [0, 1], "from": "22:00", "to": "06:00"}
    wanted = {
        **PROFILE,
        "modalities": ["MR", "CT"],
        "specialities": ["neuro"],
        "on_call": [window],
        "seniority": "senior",
    }
    answer = boss.put("/api/admin/readers/bs", json=wanted)
    assert answer.status_code == 200, answer.text
    assert answer.json()["modalities"] == ["CT", "MR"]
    shown = {one["username"]: one for one in boss.get("/api/admin/readers").json()["items"]}
    assert set(shown) == {"bs", "bs2"}
    assert shown["bs"]["on_call"] == [window]
    assert (shown["bs"]["on_call_now"], shown["bs2"]["on_call_now"]) == (False, True)
    colleagues = world.client("bs").get("/api/reading/readers").json()["items"]
    assert [(one["username"], one["me"], one["seniority"]) for one in colleagues] == [
        ("bs2", False, "reader"),
        ("bs", True, "senior"),
    ]
    assert world.client("bs").put("/api/admin/readers/bs", json=wanted).status_code == 403
    assert boss.put("/api/admin/readers/ktv", json=wanted).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"seniority": "chief"},
        {"specialities": ["hair"]},
        {"modalities": ["ct scan"]},
        {"on_call": [{"days": [7], "from": "07:00", "to": "08:00"}]},
        {"on_call": [{"days": [0], "from": "25:00", "to": "08:00"}]},
        {"licence_number": "x" * 33},
    ],
)
def test_a_profile_that_is_not_valid_is_refused(world: World, wrong: dict[str, Any]) -> None:
    assert world.client("quantri").put("/api/admin/readers/bs", json={**PROFILE, **wrong}).status_code == 422
