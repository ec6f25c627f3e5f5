"""Critical findings over HTTP: raised by the reader, noted by the origin, and told again until somebody takes note."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select

from node.domain.study import Via
from node.ledger import criticals, letters
from node.ledger.desk_tables import critical_findings, notices, webhook_calls
from tests.web.correspondence import ID, TASK, from_origin, put_on_worklist, run_jobs, told
from tests.web.world import STUDY, World, ct
from worklists.correspondence.criticals import escalate


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


def test_a_finding_after_the_report_asks_for_an_addendum(hub: World) -> None:
    reader = hub.client("bs")
    with hub.node.ledger.begin() as tx:
        tx.exec_driver_sql("UPDATE reading_tasks SET state = 'final', claimed_by = 'bs', signed_at = created_at")
    reader.post(f"/api/reading/tasks/{TASK}/criticals", json={"category": 2, "text": "Nốt phổi trái bị bỏ sót."})
    assert told(hub, "addendum-due") == [("addendum-due", "bs", False)]


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
