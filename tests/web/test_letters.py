"""Letters over HTTP, at the reading hospital and at the origin: questions, requests, answers, and who may write what."""

from __future__ import annotations

from typing import Any

from tests.web.correspondence import ID, TASK, from_origin, put_on_worklist, run_jobs, state, told
from tests.web.world import STUDY, World, ct

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


def test_what_is_of_unknown_origin_is_looked_through_for_the_patient(world: World) -> None:
    world.receive(ct(1), ct(2), facility="")
    put_on_worklist(world, receive=False)
    reader = world.client("bs")
    body = {"category": 1, "text": "Bà Nguyễn Thị Đào vỡ lách."}
    answer = reader.post(f"/api/reading/tasks/{TASK}/criticals", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "tells-patient")
    note = {"kind": "note", "body": {"text": "Bà Nguyễn Thị Đào"}}
    assert reader.post(f"/api/studies/{STUDY}/letters", json=note).json()["code"] == "tells-patient"


# When the reading hospital and the origin are one


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


# What stands on the worklist


def test_a_request_without_a_list_of_questions_does_not_stop_the_worklist(hub: World) -> None:
    from_origin(hub, "request", summary="Ho.", questions=None)
    reader = hub.client("bs")
    assert reader.get(f"/api/reading/tasks/{TASK}").json()["questions"] == []
    assert reader.get("/api/reading/tasks").status_code == 200


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
