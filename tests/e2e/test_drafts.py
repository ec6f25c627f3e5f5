"""A draft is never lost: pages, browsers and the node die at random moments while somebody types, EVERYDAY times.

LIENTUYEN_CRASHES names another number of deaths, in the same proportions: LIENTUYEN_CRASHES=100 before a release.

All deaths are SIGKILL, of all renderers, of the whole browser, of the node's process. They come in the middle of a word, while a
save is on its way to the node, or after it has arrived. A page that dies loses nothing that was typed: every key is written to
localStorage, which lives in the browser's own process. A browser that dies as a whole may lose the keys of its last moments; never
what the page said was kept: on the node ("saved"), or on this machine (IndexedDB, written through). What was lost beyond that is
measured and printed.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Error, Locator, Page, Playwright, expect, sync_playwright

from tests.e2e.conftest import FLAGS
from tests.e2e.desk_node import PASSWORD, DeskNode, a_study
from tests.flow.loop import wait_for
from tests.flow.nursery import Nursery

SEED = 20261122
PROPORTIONS = {"page": 18, "node": 5, "browser": 5, "node and browser": 2}
WORDS = ("phổi", "sáng", "đều", "không", "thấy", "tổn", "thương", "màng", "gan", "nốt", "12,3", "hạch", "rõ")
SHOWS_NO_IMAGES = re.compile(r"/api/display/|\.wasm$")  # the images are not what is tested here
SAVE = re.compile(r"/api/reading/tasks/[0-9a-f]{32}/report$")
MOMENTS = ("at once", "at once", "on its way", "on its way", "saved")
EVERYDAY = 12


@dataclass
class Desk:
    """A reader at a browser that may be killed: its profile is on the disk, as at home."""

    playwright: Playwright
    chromium: Path | None
    node: DeskNode
    profile: Path
    task: str
    cookies: list[Any] = field(default_factory=list)
    context: BrowserContext | None = None
    page: Page | None = None

    def open(self) -> None:
        """Starts the browser with its profile."""
        self.context = self.playwright.chromium.launch_persistent_context(
            str(self.profile),
            executable_path=str(self.chromium) if self.chromium else None,
            args=FLAGS,
            viewport={"width": 1280, "height": 800},
            locale="vi-VN",
        )
        self.context.route(SHOWS_NO_IMAGES, lambda route: route.abort())
        self.context.add_cookies(self.cookies)
        self.page = self.context.pages[0]

    def login(self) -> None:
        assert self.page is not None
        assert self.context is not None
        self.page.goto(f"{self.node.url}/")
        self.page.get_by_label("Tên đăng nhập").fill("anh")
        self.page.get_by_label("Mật khẩu", exact=True).fill(PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.get_by_label("Mật khẩu", exact=True).wait_for(state="detached")
        self.cookies = self.context.cookies()

    def visit(self) -> Locator:
        """Opens the task; the findings, ready to be written on."""
        assert self.page is not None
        self.page.goto(f"{self.node.url}/reading/{self.task}", wait_until="commit")
        findings = self.page.get_by_role("textbox", name="Mô tả")
        findings.wait_for()
        findings.focus()
        self.page.keyboard.press("Control+End")
        return findings

    def kill_page(self) -> None:
        """SIGKILL to every renderer of the browser; the tab that comes instead is a new one."""
        assert self.page is not None
        assert self.context is not None
        dead = self.page
        renderers = [pid for pid, command in _family(self.profile) if "--type=renderer" in command]
        with dead.expect_event("crash"):
            for pid in renderers:
                _kill(pid)
        # a tab that is given one of the dead ones for its renderer would never open
        wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in renderers), 20, "the renderers are gone")
        self.page = self.context.new_page()
        dead.close()

    def kill_browser(self) -> None:
        """SIGKILL to the browser's main process and to all of its children."""
        assert self.context is not None
        family = _family(self.profile)
        for pid, _ in family:
            _kill(pid)
        wait_for(lambda: not any(Path(f"/proc/{pid}/exe").exists() for pid, _ in family), 20, "the browser is dead")
        with contextlib.suppress(Error):
            self.context.close()
        for lock in self.profile.glob("Singleton*"):
            lock.unlink()
        self.context = self.page = None

    def said(self) -> tuple[str | None, str | None]:
        """What the page says of the draft: its state, and how well this machine keeps it."""
        assert self.page is not None
        note = self.page.locator("[data-kept]")
        return note.get_attribute("data-kind"), note.get_attribute("data-kept")


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _family(profile: Path) -> list[tuple[int, str]]:
    """The browser with this profile and its descendants, with their command lines."""
    known: dict[int, tuple[int, str]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                known[int(folder.name)] = (parent, (folder / "cmdline").read_bytes().decode(errors="replace"))
    found = {pid for pid, (_, command) in known.items() if f"--user-data-dir={profile}" in command}
    while more := {pid for pid, (parent, _) in known.items() if parent in found} - found:
        found |= more
    return [(pid, known[pid][1]) for pid in sorted(found)]


@pytest.fixture
def desk(tmp_path: Path, chromium: Path | None, nursery: Nursery) -> Iterator[Desk]:
    node = DeskNode(tmp_path / "node", nursery)
    try:
        node.start()
        node.take(a_study())
        (task,) = node.wait_tasks()
        with node.api("anh") as api:
            api.post(f"/api/reading/tasks/{task['id']}/claim").raise_for_status()
        with sync_playwright() as playwright:
            made = Desk(playwright, chromium, node, tmp_path / "profile", task["id"])
            made.open()
            made.login()
            yield made
            if made.context is not None:
                made.context.close()
    finally:
        node.stop()


class Writer:
    """Types, and remembers what was typed and how much of it the page has said to be kept."""

    def __init__(self, desk: Desk, dice: random.Random) -> None:
        self.desk, self.dice = desk, dice
        self.typed = ""
        self.kept = 0  # characters of `typed`
        self.lost: list[int] = []  # characters typed and lost, crash by crash; never those that were kept

    def type(self) -> None:
        assert self.desk.page is not None
        words = " ".join(self.dice.choices(WORDS, k=self.dice.randint(1, 3))) + ". "
        self.desk.page.keyboard.type(words)
        self.typed += words

    def type_until(self, moment: str) -> None:
        """Types, and stops at once, when a save has been sent and is not answered, or when it has arrived."""
        page = self.desk.page
        assert page is not None
        if moment == "on its way":
            with page.expect_request(SAVE):
                self.type()
            return
        self.type()
        if moment == "saved":
            page.locator("[data-kind=saved]").wait_for()

    def on_the_node(self) -> str:
        """The text as the node has it."""
        answer = self.desk.node.reader.get(f"/api/reading/tasks/{self.desk.task}").raise_for_status()
        return str(answer.json()["report"]["findings"])

    def look(self, *, local: bool) -> None:
        """Takes the page at its word."""
        kind, kept = self.desk.said()
        if kind == "saved" or (local and kept == "disk"):
            self.kept = len(self.typed)

    def check(self, *, all_of_it: bool) -> None:
        """After a crash: the text begins with what was kept, and holds nothing that was not typed."""
        found = self.desk.visit().input_value()
        assert self.typed.startswith(found), (self.typed[-80:], found[-80:])
        assert len(found) >= (len(self.typed) if all_of_it else self.kept)
        self.lost.append(len(self.typed) - len(found))
        self.typed = found
        self.kept = min(self.kept, len(found))


def die_page(writer: Writer) -> None:
    writer.desk.kill_page()
    writer.check(all_of_it=True)


def die_browser(writer: Writer) -> None:
    writer.look(local=True)
    writer.desk.kill_browser()
    writer.desk.open()
    writer.check(all_of_it=False)


def die_node(writer: Writer) -> None:
    """The page lives on: what was typed meanwhile reaches the node when it is back, whether or not the writer goes on."""
    desk = writer.desk
    assert desk.page is not None
    desk.node.kill()
    writer.type()
    desk.node.start()
    if writer.dice.random() < 0.5:
        writer.type()
    expect(desk.page.locator("[data-kind=saved]")).to_be_visible(timeout=40_000)
    assert writer.on_the_node() in {writer.typed, writer.typed.rstrip()}
    writer.kept = len(writer.typed)


def die_both(writer: Writer) -> None:
    """First the node, and while nobody answers the browser: what the page said this machine keeps is there."""
    desk = writer.desk
    assert desk.page is not None
    desk.node.kill()
    writer.type()
    expect(desk.page.locator("[data-kept=disk]")).to_be_visible(timeout=10_000)
    writer.look(local=True)
    desk.node.start(wait=False)  # it is up long before the browser is
    desk.kill_browser()
    desk.open()
    desk.node.wait_up()
    writer.check(all_of_it=False)


DEATHS: dict[str, Callable[[Writer], None]] = {
    "page": die_page,
    "browser": die_browser,
    "node": die_node,
    "node and browser": die_both,
}


def crashes(number: int) -> list[str]:
    """So many deaths, in the proportions above, each kind at least once; what rounding leaves over are deaths of the page."""
    whole = sum(PROPORTIONS.values())
    deaths = [name for name, count in PROPORTIONS.items() for _ in range(max(1, number * count // whole))]
    return deaths + ["page"] * (number - len(deaths))


@pytest.mark.timeout(1800)  # a hundred take five minutes on a busy machine
def test_a_draft_is_never_lost_in_crashes(desk: Desk) -> None:
    dice = random.Random(SEED)
    writer = Writer(desk, dice)
    deaths = crashes(int(os.environ.get("LIENTUYEN_CRASHES", EVERYDAY)))
    dice.shuffle(deaths)
    desk.visit()
    begun = time.monotonic()
    for number, death in enumerate(deaths):
        moment = dice.choice(MOMENTS)
        writer.type_until(moment)
        before, since = len(writer.lost), time.monotonic()
        DEATHS[death](writer)
        lost = writer.lost[before:]
        took = f"{time.monotonic() - since:.1f} s"
        print(
            f"{number + 1:3} {death}, {moment}: {len(writer.typed)} characters, lost {lost[0] if lost else 0}, {took}"
        )
    losses = [lost for lost in writer.lost if lost]
    counts = ", ".join(f"{count} {death}" for death, count in Counter(deaths).items())
    print(f"{len(deaths)} crashes ({counts}) in {time.monotonic() - begun:.0f} s: nothing that was kept is lost;")
    print(f"of what was not kept yet: {losses}")


def test_two_windows_never_overwrite_each_other(desk: Desk) -> None:
    assert desk.context is not None
    first = desk.visit()
    desk.page = desk.context.new_page()
    second = desk.visit()
    first.page.keyboard.type("Bản một.")
    expect(first.page.locator("[data-kind=saved]")).to_be_visible()
    second.page.keyboard.type("Bản hai.")
    expect(second.page.get_by_text("Bản nháp đã được sửa ở nơi khác")).to_be_visible()
    assert second.input_value() == "Bản hai."
    with desk.node.api("anh") as api:
        assert api.get(f"/api/reading/tasks/{desk.task}").json()["report"]["findings"] == "Bản một."
    second.page.get_by_role("button", name="Dùng bản của tôi").click()
    expect(second.page.locator("[data-kind=saved]")).to_be_visible()
    with desk.node.api("anh") as api:
        assert api.get(f"/api/reading/tasks/{desk.task}").json()["report"]["findings"] == "Bản hai."
