"""Seconds from the last image at the modality to "ready" on the hub's worklist, and where they go: `make bench-loop`.

A district and a hub run as processes of their own on this machine. DCMTK's storescu pushes a generated CT; the clock starts
when the last image is acknowledged to it and stops at the moment that the hub's reading task became ready. What is before
that (receiving, and all that is done while images still come) is not in the latency, but in the busy times.

    bench/loop.py [--slices 64 400] [--runs 3] [--quiet 5] [--readme]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Select, select

from bench import limits
from bench.stages import Moments, Run, Span, busy, cpu_seconds, latency_parts, read_trace
from bench.table import markdown, write_readme
from node.config import load_settings
from node.demo.run import QUIET_SECONDS
from node.dicom.phantom import write_ct
from node.ledger.schema import reading_tasks, studies
from node.ledger.sql import SqlLedger, open_ledger
from tests.flow.loop import Loop, wait_for
from tests.services import find_program

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"
_PATIENCE = 180.0  # seconds that a study may take
SITES = ("district", "hub")


class TimedLoop(Loop):
    """Both nodes, each noting when its stages work."""

    def __init__(self, folder: Path, *, quiet_seconds: float) -> None:
        super().__init__(folder, quiet_seconds=quiet_seconds)
        self._ledgers: dict[str, SqlLedger] = {}

    def trace(self, name: str) -> Path:
        return self.demo.folder / f"{name}.trace.jsonl"

    def start(self, name: str, *, crash: str = "") -> None:
        script = Path(__file__).parent / "timed_node.py"
        command = [sys.executable, str(script), str(self.site(name).folder / "node.toml"), str(self.trace(name))]
        environment = {**os.environ, "LIENTUYEN_PARENT": str(os.getpid())}
        self.processes[name] = subprocess.Popen(command, env=environment, cwd=ROOT)
        self.wait_ready(name)

    def cpu(self) -> dict[str, float]:
        return {name: cpu_seconds(process.pid) for name, process in self.processes.items()}

    def ask(self, name: str, query: Select[Any]) -> Sequence[Any]:
        """Rows of a node's ledger."""
        if name not in self._ledgers:
            self._ledgers[name] = open_ledger(load_settings(self.site(name).folder / "node.toml").ledger_url)
        with self._ledgers[name].read() as tx:
            return tx.execute(query).all()

    def ready_at(self, known: set[str]) -> tuple[str, float] | None:
        """The task of a study that is not `known`, once it is ready: its study's UID and the moment."""
        rows = self.ask("hub", select(reading_tasks.c.study_uid, reading_tasks.c.ready_at))
        found = [r for r in rows if r.study_uid not in known and r.ready_at is not None]
        return (found[0].study_uid, found[0].ready_at.timestamp()) if found else None

    def last_received(self) -> float:
        """When the district had the newest image of its newest study."""
        query = select(studies.c.last_received_at).order_by(studies.c.first_received_at.desc()).limit(1)
        moment: datetime = self.ask("district", query)[0].last_received_at
        return moment.timestamp()

    def close(self) -> None:
        for ledger in self._ledgers.values():
            ledger.dispose()
        super().close()


def push(loop: Loop, folder: Path) -> tuple[float, int]:
    """Pushes a folder; (moment of the last success heard by the modality, images taken)."""
    program = find_program("storescu", "dcmtk")
    command = [str(program), "-v", "-aec", "TTYT_DINHHOA", "+sd", "127.0.0.1", str(loop.demo.district.dicom_port)]
    environment = {**os.environ, "TCP_NODELAY": "1"}
    heard: list[float] = []
    with subprocess.Popen(
        [*command, str(folder)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Received Store Response (Success)" in line:
                heard.append(time.time())
    if process.returncode != 0 or not heard:
        raise SystemExit(f"storescu failed (exit {process.returncode}).")
    return heard[-1], len(heard)


def run_once(loop: TimedLoop, slices: int, seed: int, known: set[str], quiet: float) -> Run:
    """One new study from the modality to the worklist."""
    study = loop.demo.folder / "modality"
    write_ct(study, slices=slices, now=datetime.now(UTC), seed=seed)
    os.sync()  # what the making of the images owes the disk is not the nodes' work
    before, load = loop.cpu(), os.getloadavg()[0]
    marks = {name: len(read_trace(loop.trace(name))) for name in SITES}
    started = time.time()
    acknowledged, taken = push(loop, study)
    assert taken == slices, (taken, slices)
    uid, ready = wait_for(lambda: loop.ready_at(known), _PATIENCE, "the study is ready at the hub")
    known.add(uid)
    after = loop.cpu()
    time.sleep(1.0)  # what the nodes tell each other afterwards is not of this run
    spans: dict[str, list[Span]] = {
        name: [s for s in read_trace(loop.trace(name))[marks[name] :] if s.start < ready] for name in SITES
    }
    moments = Moments.of(spans["district"], spans["hub"], acknowledged, loop.last_received() + quiet, ready)
    shutil.rmtree(study)
    return Run(
        slices=slices,
        push_seconds=acknowledged - started,
        latency=ready - acknowledged,
        parts=latency_parts(moments),
        busy=busy(spans["district"], spans["hub"], started, ready),
        cpu={name: round(after[name] - before[name], 2) for name in SITES},
        load=load,
    )


def measure(slices: int, runs: int, quiet: float) -> list[Run]:
    """The counted runs, after one that is not counted."""
    done: list[Run] = []
    with tempfile.TemporaryDirectory(dir=RESULTS) as name:
        loop = TimedLoop(Path(name), quiet_seconds=quiet)
        try:
            for site in SITES[::-1]:
                loop.start(site)
            known: set[str] = set()
            for number in range(runs + 1):
                run = run_once(loop, slices, number + 1, known, quiet)
                word = "warm-up" if number == 0 else f"run {number}"
                print(
                    f"{slices} slices, {word}: {run.latency:.2f} s (load {run.load:.1f})", file=sys.stderr, flush=True
                )
                done.append(run)
        finally:
            loop.close()
    return done[1:]


def bounds() -> limits.Limits:
    with tempfile.TemporaryDirectory(dir=RESULTS) as name:
        files = write_ct(Path(name) / "ct", slices=24, now=datetime.now(UTC), seed=1)
        return limits.measure(files, Path(name))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, nargs="+", default=[64, 400])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quiet", type=float, default=QUIET_SECONDS, help="quiet time of both nodes' routes, seconds")
    parser.add_argument("--readme", action="store_true", help="write the table into README.md")
    options = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    limit = bounds()
    results = {slices: measure(slices, options.runs, options.quiet) for slices in options.slices}
    content: dict[str, Any] = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "quiet_seconds": options.quiet,
        "limits": asdict(limit),
        "runs": {str(slices): [asdict(run) for run in done] for slices, done in results.items()},
    }
    (RESULTS / "loop.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    text = markdown(results, limit, options.quiet)
    print(text)
    if options.readme:
        write_readme(ROOT / "README.md", text)


if __name__ == "__main__":
    main()
