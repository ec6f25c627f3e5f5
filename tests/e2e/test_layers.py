"""What lies over an image in the browser: presentation states, segments, overlays of the device."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.objects import (
    ACROSS,
    BACKWARDS,
    PATHS,
    SQUARED,
    STAIRS,
    STEP,
    Look,
    a_node_of_objects,
    looking,
    picture,
    settle,
    settle_plain,
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path, shared_data: Path) -> Iterator[str]:
    with a_node_of_objects(tmp_path_factory.mktemp("layers"), migrated_sqlite, shared_data) as made:
        yield made


@pytest.fixture
def look(browser: Browser, address: str, shared_data: Path) -> Iterator[Look]:
    with looking(browser, address, shared_data) as enter:
        yield enter


def windowed(value: float, center: float, width: float) -> float:
    """PS3.3 C.11.2.1.2.1, to 0 … 255."""
    return min(255.0, max(0.0, ((value - (center - 0.5)) / (width - 1) + 0.5) * 255))


def steps(page: Page) -> list[int]:
    """The level in the middle of each square."""
    seen = picture(page)[..., 0]
    height, width = seen.shape
    edge = min(height, width)
    left, top = (width - edge) / 2, (height - edge) / 2
    middles = [(place + 0.5) * edge / ACROSS for place in range(ACROSS)]
    return [int(seen[int(top + y), int(left + x)]) for y in middles for x in middles]


def layers(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Lớp phủ")).click()
    expect(page.get_by_role("dialog", name="Lớp phủ")).to_be_visible()


def test_a_presentation_state_shows_the_image_as_the_origin_saw_it(look: Look) -> None:
    watched = look(PATHS[0])
    page = watched.page
    plain = settle_plain(page)
    layers(page)
    page.get_by_role("radio", name=re.compile("GAN_1")).check()
    page.keyboard.press("Escape")
    expect(page.locator("canvas[data-objects='2']")).to_be_attached()
    expect(page.get_by_text("W 150 · L 70")).to_be_visible()
    settle(page, least=plain + 400)
    watched.shot("objects-presentation")
    page.locator("main [role=img]").first.hover()
    page.keyboard.press("ArrowDown")  # the state names the first slice alone
    expect(page.get_by_text("Ảnh 2/3")).to_be_visible()
    expect(page.get_by_text("Trạng thái GAN_1 không nói về ảnh này: ảnh được xem như thường")).to_be_visible()
    expect(page.get_by_text("W 400 · L 40")).to_be_visible()
    settle(page, most=plain + 350)  # the words have a colour
    watched.shot("objects-presentation-elsewhere")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_text("W 150 · L 70")).to_be_visible()
    settle(page, least=plain + 400)
    layers(page)
    page.get_by_role("radio", name="Như đã lưu").check()
    page.keyboard.press("Escape")
    expect(page.get_by_text("W 150 · L 70")).to_have_count(0)
    settle(page, most=plain + 200)


@pytest.mark.parametrize("renderer", ["cpu", "gpu"])
def test_the_tables_of_a_state_reach_the_screen(look: Look, renderer: str) -> None:
    watched = look(STAIRS)
    page = watched.page
    page.evaluate("(name) => localStorage.setItem('lientuyen.renderer', name)", renderer)
    page.reload()
    stored = [STEP * place for place in range(ACROSS * ACROSS)]
    expected: dict[str, list[float]] = {
        "VUONG": [SQUARED[round(windowed(2 * value - 3000, 500, 4001))] for value in stored],
        "NGUOC": [windowed(BACKWARDS[value], 2048, 2001) for value in stored],
        "Như đã lưu": [windowed(value - 1000, 40, 400) for value in stored],
    }
    for name, levels in expected.items():
        layers(page)
        page.get_by_role("radio", name=re.compile(name)).check()
        page.keyboard.press("Escape")
        for _ in range(60):
            found = steps(page)
            if np.abs(np.array(found) - levels).max() <= 1.5:
                break
            page.wait_for_timeout(80)
        assert found == [pytest.approx(level, abs=1.5) for level in levels], name
        watched.shot(f"objects-greys-{name[:2].lower()}-{renderer}")


def test_a_state_that_leaves_things_out_says_so_on_the_image(look: Look) -> None:
    watched = look(PATHS[0])
    page = watched.page
    settle_plain(page)
    layers(page)
    page.get_by_role("radio", name=re.compile("TRAN")).check()
    page.keyboard.press("Escape")
    expect(page.get_by_text("đang xem toàn dải giá trị")).to_be_visible()
    expect(page.get_by_text("cửa sổ tính trên giá trị gốc, không phải HU")).to_be_visible()
    watched.shot("objects-presentation-bare")


def test_segments_are_laid_over_the_slices_that_they_belong_to(look: Look) -> None:
    watched = look(PATHS[0])
    page = watched.page
    settle_plain(page)
    page.keyboard.press("ArrowDown")  # three segments lie on the second slice, one of them on the first
    expect(page.get_by_text("Ảnh 2/3")).to_be_visible()
    plain = settle_plain(page)
    layers(page)
    page.get_by_role("checkbox").first.check()
    expect(page.get_by_role("slider", name="Độ đậm")).to_be_visible()
    expect(page.get_by_role("checkbox")).to_have_count(6)
    page.keyboard.press("Escape")
    full = settle(page, least=plain + 3000)
    legend = page.get_by_role("list", name="Phân đoạn và đường viền")
    expect(legend.get_by_role("listitem")).to_have_count(3)
    watched.shot("objects-segmentation")
    page.keyboard.press("ArrowUp")
    expect(legend.get_by_role("listitem")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    layers(page)
    for box in page.get_by_role("checkbox").all()[1:]:
        box.uncheck()
    page.keyboard.press("Escape")
    assert settle(page, most=plain + 300) < full


def test_overlays_of_the_device_are_drawn_and_can_be_taken_away(look: Look) -> None:
    watched = look("ko_pr/offis-gsps-12/1.2.276.0.7230010.3.200.12.1.1")
    page = watched.page
    expect(page.locator("canvas[data-objects='4']")).to_be_attached()
    page.wait_for_timeout(400)
    before = picture(page)
    watched.shot("objects-overlays")
    layers(page)
    page.get_by_role("checkbox", name="Lớp chữ và hình của máy").uncheck()
    page.keyboard.press("Escape")
    expect(page.locator("canvas[data-objects='0']")).to_be_attached()
    assert (before != picture(page)).sum() > 200
