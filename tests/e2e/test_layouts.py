"""Studies hang by protocols; cells by key; what scrolls together; priors beside; planes through volumes; a window that follows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import Watched
from tests.e2e.desk_node import PASSWORD, DeskNode, file_of
from tests.flow.nursery import Nursery
from tests.wire.conftest import an_image

SIDE, SLICES = 64, 16
MAMMOGRAPHY = "1.2.840.10008.5.1.4.1.1.1.2"
AXIAL, CORONAL = [1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, -1]


def a_series(study: str, number: int, count: int, words: str, **changes: Any) -> list[bytes]:
    """A CT series of a box with a bright core; `step` and `plane` say how its slices lie."""
    step, plane, first = changes.pop("step", 4.0), changes.pop("plane", AXIAL), changes.pop("first", 0.0)
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    core = (np.hypot(x - SIDE / 2, y - SIDE / 2) < SIDE / 4).astype("uint16")
    files = []
    for index in range(count):
        at = first - index * step
        position = [-32, -32, at] if plane == AXIAL else [-32, at, 0]
        samples = (core * (1100 + index) + 24).astype("<u2")
        common = {
            "StudyInstanceUID": study,
            "SeriesInstanceUID": f"{study}.{number}",
            "SOPInstanceUID": f"{study}.{number}.{index + 1}",
            "SeriesNumber": number,
            "SeriesDescription": words,
            "StudyDescription": "CT ngực",
            "StudyDate": "20261120",
            "BodyPartExamined": "CHEST",
            "FrameOfReferenceUID": f"{study}.9",
            "ImageOrientationPatient": plane,
            "ImagePositionPatient": position,
            "PixelSpacing": [1, 1],
            "SliceThickness": step,
            "RescaleIntercept": -1024,
            "RescaleSlope": 1,
            "BitsStored": 16,
            "HighBit": 15,
            "PixelData": samples.tobytes(),
        }
        files.append(file_of(an_image(index + 1, SIDE, **(common | changes))))
    return files


def a_mammogram(number: int, side: str, view: str) -> bytes:
    study = "2.25.803"
    return file_of(
        an_image(
            number,
            SIDE,
            SOPClassUID=MAMMOGRAPHY,
            Modality="MG",
            StudyInstanceUID=study,
            SeriesInstanceUID=f"{study}.{number}",
            SOPInstanceUID=f"{study}.{number}.1",
            StudyDescription="Nhũ ảnh",
            SeriesDescription=f"{side} {view}",
            SeriesNumber=number,
            StudyDate="20261119",
            PatientID="P2",
            PatientName="Lý^Thị Nhũ",
            ImageLaterality=side,
            ViewPosition=view,
            PatientOrientation=["A", "F"] if side == "L" else ["P", "F"],
        )
    )


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Iterator[DeskNode]:
    node = DeskNode(tmp_path_factory.mktemp("layouts"), nursery)
    node.start()
    now, before = "2.25.801", "2.25.802"
    node.take(
        [
            *a_series(now, 1, SLICES, "Mô mềm"),
            *a_series(now, 2, SLICES * 2, "Phổi sắc nét", step=2.0),
            *a_series(now, 3, 12, "Tái tạo CORONAL", plane=CORONAL, first=22.0),
            *a_series(before, 1, SLICES, "Mô mềm", first=100.0, StudyDate="20260312", StudyDescription="CT ngực cũ"),
            *[
                a_mammogram(n, s, v)
                for n, (s, v) in enumerate([("L", "MLO"), ("L", "CC"), ("R", "MLO"), ("R", "CC")], 1)
            ],
        ]
    )
    node.wait_tasks(3)
    yield node
    node.stop()


@pytest.fixture(scope="module")
def page(browser: Browser, desk: DeskNode) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1600, "height": 900}, locale="vi-VN", bypass_csp=True)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{desk.url}/")
    page.get_by_label("Tên đăng nhập").fill("anh")
    page.get_by_label("Mật khẩu", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_text("Nhũ ảnh").first.wait_for()
    yield page
    context.close()
    assert problems == []


def open_study(page: Page, desk: DeskNode, description: str) -> None:
    (task,) = [one for one in desk.wait_tasks(0) if one["description"] == description]
    page.goto(f"{desk.url}/reading/{task['id']}")
    expect(page.get_by_text(re.compile(r"^Ảnh \d+/\d+$")).first).to_be_visible(timeout=20_000)


def save_shot(page: Page, name: str) -> None:
    Watched(page, "").shot(name)


def cells(page: Page) -> Locator:
    return page.locator("main section")


def image_in(page: Page, cell: int) -> str:
    return cells(page).nth(cell).get_by_text(re.compile(r"^Ảnh \d+/\d+$")).inner_text()


def shows(page: Page, cell: int, words: str) -> None:
    expect(cells(page).nth(cell).get_by_text(words, exact=True).first).to_be_visible(timeout=15_000)


def test_a_chest_ct_hangs_beside_its_prior_which_is_plainly_one(page: Page, desk: DeskNode) -> None:
    open_study(page, desk, "CT ngực")
    expect(cells(page)).to_have_count(2)
    shows(page, 0, "Mô mềm")
    prior = cells(page).nth(1)
    expect(prior.get_by_text("Ca cũ")).to_be_visible(timeout=15_000)
    expect(prior.get_by_text("12/03/2026").first).to_be_visible()
    expect(cells(page).nth(0).get_by_text("W 400 · L 40")).to_be_visible()
    page.wait_for_timeout(300)
    save_shot(page, "layout-prior")
    # two studies have nothing in common until the reader says what belongs together
    page.keyboard.press("ArrowDown")
    shows(page, 0, "Ảnh 10/16")
    assert image_in(page, 1) == "Ảnh 9/16"
    page.keyboard.press("Shift+X")
    page.keyboard.press("PageUp")
    shows(page, 0, "Ảnh 1/16")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    shows(page, 1, "Ảnh 2/16")


def test_cells_are_chosen_filled_and_maximised_by_key_and_scroll_by_position(page: Page, desk: DeskNode) -> None:
    page.keyboard.press("Shift+Digit4")
    expect(cells(page)).to_have_count(4)
    page.keyboard.press("Shift+ArrowDown")
    expect(cells(page).nth(2)).to_have_attribute("data-active", "true")
    page.keyboard.press("f")
    expect(page.get_by_role("listbox")).to_be_focused()
    page.keyboard.press("2")
    shows(page, 2, "Phổi sắc nét")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("f")
    expect(page.get_by_role("listbox")).to_be_focused()
    page.keyboard.press("3")
    shows(page, 3, "Tái tạo CORONAL")
    page.keyboard.press("Shift+ArrowLeft")
    expect(cells(page).nth(2)).to_have_attribute("data-active", "true")
    page.keyboard.press("Home")
    shows(page, 2, "Ảnh 1/32")
    page.keyboard.press("PageDown")  # 20 mm further on
    shows(page, 2, "Ảnh 11/32")
    shows(page, 0, "Ảnh 6/16")
    expect(cells(page).nth(3).locator("svg line").first).to_be_attached()  # where the active image cuts the coronal one
    save_shot(page, "layout-four")
    page.keyboard.press("x")
    page.keyboard.press("PageDown")
    shows(page, 2, "Ảnh 21/32")
    assert image_in(page, 0) == "Ảnh 6/16"
    page.keyboard.press("x")
    shows(page, 0, "Ảnh 11/16")
    page.keyboard.press("Enter")
    expect(cells(page).nth(0)).to_be_hidden()
    page.keyboard.press("Enter")
    expect(cells(page).nth(0)).to_be_visible()


def test_a_series_is_dragged_onto_a_cell(page: Page) -> None:
    strip = page.get_by_role("navigation", name="Các chuỗi ảnh")
    strip.get_by_role("button", name=re.compile("Phổi sắc nét")).drag_to(cells(page).nth(1))
    shows(page, 1, "Phổi sắc nét")
    expect(cells(page).nth(1)).to_have_attribute("data-active", "true")


def test_planes_go_through_a_volume_with_its_values_and_leave_again(page: Page) -> None:
    cells(page).nth(0).focus()
    page.keyboard.press("v")
    shows(page, 0, "Ngang tái tạo")
    shows(page, 1, "Đứng dọc tái tạo")
    shows(page, 2, "Đứng ngang tái tạo")
    assert image_in(page, 2).endswith("/64")
    page.keyboard.press("Shift+V")  # a slab of 10 mm
    expect(cells(page).nth(0).get_by_text("MIP (sáng nhất) · 10 mm")).to_be_visible()
    centre = cells(page).nth(0).locator("svg circle").last
    box = centre.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 40, steps=4)
    page.mouse.up()
    expect(cells(page).nth(1).get_by_text("Ảnh 33/64")).to_have_count(0, timeout=10_000)
    page.wait_for_timeout(400)
    save_shot(page, "layout-planes")
    page.keyboard.press("v")
    shows(page, 1, "Phổi sắc nét")


def test_a_window_on_another_screen_follows_the_reading_page(page: Page, desk: DeskNode) -> None:
    with page.expect_popup() as opened:
        page.keyboard.press("Shift+D")
    second = opened.value
    expect(second.get_by_text("Cửa sổ thứ hai: đi theo trang đọc")).to_be_visible(timeout=15_000)
    open_study(page, desk, "Nhũ ảnh")
    second.wait_for_url(re.compile("2.25.803"), timeout=15_000)
    second.close()  # nobody minds
    expect(cells(page)).to_have_count(4)


def test_mammograms_hang_back_to_back_and_a_changed_screen_can_be_kept(page: Page, desk: DeskNode) -> None:
    for cell, words in enumerate(("R CC", "L CC", "R MLO", "L MLO")):
        shows(page, cell, words)
    page.wait_for_timeout(300)
    save_shot(page, "layout-mammography")
    page.keyboard.press("Shift+Digit2")
    expect(cells(page)).to_have_count(2)
    page.keyboard.press("Shift+P")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=re.compile("làm mặc định của tôi")).click()
    expect(dialog.get_by_text("Của tôi", exact=True)).to_be_visible(timeout=10_000)
    page.wait_for_timeout(300)
    save_shot(page, "layout-protocols")
    open_study(page, desk, "Nhũ ảnh")
    expect(cells(page)).to_have_count(2)
    shows(page, 0, "R CC")
    shows(page, 1, "L CC")
