"""Seconds until a reader sees a study, beside OHIF's published build on the same server: `make bench-viewer`.

A CT of 400 slices and a radiograph of 3072 x 2560 go through a whole loop (district, compression, hub); the hub serves them to
both viewers in headless Chromium without a GPU. Each is opened from its list of studies, with its program there, over a local
network and over emulated lines; then whole stacks, jumps, scrolling, memory, and the cold start.

    bench/viewer.py [--runs 3] [--only opening stack jump scroll memory cold] [--lines LAN ...] [--readme]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pydicom
from playwright.sync_api import Browser, Page
from pydicom.uid import DigitalXRayImageStorageForPresentation, generate_uid

from bench.bare import bare_page
from bench.browsers import (
    FLAGS,
    LAN,
    PROBE,
    SCROLL,
    Line,
    Moments,
    Ohif,
    Ours,
    Subject,
    Viewer,
    chromium,
    high_water_megabytes,
    log_in,
)
from bench.table import write_readme
from bench.viewer_table import MARKS, Figures, markdown
from node.dicom.phantom import write_ct, write_phantoms
from tests.flow.loop import Loop, free_port_base
from tests.services import find_program

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"
OHIF = "@ohif/app@3.13.2"
LINES = (
    LAN,
    Line("20 Mbit/s, 50 ms", 20, 50),
    Line("20 Mbit/s, 300 ms", 20, 300),
    Line("4 Mbit/s, 50 ms", 4, 50),
    Line("4 Mbit/s, 300 ms", 4, 300),
    Line("1 Mbit/s, 50 ms", 1, 50),
    Line("1 Mbit/s, 300 ms", 1, 300),
)
STACK_LINE = Line("8 Mbit/s, 300 ms", 8, 300)
SIZE = {"width": 1440, "height": 860}
PATIENCE = 150.0  # seconds that a picture may take
LIST_OPEN = 12.0  # seconds, at most, that the list of studies is open before something is opened from it
SUBJECTS = {"ct": ("CT bốn trăm lát", 400), "dx": ("X-quang ngực lớn", 1), "half": ("CT hai trăm lát", 200)}
BIG = ("CT một nghìn lát", 1000)


class ViewerLoop(Loop):
    """A loop whose hub also serves OHIF."""

    def __init__(self, folder: Path, ohif: Path) -> None:
        super().__init__(folder, quiet_seconds=1.0)
        self.ohif = ohif
        self.ohif_port = free_port_base() + 23
        self.added: set[str] = set()  # reading tasks

    def _spawn(self, name: str, crash: str) -> None:
        if name != "hub":
            super()._spawn(name, crash)
            return
        settings = str(self.site(name).folder / "node.toml")
        command = [sys.executable, "-m", "bench.ohif_node", settings, str(self.ohif), str(self.ohif_port)]
        self.processes[name] = subprocess.Popen(command, cwd=ROOT)

    def add(self, folder: Path, description: str, count: int) -> Subject:
        """Sends what is in the folder, of a patient of its own; returns it as the hub's reader finds it."""
        for path in folder.rglob("*.dcm"):
            ds = pydicom.dcmread(path)
            ds.StudyDescription, ds.PatientID = description, f"VIEWER-{len(self.added) + 1}"
            ds.save_as(path)
        storescu = find_program("storescu", "dcmtk")
        target = ["-aec", "TTYT_DINHHOA", "+sd", "127.0.0.1", str(self.demo.district.dicom_port)]
        subprocess.run([str(storescu), *target, str(folder)], check=True, stdout=subprocess.DEVNULL)
        tasks = self.wait_task(count=len(self.added) + 1, seconds=240)
        (task,) = [task for task in tasks if task["id"] not in self.added]
        self.added.add(task["id"])
        return Subject(task["study_instance_uid"], task["id"], task["description"], count)


def fetch_ohif(folder: Path) -> Path:
    """OHIF's published build, from the package registry that npm is set up with; kept for the next time."""
    build = folder / OHIF.rpartition("@")[2] / "package" / "dist"
    if not build.is_dir():
        build.parent.parent.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(
            ["npm", "pack", OHIF, "--silent", "--pack-destination", str(folder)],
            check=True,
            capture_output=True,
            text=True,
        )
        with tarfile.open(folder / packed.stdout.split()[-1]) as archive:
            archive.extractall(build.parent.parent, filter="data")
    return build


