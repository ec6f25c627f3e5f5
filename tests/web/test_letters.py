"""Letters and critical findings over HTTP, at the reading hospital and at the origin."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from node.assembly import STAGES
from node.domain.job import Job
from node.domain.letter import Letter
from node.domain.study import Via
from node.flow.runner import Runner
from node.ledger import criticals, letters
from node.ledger.desk_tables import critical_findings, notices, webhook_calls
from tests.web.world import STUDY, World, ct
from worklists.correspondence.criticals import escalate
from worklists.reading.intake import ReadStage, task_id_of

TASK = task_id_of(STUDY)
ID = "0123456789abcdef0123456789abcdef"


def run_jobs(world: World) -> None:
    """The jobs of letters and of the worklist that are due."""
    stages = {stage.kind: stage() for stage in STAGES if stage.kind in {"letter", "read"}}
    runner = Runner(world.node, stages, owner="test")
    for _ in range(50):
        if runner.step() is not None:
            return
    raise AssertionError("the jobs do not end")


def put_on_worklist(world: World, facility: str = "DEMO-DH", *, receive: bool = True, study: str = STUDY) -> None:
    if receive:
        world.receive(ct(1), ct(2), via=Via.LINK, facility=facility, peer="node-dh")
    with world.node.ledger.begin() as tx:
        tx.exec_driver_sql("UPDATE studies SET state = 'complete'")
    job = Job(1, "read", study, {}, 0, 2, 0, "test")
    stage = ReadStage()
    result = stage.work(job, world.node)
    with world.node.ledger.begin() as tx:
        stage.settle(tx, job, result, world.node)


def from_origin(world: World, kind: str, *, about: str = "", id: str = ID, study: str = STUDY, **body: Any) -> None:
    """A letter of the origin's arrives by the link."""
    from node.flow.letters import take_letters, to_json

    letter = Letter(id, study, "DEMO-DH", kind, "BS. Phạm Thu", world.clock.now(), body, about)
    (peer,) = [p for p in world.node.registry().peers if p.code == "node-dh"]
    take_letters(world.node, peer, [to_json(letter)])
    run_jobs(world)


def told(world: World, *kinds: str) -> list[tuple[str, str, bool]]:
    with world.node.ledger.read() as tx:
        rows = tx.execute(select(notices).order_by(notices.c.id))
        return [(r.kind, r.audience, r.urgent) for r in rows if not kinds or r.kind in kinds]


def state(client: TestClient) -> str:
    return str(client.get(f"/api/reading/tasks/{TASK}").json()["state"])


@pytest.fixture
def hub(world: World) -> World:
    """A study of the district is on the worklist of this node."""
    put_on_worklist(world)
    return world


@pytest.fixture
def site(world: World) -> World:
    """A study was made at this node; a treating doctor has an account."""
    from node.ledger import users
    from tests.web.world import password_hash

    world.receive(ct(1), ct(2), facility="DEMO-TW")
    with world.node.ledger.begin() as tx:
        row = {"username": "bsdt", "display_name": "BS. Phạm Thu", "role": "clinician", "language": "vi"}
        tx.execute(users.users.insert().values(**row, password_hash=password_hash(), created_at=world.clock.now()))
    return world


# Questions


def test_a_question_that_blocks_stops_the_task_until_the_origin_has_answered(hub: World) -> None:
    reader = hub.client("bs")
    reader.post(f"/api/reading/tasks/{TASK}/claim")
    answer = reader.post(f"/api/reading/tasks/{TASK}/ask", json={"text": "Có sốt không?", "blocking": True})
    assert answer.status_code == 200, answer.text
    (question,) = answer.json()["items"]
    assert (question["kind"], question["open"], question["mine_side"]) == ("question", True, True)
    assert state(reader) == "needs-info"
    hub.clock.forward(minutes=5)
    from_origin(hub, "answer", about=question["id"], text="Sốt 39 độ từ hôm qua.")
    assert state(reader) == "ready"
    assert ("answered", "bs", False) in told(hub)
    thread = reader.get(f"/api/studies/{STUDY}/letters").json()
    assert [(item["kind"], item["open"]) for item in thread["items"]] == [("question", False), ("answer", False)]


