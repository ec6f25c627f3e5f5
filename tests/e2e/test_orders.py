"""Orders in the browser: entered by a radiographer, found and finished by a machine, imported, and explained to the admin."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect
from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.sop_class import ModalityPerformedProcedureStep  # type: ignore[attr-defined]

from tests.e2e.conftest import Watched
from tests.flow.loop import Loop
from tests.services import find_program
from tests.steady import steady

Visit = Callable[[str, str], Watched]
CALLED = "TTYT_DINHHOA"
STEP = "ScheduledProcedureStepSequence[0]"
WANTED = ("AccessionNumber", "PatientID", "StudyInstanceUID", f"{STEP}.ScheduledProcedureStepID")


def ask(loop: Loop, *keys: str, calling: str = "CT1") -> dict[str, str]:
    """`findscu -W`: what the last answer holds, by keyword."""
    command = [str(find_program("findscu", "dcmtk")), "-v", "-W", "-aet", calling, "-aec", CALLED]
    asked = {key.partition("=")[0] for key in keys}
    for key in (*keys, *(keyword for keyword in WANTED if keyword not in asked)):
        command += ["-k", key]
    address = ("127.0.0.1", str(loop.demo.district.dicom_port))
    done = subprocess.run([*command, *address], capture_output=True, text=True, timeout=60, check=True)
    said = done.stdout + done.stderr  # releases of DCMTK differ in where they say it
    assert "Received Final Find Response (Success)" in said, said
    answers = said.partition("Find Response:")[2]
    return {keyword: value for value, keyword in re.findall(r"\[(.*?)\] +# +\d+, \d+ (\w+)", answers)}


def perform(loop: Loop, found: dict[str, str]) -> None:
    """A machine begins and completes what it found (MPPS)."""
    ae = AE("CT1")
    ae.add_requested_context(ModalityPerformedProcedureStep)
    assoc = steady(ae.associate("127.0.0.1", loop.demo.district.dicom_port, ae_title=CALLED))
    assert assoc.is_established
    begun, item = Dataset(), Dataset()
    item.StudyInstanceUID, item.AccessionNumber = found["StudyInstanceUID"], found["AccessionNumber"]
    item.ScheduledProcedureStepID = found["ScheduledProcedureStepID"]
    begun.ScheduledStepAttributesSequence = [item]
    begun.PatientID, begun.Modality = found["PatientID"], "CT"
    begun.PerformedProcedureStepID, begun.PerformedStationAETitle = "P1", "CT1"
    begun.PerformedProcedureStepStartDate, begun.PerformedProcedureStepStartTime = "20261122", "083500"
    begun.PerformedProcedureStepStatus = "IN PROGRESS"
    begun.PerformedSeriesSequence = []
    status, _ = assoc.send_n_create(begun, ModalityPerformedProcedureStep, "2.25.4711")
    assert status.Status == 0
    series, image, ended = Dataset(), Dataset(), Dataset()
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", "2.25.4713"
    series.SeriesInstanceUID, series.ProtocolName, series.ReferencedImageSequence = "2.25.4712", "Sọ não", [image]
    ended.PerformedSeriesSequence = [series]
    ended.PerformedProcedureStepEndDate, ended.PerformedProcedureStepEndTime = "20261122", "084100"
    ended.PerformedProcedureStepStatus = "COMPLETED"
    status, _ = assoc.send_n_set(ended, ModalityPerformedProcedureStep, "2.25.4711")
    assert status.Status == 0
    assoc.release()


def test_an_order_is_entered_on_the_page_and_finished_by_the_machine(running_loop: Loop, visit: Visit) -> None:
    site = visit("district", "radiographer")
    page = site.page
    page.get_by_role("link", name="Chỉ định", exact=True).click()
    expect(page.get_by_text("Hôm nay chưa có chỉ định nào đang chờ")).to_be_visible()
    site.shot("orders-empty")
    page.keyboard.press("n")
    page.get_by_label("Mã người bệnh *").wait_for()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Cần điền.")).to_have_count(4)
    page.wait_for_timeout(200)
    site.shot("order-faults")
    page.locator("[name=patient_id]").fill("BN-24-0117")
    page.locator("[name=patient_name]").fill("Lường Thị Đào")
    page.locator("[name=birth_date]").fill("31011970")
    page.get_by_text("Nữ", exact=True).click()
    page.locator("[name=birth_date]").focus()
    page.keyboard.press("Tab")
    expect(page.locator("[name=birth_date]")).to_have_value("31/01/1970")
    page.get_by_text("CT", exact=True).click()
    page.locator("[name=procedure_description]").fill("Chụp CT sọ não không tiêm")
    page.locator("[name=reason]").fill("Ngã cao 2 m, đau đầu, nôn. Có chảy máu nội sọ không?")
    page.locator("[name=referring_physician]").fill("BS. Hoàng Văn Thái")
    page.locator("[name=location]").fill("Khoa Cấp cứu")
    page.get_by_text("Cấp cứu", exact=True).click()
    page.get_by_role("combobox", name="Máy", exact=True).click()
    page.get_by_text("Máy CT 16 dãy (CT1)").click()
    page.keyboard.press("Escape")
    site.shot("order-form")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text(re.compile(r"Đã lưu chỉ định \d{10} cho Lường Thị Đào"))).to_be_visible()
    site.shot("order-saved")
    found = ask(running_loop, "PatientName=luong thi dao", f"{STEP}.Modality=CT", f"{STEP}.ScheduledStationAETitle=CT1")
    assert found["PatientName"] == "Lường Thị Đào"
    assert found["PatientID"] == "BN-24-0117"
    page.get_by_role("link", name="Chỉ định", exact=True).first.click()
    row = page.get_by_role("row").filter(has_text="Lường Thị Đào")
    expect(row.get_by_text("Đang chờ")).to_be_visible()
    perform(running_loop, found)
    expect(row).to_have_count(0, timeout=10_000)  # by itself: it is no longer open
    page.get_by_role("combobox", name="Trạng thái").click()
    page.get_by_role("option", name="Tất cả").click()
    expect(row.get_by_text("Đã xong")).to_be_visible()
    site.shot("orders")
    row.click()
    expect(page.get_by_text("1 chuỗi, 1 ảnh")).to_be_visible()
    expect(page.get_by_text("Mới có 0 trên 1 ảnh")).to_be_visible()
    site.shot("order-done")
    assert ask(running_loop, "PatientID=BN-24-0117") == {}


CSV = """Họ và tên;Mã người bệnh;Năm sinh;Giới tính;Loại máy;Chỉ định;Giờ hẹn
Phạm Thị Hoa;BN-24-0118;1962;Nữ;X-quang;X-quang ngực thẳng;9h30
Vũ Văn Sơn;BN-24-0119;1980;Nam;Siêu âm;Siêu âm ổ bụng;10:15
Đỗ Minh;;31/02/1990;Nam;MRI;MRI khớp gối;25:00
"""


def test_a_table_is_looked_at_before_it_is_imported(running_loop: Loop, visit: Visit, tmp_path: Path) -> None:
    site = visit("district", "radiographer")
    page = site.page
    file = tmp_path / "danh-sach.csv"
    file.write_text(CSV, encoding="utf-8")
    page.goto(f"{site.url}/orders/import")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("3 dòng: 2 tốt, 1 lỗi")).to_be_visible()
    expect(page.get_by_text("Không phải giờ; viết giờ:phút.")).to_be_visible()
    site.shot("orders-import")
    page.get_by_role("button", name="Nhập 2 chỉ định").click()
    expect(page.get_by_text("Đã nhập 2 chỉ định")).to_be_visible()
    found = ask(running_loop, "PatientName", f"{STEP}.ScheduledStationAETitle=SOMEONE", calling="US1")
    assert found["PatientName"] in {
        "Pham Thi Hoa",
        "Vu Van Son",
    }  # an old device reads no accents, and names any station
    page.goto(f"{site.url}/orders")
    expect(page.get_by_text("Phạm Thị Hoa")).to_be_visible()
    site.shot("orders-list")


def test_the_admin_sees_why_a_machine_sees_nothing(running_loop: Loop, visit: Visit) -> None:
    ask(
        running_loop, "PatientName=Nguyen*", f"{STEP}.ScheduledStationAETitle=CT9", f"{STEP}.Modality=MR", calling="CT1"
    )
    admin = visit("district", "admin")
    page = admin.page
    page.get_by_role("link", name="Máy chụp hỏi").click()
    expect(page.get_by_text("Trả lời 0 chỉ định").first).to_be_visible()
    expect(page.get_by_text("chưa hỏi lần nào").first).to_be_visible()
    expect(page.get_by_text("Nguyen*")).to_have_count(0)
    page.wait_for_timeout(300)
    admin.shot("worklist-questions")
    page.get_by_text("EN", exact=True).click()
    expect(page.get_by_text("Whenever a machine asks its worklist")).to_be_visible()
    page.get_by_text("VI", exact=True).click()
