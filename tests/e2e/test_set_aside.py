"""What was set aside, in the browser: the administrator sees why, discards a file and chooses between two versions."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

from playwright.sync_api import expect

from tests.e2e.conftest import Watched
from tests.flow.loop import Loop, wait_for
from tests.wire.conftest import an_image
from tests.wire.script import ACCEPTED, connected, fragments, request, status_of, store_request

Visit = Callable[[str, str], Watched]
STUDY = "2.25.606"


def store(loop: Loop, content: bytes, uid: str) -> int:
    """An object as a machine sends it; returns the status."""
    with connected(loop.demo.district.dicom_port) as peer:
        peer.send(request(called="TTYT_DINHHOA"))
        assert peer.read_pdu()[0] == ACCEPTED
        peer.send(store_request(uid) + fragments(content))
        return status_of(peer)


def an_object(**changes: object) -> bytes:
    """A data set without file meta."""
    buffer = BytesIO()
    an_image(1, StudyInstanceUID=STUDY, StudyDate="20261122", **changes).save_as(buffer, enforce_file_format=True)
    content = buffer.getvalue()
    return content[144 + int.from_bytes(content[140:144], "little") :]


def test_the_administrator_sees_why_and_decides(running_loop: Loop, visit: Visit) -> None:
    assert store(running_loop, an_object(), "2.25.7.1") == 0
    assert store(running_loop, an_object(InstanceNumber=77), "2.25.7.1") == 0
    assert store(running_loop, an_object(SeriesInstanceUID=None), "2.25.7.1") == 0xC000
    assert store(running_loop, b"\xff\xd8\xff\xe0 a photograph" * 3000, "2.25.7.1") == 0xC000
    with running_loop.api("district", "admin") as api:
        found = lambda: api.get("/api/admin/set-aside").json()  # noqa: E731
        wait_for(lambda: (found()["files_total"], found()["conflicts_total"]) == (2, 1), 30, "what was set aside")

    watched = visit("district", "admin")
    page = watched.page
    page.get_by_role("link", name="Cách ly").click()
    files = page.get_by_role("region", name="Tệp không đọc được")
    expect(files.get_by_text("Đối tượng thiếu Series Instance UID.")).to_be_visible()
    expect(files.get_by_text("Đối tượng thiếu SOP Class UID.")).to_be_visible()
    conflicts = page.get_by_role("region", name="Trùng UID, khác nội dung")
    expect(conflicts.get_by_text("đang dùng", exact=True)).to_have_count(1)
    watched.shot("set-aside")

    page.get_by_text("Trùng UID, khác nội dung", exact=True).first.click()
    expect(files).to_have_count(0)
    page.get_by_text("Tất cả", exact=True).click()
    with page.expect_download() as download:
        files.get_by_role("link", name="Tải về").first.click()
    assert download.value.path().stat().st_size > 1000

    files.get_by_role("row").filter(has_text="SOP Class UID").get_by_role("button", name="Xoá…").click()
    expect(page.get_by_role("dialog")).to_contain_text("Không lấy lại được")
    watched.shot("set-aside-discard")
    page.get_by_role("button", name="Giữ lại").click()
    expect(files.get_by_role("row")).to_have_count(3)
    files.get_by_role("row").filter(has_text="SOP Class UID").get_by_role("button", name="Xoá…").click()
    page.get_by_role("button", name="Xoá hẳn").click()
    expect(files.get_by_role("row")).to_have_count(2)

    conflicts.get_by_role("link", name="Ca chụp").first.click()
    expect(page.get_by_text("1 đối tượng của ca này đã đến nhiều lần với nội dung khác nhau.")).to_be_visible()
    watched.shot("study-conflict")
    page.get_by_role("link", name="Mở trang Cách ly").click()
    conflicts.get_by_role("button", name="Dùng bản này").click()
    expect(page.get_by_text("Không có đối tượng nào trùng UID mà khác nội dung.")).to_be_visible()
