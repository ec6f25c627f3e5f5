"""Marks over HTTP: kept at every stroke, by the one who reads, never twice."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from node.domain.measurement import MeasurementKind
from node.ledger.desk_tables import marks as table
from node.ledger.schema import users
from tests.web.test_reading import TASK, TEXT, put_on_worklist
from tests.web.world import STUDY, World, ct, password_hash, sign_seen
from worklists.reading import marks

MARKS = f"/api/reading/studies/{STUDY}/marks"
ID = "6d5e1c1e-61e3-4b0e-9d8a-0d8bb1a3b001"


def a_length(**changes: Any) -> dict[str, Any]:
    return {
        "id": ID,
        "kind": "length",
        "series_instance_uid": f"{STUDY}.1",
        "sop_instance_uid": f"{STUDY}.1.1",
        "frame": 1,
        "points": [[1.0, 2.0], [4.0, 6.0]],
        "values": [{"name": "length", "number": 5.0, "unit": "mm"}],
        "basis": "patient",
        "text": "Nốt",
        "in_report": True,
        "base_revision": 0,
        **changes,
    }


@pytest.fixture
def desk(world: World) -> World:
    world.receive(ct(1), ct(2))
    put_on_worklist(world)
    return world


@pytest.fixture
def reader(desk: World) -> TestClient:
    client = desk.client("bs")
    client.post(f"{TASK}/claim")
    return client


def put(client: TestClient, **changes: Any) -> Any:
    mark = a_length(**changes)
    return client.put(f"{MARKS}/{mark['id']}", json=mark)


def test_a_mark_is_there_when_the_study_opens_again(desk: World, reader: TestClient) -> None:
    kept = put(reader)
    assert kept.status_code == 200, kept.text
    assert (kept.json()["revision"], kept.json()["mine"]) == (1, True)
    (found,) = reader.get(MARKS).json()["items"]
    assert found == kept.json()
    assert found["points"] == [[1.0, 2.0], [4.0, 6.0]]
    assert found["author_name"] == "BS. Trần Thị Hồng Ánh"


def test_a_repeated_request_keeps_one_mark(desk: World, reader: TestClient) -> None:
    assert put(reader).json() == put(reader).json()
    changed = put(reader, points=[[1.0, 2.0], [5.0, 5.0]], base_revision=1).json()
    assert put(reader, points=[[1.0, 2.0], [5.0, 5.0]], base_revision=1).json() == changed
    assert changed["revision"] == 2
    assert len(reader.get(MARKS).json()["items"]) == 1


def test_a_change_of_what_is_no_longer_there_is_refused(desk: World, reader: TestClient) -> None:
    put(reader)
    put(reader, text="a", base_revision=1)
    answer = put(reader, text="b", base_revision=1)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert put(reader, text="c").status_code == 409  # nor as a new one
    assert reader.get(MARKS).json()["items"][0]["text"] == "a"


def test_a_deleted_mark_keeps_its_row_and_can_come_back(desk: World, reader: TestClient) -> None:
    put(reader)
    assert reader.delete(f"{MARKS}/{ID}", params={"base_revision": 9}).status_code == 409
    gone = reader.delete(f"{MARKS}/{ID}", params={"base_revision": 1})
    assert (gone.status_code, gone.json()["revision"]) == (200, 2)
    assert reader.delete(f"{MARKS}/{ID}", params={"base_revision": 1}).json()["revision"] == 2
    assert reader.get(MARKS).json()["items"] == []
    with desk.node.ledger.read() as tx:
        assert tx.execute(select(table.c.deleted)).scalars().all() == [True]
    assert put(reader, base_revision=2).json()["revision"] == 3
    assert len(reader.get(MARKS).json()["items"]) == 1


def test_only_the_one_who_has_the_study_writes_and_others_see(desk: World, reader: TestClient) -> None:
    put(reader)
    other = desk.client("bs2")
    listing = other.get(MARKS).json()
    assert (listing["writable"], listing["items"][0]["mine"]) == (False, False)
    assert put(other, base_revision=1).json()["code"] == "not-allowed"
    assert other.delete(f"{MARKS}/{ID}", params={"base_revision": 1}).status_code == 409
    assert desk.client("quantri").get(MARKS).json()["writable"] is False
    assert put(desk.client("quantri"), base_revision=1).status_code == 403
    assert (
        desk.client("ktv").get(MARKS).json()["writable"] is False
    )  # whoever looks at images sees what belongs to them
    assert put(desk.client("ktv"), base_revision=1).status_code == 403


def test_who_takes_the_study_over_may_change_what_is_there(desk: World, reader: TestClient) -> None:
    put(reader)
    reader.post(f"{TASK}/release")
    other = desk.client("bs2")
    assert other.get(MARKS).json()["writable"] is True
    assert put(other, base_revision=1).json()["code"] == "not-allowed"  # nobody has it: one's own only
    other.post(f"{TASK}/claim")
    assert put(other, base_revision=1, text="sửa").json()["author"] == "bs2"


def test_after_signing_nothing_changes(desk: World, reader: TestClient) -> None:
    put(reader)
    reader.put(f"{TASK}/report", json=TEXT)
    assert sign_seen(reader, TASK).status_code == 200
    assert reader.get(MARKS).json()["writable"] is False
    assert put(reader, base_revision=1, text="sau").status_code == 409
    assert reader.delete(f"{MARKS}/{ID}", params={"base_revision": 1}).status_code == 409


@pytest.mark.parametrize(
    "changes",
    [
        {"points": [[1.0, 2.0], [9.0, 6.0]]},
        {"points": [[-0.1, 2.0], [4.0, 6.0]]},
        {"points": [[1.0, 2.0]]},
        {"points": [[1.0, "x"], [4.0, 6.0]]},
        {"kind": "doodle"},
        {"frame": 2},
        {"frame": 0},
        {"sop_instance_uid": f"{STUDY}.1.9"},
        {"series_instance_uid": f"{STUDY}.2"},
        {"text": "a" * 501},
        {"text": "a\x00"},
        {"id": "not-a-uuid"},
        {"values": [{"name": "length", "number": 1.0, "unit": "ổ"}]},
        {"stray": 1},
    ],
)
def test_what_cannot_be_a_mark_on_this_study_is_refused(reader: TestClient, changes: dict[str, Any]) -> None:
    answer = put(reader, **changes)
    assert answer.status_code == 422, answer.text
    assert reader.get(MARKS).json()["items"] == []


def test_numbers_that_are_none_are_refused(reader: TestClient) -> None:
    for number in ("NaN", "Infinity", "1e999"):
        body = '{"points": [[1.0, %s], [4.0, 6.0]]}' % number  # noqa: UP031
        answer = reader.put(f"{MARKS}/{ID}", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422)


def test_a_mark_of_one_study_cannot_be_moved_to_another(desk: World, reader: TestClient) -> None:
    put(reader)
    second = f"{STUDY}.77"
    desk.receive(ct(5, study=second))
    answer = reader.put(
        f"/api/reading/studies/{second}/marks/{ID}",
        json=a_length(series_instance_uid=f"{second}.1", sop_instance_uid=f"{second}.1.5", base_revision=1),
    )
    assert answer.status_code == 422
    assert reader.get("/api/reading/studies/1.2.3.4/marks").status_code == 404


def in_report(client: TestClient) -> dict[str, bool]:
    return {mark["id"][-1]: mark["in_report"] for mark in client.get(MARKS).json()["items"]}


def signed_marks(client: TestClient) -> list[list[str]]:
    """The last digits of the marks' ids in each signed version."""
    versions = client.get(f"{TASK}/versions").json()["items"]
    return [[mark["id"][-1] for mark in v["measurements"]] for v in versions if v["state"] in ("preliminary", "final")]


