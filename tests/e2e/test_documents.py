"""What is read beside the images in the browser: reports, measurements, tracings, chosen images, attributes, headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.objects import PATHS, Look, a_node_of_objects, looking, settle_plain


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path, shared_data: Path) -> Iterator[str]:
    with a_node_of_objects(tmp_path_factory.mktemp("documents"), migrated_sqlite, shared_data) as made:
        yield made


@pytest.fixture
def look(browser: Browser, address: str, shared_data: Path) -> Iterator[Look]:
    with looking(browser, address, shared_data) as enter:
        yield enter


def test_an_electrocardiogram_stands_on_its_paper_and_is_measured(look: Look) -> None:
    watched = look("pydicom-testfiles/pydicom__waveform_ecg.dcm")
    page = watched.page
    paper = page.get_by_role("img", name="Bản ghi 12 kênh, 10.0 giây")
    expect(paper).to_have_attribute("data-traces", "13")
    expect(page.get_by_text("RITMO SINUSALE")).to_be_visible()
    box = paper.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 60)  # 4 pixels to the millimetre, 25 mm to the second
    page.mouse.up()
    expect(page.get_by_text("1000 ms · 60 lần/phút")).to_be_visible()
    watched.shot("objects-ecg")


def test_a_dose_report_is_a_table_in_vietnamese(look: Look) -> None:
    watched = look("sr/openrem-pypi__CT-RDSR-Siemens_Flash-TAP-SS.dcm")
    page = watched.page
    expect(page.get_by_role("heading", name="Báo cáo liều bức xạ tia X")).to_be_visible()
    table = page.get_by_role("region", name="Lần chụp CT")
    expect(table.get_by_role("row")).not_to_have_count(1)
    expect(table.get_by_text("CTDIvol trung bình")).to_be_visible()
    watched.shot("objects-dose")


def test_measurements_lead_to_their_image(look: Look) -> None:
    watched = look("sr/highdicom__sr_document_with_multiple_groups.dcm")
    page = watched.page
    page.get_by_role("button", name=re.compile("SR")).first.click()
    expect(page.get_by_role("heading", name="Báo cáo đo lường hình ảnh")).to_be_visible()
    watched.shot("objects-measurements")
    page.get_by_role("button", name=re.compile("Xem ảnh")).first.click()
    expect(page.locator("canvas[data-objects]")).to_be_attached()


def test_chosen_images_are_shown_small_and_lead_to_themselves_those_that_never_came_are_counted(look: Look) -> None:
    watched = look(PATHS[0])
    page = watched.page
    page.get_by_role("button", name=re.compile("Ảnh chọn")).click()
    expect(page.get_by_text("1/2 ảnh được chọn không có ở đây")).to_be_visible()
    chosen = page.get_by_role("button", name=re.compile("^Xem ảnh"))
    expect(chosen).to_have_count(1)
    watched.shot("objects-key-here")
    chosen.click()
    expect(page.get_by_text("Ảnh 1/3")).to_be_visible()


@pytest.mark.parametrize(
    ("path", "words", "name"),
    [
        (
            "ko_pr/weasis-demo__2.25.233264940140993415200268000968453086368",
            "6/6 ảnh được chọn không có ở đây",
            "objects-key",
        ),
        ("rt/debian-octave-dicom__rtstruct.dcm", "Structure Set Label", "objects-attributes"),
    ],
)
def test_other_documents_are_readable(path: str, words: str, name: str, look: Look) -> None:
    watched = look(path)
    expect(watched.page.get_by_text(words).first).to_be_visible()
    watched.shot(name)


def test_the_header_of_an_image_is_searched_by_keyboard(look: Look) -> None:
    watched = look(PATHS[0])
    page = watched.page
    settle_plain(page)
    expect(page.get_by_role("navigation", name="Các chuỗi ảnh")).to_be_visible()  # with it the keys are heard
    expect(page.get_by_role("note")).to_have_text("Không dùng để chẩn đoán chính thức")
    page.keyboard.press("Shift+I")
    dialog = page.get_by_role("dialog", name="Thông tin DICOM")
    dialog.get_by_label("Tìm theo mã, tên hay giá trị").fill("photometric")
    expect(dialog.get_by_role("row")).to_have_count(2)
    watched.shot("objects-header")