def write_radiograph(folder: Path, rows: int = 3072, columns: int = 2560) -> None:
    """A generated DX of 12 bits: the phantom's radiograph enlarged, with the noise of a detector."""
    with tempfile.TemporaryDirectory() as name:
        write_phantoms(Path(name), now=datetime.now(UTC), seed=7, ct_slices=1)
        ds = next(d for d in map(pydicom.dcmread, sorted(Path(name).rglob("*.dcm"))) if d.Modality == "CR")
    small = ds.pixel_array.astype(np.float32)
    down, across = (
        np.linspace(0, size - 1, new).astype(int) for size, new in zip(small.shape, (rows, columns), strict=True)
    )
    noise = np.random.default_rng(7).normal(0, 12, (rows, columns))
    plane = np.clip(small[np.ix_(down, across)] + noise, 0, 4095).astype(np.uint16)
    ds.Rows, ds.Columns, ds.PixelData, ds.Modality = rows, columns, plane.tobytes(), "DX"
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid(None)
    ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(None), generate_uid(None)
    folder.mkdir(parents=True, exist_ok=True)
    ds.save_as(folder / "dx.dcm")


def write_subject(folder: Path, key: str, slices: int) -> None:
    if key == "dx":
        write_radiograph(folder)
    else:
        write_ct(folder, slices=slices, now=datetime.now(UTC), seed=slices)


