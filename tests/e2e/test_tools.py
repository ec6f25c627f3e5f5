"""Measuring: what is drawn is where it was drawn, the numbers are true, and nothing that was drawn is lost."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import atan2, degrees, hypot
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import Watched
from tests.e2e.geometry import DOTS, PIXEL, write_geometry
from tests.flow.loop import Loop, wait_for
from tests.services import find_program

Visit = Callable[[str, str], Watched]
Spot = tuple[float, float]


@pytest.fixture(scope="module")
def task(running_loop: Loop, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The geometry study, claimed at the hub."""
    folder = tmp_path_factory.mktemp("geometry")
    write_geometry(folder)
    command = [str(find_program("storescu", "dcmtk")), "+sd", "+r", "-aec", "TTYT_DINHHOA", "127.0.0.1"]
    subprocess.run([*command, str(running_loop.demo.district.dicom_port), str(folder)], check=True, timeout=120)
    (found,) = running_loop.wait_task(count=1, images=sum(1 for _ in folder.rglob("*.dcm")))
    with running_loop.api("hub", "radiologist") as api:
        api.post(f"/api/reading/tasks/{found['id']}/claim").raise_for_status()
    return dict(found)


@contextmanager
def at_the_desk(browser: Browser, loop: Loop, task: dict[str, Any], ratio: float = 1) -> Iterator[Page]:
    """The study in a browser of its own, on a screen with so many pixels to one of CSS."""
    url = loop.site("hub").url
    context = browser.new_context(
        viewport={"width": 1440, "height": 860}, locale="vi-VN", device_scale_factor=ratio, bypass_csp=True
    )
    person = loop.credentials["hub"]["users"]["radiologist"]
    answer = context.request.post(f"{url}/api/session", data=person, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.ok
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{url}/reading/{task['id']}")
    page.locator("[data-marks]").first.wait_for(state="attached", timeout=30000)
    wait_drawn(page)
    page.keyboard.press("o")  # no texts over the image
    yield page
    context.close()
    assert errors == []


_DRAWN = "performance.getEntriesByName('lientuyen:full').at(-1)?.startTime ?? 0"


def wait_drawn(page: Page, since: float = 0) -> None:
    """Waits until a whole image was drawn after this moment of the page's clock."""
    wait_for(lambda: page.evaluate(_DRAWN) > since, 30, "the image is drawn in full")
    page.wait_for_timeout(100)  # what lies over it follows


def next_series(page: Page) -> None:
    now = page.evaluate("performance.now()")
    page.keyboard.press("]")
    wait_drawn(page, now)


def kept(loop: Loop, task: dict[str, Any]) -> list[dict[str, Any]]:
    with loop.api("hub", "radiologist") as api:
        return list(api.get(f"/api/reading/studies/{task['study_instance_uid']}/marks").json()["items"])


def forget(loop: Loop, task: dict[str, Any]) -> None:
    with loop.api("hub", "radiologist") as api:
        for mark in kept(loop, task):
            path = f"/api/reading/studies/{task['study_instance_uid']}/marks/{mark['id']}"
            api.delete(path, params={"base_revision": mark["revision"]}).raise_for_status()


def wait_kept(page: Page, loop: Loop, task: dict[str, Any], count: int) -> list[dict[str, Any]]:
    for _ in range(200):
        marks = kept(loop, task)
        if len(marks) == count:
            return marks
        page.wait_for_timeout(100)
    raise AssertionError(f"{len(kept(loop, task))} marks are kept, not {count}")


def stage(page: Page) -> dict[str, float]:
    box = page.locator("[role=img]").first.bounding_box()
    assert box is not None
    return {"x": box["x"], "y": box["y"], "width": box["width"], "height": box["height"]}


def spots(page: Page, ratio: float) -> list[Spot]:
    """The middles of the bright squares that are wholly seen, in CSS pixels of the viewport."""
    box = stage(page)
    clip = {k: box[k] for k in ("x", "y", "width", "height")}
    hide = "hidden => { for (const one of document.querySelectorAll('[data-marks]')) one.style.visibility = hidden; }"
    page.evaluate(hide, "hidden")  # what is drawn over the squares
    grey = np.asarray(Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")).min(axis=2)  # type: ignore[arg-type]
    page.evaluate(hide, "")
    rest = {(int(y), int(x)) for y, x in np.argwhere(grey > 215)}
    assert rest
    found = []
    while rest:
        blob, edge = [], [rest.pop()]
        while edge:
            y, x = edge.pop()
            blob.append((y, x))
            for near in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if near in rest:
                    rest.remove(near)
                    edge.append(near)
        ys, xs = [y for y, _ in blob], [x for _, x in blob]
        whole = min(*ys, *xs) > 1 and max(ys) < grey.shape[0] - 2 and max(xs) < grey.shape[1] - 2
        if whole and len(blob) > 60 * ratio:
            found.append(((sum(xs) / len(xs) + 0.5) / ratio, (sum(ys) / len(ys) + 0.5) / ratio))
    return found


def drag(page: Page, a: Spot, b: Spot) -> None:
    box = stage(page)
    page.mouse.move(box["x"] + a[0], box["y"] + a[1])
    page.mouse.down()
    page.mouse.move(box["x"] + b[0], box["y"] + b[1], steps=3)
    page.mouse.up()


def labels(page: Page) -> Locator:
    return page.locator("button[data-mark]")


def number(text: str) -> float:
    found = re.search(r"-?\d+(?:,\d+)?", text)
    assert found is not None, text
    return float(found.group().replace(",", "."))


def in_mm(spot: Spot) -> Spot:
    return spot[0] * PIXEL[0], spot[1] * PIXEL[1]


def apart(a: Spot, b: Spot) -> float:
    (ax, ay), (bx, by) = in_mm(a), in_mm(b)
    return hypot(bx - ax, by - ay)


CENTRES: list[Spot] = [(column + 2, row + 2) for column, row in DOTS]


def line_ends(page: Page) -> list[list[Spot]]:
    """The ends of every drawn line, in CSS pixels of the viewport."""
    paths = page.locator("g[data-kind=length] > path:nth-of-type(2)").evaluate_all(
        "all => all.map(one => one.getAttribute('d'))"
    )
    return [[(float(x), float(y)) for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path)] for path in paths]


@pytest.mark.parametrize("ratio", [1, 1.25])
def test_what_is_measured_is_true_at_every_size_and_turn(
    ratio: float, browser: Browser, running_loop: Loop, task: dict[str, Any]
) -> None:
    forget(running_loop, task)
    with at_the_desk(browser, running_loop, task, ratio) as page:
        page.wait_for_timeout(600)
        seen = sorted(spots(page, ratio), key=lambda spot: spot[1])
        assert len(seen) == 4  # from above: the two upper ones, then the right lower, the left lower
        by_place = dict(zip(["a", "b", "d", "c"], seen, strict=True))
        page.keyboard.press("a")
        drag(page, by_place["b"], by_place["a"])
        box = stage(page)
        page.mouse.click(box["x"] + by_place["c"][0], box["y"] + by_place["c"][1])
        (ax, ay), (bx, by), (cx, cy) = (in_mm(CENTRES[i]) for i in (0, 1, 2))
        turn = abs(degrees(atan2(by - ay, bx - ax) - atan2(cy - ay, cx - ax)))
        assert number(labels(page).first.inner_text()) == pytest.approx(turn, abs=0.3)
        page.keyboard.press("Delete")
        page.keyboard.press("l")
        drag(page, by_place["a"], by_place["b"])
        truth = apart(CENTRES[0], CENTRES[1])
        assert number(labels(page).first.inner_text()) == pytest.approx(truth, abs=0.25)  # a pixel of the screen
        page.keyboard.press("q")
        inside_left = (by_place["a"][0] + 0.30 * (by_place["b"][0] - by_place["a"][0]), 0.45 * stage(page)["height"])
        drag(page, inside_left, (inside_left[0] + 25, inside_left[1] + 40))
        assert labels(page).nth(1).inner_text().startswith("TB 80,0 ± 0,0 HU")
        wait_for(
            lambda: [m["kind"] for m in kept(running_loop, task)] == ["length", "rectangle"], 20, "what stays is kept"
        )
        length, region = kept(running_loop, task)
        ends = [tuple(point) for point in length["points"]]
        for end, centre in zip(ends, CENTRES[:2], strict=True):
            assert end == pytest.approx(centre, abs=0.3)  # of an image pixel: less than two of the screen
        value = {v["name"]: v for v in length["values"]}["length"]
        assert (value["unit"], length["basis"]) == ("mm", "patient")
        assert value["number"] == pytest.approx(apart(*ends), abs=1e-6)
        (x0, y0), _, (x1, y1), _ = region["points"]
        area = {v["name"]: v["number"] for v in region["values"]}["area"]
        assert area == pytest.approx(abs((x1 - x0) * (y1 - y0)) * PIXEL[0] * PIXEL[1])
        for keys in (["+"], ["h"], ["0", "t"], ["Shift+H"], ["h", "t"], ["-", "t"]):
            for key in keys:
                page.keyboard.press(key)

            def on_its_squares() -> bool:
                page.wait_for_timeout(250)
                (drawn,) = line_ends(page)
                places = spots(page, ratio)
                return len(places) == 4 and all(min(hypot(x - u, y - v) for u, v in places) < 1.6 for x, y in drawn)

            wait_for(on_its_squares, 10, f"the line is drawn where it was, after {keys}")


def test_marks_survive_a_reload_a_lost_line_and_another_browser(
    browser: Browser, running_loop: Loop, task: dict[str, Any]
) -> None:
    forget(running_loop, task)
    with at_the_desk(browser, running_loop, task) as page:
        page.keyboard.press("l")
        drag(page, (300, 200), (400, 260))
        wait_kept(page, running_loop, task, 1)
        page.context.set_offline(True)
        drag(page, (300, 300), (420, 360))
        expect(page.get_by_text("Chưa lưu được 1 phép đo")).to_be_visible()
        page.context.set_offline(False)
        wait_kept(page, running_loop, task, 2)
        expect(page.get_by_text("Chưa lưu được")).to_have_count(0)
        before = labels(page).all_inner_texts()
        drag(page, (300, 400), (420, 460))
        page.reload()  # at once
        page.locator("[data-marks='3']").wait_for(state="attached", timeout=15000)
        assert labels(page).all_inner_texts()[:2] == before
    with at_the_desk(browser, running_loop, task) as page:
        page.locator("[data-marks='3']").wait_for(state="attached", timeout=15000)
    assert len(kept(running_loop, task)) == 3


def test_a_measurement_by_keyboard_alone(
    visit: Visit, running_loop: Loop, task: dict[str, Any], axe: Callable[..., list[str]]
) -> None:
    forget(running_loop, task)
    desk = visit("hub", "radiologist")
    page = desk.page
    page.goto(f"{desk.url}/reading/{task['id']}")
    page.locator("[data-marks]").first.wait_for(state="attached", timeout=30000)
    wait_drawn(page)
    page.keyboard.press("l")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator("[data-crosshair]")).to_have_count(1)
    desk.shot("tools-keyboard")
    page.keyboard.press("Enter")
    expect(labels(page)).to_have_count(1)
    (mark,) = wait_kept(page, running_loop, task, 1)
    page.keyboard.press(".")
    expect(labels(page).first).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")  # its first point
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    wait_for(lambda: [m["points"] for m in kept(running_loop, task)] == [mark["points"]], 20, "it is where it was")
    page.keyboard.press("Control+Shift+Z")
    page.keyboard.press(".")
    page.keyboard.press("Delete")
    wait_kept(page, running_loop, task, 0)
    page.keyboard.press("Control+z")
    wait_kept(page, running_loop, task, 1)
    page.keyboard.press("m")
    expect(page.locator("[data-mark-list] [data-entry]").first).to_be_focused()
    desk.shot("tools-list")
    assert axe(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.wait_for_timeout(400)
    desk.shot("tools-keys")
    page.get_by_role("button", name="Đổi phím").click()
    page.get_by_role("button", name="Đổi phím của: Góc Cobb").click()
    page.keyboard.press("l")
    expect(page.get_by_role("alert")).to_contain_text("L đang là phím của: Đo khoảng cách")
    page.keyboard.press("Enter")  # use it here
    expect(page.get_by_role("button", name="Đổi phím của: Góc Cobb: L")).to_be_visible()
    desk.shot("tools-own-keys")
    assert axe(page) == []
    page.get_by_role("button", name="Trả về phím mặc định").click()
    expect(page.get_by_role("button", name="Đổi phím của: Góc Cobb: C")).to_be_visible()


def test_a_length_says_what_it_rests_on(browser: Browser, running_loop: Loop, task: dict[str, Any]) -> None:
    forget(running_loop, task)
    with at_the_desk(browser, running_loop, task) as page:
        next_series(page)
        page.get_by_text("DX · chuỗi 2").wait_for(state="detached")  # no texts over the image
        page.keyboard.press("l")
        drag(page, (300, 200), (500, 200))
        expect(labels(page).first).to_contain_text("mm · trên tấm nhận")
        page.keyboard.press("Shift+L")
        drag(page, (300, 300), (400, 300))
        page.keyboard.type("25,4")
        page.keyboard.press("Enter")
        expect(labels(page).first).to_have_text("50,8 mm · đã hiệu chuẩn")
        page.keyboard.press("Control+z")
        expect(labels(page).first).to_contain_text("trên tấm nhận")
        next_series(page)
        page.keyboard.press("l")
        drag(page, (350, 200), (450, 200))
        expect(labels(page).first).to_contain_text("mm · theo vùng siêu âm")
        drag(page, (350, 600), (450, 700))
        expect(labels(page).nth(1)).to_contain_text("px")
        marks = wait_kept(page, running_loop, task, 3)
        assert sorted(mark["basis"] for mark in marks) == ["detector", "none", "region"]
