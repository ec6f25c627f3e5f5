"""What people do in the browser: read and sign at the hub, see the report arrive at the district."""

from __future__ import annotations

import io
import re
import socket
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from node.dicom.phantom import write_phantoms
from tests.e2e.conftest import Watched
from tests.flow.loop import Loop, wait_for
from tests.real.test_loop_real import STUDIES, gather, push
from tests.services import find_program

Visit = Callable[[str, str], Watched]


def contrast(page: Page) -> float:
    """The spread of grey levels in the middle of the viewport: 0 for a blank one."""
    boxes = [b for b in (c.bounding_box() for c in page.locator("canvas").all()) if b and b["width"] > 50]
    if not boxes:
        return 0.0
    box = max(boxes, key=lambda b: b["width"] * b["height"])
    clip = {k: box[k] for k in ("x", "y", "width", "height")}
    grey = np.asarray(Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("L"), dtype=float)  # type: ignore[arg-type]
    rows, columns = grey.shape
    return float(grey[rows // 4 : -rows // 4, columns // 4 : -columns // 4].std())


def wait_for_image(page: Page) -> None:
    for _ in range(200):
        assert page.get_by_text("Không hiện được ảnh").count() == 0
        if contrast(page) > 4:
            page.wait_for_timeout(500)
            assert page.get_by_text("Không hiện được ảnh").count() == 0  # nor was it the words of a fault
            return
        page.wait_for_timeout(100)
    raise AssertionError("no image on the screen")


def open_study(watched: Watched, words: str) -> Page:
    page = watched.page
    page.get_by_text(words).dblclick()
    page.wait_for_url(re.compile("/reading/[0-9a-f]+"))
    wait_for_image(page)
    return page


@pytest.fixture(scope="module")
def phantoms(running_loop: Loop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration's studies, pushed and ready at the hub."""
    folder = tmp_path_factory.mktemp("phantoms")
    write_phantoms(folder, now=datetime(2026, 11, 22, 1, 0, tzinfo=UTC), seed=3, ct_slices=24)
    command = [str(find_program("storescu", "dcmtk")), "+sd", "+r", "-aec", "TTYT_DINHHOA", "127.0.0.1"]
    subprocess.run([*command, str(running_loop.demo.district.dicom_port), str(folder)], check=True, timeout=120)
    running_loop.wait_task(count=3, images=sum(1 for _ in folder.rglob("*.dcm")))
    return folder


def test_a_radiologist_reads_signs_and_the_radiographer_sees_it(
    phantoms: Path, running_loop: Loop, visit: Visit
) -> None:
    desk = visit("hub", "radiologist")
    expect(desk.page.get_by_text("CT ngực")).to_be_visible()
    desk.shot("worklist")
    page = open_study(desk, "CT ngực")
    page.keyboard.press("k")
    for section, text in (
        ("Kỹ thuật", "Chụp cắt lớp vi tính lồng ngực, không tiêm thuốc cản quang."),
        ("Mô tả", "Nốt đặc thùy dưới phổi phải, bờ đều. Không thấy tràn dịch màng phổi."),
        ("Kết luận", "Tổn thương dạng nốt đơn độc phổi phải."),
        ("Đề nghị", "Chụp lại sau 3 tháng."),
    ):
        page.get_by_role("textbox", name=section, exact=True).fill(text)
    expect(page.get_by_text(re.compile(r"Đã lưu \d"))).to_be_visible(timeout=15000)
    desk.shot("reading")
    page.get_by_role("button", name="Ký kết quả").click()
    expect(page.get_by_role("button", name="Ký và gửi")).to_be_visible()
    page.wait_for_timeout(400)  # the dialog fades in
    desk.shot("sign")
    page.get_by_role("button", name="Ký và gửi").click()
    expect(page.get_by_text("Đã ký").first).to_be_visible(timeout=15000)
    page.wait_for_timeout(400)
    desk.shot("signed")
    running_loop.wait_reports(1)
    site = visit("district", "radiographer")
    expect(site.page.get_by_text("NGUYỄN VĂN MẪU")).to_be_visible()
    site.shot("studies")
    site.page.get_by_text("NGUYỄN VĂN MẪU").click()
    expect(site.page.get_by_text("Tổn thương dạng nốt đơn độc phổi phải.")).to_be_visible(timeout=15000)
    site.shot("study")
    site.page.get_by_role("button", name="Xem PDF").click()
    site.page.wait_for_timeout(500)
    site.shot("pdf")


def test_the_admin_sees_the_queue(phantoms: Path, visit: Visit) -> None:
    admin = visit("district", "admin")
    admin.page.goto(f"{admin.url}/admin")
    expect(admin.page.get_by_role("heading").first).to_be_visible()
    admin.page.wait_for_timeout(500)
    admin.shot("queue")


def test_the_admin_sees_who_was_refused_and_tests_a_connection(running_loop: Loop, visit: Visit) -> None:
    with socket.create_connection(("127.0.0.1", running_loop.demo.district.dicom_port), timeout=20) as device:
        device.sendall(b"\x16\x03\x01")  # it begins TLS where there is none
        assert device.recv(100)[:1] == b"\x15"
    admin = visit("district", "admin")
    admin.page.goto(f"{admin.url}/peers")
    strangers = admin.page.get_by_role("region", name="Máy lạ gọi tới")
    expect(strangers.get_by_text("Bên kia dùng TLS ở cổng không mã hóa.")).to_be_visible()
    admin.page.get_by_role("button", name="Thử kết nối").first.click()
    expect(admin.page.get_by_text("Kết nối tốt.")).to_be_visible(timeout=15000)
    admin.page.wait_for_timeout(400)  # the button comes to rest
    admin.shot("peers")


def test_every_page_speaks_english_too(phantoms: Path, visit: Visit) -> None:
    site = visit("district", "radiographer")
    site.page.get_by_text("EN", exact=True).click()
    expect(site.page.get_by_text("My studies").first).to_be_visible()
    site.shot("studies-en")
    site.page.get_by_text("VI", exact=True).click()
    expect(site.page.get_by_text("Ca chụp của tôi").first).to_be_visible()


def test_a_wrong_password_is_said_in_the_users_language(visit: Visit, browser: object, running_loop: Loop) -> None:
    page = browser.new_context(locale="vi-VN").new_page()  # type: ignore[attr-defined]
    page.goto(running_loop.site("hub").url)
    page.get_by_label("Tên đăng nhập").fill("radiologist")
    page.get_by_label("Mật khẩu", exact=True).fill("không đúng")
    page.screenshot(path=str(Path(__file__).parent / "screens" / "login.png"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("mật khẩu", ignore_case=True)
    page.context.close()


@pytest.mark.parametrize("kind", STUDIES)
def test_real_studies_open_in_the_browser(
    kind: str, running_loop: Loop, shared_data: Path, tmp_path: Path, visit: Visit
) -> None:
    originals = gather(STUDIES[kind], shared_data, tmp_path)
    with running_loop.api("hub", "radiologist") as api:
        before = {t["id"] for t in api.get("/api/reading/tasks", params={"state": "all"}).json()["items"]}
    push(running_loop, tmp_path, originals)
    (task,) = wait_new(running_loop, before)
    desk = visit("hub", "radiologist")
    desk.page.goto(f"{desk.url}/reading/{task['id']}")
    wait_for_image(desk.page)
    desk.page.wait_for_timeout(500)
    desk.shot(f"real-{kind.replace(' ', '-')}")


def wait_new(loop: Loop, before: set[str]) -> list[dict[str, object]]:
    def found() -> list[dict[str, object]]:
        with loop.api("hub", "radiologist") as api:
            items = api.get("/api/reading/tasks", params={"state": "all"}).json()["items"]
        return [t for t in items if t["id"] not in before and t["state"] == "ready"]

    return list(wait_for(found, 60, "the new study is ready"))
