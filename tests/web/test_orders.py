"""Orders over HTTP: entered, corrected, imported, cancelled, and what modalities asked."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from node.dicom.network.services.provider import Caller
from node.domain.query import Identifier, Key, Matching, make_key
from tests.web.world import World
from worklists.modality.entry import STATION, STEP
from worklists.modality.services import ModalityDesk

FORM = {
    "patient_name": "Nguyễn Thị Đào",
    "patient_id": "BN-0001",
    "modality": "ct",
    "birth_date": "31/01/1970",
    "sex": "Nữ",
    "procedure_description": "CT sọ não không tiêm",
    "scheduled_date": "2026-03-02",
    "scheduled_time": "15:30",
    "stations": ["CT1"],
    "priority": "urgent",
    "weight": 52.5,
    "allergies": "thuốc cản quang; penicillin",
}


@pytest.fixture
def desk(world: World) -> TestClient:
    return world.client("ktv")


def enter(client: TestClient, **changes: Any) -> dict[str, Any]:
    answer = client.post("/api/orders", json=FORM | changes)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_an_order_is_entered_and_gets_what_it_lacks(desk: TestClient) -> None:
    order = enter(desk)
    assert (order["state"], order["revision"], order["modality"], order["sex"]) == ("scheduled", 1, "CT", "F")
    assert (order["birth_date"], order["scheduled_date"], order["scheduled_time"]) == ("19700131", "20260302", "153000")
    assert order["accession_number"] == order["procedure_id"] == order["step_id"] == "2603020001"
    assert order["study_uid"].startswith("2.25.")
    assert order["allergies"] == "thuốc cản quang\\penicillin"
    assert (order["created_by_name"], order["performed"], order["images"]) == ("KTV. Nguyễn Văn Bình", [], 0)
    assert enter(desk)["accession_number"] == "2603020002"
    assert desk.get(f"/api/orders/{order['id']}").json() == order


def test_an_order_without_a_day_is_for_now(desk: TestClient) -> None:
    order = enter(desk, scheduled_date="", scheduled_time="", stations=[])
    assert (order["scheduled_date"], order["scheduled_time"]) == ("20260302", "150000")  # 08:00 UTC


def test_faults_are_told_field_by_field(desk: TestClient) -> None:
    answer = desk.post(
        "/api/orders", json=FORM | {"patient_id": " ", "birth_date": "31/02/1970", "stations": ["máy 1"]}
    )
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == "order-invalid"
    assert {(e["field"], e["code"]) for e in problem["errors"]} == {
        ("patient_id", "missing"),
        ("birth_date", "birth-date"),
        ("stations", "station"),
    }
    assert desk.get("/api/orders").json()["total"] == 0


def test_an_accession_number_belongs_to_one_order(desk: TestClient) -> None:
    enter(desk, accession_number="X1")
    answer = desk.post("/api/orders", json=FORM | {"accession_number": "X1"})
    assert answer.status_code == 422
    assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [("accession_number", "used")]
    assert "X1" not in answer.text


def test_an_order_is_corrected_once_by_whoever_read_it_last(desk: TestClient) -> None:
    order = enter(desk)
    address = f"/api/orders/{order['id']}"
    changed = desk.put(address, json=FORM | {"procedure_description": "CT ngực", "revision": 1})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["revision"], changed.json()["procedure_description"]) == (2, "CT ngực")
    assert changed.json()["accession_number"] == order["accession_number"]
    late = desk.put(address, json=FORM | {"procedure_description": "CT bụng", "revision": 1})
    assert (late.status_code, late.json()["code"]) == (409, "conflict")


def test_the_list_is_filtered(desk: TestClient) -> None:
    enter(desk)
    enter(desk, patient_name="Trần Văn Bình", patient_id="BN-0002", modality="MR", stations=[])
    enter(desk, patient_name="Lê Đức Anh", patient_id="BN-0003", scheduled_date="20260303", stations=["CT2"])

    def names(**query: str) -> list[str]:
        return [o["patient_name"] for o in desk.get("/api/orders", params=query).json()["items"]]

    assert names() == ["Nguyễn Thị Đào", "Trần Văn Bình", "Lê Đức Anh"]
    assert names(modality="MR") == ["Trần Văn Bình"]
    assert names(station="CT2") == ["Trần Văn Bình", "Lê Đức Anh"]  # one without a station is for any
    assert names(first_day="20260303") == ["Lê Đức Anh"]
    assert names(last_day="20260302", q="dao nguyen") == ["Nguyễn Thị Đào"]
    assert names(q="BN-0003") == ["Lê Đức Anh"]
    assert names(state="cancelled") == []
    assert desk.get("/api/orders", params={"limit": 1}).json()["total"] == 3
    assert desk.get("/api/orders", params={"first_day": "heute"}).status_code == 422


def test_an_order_is_cancelled_and_put_back(desk: TestClient) -> None:
    address = f"/api/orders/{enter(desk)['id']}"
    assert desk.post(f"{address}/cancel").json()["state"] == "cancelled"
    assert desk.post(f"{address}/cancel").json()["state"] == "cancelled"
    refused = desk.put(address, json=FORM | {"revision": 1})
    assert (refused.status_code, refused.json()["code"]) == (409, "not-allowed")
    assert desk.post(f"{address}/reschedule").json()["state"] == "scheduled"
    assert desk.post(f"{address}/complete").json()["state"] == "completed"
    assert desk.post(f"{address}/cancel").status_code == 409
    assert desk.post("/api/orders/unknown/cancel").status_code == 404


def test_radiologists_look_but_do_not_touch(world: World, desk: TestClient) -> None:
    enter(desk)
    reader = world.client("bs")
    assert reader.get("/api/orders").json()["total"] == 1
    assert reader.post("/api/orders", json=FORM).status_code == 403
    assert reader.get("/api/orders/questions").status_code == 403
    assert desk.get("/api/orders/questions").status_code == 403
    assert world.client("quantri").get("/api/orders/questions").json() == {"callers": [], "items": []}


CSV = """\
Họ và tên;Mã người bệnh;Năm sinh;Giới tính;Loại máy;Chỉ định;Ngày hẹn;Giờ hẹn;Ghi chú
Phạm Thị Hoa;BN-11;1962;Nữ;CLVT;CT ngực;03/03/2026;8h30;x
Vũ Văn Sơn;;1980;Nam;Siêu âm;Siêu âm ổ bụng;03/03/2026;09:00;
Đỗ Minh;BN-13;1990;Nam;MRI;MRI khớp gối;35/03/2026;09:00;
"""


def test_a_table_with_vietnamese_headings_is_previewed_and_imported(desk: TestClient) -> None:
    def send(**query: str) -> dict[str, Any]:
        answer = desk.post(
            "/api/orders/import", params=query, content=CSV.encode(), headers={"Content-Type": "text/csv"}
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    preview = send(preview="true")
    assert (preview["format"], preview["taken"], preview["passed_over"]) == ("csv", 1, ["Ghi chú"])
    assert [(r["number"], [(f["field"], f["code"]) for f in r["faults"]]) for r in preview["rows"]] == [
        (2, []),
        (3, [("patient_id", "missing")]),
        (4, [("scheduled_date", "date")]),
    ]
    assert preview["rows"][2]["patient_name"] == "Đỗ Minh"
    assert desk.get("/api/orders").json()["total"] == 0
    assert send()["taken"] == 1
    (order,) = desk.get("/api/orders").json()["items"]
    assert (order["modality"], order["scheduled_time"], order["birth_date"], order["sex"]) == (
        "CT", "083000", "19620101", "F",
    )  # fmt: skip
    again = send()
    assert (again["taken"], again["rows"][0]["faults"][0]["code"]) == (0, "duplicate")


@pytest.mark.parametrize(
    ("content", "fault"),
    [(b"", "no-orders"), (b"a,b\n1,2\n", "headings"), (b"[", "unreadable"), (b"\0\1\2\3" * 99, "unreadable")],
)
def test_a_file_that_holds_no_orders_says_so(desk: TestClient, content: bytes, fault: str) -> None:
    answer = desk.post("/api/orders/import", content=content).json()
    assert ([f["code"] for f in answer["faults"]], answer["taken"], answer["rows"]) == ([fault], 0, [])


def test_orders_come_as_json_too(desk: TestClient) -> None:
    answer = desk.post("/api/orders/import", json=[FORM, FORM | {"patient_id": "BN-2", "colour": "red"}]).json()
    assert (answer["format"], answer["taken"]) == ("json", 1)
    assert [(f["field"], f["code"]) for f in answer["rows"][1]["faults"]] == [("colour", "unknown-field")]


def test_what_was_written_before_is_suggested(desk: TestClient) -> None:
    enter(desk, referring_physician="BS. Lê Hà", location="Khoa Nội")
    found = desk.get("/api/orders/suggestions").json()
    assert found["procedures"] == [{"modality": "CT", "description": "CT sọ não không tiêm", "code": "", "scheme": ""}]
    assert (found["physicians"], found["locations"]) == (["BS. Lê Hà"], ["Khoa Nội"])
    known = desk.post("/api/orders/patient", json={"patient_id": "BN-0001"}).json()
    assert (known["patient_name"], known["birth_date"]) == ("Nguyễn Thị Đào", "19700131")
    assert desk.post("/api/orders/patient", json={"patient_id": "BN-9"}).json() is None


def test_the_admin_reads_what_machines_asked(world: World, desk: TestClient) -> None:
    enter(desk, stations=["CT2"])
    machine = ModalityDesk(world.node.ledger, world.clock)
    caller = Caller("CT1", "NODE", "10.0.0.7")
    step = Key(0x00400100, STEP, "SQ", Matching.SEQUENCE, nested=(make_key(0x00400001, STATION, "AE", "CT1"),))
    found = machine.ask(caller, Identifier((make_key(0x00100010, "PatientName", "PN", "Dao*"), step)))
    machine.told(found, answered=0, ending="success", milliseconds=2.0)
    machine.write_notes()
    answer = world.client("quantri").get("/api/orders/questions")
    (question,) = answer.json()["items"]
    assert question["left_out"] == [
        {"because": STATION, "orders": 1, "only": 1, "found": ["CT2"]},
    ]
    assert [(key["key"], key["value"]) for key in question["keys"]] == [("PatientName", None), (STATION, "CT1")]
    assert "Dao" not in answer.text
    (asked,) = answer.json()["callers"]
    assert (asked["caller"], asked["questions"]) == ("CT1", 1)


def test_a_faulty_order_is_refused_in_the_callers_language(desk: TestClient) -> None:
    answer = desk.post("/api/orders", json=FORM | {"sex": "x"}, headers={"Accept-Language": "vi"})
    assert (answer.status_code, answer.json()["title"]) == (422, "Phiếu chỉ định còn lỗi")
    assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [("sex", "sex")]


def test_the_api_is_described(desk: TestClient) -> None:
    paths = desk.get("/openapi.json").json()["paths"]
    assert set(paths) >= {
        "/api/orders",
        "/api/orders/{order_id}",
        "/api/orders/import",
        "/api/orders/{order_id}/{action}",
    }
    upload = paths["/api/orders/import"]["post"]["requestBody"]["content"]
    assert set(upload) >= {"application/dicom", "application/json", "text/csv"}
