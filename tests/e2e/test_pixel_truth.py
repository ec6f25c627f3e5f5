"""Pixel truth: what the shipped viewer puts on the screen is what pydicom makes of the stored image, within one grey level.

Every readable image of the collection is in a real node, is shown by the application's own `ImageView` at one screen pixel
per image pixel, and its canvas is read back: the first frame, and the middle one where there are more.
"""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page
from playwright.sync_api import Error as PlaywrightError

from node.web.pages import FOLDER
from tests.e2e.made import make_images
from tests.e2e.truth import STUDY, Held, expected, keep, serving
from tests.real.images import real_files
from tests.web.world import World, ledger_of, make_world

# Objects that say that they are images and are not, or whose pixel data are damaged: the viewer says so in words.
NOT_SHOWN: dict[str, str] = {
    "nibabel-pypi__csa_slice_norm.dcm": "has no pixel data",
    "pydicom__JPEG2000-embedded-sequence-delimiter.dcm": "its only frame is cut off; pydicom cannot decode it either",
    "pydicom__MR_truncated.dcm": "the pixel data ends before the frame does",
    "pydicom__chrJapMulti.dcm": "has no pixel data",
    "pydicom__chrJapMultiExplicitIR6.dcm": "has no pixel data",
    "pydicom__chrKoreanMulti.dcm": "has no pixel data",
}
NO_OBJECT: dict[str, str] = {
    "pydicom__no_meta.dcm": "neither preamble nor anything else that tells DICOM from other bytes"
}

SHOW = """async ({chunk, study, series, rows, columns, frames, ratio}) => {
  const { ImageView, loadStack } = await import(chunk);
  const host = document.createElement('div');
  host.style = `position:fixed;z-index:9;left:0;top:0;width:${columns / ratio}px;height:${rows / ratio}px`;
  document.body.append(host);
  const stack = await loadStack(study, series);
  const view = new ImageView(host);
  const pause = () => new Promise((next) => requestAnimationFrame(() => next()));
  const shown = [];
  try {
    for (const frame of frames) {
      if (shown.length) view.goTo(frame); else await view.open(stack, frame);
      const late = performance.now() + 60000;
      for (;;) {
        const state = view.getState();
        if (state.error) throw new Error(`${state.error.code ?? state.error.message ?? state.error}`);
        if (state.shown === frame && state.status === 'ready' && state.quality === 'full') break;
        if (performance.now() > late) throw new Error('not shown in time');
        await pause();
      }
      await pause();
      await pause();
      const canvas = [...host.querySelectorAll('canvas')].find((one) => getComputedStyle(one).display !== 'none');
      const copy = new OffscreenCanvas(canvas.width, canvas.height);
      const context = copy.getContext('2d', { willReadFrequently: true });
      context.drawImage(canvas, 0, 0);
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      const color = stack.color;
      const bytes = new Uint8Array(color ? canvas.width * canvas.height * 3 : canvas.width * canvas.height);
      const kept = color ? 3 : 1;
      for (let i = 0, j = 0; i < data.length; i += 4) for (let k = 0; k < kept; k += 1) bytes[j++] = data[i + k];
      const text = await new Promise((done) => {
        const reader = new FileReader();
        reader.onload = () => done(reader.result.slice(reader.result.indexOf(',') + 1));
        reader.readAsDataURL(new Blob([bytes]));
      });
      shown.push({ width: canvas.width, height: canvas.height, color, text });
    }
  } finally {
    view.close();
    host.remove();
  }
  return shown;
}"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("truth")
    shutil.copyfile(migrated_sqlite, folder / "ledger.db")
    made = make_world(folder, f"sqlite:///{folder / 'ledger.db'}")
    yield made
    made.node.pool.shutdown()
    ledger_of(made).dispose()


def open_page(browser: Browser, world: World, url: str, renderer: str) -> Page:
    context = browser.new_context(extra_http_headers={"Authorization": f"Bearer {world.token('bs')}"})
    page = context.new_page()
    page.goto(f"{url}/nowhere")
    page.evaluate("(name) => localStorage.setItem('lientuyen.renderer', name)", renderer)
    return page


def chunk() -> str:
    (found,) = [p for p in (FOLDER / "assets").glob("viewer-*.js") if b" as loadStack" in p.read_bytes()]
    return f"/assets/{found.name}"


def show(page: Page, one: Held) -> list[np.ndarray[Any, Any]]:
    frames = sorted({0, one.frames // 2})
    found = page.evaluate(
        SHOW,
        {
            "chunk": chunk(),
            "study": one.study,
            "series": one.series,
            "rows": one.rows,
            "columns": one.columns,
            "frames": frames,
            "ratio": 1,
        },
    )
    pictures = []
    for part in found:
        shape = (part["height"], part["width"], 3) if part["color"] else (part["height"], part["width"])
        pictures.append(np.frombuffer(base64.b64decode(part["text"]), np.uint8).reshape(shape))
    return pictures


def differs(one: Held, pictures: list[np.ndarray[Any, Any]]) -> str:
    """What is wrong with what was shown; "" when nothing is."""
    for index, picture in zip(sorted({0, one.frames // 2}), pictures, strict=True):
        true = expected(one.path, index)
        if true.shape != picture.shape:
            return f"frame {index}: {picture.shape} instead of {true.shape}"
        error = np.abs(picture.astype(float) - np.clip(np.nan_to_num(true), 0, 255))
        if error.max() > 1.0:
            return f"frame {index}: {error.max():.1f} levels off, {np.mean(error > 1):.1%} of the pixels"
    return ""


def faults(page: Page, held: list[Held]) -> dict[str, str]:
    """What is wrong, by file."""
    wrong = {}
    for one in held:
        try:
            pictures = show(page, one)
        except PlaywrightError as error:
            fault = error.message.split("\n")[0]
        else:
            fault = differs(one, pictures)
        if fault:
            wrong[one.path.name] = fault
    return wrong


@pytest.mark.timeout(900)
def test_what_reaches_the_screen_is_what_pydicom_makes_of_every_image(
    browser: Browser, world: World, shared_data: Path, tmp_path: Path
) -> None:
    only = os.environ.get("LIENTUYEN_TRUTH", "")  # part of a path, when looking for a fault
    held, refused = keep(world, [p for p in real_files(shared_data) if only in str(p)] + make_images(tmp_path))
    with serving(world) as url:
        wrong = faults(open_page(browser, world, url, "cpu"), held)
    not_shown = {name: wrong.pop(name) for name in NOT_SHOWN if name in wrong}
    assert wrong == {}
    assert all("unreadable" in fault for fault in not_shown.values()), not_shown
    if not only:
        assert set(not_shown) == set(NOT_SHOWN)
        assert {path.name for path in refused} == set(NO_OBJECT)
        assert len(held) > 450


GPU_SAMPLE = {
    f"made-{name}.dcm"
    for name in ("sigmoid", "exact", "two-windows", "fraction", "voi-table-hu", "padding-range", "no-window", "cine")
}
REAL_SAMPLE = ("cr_dx/dwv__gdcm-CR-MONO1-10-chest.dcm", "us/pydicom-data-pypi__color3d_jpeg_baseline.dcm")


def test_a_graphics_processor_draws_the_same(browser: Browser, world: World, shared_data: Path, tmp_path: Path) -> None:
    made = [path for path in make_images(tmp_path) if path.name in GPU_SAMPLE]
    held, _ = keep(world, made + [shared_data / name for name in REAL_SAMPLE], study=f"{STUDY}.7")
    with serving(world) as url:
        page = open_page(browser, world, url, "gpu")
        assert faults(page, held) == {}
