"""The treating doctor's and the reader's pages of what the two hospitals say to each other about a study."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from node.dicom.phantom import write_phantoms
from tests.e2e.conftest import Watched
from tests.flow.loop import Loop, wait_for
from tests.services import find_program

Visit = Callable[[str, str], Watched]
Axe = Callable[..., list[str]]
PATIENT = "NGUYỄN VĂN MẪU"
SOON = 20_000  # milliseconds


@pytest.fixture(scope="module")
def task(running_loop: Loop, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The CT of the demonstration's studies, on its way to the hub's worklist and there."""
    folder = tmp_path_factory.mktemp("phantoms")
    write_phantoms(folder, now=datetime(2026, 11, 22, 1, 0, tzinfo=UTC), seed=3, ct_slices=12)
    command = [str(find_program("storescu", "dcmtk")), "+sd", "+r", "-aec", "TTYT_DINHHOA", "127.0.0.1"]
    subprocess.run([*command, str(running_loop.demo.district.dicom_port), str(folder)], check=True, timeout=120)
    tasks = running_loop.wait_task(count=3, images=sum(1 for _ in folder.rglob("*.dcm")))
    return next(one for one in tasks if one["modality"] == "CT")


def open_study(watched: Watched) -> Page:
    page = watched.page
    page.get_by_text(PATIENT).click()
    expect(page.get_by_role("heading", name="Trao đổi giữa hai bệnh viện")).to_be_visible(timeout=SOON)
    return page


def test_the_request_goes_with_the_study_but_without_the_patients_name(
    task: dict[str, Any], running_loop: Loop, visit: Visit, axe: Axe
) -> None:
    doctor = visit("district", "clinician")
    page = open_study(doctor)
    page.get_by_role("button", name="Viết đề nghị hội chẩn").click()
    page.get_by_label("Tóm tắt bệnh án").fill("Ông Nguyễn Văn Mẫu, ho ra máu 2 tuần, gọi 0912 345 678.")
    page.get_by_role("textbox", name="Câu hỏi 1").fill("Có khối u phổi không?")
    page.get_by_role("button", name="Gửi đề nghị hội chẩn").click()
    expect(page.get_by_role("alert")).to_contain_text("Có họ tên người bệnh")
    expect(page.get_by_role("alert")).to_contain_text("số điện thoại")
    doctor.shot("letter-refused")
    assert [error for error in doctor.errors if "422" not in error] == []
    doctor.errors.clear()  # the browser notes the refusal on its console
    page.get_by_label("Tóm tắt bệnh án").fill("Nam 68 tuổi, hút thuốc lá 40 năm, ho ra máu 2 tuần, sụt 5 kg.")
    page.get_by_role("button", name="Thêm câu hỏi").click()
    page.get_by_role("textbox", name="Câu hỏi 2").fill("Có hạch trung thất không?")
    page.get_by_label("Khẩn: cần đọc sớm").check()
    assert axe(page) == []
    page.get_by_role("button", name="Gửi đề nghị hội chẩn").click()
    expect(page.get_by_text("Có hạch trung thất không?")).to_be_visible(timeout=SOON)

    def urgent() -> bool:
        (now,) = [t for t in running_loop.wait_task(state=task["state"]) if t["id"] == task["id"]]
        return bool(now["priority"] == "urgent")

    wait_for(urgent, 20, "the study is urgent at the hub")