def test_a_colleagues_marks_go_into_the_report_only_when_the_signer_has_taken_them(desk: World) -> None:
    reader, colleague = desk.client("bs"), desk.client("bs2")
    put(colleague)  # nobody has the study yet
    put(colleague, id="6d5e1c1e-61e3-4b0e-9d8a-0d8bb1a3b002")
    put(reader, id="6d5e1c1e-61e3-4b0e-9d8a-0d8bb1a3b003")
    assert in_report(colleague) == {"1": True, "2": True, "3": False}
    assert in_report(reader) == {"1": False, "2": False, "3": True}
    reader.post(f"{TASK}/claim")
    assert in_report(reader) == in_report(colleague) == {"1": False, "2": False, "3": True}
    taken = put(reader, id="6d5e1c1e-61e3-4b0e-9d8a-0d8bb1a3b002", base_revision=1).json()
    assert (taken["in_report"], taken["mine"]) == (True, True)
    reader.put(f"{TASK}/report", json=TEXT)
    assert sign_seen(reader, TASK).json()["state"] == "final"
    assert signed_marks(reader) == [["2", "3"]]
    assert in_report(reader) == {"1": False, "2": True, "3": True}


def test_who_verifies_signs_the_marks_of_who_signed_before(desk: World) -> None:
    with desk.node.ledger.begin() as tx:
        row = {"username": "bs3", "display_name": "BS. Hà", "role": "radiologist", "language": "vi"}
        tx.execute(users.insert().values(**row, password_hash=password_hash(), created_at=desk.clock.now()))
    author, stranger, senior = desk.client("bs"), desk.client("bs2"), desk.client("bs3")
    put(stranger)
    author.post(f"{TASK}/claim")
    put(author, id="6d5e1c1e-61e3-4b0e-9d8a-0d8bb1a3b002")
    author.put(f"{TASK}/report", json=TEXT)
    assert sign_seen(author, TASK, **{"as": "preliminary"}).status_code == 200
    senior.post(f"{TASK}/claim")
    put(senior, id="6d5e1c1e-61e3-4b0e-9d8a-0d8bb1a3b003")
    assert in_report(senior) == {"1": False, "2": True, "3": True}
    assert sign_seen(senior, TASK).json()["state"] == "final"
    assert signed_marks(senior) == [["2"], ["2", "3"]]


def test_a_calibration_never_goes_into_the_report(desk: World, reader: TestClient) -> None:
    put(reader, kind="calibration")
    put(reader, id="6d5e1c1e-61e3-4b0e-9d8a-0d8bb1a3b002", in_report=False)
    put(reader, id="6d5e1c1e-61e3-4b0e-9d8a-0d8bb1a3b003")
    with desk.node.ledger.read() as tx:
        (found,) = marks.for_report(tx, STUDY, "bs")
    assert (found.id[-1], found.kind) == ("3", MeasurementKind.LENGTH)


def test_a_study_keeps_only_so_many(desk: World, reader: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "MAX_MARKS", 1)
    put(reader)
    assert put(reader, id="6d5e1c1e-61e3-4b0e-9d8a-0d8bb1a3b009").json()["code"] == "not-allowed"