class Bench:
    """The measurements; each opens pages of its own, so that nothing of an earlier one is in the browser's cache."""

    def __init__(self, loop: ViewerLoop, browser: Browser, runs: int, viewers: Collection[str]) -> None:
        self.loop = loop
        self.browser = browser
        self.runs = runs
        self.url = loop.site("hub").url
        self.person = loop.credentials["hub"]["users"]["radiologist"]
        ours, ohif = Ours(self.url, self.person), Ohif(f"http://127.0.0.1:{loop.ohif_port}")
        self.viewers: list[Viewer] = [v for v in (ours, ohif) if v.name in viewers]
        self.figures = Figures()

    @contextmanager
    def page(self, size: dict[str, int] = SIZE) -> Iterator[Page]:
        context = self.browser.new_context(viewport=size, locale="vi-VN", bypass_csp=True)  # type: ignore[arg-type]
        context.add_init_script(PROBE)
        log_in(context, self.url, self.person)
        yield context.new_page()
        context.close()
        self.free()

    def free(self) -> None:
        """What was claimed is given back, for the next run."""
        with self.loop.api("hub", "radiologist") as api:
            for task in api.get("/api/reading/tasks", params={"state": "open"}).json()["items"]:
                if task["mine"]:
                    api.post(f"/api/reading/tasks/{task['id']}/release")

    def first_in_the_list(self, subject: Subject) -> None:
        """Makes the subject the reader's next study, all others routine."""
        with self.loop.api("hub", "radiologist") as api:
            for task in api.get("/api/reading/tasks", params={"state": "open"}).json()["items"]:
                priority = "emergency" if task["id"] == subject.task_id else "routine"
                api.post(f"/api/reading/tasks/{task['id']}/priority", json={"priority": priority})

    def opening(self, subjects: dict[str, Subject], lines: tuple[Line, ...]) -> None:
        for line in lines:
            runs = 1 if line.rate else self.runs  # over a line, it is the line that takes the time
            for key in ("ct", "dx"):
                for viewer in self.viewers:
                    for _ in range(runs):
                        self._open(viewer, line, key, subjects, ahead=False)
                for _ in range(runs if self.viewers[0].name == Ours.name else 0):
                    self._open(self.viewers[0], line, key, subjects, ahead=True)

    def _open(self, viewer: Viewer, line: Line, key: str, subjects: dict[str, Subject], *, ahead: bool) -> None:
        other = subjects["half"]  # what the program fetches ahead is then another study
        self.first_in_the_list(subjects[key] if ahead else other)
        with self.page() as page:
            viewer.open_list(page, line, LIST_OPEN)
            try:
                found = viewer.open_study(page, subjects[key], PATIENCE)
            except TimeoutError:
                found = Moments(PATIENCE, PATIENCE)
        name = f"{viewer.name}, next study" if ahead else viewer.name
        self.figures.note(f"first {key}", line.name, name, found.first)
        full = "not told"  # OHIF draws what it has of a stream, and says nowhere when it is whole
        if viewer.name == Ours.name:
            self.figures.note(f"full {key}", line.name, name, found.full)
            full = f"{found.full:6.2f} s"
        print(f"{line.name:18} {key}: {name:24} first {found.first:6.2f} s, full {full}", flush=True)

    def stack(self, subjects: dict[str, Subject]) -> None:
        self._each("stack", subjects["half"], lambda v, page, s: v.wait_previews(page, s, 240))

    def jump(self, subjects: dict[str, Subject]) -> None:
        def measure(viewer: Viewer, page: Page, subject: Subject) -> float:
            page.wait_for_timeout(3000)
            return viewer.jump(page, subject, 60)

        self._each("jump", subjects["ct"], measure)

    def _each(self, what: str, subject: Subject, measure: Callable[[Viewer, Page, Subject], float]) -> None:
        self.first_in_the_list(subject)
        for viewer in self.viewers:
            for _ in range(self.runs):
                with self.page() as page:
                    viewer.open_list(page, STACK_LINE, 1.0)
                    viewer.open_study(page, subject, PATIENCE)
                    seconds = measure(viewer, page, subject)
                self.figures.note(what, STACK_LINE.name, viewer.name, seconds)
                print(f"{what}: {viewer.name} {seconds:.2f} s", flush=True)

    def scroll(self, subjects: dict[str, Subject]) -> None:
        for viewer in self.viewers:
            for _ in range(self.runs):
                with self.page({"width": 1024, "height": 800}) as page:
                    viewer.open_list(page, LAN, 5)
                    viewer.open_study(page, subjects["half"], PATIENCE)
                    viewer.wait_all(page, subjects["half"], PATIENCE)
                    if viewer.name == Ours.name:
                        page.keyboard.press("Home")
                    page.wait_for_timeout(1000)
                    rate = float(page.evaluate(SCROLL, [150, "ArrowDown"]))
                self.figures.note("scroll", "1024 × 800", viewer.name, rate)
                print(f"scroll: {viewer.name} {rate:.1f} a second", flush=True)

    def memory(self, subject: Subject) -> None:
        asked = {"method": "POST", "headers": {"Content-Type": "application/json"}, "body": json.dumps(self.person)}
        for viewer in self.viewers:
            with bare_page(find_program("chromium", "chromium"), FLAGS, SIZE["width"], SIZE["height"]) as page:
                page.run_first(PROBE)
                page.goto(f"{self.url}/")
                if not page.evaluate(f"fetch('/api/session', {json.dumps(asked)}).then((answer) => answer.ok)"):
                    raise SystemExit("The login was refused.")
                page.goto(viewer.address(subject))
                page.until(f"(() => {{ try {{ return !!({viewer.loaded}); }} catch {{ return false; }} }})()", 300)
                page.evaluate(f"({SCROLL})([300, 'ArrowDown'])")
                megabytes = max(map(high_water_megabytes, page.renderers()), default=0.0)
            self.figures.note("memory", "1,000 slices", viewer.name, megabytes)
            print(f"memory: {viewer.name} {megabytes:.0f} MB", flush=True)

    def cold(self, subjects: dict[str, Subject]) -> None:
        for viewer in self.viewers:
            for _ in range(self.runs):
                context = self.browser.new_context(viewport=SIZE, locale="vi-VN", bypass_csp=True)  # type: ignore[arg-type]
                context.add_init_script(PROBE)
                if viewer.name == Ohif.name:
                    log_in(context, self.url, self.person)
                seconds = viewer.cold(context, subjects["ct"])
                context.close()
                self.free()
                self.figures.note("cold", LAN.name, viewer.name, seconds)
                print(f"cold: {viewer.name} {seconds:.2f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    everything = ("opening", "stack", "jump", "scroll", "memory", "cold")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=everything, default=everything)
    parser.add_argument("--lines", nargs="+", default=[line.name for line in LINES])
    parser.add_argument("--viewers", nargs="+", choices=(Ours.name, Ohif.name), default=(Ours.name, Ohif.name))
    parser.add_argument("--readme", action="store_true", help="put the table into README.md")
    wanted = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=RESULTS) as name:
        loop = ViewerLoop(Path(name), fetch_ohif(ROOT / "build" / "ohif"))
        try:
            loop.start_both()
            figures = measure(loop, Path(name), wanted)
        finally:
            loop.close()
    text = markdown(figures, os.cpu_count() or 1)
    print(text)
    kept = RESULTS / f"viewer-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    kept.write_text(json.dumps(asdict(figures), ensure_ascii=False, indent=1), encoding="utf-8")
    if wanted.readme:
        write_readme(ROOT / "README.md", text, MARKS)


def measure(loop: ViewerLoop, folder: Path, wanted: argparse.Namespace) -> Figures:
    subjects: dict[str, Subject] = {}
    for key, (description, slices) in SUBJECTS.items():
        write_subject(folder / key, key, slices)
        subjects[key] = loop.add(folder / key, description, slices)
    with chromium(find_program("chromium", "chromium")) as browser:
        bench = Bench(loop, browser, wanted.runs, wanted.viewers)
        if "opening" in wanted.only:
            bench.opening(subjects, tuple(line for line in LINES if line.name in wanted.lines))
        for what in ("stack", "jump", "scroll", "cold"):
            if what in wanted.only:
                getattr(bench, what)(subjects)
        if "memory" in wanted.only:
            write_subject(folder / "big", "big", BIG[1])
            bench.memory(loop.add(folder / "big", *BIG))
    return bench.figures


if __name__ == "__main__":
    main()
