"""The report by keyboard alone: a trainee writes and signs, a senior verifies, corrects and adds; each state is free of serious
accessibility faults, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Watched
from tests.e2e.desk_node import PASSWORD, DeskNode, a_study
from tests.flow.nursery import Nursery

Axe = Callable[..., list[str]]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Iterator[DeskNode]:
    made = DeskNode(tmp_path_factory.mktemp("report"), nursery)
    try:
        made.start()
        made.take(a_study())
        made.wait_tasks()
        yield made
    finally:
        made.stop()


@pytest.fixture
def enter(browser: Browser, node: DeskNode) -> Iterator[Callable[[str], Page]]:
    """Opens the study as a person."""
    pages: list[Page] = []

    def visit(username: str) -> Page:
        page = browser.new_context(viewport={"width": 1440, "height": 900}, locale="vi-VN").new_page()
        pages.append(page)
        page.goto(f"{node.url}/")
        page.get_by_label("Tên đăng nhập").fill(username)
        page.get_by_label("Mật khẩu", exact=True).fill(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_label("Mật khẩu", exact=True).wait_for(state="detached")
        (task,) = node.wait_tasks(0)
        page.goto(f"{node.url}/reading/{task['id']}")
        return page

    yield visit
    for page in pages:
        page.context.close()


def saved(page: Page) -> None:
    expect(page.locator("[data-kind=saved]")).to_be_visible(timeout=15_000)


def section(page: Page, name: str) -> str:
    return page.get_by_role("textbox", name=name, exact=True).input_value()


def test_from_a_trainees_draft_to_an_addendum(node: DeskNode, enter: Callable[[str], Page], axe: Axe) -> None:
    page = enter("duc")
    shot = Watched(page, node.url).shot
    page.get_by_role("button", name="Nhận ca").press("Enter")
    expect(page.get_by_role("textbox", name="Mô tả")).to_be_visible()
    page.keyboard.press("b")
    assert section(page, "Mô tả") == ""  # nothing is filled in by itself
    expect(page.get_by_role("button", name="Điền mẫu bình thường")).to_be_visible()
    page.keyboard.press("F2")
    assert section(page, "Kỹ thuật").startswith("Chụp cắt lớp vi tính sọ não từ nền sọ đến đỉnh")
    page.keyboard.press("Alt+4")
    page.keyboard.press("Control+End")
    page.keyboard.type(" BN cần theo dõi.")
    expect(page.get_by_text("BN: viết tắt của “bệnh nhân”.")).to_be_visible(timeout=15_000)
    page.get_by_role("button", name="Viết đầy đủ BN").press("Enter")
    assert section(page, "Kết luận").endswith("bệnh nhân cần theo dõi.")
    saved(page)
    assert axe(page) == []
    shot("report-draft")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("dialog", name="Ký kết quả sơ bộ?")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Sơ bộ", exact=True)).to_be_visible(timeout=15_000)

    page = enter("anh")
    page.get_by_role("button", name="Duyệt", exact=True).press("Enter")
    expect(page.get_by_role("textbox", name="Kết luận")).to_be_visible()
    page.keyboard.press("Alt+5")
    page.keyboard.press("Control+End")
    page.keyboard.type(" Đã duyệt.")
    saved(page)
    page.keyboard.press("Control+Enter")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Đã ký")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert axe(page) == []
    Watched(page, node.url).shot("report-final")

    page.get_by_role("button", name="Viết bổ sung").press("Enter")
    expect(page.get_by_role("region", name="Kết quả đã ký")).to_be_visible()
    page.keyboard.press("b")
    page.keyboard.type("Bổ sung: nốt vôi hóa cũ.")
    saved(page)
    page.keyboard.press("Control+Enter")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Đã ký", exact=True)).to_be_visible(timeout=15_000)
    expect(page.get_by_text("Bổ sung 1")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Các phiên bản").press("Enter")
    versions = page.get_by_role("dialog", name="Các phiên bản")
    final = versions.get_by_role("button", name="Bản 2")
    expect(final).to_contain_text("BS. Lê Quang Đức, BS. Trần Thị Hồng Ánh")
    final.click()
    expect(versions.get_by_text("Bác sĩ duyệt")).to_be_visible()
    page.wait_for_timeout(300)  # the dialog has faded in
    assert axe(page) == []
    Watched(page, node.url).shot("report-versions")
