"""What a writer meets when something is in the way: a claim that is lost, several unsent texts, a text from elsewhere, and the
dialogs beside the report. Nothing that was written goes out of sight, and each is free of serious accessibility faults. Meanwhile
the next study comes."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, expect

from tests.e2e.conftest import Watched
from tests.e2e.desk_node import PASSWORD, DeskNode, a_study
from tests.flow.nursery import Nursery

Axe = Callable[..., list[str]]
Enter = Callable[..., Page]
CASES = ("lost", "several", "conflict", "macros", "opinion", "keys", "ahead")
OPENING = re.compile(r"/api/display/studies/([\d.]+)/opening$")
SAVE = re.compile(r"/api/reading/tasks/[0-9a-f]{32}/report$")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Iterator[DeskNode]:
    made = DeskNode(tmp_path_factory.mktemp("unsent"), nursery)
    try:
        made.start()
        for number in range(len(CASES)):
            made.take(a_study(number + 1))
        made.wait_tasks(len(CASES))
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def people(browser: Browser, node: DeskNode) -> Iterator[dict[str, BrowserContext]]:
    """Each at a browser of their own, logged in."""
    made: dict[str, BrowserContext] = {}
    for username in ("anh", "duc"):
        made[username] = browser.new_context(viewport={"width": 1440, "height": 900}, locale="vi-VN")
        page = made[username].new_page()
        page.goto(f"{node.url}/")
        page.get_by_label("Tên đăng nhập").fill(username)
        page.get_by_label("Mật khẩu", exact=True).fill(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_label("Mật khẩu", exact=True).wait_for(state="detached")
        page.close()
    yield made
    for context in made.values():
        context.close()


@pytest.fixture
def enter(people: dict[str, BrowserContext], node: DeskNode) -> Iterator[Enter]:
    """`enter("duc", task)`: the reading page of the task. Afterwards no page may have failed."""
    pages: list[Page] = []
    faults: list[str] = []

    def visit(username: str, task: str, *, claim: bool = True) -> Page:
        if claim:
            with node.api(username) as api:
                api.post(f"/api/reading/tasks/{task}/claim").raise_for_status()
        page = people[username].new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        pages.append(page)
        page.goto(f"{node.url}/reading/{task}")
        return page

    yield visit
    for page in pages:
        page.close()
    assert faults == []


@pytest.fixture
def task(node: DeskNode, request: pytest.FixtureRequest) -> str:
    """The study of this test."""
    uid = f"2.25.9{CASES.index(request.param) + 1}"
    with node.api("anh") as api:
        items = api.get("/api/reading/tasks", params={"state": "all"}).json()["items"]
    return str(next(item["id"] for item in items if item["study_instance_uid"] == uid))


def for_study(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("task", [name], indirect=True)


def findings(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Mô tả")


def saved(page: Page) -> None:
    expect(page.locator("[data-kind=saved]")).to_be_visible(timeout=15_000)


def report_of(node: DeskNode, task: str) -> dict[str, str]:
    with node.api("anh") as api:
        return dict(api.get(f"/api/reading/tasks/{task}").json()["report"])


@for_study("lost")
def test_who_loses_a_claim_keeps_the_unsent_text_in_sight(node: DeskNode, enter: Enter, task: str, axe: Axe) -> None:
    page = enter("duc", task)
    findings(page).fill("Nhu mô não đều.")
    saved(page)
    page.route(SAVE, lambda route: route.abort())  # the line is down for what is written from here on
    findings(page).press_sequentially(" Nốt tăng tỷ trọng thái dương phải, đường kính 8 mm.")
    expect(page.locator("[data-kind=failed]")).to_be_visible()
    with node.api("anh") as senior:
        senior.post(f"/api/reading/tasks/{task}/take-over").raise_for_status()
    lost = page.get_by_role("status").filter(has_text="Bạn không còn giữ ca này")
    expect(lost).to_be_visible(timeout=45_000)
    expect(lost).to_contain_text("BS. Trần Thị Hồng Ánh đang đọc ca này.")
    expect(lost).to_contain_text("đường kính 8 mm.")
    expect(findings(page)).to_have_count(0)
    assert axe(page) == []
    Watched(page, "").shot("report-lost")
    page.reload()  # nor does it go with the page
    expect(lost).to_contain_text("đường kính 8 mm.")
    lost.get_by_role("button", name="So sánh").click()
    expect(lost.locator("ins").first).to_contain_text("Nốt tăng tỷ trọng")
    with node.api("anh") as senior:
        senior.post(f"/api/reading/tasks/{task}/release").raise_for_status()
    again = lost.get_by_role("button", name="Nhận lại ca để viết tiếp")
    expect(again).to_be_visible(timeout=45_000)
    assert axe(page) == []
    Watched(page, "").shot("report-lost-free")
    page.unroute(SAVE)
    again.press("Enter")
    expect(findings(page)).to_have_value(re.compile("đường kính 8 mm.$"))
    saved(page)
    assert report_of(node, task)["findings"].endswith("đường kính 8 mm.")


@for_study("several")
def test_all_unsent_texts_of_a_study_are_offered(node: DeskNode, enter: Enter, task: str, axe: Axe) -> None:
    page = enter("anh", task)
    findings(page).fill("Phổi sáng đều.")
    saved(page)
    base = _revision(node, task)
    page.goto(f"{node.url}/reading")
    for minutes, text in ((2, "Phổi sáng đều, nốt 5 mm."), (30, "Dày thành phế quản."), (90, "Tràn dịch phải ít.")):
        written = {**report_of(node, task), "findings": text, "links": []}
        kept = {"written": written, "base": base, "sent": [], "count": 1, "at": (time.time() - 60 * minutes) * 1000}
        name = f"lientuyen.draft.anh.{task}.page{minutes}"
        page.evaluate("([name, kept]) => localStorage.setItem(name, kept)", [name, json.dumps(kept)])
    page.goto(f"{node.url}/reading/{task}")
    expect(findings(page)).to_have_value("Phổi sáng đều, nốt 5 mm.")
    offered = page.get_by_role("list", name="Văn bản chưa gửi trên máy này").get_by_role("listitem")
    expect(offered).to_have_count(2)
    saved(page)
    offered.filter(has_text="Tràn dịch").get_by_role("button", name="So sánh").click()
    expect(offered.locator("ins").first).to_be_visible()
    assert axe(page) == []
    Watched(page, "").shot("report-several")
    offered.filter(has_text="Dày thành").get_by_role("button", name="Dùng bản này").press("Enter")
    expect(findings(page)).to_have_value("Dày thành phế quản.")
    expect(offered.filter(has_text="nốt 5 mm")).to_have_count(1)  # what gave way is offered in turn
    saved(page)
    page.reload()
    expect(findings(page)).to_have_value("Dày thành phế quản.")
    expect(offered).to_have_count(2)
    for _ in range(2):
        offered.first.get_by_role("button", name="Bỏ", exact=True).press("Enter")
        expect(page.get_by_role("button", name="Giữ lại")).to_be_focused()
        page.get_by_role("button", name="Bỏ hẳn").press("Enter")
    expect(offered).to_have_count(0)
    page.reload()
    expect(findings(page)).to_have_value("Dày thành phế quản.")
    expect(offered).to_have_count(0)


def _revision(node: DeskNode, task: str) -> str:
    with node.api("anh") as api:
        return str(api.get(f"/api/reading/tasks/{task}").json()["report_revision"])


@for_study("conflict")
def test_two_texts_of_one_draft_are_shown_side_by_side(enter: Enter, task: str, axe: Axe) -> None:
    first = enter("anh", task)
    findings(first).wait_for()
    second = enter("anh", task, claim=False)
    findings(second).wait_for()
    findings(first).fill("Nhu mô hai phổi sáng đều. Nốt 8 mm thùy trên phổi phải.")
    saved(first)
    findings(second).fill("Nhu mô hai phổi sáng đều. Nốt 6 mm thùy trên phổi trái.")
    expect(second.get_by_text("Bản nháp đã được sửa ở nơi khác")).to_be_visible()
    assert axe(second) == []
    Watched(second, "").shot("report-conflict")
    second.get_by_role("button", name="Dùng bản kia").press("Enter")
    expect(findings(second)).to_have_value(re.compile("8 mm thùy trên phổi phải"))
    own = second.get_by_role("list", name="Văn bản chưa gửi trên máy này").filter(has_text="6 mm thùy trên phổi trái")
    own.get_by_role("button", name="Dùng bản này").press("Enter")
    expect(findings(second)).to_have_value(re.compile("6 mm thùy trên phổi trái"))


@for_study("macros")
def test_macros_are_written_in_a_dialog(enter: Enter, task: str, axe: Axe) -> None:
    page = enter("anh", task)
    page.get_by_role("button", name="Mẫu câu", exact=True).press("Enter")
    dialog = page.get_by_role("dialog", name="Mẫu câu")
    assert axe(page) == []
    for shortcut, text in (("/bt", "Trong giới hạn bình thường."), ("/ps", "Hai phế trường sáng đều.")):
        dialog.get_by_role("button", name="Thêm").press("Enter")
        dialog.get_by_label("Tên tắt").last.fill(shortcut)
        dialog.get_by_label("Nội dung").last.fill(text)
    dialog.get_by_role("button", name="Thêm").press("Enter")
    dialog.get_by_label("Tên tắt").last.fill("sai")
    expect(dialog.get_by_text("Dấu / rồi chữ hoặc số")).to_be_visible()
    assert axe(page) == []
    Watched(page, "").shot("report-macros")
    dialog.get_by_role("button", name="Xóa sai").press("Enter")
    dialog.get_by_role("button", name="Lưu").press("Enter")
    expect(dialog).to_be_hidden()
    findings(page).press_sequentially("Phổi: /ps ")
    expect(findings(page)).to_have_value("Phổi: Hai phế trường sáng đều.")


@for_study("opinion")
def test_a_colleague_is_asked_and_answers_beside_the_images(enter: Enter, task: str, axe: Axe) -> None:
    page = enter("duc", task)
    findings(page).fill("Nốt 8 mm.")
    page.get_by_role("textbox", name="Kết luận").fill("Nốt.")
    panel = page.get_by_role("region", name="Ý kiến thứ hai")
    panel.get_by_role("button", name="Xin ý kiến").press("Enter")
    panel.get_by_label("Hỏi ai").press_sequentially("Hồng")
    page.get_by_role("option", name=re.compile("Hồng Ánh")).click()
    panel.get_by_label("Câu hỏi").fill("Nốt này có cần sinh thiết không?")
    assert axe(page) == []
    Watched(page, "").shot("report-opinion-asking")
    panel.get_by_label("Câu hỏi").press("Control+Enter")
    expect(panel.get_by_text("Chưa có trả lời")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)  # Ctrl+Enter sent the question, it did not sign
    colleague = enter("anh", task, claim=False)
    theirs = colleague.get_by_role("region", name="Ý kiến thứ hai")
    theirs.get_by_label("Ý kiến của bạn").fill("Chưa cần. Chụp lại sau 6 tháng.")
    assert axe(colleague) == []
    Watched(colleague, "").shot("report-opinion-answering")
    theirs.get_by_role("button", name="Gửi ý kiến").press("Enter")
    expect(panel.get_by_text("Chưa cần. Chụp lại sau 6 tháng.")).to_be_visible(timeout=20_000)
    panel.scroll_into_view_if_needed()
    assert axe(page) == []
    Watched(page, "").shot("report-opinion-answered")


@for_study("keys")
def test_the_list_of_keys_names_those_of_the_report(enter: Enter, task: str, axe: Axe) -> None:
    page = enter("anh", task)
    findings(page).wait_for()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    part = dialog.locator("section", has=page.get_by_role("heading", name="Khi viết phiếu"))
    expect(part.get_by_text("Alt + 1 … 9")).to_be_visible()
    expect(part.get_by_text("Chỗ chưa điền tiếp theo")).to_be_visible()
    assert axe(page) == []
    Watched(page, "").shot("report-keys")


@for_study("ahead")
def test_the_next_study_is_brought_when_all_of_this_one_is_here(
    people: dict[str, BrowserContext], enter: Enter, task: str
) -> None:
    own = f"2.25.9{CASES.index('ahead') + 1}"

    def is_of_another(request: Request) -> bool:
        study = OPENING.search(request.url)
        return study is not None and study[1] != own

    with people["anh"].expect_event("request", is_of_another, timeout=60_000):
        page = enter("anh", task, claim=False)
        expect(page.get_by_role("complementary", name="Phiếu kết quả")).to_be_visible(timeout=20_000)
