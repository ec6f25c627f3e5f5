"""Headless Chromium on a running loop. Every page is watched: no foreign host, no error on the console, no stack trace."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.flow.loop import Loop
from tests.flow.nursery import Nursery

expect.set_options(timeout=20_000)  # the machine may be busy
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Watched:
    """A page and what was noticed on it."""

    page: Page
    url: str
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def shot(self, name: str) -> None:
        """A picture in tests/e2e/screens, to be looked at; LIENTUYEN_SCREENS names another folder."""
        folder = Path(os.environ.get("LIENTUYEN_SCREENS", Path(__file__).parent / "screens"))
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"{name}.png")


@pytest.fixture(scope="module")  # Playwright keeps an event loop in this thread: it must end before other tests begin
def browser(chromium: Path | None) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(chromium) if chromium else None, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def running_loop(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Iterator[Loop]:
    loop = Loop(tmp_path_factory.mktemp("e2e"), quiet_seconds=1.0, nursery=nursery)
    loop.start_both()
    yield loop
    loop.close()


@pytest.fixture
def visit(browser: Browser, running_loop: Loop) -> Iterator[Callable[[str, str], Watched]]:
    """Logs a person in: `visit("hub", "radiologist")`. Afterwards nothing foreign and no error may have been seen."""
    seen: list[Watched] = []

    def enter(site: str, role: str) -> Watched:
        url = running_loop.site(site).url
        context = browser.new_context(viewport={"width": 1440, "height": 860}, locale="vi-VN")
        watched = Watched(context.new_page(), url)
        seen.append(watched)
        own = urlsplit(url).netloc
        watched.page.on("request", lambda r: watched.foreign.append(r.url) if leaves(r.url, own) else None)
        watched.page.on("pageerror", lambda e: watched.errors.append(str(e)))
        watched.page.on(
            "console", lambda m: watched.errors.append(m.text) if m.type == "error" and "401" not in m.text else None
        )
        person = running_loop.credentials[site]["users"][role]
        watched.page.goto(f"{url}/")
        watched.page.get_by_label("Tên đăng nhập").fill(person["username"])
        watched.page.get_by_label("Mật khẩu", exact=True).fill(person["password"])
        watched.page.keyboard.press("Enter")
        watched.page.get_by_label("Mật khẩu", exact=True).wait_for(state="detached")
        return watched

    yield enter
    for watched in seen:
        watched.page.context.close()
        assert watched.foreign == []
        assert watched.errors == []


AXE = Path(__file__).parents[2] / "viewer" / "node_modules" / "axe-core" / "axe.min.js"
_RUN_AXE = """async (options) => {
  // What is still fading in has the contrast of a ghost: wait for its first frames, then for its end.
  for (let frame = 0; frame < 6; frame++) await new Promise((drawn) => requestAnimationFrame(drawn));
  const fading = document.getAnimations().filter((one) => one instanceof CSSTransition);
  await Promise.allSettled(fading.map((one) => one.finished));
  const found = await window.axe.run(options.within ?? document, {resultTypes: ['violations']});
  return found.violations
    .filter((fault) => ['serious', 'critical'].includes(fault.impact))
    .map((fault) => `${fault.id}: ${fault.help} (${fault.nodes.slice(0, 3).map((n) => n.target.join(' ')).join('; ')})`);
}"""


@pytest.fixture(scope="session")
def axe() -> Callable[..., list[str]]:
    """`axe(page)` gives the serious accessibility faults of what the page shows now; `within` a CSS selector of a part."""
    assert AXE.is_file(), "axe-core is not installed: run npm ci in viewer/"
    source = AXE.read_text(encoding="utf-8")

    def check(page: Page, within: str | None = None) -> list[str]:
        page.evaluate(source)
        found: list[str] = page.evaluate(_RUN_AXE, {"within": within})
        return found

    return check


def leaves(url: str, own: str) -> bool:
    """Whether a request goes to anybody but the node at `own`; the browser shows PDF itself."""
    parts = urlsplit(url)
    return parts.scheme not in {"data", "blob", "chrome", "chrome-extension"} and parts.netloc != own
