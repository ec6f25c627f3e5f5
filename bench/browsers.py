"""Two viewers in headless Chromium, driven and timed in the same way: ours, and OHIF's published build.

A picture counts from the moment that it is on the page's canvas: a loop in the page looks at a small patch in the middle of
every large canvas once for each frame that the browser draws. Lines are emulated by the browser itself (its network
conditions: a rate in each direction, a delay for each request), for both viewers alike.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
]

PROBE = """
(() => {
  const seen = { armed: false, start: 0, first: 0, patch: '', changes: 0 };
  window.__bench = seen;
  const small = new OffscreenCanvas(32, 32);
  const pen = small.getContext('2d', { willReadFrequently: true });
  const patchOf = (canvas) => {
    pen.drawImage(canvas, canvas.width / 2 - 16, canvas.height / 2 - 16, 32, 32, 0, 0, 32, 32);
    const { data } = pen.getImageData(0, 0, 32, 32);
    let low = 255, high = 0, sum = 0;
    for (let i = 0; i < data.length; i += 4) {
      const v = data[i];
      if (v < low) low = v;
      if (v > high) high = v;
      sum = (sum * 31 + v) | 0;
    }
    return high - low > 4 ? String(sum) : '';
  };
  window.__benchPatch = () => {
    for (const canvas of document.querySelectorAll('canvas')) {
      if (canvas.width < 300 || canvas.height < 300 || canvas.offsetParent === null) continue;
      const patch = patchOf(canvas);
      if (patch) return patch;
    }
    return '';
  };
  for (const kind of ['keydown', 'click', 'dblclick'])
    window.addEventListener(kind, () => { if (seen.armed) seen.start = performance.now(); }, { capture: true });
  const look = () => {
    if (seen.start && !seen.first) {
      const patch = window.__benchPatch();
      if (patch) { seen.first = performance.now(); seen.armed = false; }
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})();
"""

SCROLL = """
async ([steps, key]) => {
  const began = performance.now();
  let patch = window.__benchPatch();
  for (let step = 0; step < steps; step += 1) {
    const target = document.activeElement ?? document.body;
    target.dispatchEvent(new KeyboardEvent('keydown', { key, code: key, keyCode: 40, which: 40, bubbles: true }));
    target.dispatchEvent(new KeyboardEvent('keyup', { key, code: key, keyCode: 40, which: 40, bubbles: true }));
    const since = performance.now();
    for (;;) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const next = window.__benchPatch();
      if (next && next !== patch) { patch = next; break; }
      if (performance.now() - since > 3000) return 0;
    }
  }
  return (1000 * steps) / (performance.now() - began);
}
"""


@dataclass(frozen=True, slots=True)
class Line:
    """Rate in Mbit/s each way (0: as fast as this machine), delay in ms there and back."""

    name: str
    rate: float
    delay: float


LAN = Line("LAN", 0, 0)


@dataclass(frozen=True, slots=True)
class Moments:
    """Seconds from the reader's key or click."""

    first: float  # something of the image is on the screen
    full: float  # the image as stored is on the screen


@contextmanager
def chromium(program: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(program), args=FLAGS)
        yield browser
        browser.close()


def restrain(page: Page, line: Line) -> None:
    """From now on the page's requests go over `line`."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    rate = line.rate * 125_000 if line.rate else -1
    conditions = {"offline": False, "latency": line.delay, "downloadThroughput": rate, "uploadThroughput": rate}
    session.send("Network.emulateNetworkConditions", conditions)


def until(page: Page, expression: str, seconds: float, what: str) -> Any:
    """The first true value of `expression` in the page."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = page.evaluate(expression)
        if value:
            return value
        page.wait_for_timeout(20)
    raise TimeoutError(f"not within {seconds:g} s: {what}")


def quiet(page: Page, most: float) -> None:
    """Waits until the page has asked for nothing for a second, at most `most` seconds."""
    count = {"open": 0, "last": time.monotonic()}

    def change(by: int) -> None:
        count["open"] += by
        count["last"] = time.monotonic()

    began, ended = (lambda r: change(1)), (lambda r: change(-1))
    page.on("request", began)
    page.on("requestfinished", ended)
    page.on("requestfailed", ended)
    deadline = time.monotonic() + most
    while time.monotonic() < deadline and time.monotonic() - count["last"] < 1.0:
        page.wait_for_timeout(50)
    for event, listener in (("request", began), ("requestfinished", ended), ("requestfailed", ended)):
        page.remove_listener(event, listener)


def high_water_megabytes(pid: int) -> float:
    """The most memory that a process had (resident)."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


@dataclass(frozen=True, slots=True)
class Subject:
    """A study to open."""

    study_uid: str
    task_id: str
    description: str
    slices: int


class Viewer(Protocol):
    """What is timed. Every measurement begins on the list of studies, with the program already there."""

    name: str
    loaded: str
    """An expression: whether all images of the series are in the page."""

    def address(self, subject: Subject) -> str:
        """Where the study is, without the list."""

    def open_list(self, page: Page, line: Line, patience: float) -> None: ...

    def open_study(self, page: Page, subject: Subject, seconds: float) -> Moments: ...

    def wait_previews(self, page: Page, subject: Subject, seconds: float) -> float: ...

    def wait_all(self, page: Page, subject: Subject, seconds: float) -> None: ...

    def jump(self, page: Page, subject: Subject, seconds: float) -> float: ...

    def cold(self, context: BrowserContext, subject: Subject) -> float: ...


def log_in(context: BrowserContext, url: str, person: dict[str, str]) -> None:
    answer = context.request.post(f"{url}/api/session", data=person, headers={"Origin": url})
    if not answer.ok:
        raise SystemExit(f"The login was refused ({answer.status}).")


def first_and_start(page: Page, seconds: float) -> tuple[float, float]:
    """(moment of the first picture, moment of the reader's key or click), ms of the page's clock."""
    seen = until(page, "window.__bench.first && [window.__bench.first, window.__bench.start]", seconds, "a picture")
    return float(seen[0]), float(seen[1])


def arm(page: Page) -> None:
    page.evaluate("Object.assign(window.__bench, { armed: true, start: 0, first: 0 })")


class Ohif:
    """OHIF 3, its basic viewer, opened from its study list by a double click."""

    name = "OHIF"

    def __init__(self, url: str) -> None:
        self.url = url
        self.loaded = _OHIF_LOADED

    def address(self, subject: Subject) -> str:
        return f"{self.url}/viewer?StudyInstanceUIDs={subject.study_uid}"

    def open_list(self, page: Page, line: Line, patience: float) -> None:
        page.goto(f"{self.url}/", timeout=180_000)
        page.locator("tbody tr").nth(1).wait_for(timeout=60_000)
        restrain(page, line)
        quiet(page, patience)

    def open_study(self, page: Page, subject: Subject, seconds: float) -> Moments:
        row = page.get_by_text(subject.description).first
        row.hover()
        arm(page)
        row.dblclick()
        first, start = first_and_start(page, seconds)
        return Moments((first - start) / 1000, float("nan"))

    def wait_previews(self, page: Page, subject: Subject, seconds: float) -> float:
        """It has no previews of stacks: the moment that all of the stack is there."""
        self.wait_all(page, subject, seconds)
        return float(page.evaluate("(performance.now() - window.__bench.start) / 1000"))

    def wait_all(self, page: Page, subject: Subject, seconds: float) -> None:
        until(page, self.loaded, seconds, "the whole stack")

    def jump(self, page: Page, subject: Subject, seconds: float) -> float:
        return float(page.evaluate(_OHIF_JUMP, [subject.slices - 1, seconds * 1000]))

    def cold(self, context: BrowserContext, subject: Subject) -> float:
        page = context.new_page()
        page.add_init_script("window.__benchStart = 0;")
        page.goto(self.address(subject), wait_until="commit")
        page.evaluate("window.__bench.start = 1")  # the page's clock begins with the navigation
        return float(until(page, "window.__bench.first", 60, "a picture")) / 1000


_OHIF_STACK = "window.cornerstone.getRenderingEngines()[0].getViewports()[0]"
_OHIF_LOADED = f"{_OHIF_STACK}.getImageIds().every((id) => window.cornerstone.cache.getImage(id) !== undefined)"
_OHIF_JUMP = f"""
async ([index, patience]) => {{
  const viewport = {_OHIF_STACK};
  const began = performance.now();
  const before = window.__benchPatch();
  window.cornerstone.utilities.jumpToSlice(viewport.element, {{ imageIndex: index }});
  while (performance.now() - began < patience) {{
    await new Promise((resolve) => requestAnimationFrame(resolve));
    if (viewport.getCurrentImageIdIndex() === index && window.__benchPatch() !== before)
      return (performance.now() - began) / 1000;
  }}
  return patience / 1000;
}}
"""


_CODE = (
    r"performance.getEntriesByType('resource').some((one) => /\/viewer-[^/]*\.js$/.test(one.name) && one.responseEnd)"
)


class Ours:
    """Our reading page, opened from our worklist by the keyboard."""

    name = "Liên Tuyến"

    def __init__(self, url: str, person: dict[str, str]) -> None:
        self.url = url
        self.person = person
        self.loaded = _mark("all", "0")

    def address(self, subject: Subject) -> str:
        return f"{self.url}/reading/{subject.task_id}"

    def open_list(self, page: Page, line: Line, patience: float) -> None:
        """The list brings the viewer's code, which browsers keep: it is there before the line begins."""
        page.goto(f"{self.url}/reading", timeout=180_000)
        page.get_by_role("row").nth(1).wait_for(timeout=60_000)
        until(page, _CODE, 60, "the viewer's code")
        restrain(page, line)
        quiet(page, patience)

    def open_study(self, page: Page, subject: Subject, seconds: float) -> Moments:
        page.get_by_role("row").filter(has_text=subject.description).first.click()
        arm(page)
        page.keyboard.press("Enter")
        first, start = first_and_start(page, seconds)
        full = until(page, _mark("full", "window.__bench.start"), seconds, "the full image")
        return Moments((first - start) / 1000, (max(first, float(full)) - start) / 1000)

    def wait_previews(self, page: Page, subject: Subject, seconds: float) -> float:
        at = until(page, _mark("previews-all", "window.__bench.start"), seconds, "the previews of the whole stack")
        return (float(at) - float(page.evaluate("window.__bench.start"))) / 1000

    def wait_all(self, page: Page, subject: Subject, seconds: float) -> None:
        until(page, _mark("all", "window.__bench.start"), seconds, "the whole stack")

    def jump(self, page: Page, subject: Subject, seconds: float) -> float:
        name = f"shown:{subject.slices - 1}"
        if page.evaluate(_mark(name, "window.__bench.start")):
            raise SystemExit("The last slice was shown before the jump.")
        began = float(page.evaluate("performance.now()"))
        page.keyboard.press("End")
        return (float(until(page, _mark(name, str(began)), seconds, "the slice")) - began) / 1000

    def cold(self, context: BrowserContext, subject: Subject) -> float:
        page = context.new_page()
        page.goto(self.address(subject))
        page.get_by_label("Tên đăng nhập").fill(self.person["username"])
        page.get_by_label("Mật khẩu", exact=True).fill(self.person["password"])
        arm(page)
        page.keyboard.press("Enter")
        first, start = first_and_start(page, 60)
        return (first - start) / 1000


def _mark(name: str, since: str) -> str:
    """An expression: the first mark of this name after `since`, ms of the page's clock; 0 when there is none."""
    return (
        f"(performance.getEntriesByName('lientuyen:{name}').map((m) => m.startTime).find((at) => at >= {since}) ?? 0)"
    )