def test_a_question_that_does_not_block_leaves_the_study_with_its_reader(hub: World) -> None:
    reader = hub.client("bs")
    reader.post(f"/api/reading/tasks/{TASK}/claim")
    question = {"text": "Có phim cũ không?", "blocking": False, "id": ID}
    for _ in range(2):  # the answer to the first was lost
        assert reader.post(f"/api/reading/tasks/{TASK}/ask", json=question).status_code == 200
    assert len(reader.get(f"/api/studies/{STUDY}/letters").json()["items"]) == 1
    assert state(reader) == "claimed"


def test_the_study_waits_until_every_question_that_blocks_is_answered(hub: World) -> None:
    reader = hub.client("bs")
    asked = []
    for text in ("Một?", "Hai?"):
        reader.post(f"/api/reading/tasks/{TASK}/claim")
        answer = reader.post(f"/api/reading/tasks/{TASK}/ask", json={"text": text})
        asked.append(answer.json()["items"][-1]["id"])
    from_origin(hub, "answer", about=asked[0], id="a" * 32, text="Một.")
    assert state(reader) == "needs-info"
    from_origin(hub, "answer", about=asked[1], id="b" * 32, text="Hai.")
    assert state(reader) == "ready"


def test_only_who_has_claimed_the_study_may_stop_it(hub: World) -> None:
    reader = hub.client("bs")
    assert reader.post(f"/api/reading/tasks/{TASK}/ask", json={"text": "Có sốt không?"}).status_code == 409
    assert reader.get(f"/api/studies/{STUDY}/letters").json()["items"] == []


def test_images_that_cannot_be_read_are_asked_for_again(hub: World) -> None:
    reader = hub.client("bs")
    reader.post(f"/api/reading/tasks/{TASK}/claim")
    answer = reader.post(f"/api/reading/tasks/{TASK}/reject", json={"reason": "motion", "text": "Mờ do thở."})
    assert answer.status_code == 200, answer.text
    assert state(reader) == "unreadable"
    repeat = answer.json()["items"][0]["id"]
    from_origin(hub, "repeated", about=repeat, repeated=False, text="Người bệnh đã chuyển viện.")
    assert state(reader) == "ready"


# Critical findings


def test_a_critical_finding_is_noted_by_the_origin(hub: World) -> None:
    reader = hub.client("bs")
    made = reader.post(f"/api/reading/tasks/{TASK}/criticals", json={"category": 1, "text": "Tràn khí áp lực."})
    assert made.status_code == 200, made.text
    (finding,) = made.json()["items"]
    assert (finding["state"], finding["raised_by"], finding["overdue"]) == ("raised", "BS. Trần Thị Hồng Ánh", False)
    from_origin(hub, "noted", about=finding["id"], name="BS. Phạm Thu", role="clinician", read_back=True)
    (finding,) = reader.get(f"/api/reading/tasks/{TASK}/criticals").json()["items"]
    assert (finding["state"], finding["channel"], finding["read_back"]) == ("noted", "application", True)
    assert "Phạm Thu" in finding["noted_by"]
    assert ("critical-noted", "bs", False) in told(hub)


def test_nobody_takes_note_of_a_finding_about_another_study(hub: World) -> None:
    reader = hub.client("bs")
    made = reader.post(f"/api/reading/tasks/{TASK}/criticals", json={"category": 1, "text": "Tràn khí áp lực."})
    (finding,) = made.json()["items"]
    hub.receive(ct(9, study="1.2.9"), via=Via.LINK, facility="DEMO-DH", peer="node-dh")
    from_origin(hub, "noted", about=finding["id"], study="1.2.9", name="BS. Phạm Thu", read_back=True)
    put_on_worklist(hub, receive=False, study="1.2.9")
    run_jobs(hub)
    (finding,) = reader.get(f"/api/reading/tasks/{TASK}/criticals").json()["items"]
    assert finding["state"] == "raised"


def test_a_request_without_a_list_of_questions_does_not_stop_the_worklist(hub: World) -> None:
    from_origin(hub, "request", summary="Ho.", questions=None)
    reader = hub.client("bs")
    assert reader.get(f"/api/reading/tasks/{TASK}").json()["questions"] == []
    assert reader.get("/api/reading/tasks").status_code == 200


