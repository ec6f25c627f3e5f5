"""Reports over HTTP: from draft to addendum, versions that never change, two signatures, texts that never overwrite each other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from node.domain.measurement import Measurement, MeasurementKind, Value
from node.ledger.desk_tables import critical_findings, letters
from node.ledger.schema import jobs, reports
from tests.web.test_reading import TASK, TEXT, put_on_worklist
from tests.web.world import STUDY, World, ct, sign_seen
from worklists.reading import marks, profiles
from worklists.reading.intake import task_id_of
from worklists.reading.profiles import Profile, Seniority
from worklists.reporting import store

TASK_ID = task_id_of(STUDY)


@pytest.fixture
def desk(world: World) -> World:
    world.receive(ct(1), ct(2))
    put_on_worklist(world)
    with world.node.ledger.begin() as tx:
        for username, seniority in (("bs", Seniority.SENIOR), ("bs2", Seniority.TRAINEE)):
            profile = Profile(username, licence_number=f"GPHN-{username}", seniority=seniority)
            profiles.put(tx, profile, world.clock.now())
    return world


@pytest.fixture
def senior(desk: World) -> TestClient:
    return desk.client("bs")


@pytest.fixture
def trainee(desk: World) -> TestClient:
    return desk.client("bs2")


def save(client: TestClient, base: str = "", **changes: Any) -> dict[str, Any]:
    answer = client.put(f"{TASK}/report", json={**TEXT, **changes, "base_revision": base})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def sign(client: TestClient, **body: Any) -> Any:
    return sign_seen(client, TASK, **body)


def signed(client: TestClient, **changes: Any) -> dict[str, Any]:
    """The report of a study that this reader claimed, wrote and signed."""
    client.post(f"{TASK}/claim")
    save(client, **changes)
    answer = sign(client)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def versions(client: TestClient) -> list[dict[str, Any]]:
    return list(client.get(f"{TASK}/versions").json()["items"])


def rows(world: World) -> list[dict[str, Any]]:
    with world.node.ledger.read() as tx:
        return [dict(row) for row in tx.execute(select(reports).order_by(reports.c.version)).mappings()]


def test_a_trainee_signs_preliminary_and_a_senior_verifies_with_two_signatures(
    desk: World, trainee: TestClient, senior: TestClient
) -> None:
    trainee.post(f"{TASK}/claim")
    assert trainee.get(TASK).json()["may_sign"] == ["preliminary"]
    save(trainee)
    refused = sign(trainee, **{"as": "final"})
    assert (refused.status_code, refused.json()["code"]) == (409, "not-allowed")
    preliminary = sign(trainee, **{"as": "preliminary"}).json()
    assert (preliminary["state"], preliminary["report_state"]) == ("preliminary", "preliminary")
    assert sign(trainee, **{"as": "preliminary"}).json()["report_version"] == 1  # once more: no effect
    assert trainee.post(f"{TASK}/claim").status_code == 409
    before = rows(desk)
    claimed = senior.post(f"{TASK}/claim")
    assert claimed.json()["state"] == "verifying"
    shown = senior.get(TASK).json()
    assert (shown["report_version"], shown["may_sign"]) == (1, ["final"])
    desk.clock.forward(minutes=5)
    save(senior, shown["report_revision"], conclusion="Bình thường. Đã duyệt.")
    final = sign(senior, **{"as": "final"}).json()
    assert (final["state"], final["report_version"], final["report_state"]) == ("final", 2, "final")
    first, second = versions(senior)
    assert rows(desk)[0] == before[0]
    assert (first["state"], first["replaced"], second["replaced"]) == ("preliminary", True, False)
    assert [(s["role"], s["name"], s["licence_number"]) for s in second["signatures"]] == [
        ("author", "BS. Lê Quang Đức", "GPHN-bs2"),
        ("verifier", "BS. Trần Thị Hồng Ánh", "GPHN-bs"),
    ]
    assert {s["organization"] for s in second["signatures"]} == {"Bệnh viện TW Thái Nguyên"}
    with desk.node.ledger.read() as tx:
        wanted = tx.execute(select(jobs.c.subject).where(jobs.c.kind == "report")).scalars().all()
    assert wanted == [TASK_ID]  # one job makes the documents of every version that has none


def test_a_senior_verifies_without_changing_a_word(trainee: TestClient, senior: TestClient) -> None:
    trainee.post(f"{TASK}/claim")
    save(trainee)
    sign(trainee, **{"as": "preliminary"})
    senior.post(f"{TASK}/claim")
    assert sign(senior).json()["state"] == "final"
    first, second = versions(senior)
    assert first["report"] == second["report"]
    assert [len(v["signatures"]) for v in (first, second)] == [1, 2]


def test_who_reads_and_signs_alone_signs_once(senior: TestClient) -> None:
    signed(senior)
    (version,) = versions(senior)
    assert [s["role"] for s in version["signatures"]] == ["author"]


def test_the_signer_corrects_for_a_short_time_and_what_was_signed_stays(desk: World, senior: TestClient) -> None:
    first = signed(senior)
    assert first["correctable_until"] == (desk.clock.now() + timedelta(minutes=10)).isoformat().replace("+00:00", "Z")
    before = rows(desk)[0]
    desk.clock.forward(minutes=9)
    correcting = senior.post(f"{TASK}/correct").json()
    assert (correcting["state"], correcting["report_version"], correcting["report_state"]) == ("amending", 2, "draft")
    save(senior, correcting["report_revision"], conclusion="Bình thường. Sửa lỗi gõ.")
    assert sign(senior).json()["state"] == "final"
    after = rows(desk)
    assert after[0] == before
    assert (after[1]["state"], after[1]["kind"], after[1]["conclusion"]) == (
        "final",
        "report",
        "Bình thường. Sửa lỗi gõ.",
    )


def test_after_that_time_there_are_only_addenda_and_they_are_numbered(desk: World, senior: TestClient) -> None:
    signed(senior)
    desk.clock.forward(minutes=10)
    assert senior.get(TASK).json()["correctable_until"] is None
    refused = senior.post(f"{TASK}/correct")
    assert (refused.status_code, refused.json()["hint"]) == (409, "Write an addendum instead.")
    for number in (1, 2):
        begun = senior.post(f"{TASK}/amend").json()
        assert (begun["state"], begun["report_kind"], begun["addendum_number"]) == ("amending", "addendum", number)
        assert begun["report"]["findings"] == ""
        assert sign(senior).status_code == 422  # it says nothing yet
        saved = senior.put(
            f"{TASK}/report",
            json={"findings": f"Bổ sung lần {number}.", "base_revision": begun["report_revision"]},
        )
        assert saved.status_code == 200, saved.text
        assert sign(senior).json()["addendum_number"] == number
    assert [(v["kind"], v["replaced"]) for v in versions(senior)] == [
        ("report", False),
        ("addendum", False),
        ("addendum", False),
    ]


def test_a_correction_that_takes_too_long_is_not_signed(desk: World, senior: TestClient) -> None:
    signed(senior)
    correcting = senior.post(f"{TASK}/correct").json()
    save(senior, correcting["report_revision"], conclusion="Khác.")
    desk.clock.forward(minutes=21)
    refused = sign(senior)
    assert (refused.status_code, refused.json()["code"]) == (409, "not-allowed")
    senior.post(f"{TASK}/release")
    begun = senior.post(f"{TASK}/amend").json()  # the text that was not signed is set aside, not lost
    assert begun["report_kind"] == "addendum"
    assert [(v["state"], v["report"]["conclusion"]) for v in versions(senior)] == [
        ("final", "Bình thường."),
        ("abandoned", "Khác."),
        ("draft", ""),
    ]


def test_nobody_else_corrects_and_a_trainee_writes_no_addendum(senior: TestClient, trainee: TestClient) -> None:
    signed(senior)
    assert trainee.post(f"{TASK}/correct").status_code == 409
    assert trainee.post(f"{TASK}/amend").status_code == 409


def test_an_addendum_that_is_given_up_leaves_the_report_final_and_its_words_wait(senior: TestClient) -> None:
    signed(senior)
    begun = senior.post(f"{TASK}/amend").json()
    senior.put(f"{TASK}/report", json={"findings": "Dở dang.", "base_revision": begun["report_revision"]})
    senior.post(f"{TASK}/release")
    shown = senior.get(TASK).json()
    assert (shown["state"], shown["report_state"], shown["report"]["conclusion"]) == ("final", "final", "Bình thường.")
    assert senior.post(f"{TASK}/amend").json()["report"]["findings"] == "Dở dang."


@pytest.mark.parametrize("begin", ["amend", "correct"])
def test_signing_what_fell_out_of_the_readers_hands_is_no_success(desk: World, senior: TestClient, begin: str) -> None:
    signed(senior)
    begun = senior.post(f"{TASK}/{begin}").json()
    senior.put(f"{TASK}/report", json={"findings": "Thêm.", "base_revision": begun["report_revision"]})
    senior.post(f"{TASK}/release")  # as when the lease runs out
    assert sign(senior).status_code == 409
    assert len([v for v in versions(senior) if v["state"] == "final"]) == 1


def test_an_addendum_is_not_corrected_but_followed_by_another(senior: TestClient) -> None:
    signed(senior)
    begun = senior.post(f"{TASK}/amend").json()
    senior.put(f"{TASK}/report", json={"findings": "Bên trái.", "base_revision": begun["report_revision"]})
    assert sign(senior).json()["correctable_until"] is None
    refused = senior.post(f"{TASK}/correct")
    assert (refused.status_code, refused.json()["hint"]) == (409, "Write another addendum that says what is right.")


def test_no_write_reaches_a_signed_version(desk: World, senior: TestClient) -> None:
    signed(senior)
    before = rows(desk)
    with desk.node.ledger.begin() as tx:
        text = store.newest(tx, TASK_ID, "final")
        assert text is not None
        now = desk.clock.now()
        assert not store.write(tx, text, text.text, (), {}, "x", now)
        assert not store.abandon(tx, TASK_ID, 1, now)
        assert not store.seal(
            tx, TASK_ID, 1, state="final", author="x", signatures=(), measurements=(), criticals=(),
            sop_instance_uid="1", series_instance_uid="1", now=now,
        )  # fmt: skip
    assert senior.put(f"{TASK}/report", json={**TEXT, "conclusion": "Khác."}).status_code == 409
    assert rows(desk) == before


def test_a_stale_window_overwrites_nothing(senior: TestClient) -> None:
    senior.post(f"{TASK}/claim")
    first = save(senior, findings="một")["report_revision"]
    second = save(senior, first, findings="một hai")["report_revision"]
    stale = senior.put(f"{TASK}/report", json={**TEXT, "findings": "ba", "base_revision": first})
    assert (stale.status_code, stale.json()["code"]) == (409, "draft-conflict")
    unnamed = senior.put(f"{TASK}/report", json={**TEXT, "findings": "ba"})
    assert unnamed.json()["code"] == "draft-conflict"
    shown = senior.get(TASK).json()
    assert (shown["report"]["findings"], shown["report_revision"]) == ("một hai", second)


def test_the_same_save_again_has_no_effect(desk: World, senior: TestClient) -> None:
    senior.post(f"{TASK}/claim")
    base = save(senior, findings="một")["report_revision"]
    saved = save(senior, base, findings="một hai")
    before = rows(desk)
    desk.clock.forward(seconds=5)
    again = save(senior, base, findings="một hai")  # its answer was lost
    assert again["report_revision"] == saved["report_revision"]
    assert rows(desk) == before


def test_what_has_arrived_from_which_page_is_told_so_that_old_copies_are_known(senior: TestClient) -> None:
    senior.post(f"{TASK}/claim")
    base = save(senior, findings="một", pages={"a": 3})["report_revision"]
    saved = save(senior, base, findings="một hai", pages={"b": 1, "a": 2})
    assert saved["report_pages"] == {"b": 1, "a": 3}
    again = save(senior, saved["report_revision"], findings="một hai", pages={"b": 7})
    assert again["report_pages"] == {"a": 3, "b": 7}
    sign(senior)
    assert senior.post(f"{TASK}/amend").json()["report_pages"] == {"a": 3, "b": 7}
    many = {f"p{number}": 1 for number in range(17)}
    assert senior.put(f"{TASK}/report", json={**TEXT, "pages": many}).status_code == 422


def test_links_are_kept_beside_the_text_and_not_in_it(senior: TestClient) -> None:
    senior.post(f"{TASK}/claim")
    link = {"section": "findings", "start": 0, "end": 5, "kind": "mark", "id": "m1"}
    saved = save(senior, links=[link])
    assert saved["links"] == [link]
    assert "links" not in saved["report"]
    bad = senior.put(f"{TASK}/report", json={**TEXT, "links": [{**link, "section": "../x"}]})
    assert bad.status_code == 422


def test_signing_what_is_not_the_newest_text_is_refused(senior: TestClient) -> None:
    senior.post(f"{TASK}/claim")
    first = save(senior)["report_revision"]
    save(senior, first, conclusion="Mới.")
    refused = sign(senior, **{"as": "final", "base_revision": first})
    assert (refused.status_code, refused.json()["code"]) == (409, "draft-conflict")
    assert sign(senior, base_revision="").json()["code"] == "draft-conflict"


def test_who_signs_names_the_text_that_they_saw(senior: TestClient) -> None:
    senior.post(f"{TASK}/claim")
    save(senior)
    for body in (None, {}, {"as": "final"}, {"base_revision": None}):
        refused = senior.post(f"{TASK}/sign", json=body, headers={"Accept-Language": "en"})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert "base_revision" in refused.json()["detail"]
    assert senior.get(TASK).json()["report_state"] == "draft"


def test_a_senior_verifies_the_preliminary_text_that_they_saw(trainee: TestClient, senior: TestClient) -> None:
    trainee.post(f"{TASK}/claim")
    draft = save(trainee)["report_revision"]
    preliminary = sign(trainee, **{"as": "preliminary"}).json()["report_revision"]
    senior.post(f"{TASK}/claim")
    assert sign(senior, base_revision="1.0").json()["code"] == "draft-conflict"
    assert senior.get(TASK).json()["state"] == "verifying"
    assert draft == preliminary == senior.get(TASK).json()["report_revision"]
    assert sign(senior, base_revision=preliminary).json()["state"] == "final"


def ask(world: World, *questions: str) -> None:
    with world.node.ledger.begin() as tx:
        tx.execute(
            letters.insert().values(
                id="a" * 32, study_uid=STUDY, node="DEMO-DH", kind="request", about="", author="BS. Điều trị", username="",
                body={"summary": "", "questions": list(questions), "urgent": False}, at=world.clock.now(),
                received_at=world.clock.now(),
            )
        )  # fmt: skip


def faults(answer: Any) -> list[str]:
    assert (answer.status_code, answer.json()["code"]) == (422, "not-ready"), answer.text
    return [fault["code"] for fault in answer.json()["errors"]]


def test_every_question_of_a_consultation_is_answered_before_signing(desk: World, senior: TestClient) -> None:
    ask(desk, "Có chảy máu không?", "Có cần mổ không?")
    senior.post(f"{TASK}/claim")
    assert senior.get(TASK).json()["questions"] == ["Có chảy máu không?", "Có cần mổ không?"]
    base = save(senior)["report_revision"]
    assert faults(sign(senior)) == ["unanswered", "unanswered"]
    half = [{"question": "Có chảy máu không?", "answer": "Không."}, {"question": "Có cần mổ không?", "answer": "  "}]
    base = save(senior, base, answers=half)["report_revision"]
    assert faults(sign(senior)) == ["unanswered"]
    save(senior, base, answers=[half[0], {"question": "Có cần mổ không?", "answer": "Chưa."}])
    assert sign(senior).json()["state"] == "final"


def test_an_opinion_answers_the_questions_that_stand_in_it(senior: TestClient) -> None:
    senior.post(f"{TASK}/claim")
    base = save(senior, template="OPINION", answers=[{"question": "Lao?", "answer": ""}])["report_revision"]
    assert faults(sign(senior)) == ["unanswered"]
    save(senior, base, template="OPINION", answers=[{"question": "Lao?", "answer": "Không."}])
    assert sign(senior).json()["state"] == "final"


def test_missing_images_and_abbreviations_are_signed_only_knowingly(desk: World, senior: TestClient) -> None:
    desk.receive(ct(3))  # late, and the study is not complete any more
    senior.post(f"{TASK}/claim")
    with desk.node.ledger.begin() as tx:
        tx.exec_driver_sql("UPDATE studies SET state = 'receiving'")
    save(senior, conclusion="TDMP hai bên.")
    assert faults(sign(senior)) == ["images-missing", "lint"]
    assert faults(sign(senior, **{"as": "final", "acknowledge": ["lint"]})) == ["images-missing"]
    both = {"as": "final", "acknowledge": ["lint", "images-missing"]}
    assert sign(senior, **both).json()["state"] == "final"


def test_signing_takes_measurements_and_critical_findings_into_the_version(desk: World, senior: TestClient) -> None:
    senior.post(f"{TASK}/claim")
    mark = Measurement(
        "6f1f7a0e-9a35-4e7c-8f0b-0d8f6d9b2c11", MeasurementKind.LENGTH, f"{STUDY}.1", f"{STUDY}.1.1", 1,
        ((1.0, 1.0), (4.0, 5.0)), (Value("length", 5.0, "mm"),),
    )  # fmt: skip
    with desk.node.ledger.begin() as tx:
        marks.save(tx, STUDY, mark, base_revision=0, username="bs", now=desk.clock.now())
        for number, state in enumerate(("noted", "withdrawn")):
            tx.execute(
                critical_findings.insert().values(
                    id=f"{number:032x}", task_id=TASK_ID, category=1, text="Chảy máu nội sọ", state=state,
                    raised_by="bs", raised_at=desk.clock.now(), due_at=desk.clock.now(),
                    remind_at=desk.clock.now(), channel="telephone",
                    noted_by="BS. trực", read_back=True,
                )
            )  # fmt: skip
    save(senior)
    sign(senior)
    (version,) = versions(senior)
    assert version["measurements"] == [mark.to_json()]
    assert [(c["text"], c["noted_by"], c["read_back"]) for c in version["criticals"]] == [
        ("Chảy máu nội sọ", "BS. trực", True)
    ]
    with desk.node.ledger.begin() as tx:
        tx.execute(update(critical_findings).values(text="khác"))
    assert versions(senior) == [version]


def test_a_prior_shows_its_report_and_addenda_for_comparison(senior: TestClient) -> None:
    path = f"/api/reading/studies/{STUDY}/reports"
    assert senior.get(path).json() == {"items": []}
    signed(senior)
    correcting = senior.post(f"{TASK}/correct").json()
    save(senior, correcting["report_revision"], conclusion="Đã sửa.")
    sign(senior)
    begun = senior.post(f"{TASK}/amend").json()
    senior.put(f"{TASK}/report", json={"findings": "Thêm.", "base_revision": begun["report_revision"]})
    sign(senior)
    items = senior.get(path).json()["items"]
    assert [(i["kind"], i["report"]["conclusion"], i["report"]["findings"]) for i in items] == [
        ("report", "Đã sửa.", "Không thấy tổn thương."),
        ("addendum", "", "Thêm."),
    ]


def test_templates_and_lint_are_told(senior: TestClient, desk: World) -> None:
    items = senior.get("/api/reading/templates").json()["items"]
    assert len(items) == 10
    assert {"vi", "en"} == set(items[0]["normal_text"])
    found = senior.post("/api/reading/lint", json={"text": "BN có TDMP.", "language": "vi"}).json()["items"]
    assert [(f["text"], f["expansion"], f["start"]) for f in found] == [
        ("BN", "bệnh nhân", 0),
        ("TDMP", "tràn dịch màng phổi", 6),
    ]
    assert desk.client("ktv").get("/api/reading/templates").status_code == 403


def test_macros_are_checked_when_they_are_kept(senior: TestClient) -> None:
    path = "/api/preferences/macros"
    good = {"macros": [{"shortcut": "/bt", "name": "", "text": "Bình thường."}]}
    assert senior.put(path, json={"value": good}).json()["value"] == good
    for bad in ({"macros": [{"shortcut": "bt", "text": "x"}]}, {"macros": 2 * good["macros"]}, ["x"]):
        assert senior.put(path, json={"value": bad}).status_code == 422
