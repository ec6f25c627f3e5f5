"""Images on a slow line: a coarse preview first, plainly marked, on which nobody may measure or sign; then the whole image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from node.web.stream import HEAD, MAGIC, Kind
from tests.e2e.desk_node import PASSWORD, DeskNode, a_study
from tests.flow.loop import wait_for
from tests.flow.nursery import Nursery
from tests.images import smooth

SLICES, SIDE = 12, 512
SOON = 20_000  # ms
OPENING, FRAMES = re.compile(r"/opening$"), re.compile(r"/frames/")
MARKS = "performance.getEntriesByType('mark').map((mark) => mark.name)"


earlier = {"StudyDate": "20260312", "StudyDescription": "CT ngực lần trước"}


def radiograph(rows: int = 2200, columns: int = 1800) -> dict[str, Any]:
    samples = smooth(rows, columns, dtype="uint16", top=4000)[0]
    place = {"PatientID": "P2", "Modality": "DX", "BodyPartExamined": "CHEST", "StudyDescription": "X-quang ngực"}
    return {**place, "Rows": rows, "Columns": columns, "PixelData": samples.tobytes()}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Iterator[DeskNode]:
    node = DeskNode(tmp_path_factory.mktemp("previews"), nursery)
    node.start()
    noise = np.random.default_rng(1).integers(0, 400, (SIDE, SIDE)).astype("uint16")
    samples = smooth(SIDE, SIDE, dtype="uint16", top=2000)[0] + noise
    node.take(a_study(1, SLICES, Rows=SIDE, Columns=SIDE, PixelData=samples.tobytes()))
    node.take(a_study(2, 1, **radiograph()))
    chest = {"PatientID": "P3", "BodyPartExamined": "CHEST", "StudyDescription": "CT ngực"}
    node.take(a_study(3, SLICES, **chest))
    node.take(a_study(4, SLICES, **(chest | earlier)))
    node.wait_tasks(4)
    yield node
    node.stop()


@pytest.fixture
def page(browser: Browser, desk: DeskNode) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 860}, locale="vi-VN", bypass_csp=True)
    page = context.new_page()
    page.route(OPENING, lambda route: route.abort())  # nothing is fetched ahead
    page.goto(f"{desk.url}/")
    page.get_by_label("Tên đăng nhập").fill("anh")
    page.get_by_label("Mật khẩu", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_text("CT sọ não không tiêm").first.wait_for()
    yield page
    page.unroute_all(behavior="ignoreErrors")  # an answer may be on its way through one of them
    context.close()


def cut_off(route: Route) -> None:
    """The line breaks when the first preview is through."""
    answer = route.fetch()
    body, at = answer.body(), len(MAGIC)
    kind = Kind.METADATA
    while kind is Kind.METADATA:
        number, *_, length = HEAD.unpack_from(body, at)
        kind = Kind(number)
        at += HEAD.size + length
    route.fulfill(response=answer, body=body[:at])


def marked(page: Page, name: str) -> bool:
    return f"lientuyen:{name}" in page.evaluate(MARKS)


def draw_a_length(page: Page) -> None:
    page.keyboard.press("l")
    box = page.get_by_role("img", name=re.compile("Ảnh")).first.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 90, y + 40, steps=4)
    page.mouse.up()


def marks_of(desk: DeskNode) -> list[dict[str, Any]]:
    with desk.api("anh") as api:
        return list(api.get("/api/reading/studies/2.25.91/marks").json()["items"])


def test_a_preview_is_marked_until_the_whole_image_is_there(page: Page, desk: DeskNode) -> None:
    held: list[Route] = []
    page.wait_for_load_state("networkidle")  # the viewer's code is here; its images are not
    page.unroute(OPENING)
    page.route(OPENING, cut_off)
    page.route(FRAMES, lambda route: held.append(route))
    page.get_by_role("row").filter(has_text="CT sọ não không tiêm").click()
    page.keyboard.press("Enter")
    banner = page.get_by_text("XEM TRƯỚC", exact=True)
    expect(banner).to_be_visible(timeout=SOON)
    expect(page.get_by_text("Chưa đo và chưa ký được")).to_be_visible()
    assert not marked(page, "full")
    draw_a_length(page)
    assert marks_of(desk) == []
    page.unroute(FRAMES)
    for route in held:
        route.continue_()
    expect(banner).to_be_hidden(timeout=SOON)
    wait_for(lambda: marked(page, "full"), 20, "the whole image is drawn")
    wait_for(lambda: marked(page, "all"), 40, "all slices are here in full")
    bar = page.get_by_role("slider", name="Lát cắt")
    draw_a_length(page)
    wait_for(lambda: len(marks_of(desk)) == 1, 20, "the length on the whole image is kept")
    expect(bar).to_have_attribute("aria-valuetext", re.compile(rf"đã tải đủ {SLICES}, xem trước 0"), timeout=SOON)


def opened(page: Page, words: str) -> None:
    page.unroute(OPENING)
    page.get_by_role("row").filter(has_text=words).click()
    page.keyboard.press("Enter")


def test_a_large_image_shows_its_preview_while_all_of_it_is_decoded(page: Page) -> None:
    opened(page, "X-quang ngực")
    wait_for(lambda: marked(page, "full"), 20, "the radiograph is here in full")
    when = "performance.getEntriesByName('lientuyen:{}')[0].startTime"
    assert page.evaluate(when.format("preview")) <= page.evaluate(when.format("full"))


def test_a_prior_leaves_the_line_to_the_study_that_is_read(page: Page, desk: DeskNode) -> None:
    with desk.api("anh") as api:
        tasks = api.get("/api/reading/tasks", params={"state": "all"}).json()["items"]
    (task,) = [one["id"] for one in tasks if one["study_instance_uid"] == "2.25.93"]
    page.goto("about:blank")  # the worklist fetches ahead
    page.unroute(OPENING)
    held: list[Route] = []
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if OPENING.search(request.url) else None)
    page.route(re.compile(r"2\.25\.93/(.*/)?opening$"), lambda route: held.append(route))
    page.goto(f"{desk.url}/reading/{task}")
    waits = page.get_by_text("Ca cũ tải sau ca đang đọc")
    expect(waits).to_be_visible(timeout=SOON)
    assert not [url for url in asked if "2.25.94" in url]
    for route in held:
        route.continue_()
    expect(waits).to_be_hidden(timeout=SOON)
    prior = page.get_by_role("region", name=re.compile("ca cũ", re.IGNORECASE))
    expect(prior.get_by_text(re.compile(r"Ảnh \d+/"))).to_be_visible(timeout=SOON)