def test_nobody_taking_note_in_time_is_said_to_all_once_in_each_round(hub: World) -> None:
    reader = hub.client("bs")
    reader.post(f"/api/reading/tasks/{TASK}/criticals", json={"category": 1, "text": "Vỡ lách."})
    assert escalate(hub.node, "a" * 32) == 0
    hub.clock.forward(minutes=16)
    assert escalate(hub.node, "b" * 32) == 1
    assert escalate(hub.node, "c" * 32) == 0
    assert told(hub, "critical-overdue") == [("critical-overdue", "bs", True), ("critical-overdue", "role:admin", True)]
    with hub.node.ledger.read() as tx:
        events = [row.event for row in tx.execute(select(webhook_calls).order_by(webhook_calls.c.id))]
        first, reminder = letters.of_study(tx, STUDY)
    assert events == ["critical-raised", "critical-overdue"]
    assert (reminder.kind, reminder.about) == ("critical", first.id)
    (finding,) = reader.get(f"/api/reading/tasks/{TASK}/criticals").json()["items"]
    assert finding["overdue"]
    assert finding["escalated_at"]


def reminders(world: World) -> tuple[list[int], list[int], list[int]]:
    """How long the finding had waited at each round: as the reader was told, the webhook and the origin, in minutes."""
    with world.node.ledger.read() as tx:
        mine = tx.execute(select(notices).where(notices.c.audience == "bs", notices.c.kind == "critical-overdue"))
        noticed = [row.detail["waiting_minutes"] for row in mine]
        calls = tx.execute(select(webhook_calls).where(webhook_calls.c.event == "critical-overdue"))
        called = [row.body["waiting_minutes"] for row in calls]
        again = [letter for letter in letters.of_study(tx, STUDY) if letter.about and letter.kind == "critical"]
        written = [letter.body["waiting_minutes"] for letter in again]
    return noticed, called, written


def pass_time(world: World, minutes: int, *, step: int = 1) -> None:
    """As the node's own ticks: each goes on until nothing is due."""
    for _ in range(0, minutes, step):
        world.clock.forward(minutes=step)
        while escalate(world.node, uuid.uuid4().hex):
            pass


def test_a_finding_is_escalated_again_until_somebody_takes_note(hub: World) -> None:
    reader = hub.client("bs")
    reader.post(f"/api/reading/tasks/{TASK}/criticals", json={"category": 1, "text": "Vỡ lách.", "id": ID})
    pass_time(hub, 50)
    assert reminders(hub) == ([15, 30, 45], [15, 30, 45], [15, 30, 45])
    reader.post(f"/api/reading/criticals/{ID}/noted", json={"noted_by": "BS. Thu", "read_back": True})
    pass_time(hub, 60)
    assert reminders(hub)[1] == [15, 30, 45]
    assert all(item["over"] for item in reader.get("/api/notices").json()["items"])


def test_rounds_that_were_missed_are_not_made_up_for_and_long_waits_are_told_less_often(hub: World) -> None:
    reader = hub.client("bs")
    reader.post(f"/api/reading/tasks/{TASK}/criticals", json={"category": 1, "text": "Vỡ lách.", "id": ID})
    hub.clock.forward(minutes=100)  # the node was off
    pass_time(hub, 20)
    assert reminders(hub)[1] == [101, 116]
    pass_time(hub, 14 * 24 * 60, step=15)
    told = reminders(hub)[1]
    assert told[-1] > 12 * 24 * 60
    assert len(told) < 60


def test_two_workers_escalate_one_round_once(hub: World) -> None:
    hub.client("bs").post(f"/api/reading/tasks/{TASK}/criticals", json={"category": 1, "text": "Vỡ lách.", "id": ID})
    hub.clock.forward(minutes=15)
    now = hub.clock.now()
    with hub.node.ledger.begin() as tx:
        (late,) = criticals.overdue(tx, now)
        assert criticals.mark_escalated(tx, late, now, now + timedelta(minutes=15))
        assert not criticals.mark_escalated(tx, late, now, now + timedelta(minutes=15))
    assert escalate(hub.node, "b" * 32) == 0


