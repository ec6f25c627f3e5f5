"""The worklist in the browser: two thousand studies, by keyboard, live."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import insert

from node.ledger.schema import reading_tasks, studies
from tests.e2e.conftest import Watched
from tests.e2e.desk_node import PASSWORD, DeskNode
from tests.flow.nursery import Nursery

MANY = 2000
EXAMINATIONS = (
    ("CT", "HEAD", "CT sọ não không tiêm", "neuro", "Đau đầu đột ngột, BS. Hồng Ánh hỏi xuất huyết não?"),
    ("DX", "CHEST", "X-quang ngực thẳng", "chest", "Ho kéo dài, loại trừ lao phổi"),
    ("US", "ABDOMEN", "Siêu âm ổ bụng tổng quát", "abdomen", "Đau hố chậu phải"),
)
ROWS = '[role="grid"] [role="row"][aria-selected]'


def fill(node: DeskNode) -> list[str]:
    """Studies that wait, without images, in the order of the list: one emergency that has waited too long, then others."""
    now = datetime.now(UTC)
    ids = [f"{number:032x}" for number in range(MANY)]
    found: list[dict[str, object]] = []
    tasks: list[dict[str, object]] = []
    for number, task_id in enumerate(ids):
        modality, part, text, speciality, question = EXAMINATIONS[number % len(EXAMINATIONS)]
        ready = now - (timedelta(minutes=34) if number == 0 else timedelta(seconds=MANY - number))
        study = {"uid": f"2.25.7{number}", "modalities": modality, "body_part": part, "description": text}
        more = {"state": "complete", "origin": "LONE", "priority": "routine", "patient_id": f"DD-{number:05d}"}
        times = {"first_received_at": now, "last_received_at": now}
        found.append({**study, **more, **times, "sex": "F", "age": "058Y", "study_date": "20261120"})
        task = {"id": task_id, "study_uid": study["uid"], "state": "ready", "speciality": speciality}
        clock = {"ready_at": ready, "clock_running_since": ready, "created_at": ready, "updated_at": now}
        rank = {"priority": 0 if number == 0 else 2, "instances_received": 2, "clinical_question": question}
        tasks.append({**task, **clock, **rank})
    with node.ledger.begin() as tx:
        tx.execute(insert(studies), found)
        tx.execute(insert(reading_tasks), tasks)
    return ids


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Iterator[DeskNode]:
    node = DeskNode(tmp_path_factory.mktemp("worklist"), nursery)
    fill(node)
    node.start()
    yield node
    node.stop()


@pytest.fixture(scope="module")
def context(browser: Browser, desk: DeskNode) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 1440, "height": 860}, locale="vi-VN")
    opened.route("**/api/display/**", lambda route: route.fulfill(status=204))  # the images are not what is tested here
    page = opened.new_page()
    page.goto(f"{desk.url}/login")
    page.get_by_label("Tên đăng nhập").fill("anh")
    page.get_by_label("Mật khẩu", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_label("Mật khẩu", exact=True).wait_for(state="detached")
    page.close()
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext, desk: DeskNode) -> Iterator[Page]:
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.goto(f"{desk.url}/reading")
    expect(opened.locator(ROWS).first).to_be_visible(timeout=20000)
    yield opened
    opened.close()
    assert faults == []


def chosen(page: Page) -> str:
    return page.locator(f'{ROWS}[aria-selected="true"]').get_attribute("id") or ""


def row(task_id: str) -> str:
    return f"#task-{task_id}"


def test_thousands_of_studies_are_walked_and_searched_by_keyboard(page: Page, axe: Callable[..., list[str]]) -> None:
    grid = page.get_by_role("grid")
    expect(grid).to_have_attribute("aria-rowcount", str(MANY + 1))
    assert page.locator(ROWS).count() < 60  # only what is seen is there
    first = chosen(page)
    page.keyboard.press("ArrowDown")
    assert chosen(page) != first
    page.keyboard.press("End")
    last = page.locator(f'{ROWS}[aria-selected="true"]')
    expect(last).to_have_attribute("aria-rowindex", str(MANY + 1))
    expect(last).to_be_in_viewport()
    expect(grid).to_have_attribute("aria-activedescendant", chosen(page))
    page.keyboard.press("Home")
    assert chosen(page) == first
    expect(page.locator(f"#{first}")).to_contain_text("Cấp cứu")
    expect(page.locator(f"#{first}")).to_contain_text(re.compile(r"quá \d"))
    page.keyboard.press("/")
    page.keyboard.type("hong anh")
    expect(page.get_by_text(f"667/{MANY} ca")).to_be_visible()
    assert axe(page) == []
    Watched(page, "").shot("worklist-2000")
    page.keyboard.press("Escape")
    expect(page.get_by_text(f"{MANY}/{MANY} ca")).to_be_visible()


def test_what_others_do_is_seen_at_once_and_moves_nothing(page: Page, desk: DeskNode) -> None:
    for _ in range(40):
        page.keyboard.press("ArrowDown")
    held = chosen(page)
    before = page.locator(f"#{held}").bounding_box()
    above, beside = f"{3:032x}", f"{42:032x}"
    with desk.api("duc") as colleague:
        assert colleague.post(f"/api/reading/tasks/{beside}/claim").status_code == 200
        expect(page.locator(row(beside))).to_contain_text("BS. Lê Quang Đức", timeout=10000)
        assert colleague.post(f"/api/reading/tasks/{above}/claim").status_code == 200
        assert colleague.post(f"/api/reading/tasks/{beside}/priority", json={"priority": "urgent"}).status_code == 200
        expect(page.locator(row(beside))).to_have_count(0, timeout=10000)  # it went up the list
        assert chosen(page) == held
        after = page.locator(f"#{held}").bounding_box()
        assert before is not None
        assert after is not None
        assert abs(after["y"] - before["y"]) < 2
        for task in (above, beside):
            colleague.post(f"/api/reading/tasks/{task}/release")


def test_a_study_is_assigned_asked_about_and_claimed_by_keyboard_alone(
    page: Page, desk: DeskNode, axe: Callable[..., list[str]]
) -> None:
    page.keyboard.press("ArrowDown")
    task = chosen(page)
    page.keyboard.press(".")
    menu = page.get_by_role("menu", name="Thao tác với ca")
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    assert axe(page) == []
    Watched(page, "").shot("worklist-menu")
    page.keyboard.press("a")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Bác sĩ", exact=True)).to_be_focused()
    page.keyboard.type("Đức")
    expect(page.get_by_role("option", name=re.compile("Đức"))).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Bác sĩ", exact=True)).to_have_value(re.compile("Đức"))
    assert axe(page) == []
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator(f"#{task}")).to_contain_text("giao BS. Lê Quang Đức")
    page.keyboard.press("s")
    dialog.get_by_label("Câu hỏi").fill("Nốt này có cần sinh thiết không?")
    assert axe(page) == []
    dialog.get_by_role("button", name="Gửi câu hỏi").press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator(f"#{task}")).to_contain_text("Ý kiến 2")
    with desk.api("duc") as colleague:
        kinds = [item["kind"] for item in colleague.get("/api/notices").json()["items"]]
    assert {"assigned", "opinion-asked"} <= set(kinds)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/reading/[0-9a-f]{32}"))
    with desk.api("anh") as reader:
        task_id = page.url.rsplit("/", 1)[1]
        assert reader.get(f"/api/reading/tasks/{task_id}").json()["mine"] is True
        reader.post(f"/api/reading/tasks/{task_id}/release")


def test_the_next_study_is_one_key_away_and_a_saved_filter_one_number(page: Page, desk: DeskNode) -> None:
    page.get_by_role("textbox", name="Tìm").fill("lao phoi")
    page.get_by_role("button", name="Lọc", exact=True).click()
    page.get_by_label("Tên bộ lọc").fill("Lao")
    page.get_by_label("Mở trang bằng bộ lọc này").check()
    page.get_by_role("button", name="Lưu bộ lọc").click()
    expect(page.get_by_role("button", name="1 Lao")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.get_by_text(f"667/{MANY} ca")).to_be_visible()
    page.get_by_role("button", name="Bỏ lọc").click()
    expect(page.get_by_text(f"{MANY}/{MANY} ca")).to_be_visible()
    page.get_by_role("grid").focus()
    page.keyboard.press("1")
    expect(page.get_by_text(f"667/{MANY} ca")).to_be_visible()
    page.keyboard.press("n")
    page.wait_for_url(re.compile(r"/reading/0{32}$"))  # the emergency
    with desk.api("anh") as reader:
        reader.post(f"/api/reading/tasks/{0:032x}/release")
        reader.put("/api/preferences/worklist-filters", json={"value": None})


def test_what_waits_too_long_stays_in_sight_until_it_is_seen(page: Page, axe: Callable[..., list[str]]) -> None:
    toasts = page.get_by_role("region", name="Thông báo khẩn")
    expect(toasts.get_by_text("Ca chờ đọc đã quá hạn")).to_be_visible(timeout=25000)
    assert axe(page) == []
    Watched(page, "").shot("worklist-overdue")
    toasts.get_by_role("button", name="Đã biết").click()
    expect(toasts.get_by_text("Ca chờ đọc đã quá hạn")).to_be_hidden()
    page.get_by_role("button", name=re.compile("^Thông báo")).click()
    expect(page.get_by_role("dialog").get_by_text("Ca chờ đọc đã quá hạn")).to_be_visible()
    assert axe(page) == []


def test_it_speaks_english_too(page: Page, axe: Callable[..., list[str]]) -> None:
    page.get_by_text("EN", exact=True).click()
    expect(page.get_by_role("columnheader", name="Clinical question")).to_be_visible()
    expect(page.locator(ROWS).first).to_contain_text("Emergency")
    assert axe(page) == []
    Watched(page, "").shot("worklist-en")
    page.get_by_text("VI", exact=True).click()
    expect(page.get_by_role("columnheader", name="Câu hỏi lâm sàng")).to_be_visible()
