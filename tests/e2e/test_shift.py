"""A radiologist's whole shift by the keyboard alone: studies of every kind, each looked at, reported and signed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import Watched, leaves
from tests.e2e.shift import READER, STUDIES, Shift

READ = 30
_POINTERS = """
window.__pointers = 0;
for (const kind of ['pointerdown', 'mousedown', 'click', 'touchstart', 'wheel'])
  window.addEventListener(kind, (event) => {
    // a key on a button makes a click without a pointer: its detail is 0
    if (kind !== 'click' || event.detail > 0) window.__pointers += 1;
  }, { capture: true });
"""
_SEEN = """() => document.querySelector('main [role="alert"]')?.textContent
  ?? (performance.getEntriesByName('lientuyen:full').some((m) => m.startTime > (window.__opened ?? 0)) && 'picture')
  ?? false"""


@pytest.fixture(scope="module")
def shift(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Iterator[Shift]:
    running = Shift(tmp_path_factory.mktemp("shift"))
    running.send(shared_data, STUDIES)
    yield running
    running.stop()


@pytest.fixture
def desk(browser: Browser, shift: Shift) -> Iterator[Watched]:
    """The reader at the login page; nothing foreign and no error may be seen until the end of the shift."""
    context = browser.new_context(viewport={"width": 1440, "height": 860}, locale="vi-VN")
    context.add_init_script(_POINTERS)
    page = context.new_page()
    watched = Watched(page, shift.node.url)
    page.on(
        "request",
        lambda r: watched.foreign.append(r.url) if leaves(r.url, urlsplit(shift.node.url).netloc) else None,
    )
    page.on("pageerror", lambda e: watched.errors.append(str(e)))
    page.on(
        "console",
        lambda m: (
            watched.errors.append(m.text)
            if m.type == "error" and not any(code in m.text for code in ("401", "422"))
            else None
        ),
    )
    page.goto(shift.node.url)
    yield watched
    context.close()
    assert watched.foreign == []
    assert watched.errors == []


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def until(page: Page, condition: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        page.wait_for_timeout(50)
    Watched(page, page.url).shot("shift-failed")
    raise AssertionError(f"not within {seconds:g} s: {what} ({page.url})")


def open_next(page: Page) -> str:
    """`N`: the next study is claimed and opened. Returns the id of its task."""
    before = page.url
    press(page, "n")
    until(page, lambda: "/reading/" in page.url and page.url != before, "the next study opens")
    return page.url.rpartition("/")[2]


def look(page: Page) -> None:
    """Scrolls, takes a window, marks a key image: what any reader does first."""
    press(page, "ArrowDown", "ArrowDown", "ArrowUp", "2", "1", "k")


def write(page: Page, number: int) -> None:
    """Normal text by `F2` where the template has one; a conclusion of the reader's own in any case."""
    page.locator("[data-kept]").wait_for()  # the report can be written
    press(page, "b")
    until(page, lambda: page.evaluate("document.activeElement?.tagName") in ("TEXTAREA", "INPUT", "DIV"), "the pen")
    press(page, "F2", "Alt+4")
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(f" Ca thứ {number} của buổi trực, đã đọc hết các ảnh.")


_ASKED = "document.activeElement?.type === 'checkbox' && !document.activeElement.checked"
_IN_DIALOG = "Boolean(document.activeElement?.closest('[role=dialog]'))"


def sign(page: Page) -> None:
    """`Ctrl+Enter`, what is to be known is ticked, `Ctrl+Enter` once more. Previews cannot be signed: it waits for the images."""
    button = page.get_by_role("button", name="Ký kết quả")
    dialog = page.get_by_role("dialog")

    def opened() -> bool:
        """A picture that comes late may take the dialog away from under the key."""
        if not dialog.is_visible() and button.is_enabled():
            press(page, "Control+Enter")
        return dialog.is_visible()

    until(page, opened, "the report can be signed")
    confirm = dialog.get_by_role(
        "button", name="Ký và gửi"
    )  # not enabled while the node is asked, or something is to be ticked

    def asked() -> bool:
        return bool(page.evaluate(_ASKED))

    until(page, lambda: page.evaluate(_IN_DIALOG) and (asked() or confirm.is_enabled()), "the dialog has the keys")
    if not asked():
        press(page, "Control+Enter")
        until(
            page, lambda: asked() or not dialog.is_visible(), "the report is signed, or there is something to be known"
        )
    if asked():
        press(page, "Space")
        until(page, confirm.is_enabled, "what is to be known is known")
        press(page, "Control+Enter")
    until(page, lambda: not dialog.is_visible(), "the report is signed")


@pytest.mark.timeout(900)
def test_a_whole_shift_is_read_by_the_keyboard_alone(
    desk: Watched, shift: Shift, axe: Callable[..., list[str]]
) -> None:
    page = desk.page
    page.get_by_label("Tên đăng nhập").focus()
    page.keyboard.type(READER)
    press(page, "Tab")
    page.keyboard.type(shift.password)
    press(page, "Enter")
    until(page, lambda: page.get_by_role("row").count() > 5, "the worklist")
    desk.shot("shift-00-worklist")
    assert axe(page) == []
    signed: list[str] = []
    waiting = waiting_in(shift)
    assert waiting >= READ
    for number in range(1, waiting + 1):
        page.evaluate("window.__opened = performance.now()")
        task = open_next(page)
        assert task not in signed
        until(
            page,
            lambda: page.evaluate(_SEEN) or page.locator("main canvas, main svg, main object").count(),
            "something to look at",
        )
        look(page)
        page.wait_for_timeout(150)
        desk.shot(f"shift-{number:02}-images")
        write(page, number)
        if number == 1:
            assert axe(page) == []
            desk.shot("shift-01-report")
        sign(page)
        press(page, "Escape")
        signed.append(task)
    desk.shot("shift-31-signed")
    assert axe(page) == []
    assert page.evaluate("window.__pointers") == 0
    assert len(set(signed)) == waiting
    kinds = check_signed(shift, signed)
    assert {"CT", "MR", "CR", "DX", "MG", "US", "XA", "NM", "PT", "SM", "ECG"} <= set(kinds), kinds


@contextmanager
def as_reader(shift: Shift) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shift.node.url, timeout=30) as api:
        token = api.post("/api/tokens", json={"username": READER, "password": shift.password}).json()["token"]
        api.headers["Authorization"] = f"Bearer {token}"
        yield api


def waiting_in(shift: Shift) -> int:
    """How many studies wait to be read: some of the folders hold more than one."""
    with as_reader(shift) as api:
        items = api.get("/api/reading/tasks", params={"state": "open"}).json()["items"]
    return sum(item["state"] == "ready" for item in items)


def check_signed(shift: Shift, tasks: list[str]) -> Counter[str]:
    """Each of them is final with its text; counts the modalities."""
    with as_reader(shift) as api:
        kinds: Counter[str] = Counter()
        for number, task in enumerate(tasks, 1):
            shown = api.get(f"/api/reading/tasks/{task}").json()
            assert shown["state"] == "final", shown["state"]
            assert f"Ca thứ {number} của buổi trực" in shown["report"]["conclusion"]
            kinds.update(shown["modalities"])
    return kinds