def test_who_comes_second_hears_that_the_finding_is_closed(hub: World, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = hub.client("bs")
    reader.post(f"/api/reading/tasks/{TASK}/criticals", json={"category": 1, "text": "Vỡ lách.", "id": ID})
    monkeypatch.setattr(criticals, "close", lambda *_, **__: False)  # closed between the look and the change
    note = {"noted_by": "BS. Thu", "read_back": True}
    for path, body in (("noted", note), ("withdraw", {"reason": "Nhầm."})):
        answer = reader.post(f"/api/reading/criticals/{ID}/{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    with hub.node.ledger.read() as tx:
        assert [letter.kind for letter in letters.of_study(tx, STUDY)] == ["critical"]


def test_what_is_of_unknown_origin_is_looked_through_for_the_patient(world: World) -> None:
    world.receive(ct(1), ct(2), facility="")
    put_on_worklist(world, receive=False)
    reader = world.client("bs")
    body = {"category": 1, "text": "Bà Nguyễn Thị Đào vỡ lách."}
    answer = reader.post(f"/api/reading/tasks/{TASK}/criticals", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "tells-patient")
    note = {"kind": "note", "body": {"text": "Bà Nguyễn Thị Đào"}}
    assert reader.post(f"/api/studies/{STUDY}/letters", json=note).json()["code"] == "tells-patient"


@pytest.mark.parametrize(
    ("category", "limit"), [(1, timedelta(minutes=15)), (2, timedelta(hours=4)), (3, timedelta(days=3))]
)
def test_each_category_has_its_time(hub: World, category: int, limit: timedelta) -> None:
    hub.client("bs").post(f"/api/reading/tasks/{TASK}/criticals", json={"category": category, "text": "Phát hiện."})
    with hub.node.ledger.read() as tx:
        row = tx.execute(select(critical_findings)).one()
    assert row.due_at - row.raised_at == limit


def test_who_was_told_by_telephone_is_recorded_and_the_origin_hears_that_it_is_over(hub: World) -> None:
    reader = hub.client("bs")
    made = reader.post(f"/api/reading/tasks/{TASK}/criticals", json={"category": 2, "text": "Khối u phổi."})
    (finding,) = made.json()["items"]
    note = {"noted_by": "BS. Thu, khoa Nội", "channel": "telephone", "read_back": True}
    answer = reader.post(f"/api/reading/criticals/{finding['id']}/noted", json=note)
    assert answer.json()["items"][0]["state"] == "noted"
    again = reader.post(f"/api/reading/criticals/{finding['id']}/noted", json=note)
    assert again.status_code == 409
    kinds = [item["kind"] for item in reader.get(f"/api/studies/{STUDY}/letters").json()["items"]]
    assert kinds == ["critical", "critical-over"]


def test_a_finding_that_does_not_hold_is_withdrawn(hub: World) -> None:
    reader = hub.client("bs")
    made = reader.post(f"/api/reading/tasks/{TASK}/criticals", json={"category": 2, "text": "Khối u phổi."})
    (finding,) = made.json()["items"]
    answer = reader.post(f"/api/reading/criticals/{finding['id']}/withdraw", json={"reason": "Là mạch máu."})
    assert answer.json()["items"][0]["state"] == "withdrawn"


# Who may write what


def test_only_radiologists_ask_and_raise(hub: World) -> None:
    for name in ("ktv", "quantri"):
        client = hub.client(name)
        assert client.post(f"/api/reading/tasks/{TASK}/ask", json={"text": "?"}).status_code == 403
        assert client.post(f"/api/reading/tasks/{TASK}/criticals", json={"category": 1, "text": "?"}).status_code == 403


def test_at_the_reading_hospital_nobody_answers_for_the_origin(hub: World) -> None:
    reader = hub.client("bs")
    thread = reader.get(f"/api/studies/{STUDY}/letters").json()
    assert (thread["may"], thread["at_origin"], thread["reachable"]) == (["note"], False, True)
    body = {"kind": "acceptance", "body": {"accepted": "yes"}}
    assert reader.post(f"/api/studies/{STUDY}/letters", json=body).status_code == 403


Write = Callable[..., Any]


def test_the_treating_doctor_writes_the_request_and_the_acceptance(site: World) -> None:
    doctor = site.client("bsdt")
    path = f"/api/studies/{STUDY}/letters"
    request = {"summary": "Đau ngực 3 ngày", "questions": ["Có thuyên tắc phổi không?"], "urgent": True}
    assert doctor.post(path, json={"kind": "request", "body": request}).status_code == 200
    partly = {"kind": "acceptance", "body": {"accepted": "partly"}}
    refused = doctor.post(path, json=partly)
    assert (refused.status_code, refused.json()["code"]) == (422, "letter-invalid")
    partly["body"]["reason"] = "Chưa trả lời câu 2."  # type: ignore[index]
    assert doctor.post(path, json=partly).status_code == 200
    outcome = {"diagnosis": "Viêm phổi", "course": "Khỏi", "agrees": "yes"}
    thread = doctor.post(path, json={"kind": "outcome", "body": outcome}).json()
    assert [item["kind"] for item in thread["items"]] == ["request", "acceptance", "outcome"]
    radiographer = site.client("ktv")
    assert radiographer.post(path, json=partly).status_code == 403
    assert "answer" in radiographer.get(path).json()["may"]


def test_a_letter_that_names_the_patient_is_not_sent_and_says_what_to_take_out(site: World) -> None:
    doctor = site.client("bsdt")
    request = {"summary": "Bà Nguyễn Thị Đào, mã P-0001, sinh 31/01/1970, gọi 0912345678", "questions": []}
    answer = doctor.post(f"/api/studies/{STUDY}/letters", json={"kind": "request", "body": request})
    assert (answer.status_code, answer.json()["code"]) == (422, "tells-patient")
    assert [fault["code"] for fault in answer.json()["errors"]] == [
        "patient-name",
        "patient-id",
        "birth-date",
        "long-number",
    ]
    assert "Đào" not in answer.text
    assert doctor.get(f"/api/studies/{STUDY}/letters").json()["items"] == []


def test_the_treating_doctor_sees_no_worklist_and_sends_no_images(site: World) -> None:
    doctor = site.client("bsdt")
    assert doctor.get("/api/studies").status_code == 200
    assert doctor.get("/api/reading/tasks").status_code == 403
    assert doctor.post("/dicom-web/studies", content=b"").status_code == 403


def test_it_is_said_when_letters_do_not_reach_the_origin(world: World) -> None:
    put_on_worklist(world, facility="DEMO-KHAC")
    assert world.client("bs").get(f"/api/studies/{STUDY}/letters").json()["reachable"] is False


def test_what_a_newer_node_calls_otherwise_is_kept_and_shown_as_a_note(hub: World) -> None:
    from_origin(hub, "new-kind", text="Một điều mới.", more={"a": 1})
    (item,) = hub.client("bs").get(f"/api/studies/{STUDY}/letters").json()["items"]
    assert (item["kind"], item["body"]["text"]) == ("note", "Một điều mới.")


# When the reading hospital and the origin are one


@pytest.fixture
def house(site: World) -> World:
    """The study of this node is read at this node."""
    put_on_worklist(site, facility="DEMO-TW", receive=False)
    return site


def test_in_one_house_a_question_goes_to_the_treating_doctor_and_the_answer_back(house: World) -> None:
    reader, doctor = house.client("bs"), house.client("bsdt")
    reader.post(f"/api/reading/tasks/{TASK}/claim")
    reader.post(f"/api/reading/tasks/{TASK}/ask", json={"text": "Có sốt không?", "id": ID})
    run_jobs(house)
    assert {audience for kind, audience, _ in told(house, "question")} == {"role:clinician", "role:radiographer"}
    answer = {"kind": "answer", "about": ID, "body": {"text": "Không sốt."}}
    assert doctor.post(f"/api/studies/{STUDY}/letters", json=answer).status_code == 200
    run_jobs(house)
    assert state(reader) == "ready"
    assert told(house, "answered") == [("answered", "bs", False)]


def test_what_the_reader_at_the_origin_writes_names_no_patient_either(house: World) -> None:
    reader = house.client("bs")
    reader.post(f"/api/reading/tasks/{TASK}/claim")
    for path in ("ask", "reject", "criticals"):
        body = {"ask": {}, "reject": {"reason": "motion"}, "criticals": {"category": 1}}[path]
        answer = reader.post(f"/api/reading/tasks/{TASK}/{path}", json={**body, "text": "Bà Nguyễn Thị Đào"})
        assert (answer.status_code, answer.json()["code"]) == (422, "tells-patient")
    assert reader.get(f"/api/studies/{STUDY}/letters").json()["items"] == []
    assert state(reader) == "claimed"


def test_a_notice_about_a_question_is_over_when_somebody_has_answered(house: World) -> None:
    reader, radiographer, doctor = house.client("bs"), house.client("ktv"), house.client("bsdt")
    reader.post(f"/api/reading/tasks/{TASK}/claim")
    reader.post(f"/api/reading/tasks/{TASK}/ask", json={"text": "Có sốt không?", "id": ID})
    run_jobs(house)
    assert [item["seen"] for item in doctor.get("/api/notices").json()["items"]] == [False]
    answer = {"kind": "answer", "about": ID, "body": {"text": "Không sốt."}}
    radiographer.post(f"/api/studies/{STUDY}/letters", json=answer)
    assert [item["seen"] for item in doctor.get("/api/notices").json()["items"]] == [True]


def test_of_a_critical_finding_note_is_taken_once(house: World) -> None:
    house.client("bs").post(f"/api/reading/tasks/{TASK}/criticals", json={"category": 1, "text": "Vỡ lách.", "id": ID})
    run_jobs(house)
    doctor = house.client("bsdt")
    note = {"kind": "noted", "about": ID, "body": {"read_back": True}}
    assert house.client("ktv").post(f"/api/studies/{STUDY}/letters", json=note).status_code == 403
    assert doctor.post(f"/api/studies/{STUDY}/letters", json=note).status_code == 200
    again = doctor.post(f"/api/studies/{STUDY}/letters", json=note)
    assert (again.status_code, again.json()["code"]) == (409, "not-allowed")
    run_jobs(house)
    (finding,) = house.client("bs").get(f"/api/reading/tasks/{TASK}/criticals").json()["items"]
    assert finding["noted_by"] == "BS. Phạm Thu, bác sĩ điều trị"


def test_the_list_of_studies_marks_what_waits(house: World) -> None:
    def marks() -> dict[str, Any]:
        (study,) = house.client("bsdt").get("/api/studies").json()["items"]
        return dict(study["letters"])

    assert marks() == {"questions": 0, "critical": False, "to_accept": False}
    reader = house.client("bs")
    reader.post(f"/api/reading/tasks/{TASK}/claim")
    reader.post(f"/api/reading/tasks/{TASK}/criticals", json={"category": 1, "text": "Vỡ lách.", "id": "a" * 32})
    reader.post(f"/api/reading/tasks/{TASK}/ask", json={"text": "Có sốt không?", "id": ID})
    assert marks() == {"questions": 1, "critical": True, "to_accept": False}
    note = {"noted_by": "BS. Thu", "read_back": True}
    reader.post(f"/api/reading/criticals/{'a' * 32}/noted", json=note)
    assert marks()["critical"] is False


def test_an_answer_must_be_about_an_open_question_of_the_study(house: World) -> None:
    doctor = house.client("bsdt")
    for about in ("", "f" * 32):
        answer = doctor.post(
            f"/api/studies/{STUDY}/letters", json={"kind": "answer", "about": about, "body": {"text": "?"}}
        )
        assert answer.status_code == 404


def test_a_finding_after_the_report_asks_for_an_addendum(hub: World) -> None:
    reader = hub.client("bs")
    with hub.node.ledger.begin() as tx:
        tx.exec_driver_sql("UPDATE reading_tasks SET state = 'final', claimed_by = 'bs', signed_at = created_at")
    reader.post(f"/api/reading/tasks/{TASK}/criticals", json={"category": 2, "text": "Nốt phổi trái bị bỏ sót."})
    assert told(hub, "addendum-due") == [("addendum-due", "bs", False)]


def test_acceptance_and_outcome_stand_on_the_readers_list(hub: World) -> None:
    with hub.node.ledger.begin() as tx:
        tx.exec_driver_sql("UPDATE reading_tasks SET state = 'final', claimed_by = 'bs', signed_at = created_at")
    from_origin(hub, "acceptance", id="a" * 32, accepted="partly", reason="Đã chuyển viện.", report="")
    from_origin(hub, "outcome", id="b" * 32, diagnosis="Viêm phổi", course="", agrees="yes")
    task = hub.client("bs").get(f"/api/reading/tasks/{TASK}").json()
    assert (task["accepted"], task["outcome"]) == ("partly", "yes")
    assert told(hub) == [("accepted", "bs", False), ("outcome", "bs", False)]


def test_the_request_stands_on_the_task_and_makes_it_urgent(hub: World) -> None:
    from_origin(hub, "request", summary="Đau ngực", questions=["Thuyên tắc phổi?"], urgent=True)
    task = hub.client("bs").get(f"/api/reading/tasks/{TASK}").json()
    assert (task["priority"], task["clinical_question"], task["questions"]) == (
        "urgent",
        "Đau ngực",
        ["Thuyên tắc phổi?"],
    )