def test_the_reader_tells_of_a_critical_finding_and_asks_the_origin(
    task: dict[str, Any], running_loop: Loop, visit: Visit, axe: Axe
) -> None:
    with running_loop.api("hub", "radiologist") as api:
        api.post(f"/api/reading/tasks/{task['id']}/claim").raise_for_status()
    desk = visit("hub", "radiologist")
    page = desk.page
    page.goto(f"{desk.url}/reading/{task['id']}")
    expect(page.get_by_text("Có hạch trung thất không?").first).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Báo phát hiện nguy kịch").click()
    page.get_by_label("Phát hiện gì, cần làm gì ngay").fill("Tràn khí màng phổi áp lực bên phải. Cần chọc hút ngay.")
    desk.shot("critical-raised")
    page.get_by_role("button", name="Báo ngay cho tuyến dưới").click()
    expect(page.get_by_text(re.compile("tuyến dưới đã nhận, chưa ai ghi nhận"))).to_be_visible(timeout=SOON)
    expect(page.get_by_text(re.compile(r"còn 1\d:\d\d"))).to_be_visible()
    page.get_by_role("button", name=re.compile("Hỏi tuyến dưới")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Câu hỏi", exact=True).fill("Người bệnh có sốt không, bạch cầu bao nhiêu?")
    page.wait_for_timeout(300)  # the dialog fades in
    desk.shot("ask-the-origin")
    assert axe(page, "[role=dialog]") == []
    dialog.get_by_role("button", name="Gửi câu hỏi").click()
    expect(dialog).to_have_count(0, timeout=SOON)
    path = f"/api/reading/tasks/{task['id']}"
    with running_loop.api("hub", "radiologist") as api:
        wait_for(lambda: api.get(path).json()["state"] == "needs-info", 20, "the study waits for the answer")


def test_the_treating_doctor_answers_and_takes_note_of_a_critical_finding(
    task: dict[str, Any], running_loop: Loop, visit: Visit, axe: Axe
) -> None:
    doctor = visit("district", "clinician")
    row = doctor.page.get_by_role("row").filter(has_text=PATIENT)
    expect(row.get_by_text("Phát hiện nguy kịch chưa ghi nhận")).to_be_visible(timeout=SOON)
    expect(row.get_by_text("Có câu hỏi chờ trả lời")).to_be_visible(timeout=SOON)
    doctor.shot("studies-waiting")
    page = open_study(doctor)
    expect(page.get_by_text("Tràn khí màng phổi áp lực")).to_be_visible(timeout=SOON)
    page.get_by_label("Tôi đã đọc lại nội dung trên và hiểu đúng").check()
    doctor.shot("study-waiting")
    assert axe(page) == []
    page.get_by_role("button", name="Tôi đã ghi nhận").click()
    expect(page.get_by_text("Đã ghi nhận phát hiện nguy kịch")).to_be_visible(timeout=SOON)
    page.get_by_role("textbox", name="Trả lời", exact=True).fill("Sốt 38,5 độ, bạch cầu 14 G/L.")
    page.get_by_role("textbox", name="Trả lời", exact=True).press("Control+Enter")
    expect(page.get_by_role("button", name="Gửi trả lời")).to_have_count(0, timeout=SOON)
    with running_loop.api("hub", "radiologist") as api:
        path = f"/api/reading/tasks/{task['id']}"
        wait_for(lambda: api.get(path).json()["state"] == "ready", 20, "the study can be read on")

        def noted() -> Any:
            (finding,) = api.get(f"{path}/criticals").json()["items"]
            return finding if finding["state"] == "noted" else None

        assert wait_for(noted, 20, "the finding is noted")["read_back"] is True


def test_the_treating_doctor_reads_the_report_beside_its_key_images_and_accepts_it(
    task: dict[str, Any], running_loop: Loop, visit: Visit, axe: Axe
) -> None:
    with running_loop.api("hub", "radiologist") as api:
        (series,) = api.get(f"/api/studies/{task['study_instance_uid']}").json()["series"]
    key = series["instances"][5]["sop_instance_uid"]
    answers = [
        {"question": "Có khối u phổi không?", "answer": "Không thấy khối u."},
        {"question": "Có hạch trung thất không?", "answer": "Không thấy hạch lớn."},
    ]
    running_loop.sign(task["id"], key_images=[key], answers=answers)
    doctor = visit("district", "clinician")
    row = doctor.page.get_by_role("row").filter(has_text=PATIENT)
    expect(row.get_by_text("Kết quả chờ tiếp nhận")).to_be_visible(timeout=60_000)
    page = open_study(doctor)
    picture = page.get_by_role("list", name="Ảnh chính").locator("img")
    expect(picture).to_be_visible(timeout=SOON)
    wait_for(lambda: picture.evaluate("img => img.complete && img.naturalWidth") > 200, 20, "the key image is shown")
    doctor.shot("report-to-accept")
    assert axe(page) == []
    page.get_by_text("Đồng ý một phần", exact=True).click()
    expect(page.get_by_role("button", name="Lưu và báo cho bác sĩ đọc")).to_be_disabled()
    page.get_by_label("Lý do").fill("Người bệnh đã chuyển viện trước khi có kết quả.")
    page.get_by_role("button", name="Lưu và báo cho bác sĩ đọc").click()
    page.get_by_role("button", name="Ghi phản hồi kết quả").click()
    page.get_by_label("Chẩn đoán xác định").fill("Tràn khí màng phổi tự phát thứ phát.")
    page.get_by_label("Diễn biến, điều trị").fill("Dẫn lưu 5 ngày, phổi nở tốt, ra viện.")
    page.get_by_role("button", name="Gửi phản hồi").click()
    outcome = page.get_by_role("region", name="Phản hồi kết quả")
    expect(outcome.get_by_role("paragraph").filter(has_text="Dẫn lưu 5 ngày")).to_be_visible(timeout=SOON)
    doctor.shot("report-accepted")
    page.get_by_role("list", name="Ảnh chính").get_by_role("link").click()
    page.wait_for_url(re.compile("/images"))
    expect(page.get_by_text(re.compile(r"6\s*/\s*12")).first).to_be_visible(timeout=SOON)


def test_the_pages_speak_english_too(task: dict[str, Any], visit: Visit) -> None:
    doctor = visit("district", "clinician")
    page = open_study(doctor)
    page.get_by_text("EN", exact=True).click()
    expect(page.get_by_role("heading", name="Between the two hospitals")).to_be_visible(timeout=SOON)
    expect(page.get_by_text("Accepted in part").first).to_be_visible(timeout=SOON)
    page.wait_for_timeout(300)
    doctor.shot("letters-en")
    page.get_by_text("VI", exact=True).click()
