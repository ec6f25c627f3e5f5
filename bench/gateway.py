"""Receiving, sending and finding, side by side with DCMTK and Orthanc in one run on one machine: `make bench-gateway`.

Every figure is the median of as many runs as asked for, after one that does not count; the runs of all programs take turns. The
time of receiving is the sender's: from the start of `storescu` to its end, when it has heard success for every image. Our node
is a real `lientuyen serve`, on the same disk as the others; success from it means durable, and the time until all is in its
ledger is told beside. Nagle's algorithm is off on all sides unless a line says otherwise.

    bench/gateway.py [--slices 400] [--runs 5] [--studies 1000000] [--orthanc-studies 2000]
                     [--only receive send find worklist] [--readme] [--again]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import find, worklist
from bench.gateway_table import (
    INDEXED,
    MARKS,
    MODALITIES,
    ORDERS,
    OURS,
    OURS_MANY,
    OURS_NAGLE,
    SENT,
    SENT_NAGLE,
    STORESCU_SENT,
    Figures,
    markdown,
)
from bench.receivers import (
    ORTHANC,
    STORESCP,
    STORESCU,
    Receiver,
    a_storescp,
    an_orthanc,
    ended_well,
    environment,
    our_node,
    storescu,
)
from bench.table import write_readme
from node.dicom.dataset import read_header
from node.dicom.network.send import StoreSender
from node.dicom.phantom import write_ct
from node.domain.facility import Peer, PeerKind
from node.ports import Outcome, Outgoing
from tests.flow.lone_node import LoneNode
from tests.services import HOST, find_program

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"
_EACH: Final = 90  # slices of each of several modalities: the start of eight programs shall not be what is measured
_NEEDED: Final = 12 << 30  # bytes of free disk
_UID = re.compile(rb"2\.25\.\d+")
_HEADER: Final = 8192  # bytes of a file in which its UIDs are
_PARTS: Final = ("receive", "send", "find", "worklist")


@dataclass
class Images:
    """A generated CT, and copies of it under new UIDs of the same length."""

    folder: Path
    slices: int
    _made: int = 0
    _files: list[bytes] = field(default_factory=list)

    @property
    def original(self) -> Path:
        return self.folder / "original"

    def make(self) -> None:
        write_ct(self.original, slices=self.slices, now=datetime.now(UTC), seed=1)
        self._files = [path.read_bytes() for path in sorted(self.original.iterdir())]

    def study(self, folder: Path, count: int = 0) -> Path:
        """A study that nobody has seen yet, of `count` slices (0: all), in a new folder."""
        folder.mkdir(parents=True)
        for number in range(count or self.slices):
            if number % self.slices == 0:  # more than there are: the next ones are of another study
                self._made += 1
            content = self._files[number % self.slices]
            renewed = _UID.sub(lambda found: _new(found[0], self._made), content[:_HEADER])
            (folder / f"{number:04d}.dcm").write_bytes(renewed + content[_HEADER:])
        return folder

    def items(self) -> list[Outgoing]:
        """The original, as the node hands it to a sender."""
        headers = [(path, read_header(path)) for path in sorted(self.original.iterdir())]
        return [
            Outgoing(n, h.sop_instance_uid, h.sop_class_uid, h.transfer_syntax_uid, h.digest, h.size, path)
            for n, (path, h) in enumerate(headers)
        ]


def _new(uid: bytes, number: int) -> bytes:
    """Another UID of the same length: 2.25. and digits that do not begin with zero."""
    digits = str(int(hashlib.sha256(uid + str(number).encode()).hexdigest(), 16))
    return b"2.25." + digits.rjust(80, "1")[: len(uid) - 5].encode()


def receive(receiver: Receiver, folders: Sequence[Path], *, nagle: bool = False) -> float:
    """Seconds until one `storescu` for each folder has heard success for all."""
    receiver.clear()
    os.sync()  # what the making of the images owes the disk is nobody's work
    begun = time.perf_counter()
    senders = [storescu(receiver, folder, nagle=nagle) for folder in folders]
    for sender in senders:
        ended_well(sender)
    return time.perf_counter() - begun


def wait_indexed(node: LoneNode, count: int) -> None:
    deadline = time.monotonic() + 120
    while node.indexed() < count:
        if time.monotonic() > deadline:
            raise SystemExit(f"The index did not take all: {node.indexed()} of {count}.")
        time.sleep(0.01)


@dataclass
class Bench:
    """The programs that run, and what each of them does when it is its turn."""

    images: Images
    folder: Path
    figures: Figures
    counts: bool = False  # not in the first round

    def note(self, name: str, seconds: float, objects: int) -> None:
        if self.counts:
            self.figures.note(name, seconds, objects)
        print(f"{'' if self.counts else '(warm-up) '}{name}: {seconds:.3f} s", file=sys.stderr, flush=True)

    def ours(self, receiver: Receiver, node: LoneNode) -> None:
        with self._studies(1, 0) as folders:
            before, begun = node.indexed(), time.perf_counter()
            self.note(OURS, receive(receiver, folders), self.images.slices)
            wait_indexed(node, before + self.images.slices)
            self.note(INDEXED, time.perf_counter() - begun, self.images.slices)

    def ours_nagle(self, receiver: Receiver, node: LoneNode) -> None:
        with self._studies(1, 0) as folders:
            before = node.indexed()
            self.note(OURS_NAGLE, receive(receiver, folders, nagle=True), self.images.slices)
            wait_indexed(node, before + self.images.slices)

    def many(self, receiver: Receiver, node: LoneNode) -> None:
        with self._studies(MODALITIES, _EACH) as folders:
            before = node.indexed()
            self.note(OURS_MANY, receive(receiver, folders), MODALITIES * _EACH)
            wait_indexed(node, before + MODALITIES * _EACH)

    def other(self, receiver: Receiver) -> None:
        with self._studies(1, 0) as folders:
            self.note(receiver.name, receive(receiver, folders), self.images.slices)
            receiver.clear()

    def send(self, name: str, receiver: Receiver, items: Sequence[Outgoing]) -> None:
        receiver.clear()
        os.sync()
        peer = Peer("bench", PeerKind.DICOM, "BENCH", ae_title=receiver.ae_title, host=HOST, port=receiver.port)
        outcomes: list[Outcome] = []
        begun = time.perf_counter()
        StoreSender("BENCH").send(peer, "bench", items, outcomes.append)
        self.note(name, time.perf_counter() - begun, len(items))
        if not all(outcome.delivered for outcome in outcomes) or len(outcomes) != len(items):
            raise SystemExit(f"{receiver.name} did not take all.")

    def storescu(self, name: str, receiver: Receiver, setting: str) -> None:
        """The time that such a program needs to start and say hello is taken off: ours runs already."""
        start = start_seconds(receiver)
        receiver.clear()
        os.sync()
        begun = time.perf_counter()
        ended_well(storescu(receiver, self.images.original, STORESCU[setting]))
        self.note(name, time.perf_counter() - begun - start, self.images.slices)

    @contextmanager
    def _studies(self, count: int, slices: int) -> Iterator[list[Path]]:
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            yield [self.images.study(Path(name) / str(n), slices) for n in range(count)]


def start_seconds(receiver: Receiver) -> float:
    """What a program of DCMTK needs to start, open an association and end: the median of some."""
    command = [str(find_program("echoscu", "dcmtk")), "-aec", receiver.ae_title, HOST, str(receiver.port)]
    times = []
    for _ in range(7):
        begun = time.perf_counter()
        subprocess.run(command, check=True, env=environment(nagle=False))
        times.append(time.perf_counter() - begun)
    return median(times)


def contestants(bench: Bench, stack: ExitStack, only: Sequence[str]) -> list[Callable[[], None]]:
    """Starts all programs; what each does in a round."""
    turns: list[Callable[[], None]] = []
    if "receive" in only:
        ours, node = stack.enter_context(our_node(bench.folder / "node"))
        turns += [partial(step, ours, node) for step in (bench.ours, bench.ours_nagle, bench.many)]
        for setting in STORESCP:
            turns.append(
                partial(bench.other, stack.enter_context(a_storescp(bench.folder / f"scp-{setting}", setting)))
            )
        for setting in ORTHANC:
            turns.append(
                partial(bench.other, stack.enter_context(an_orthanc(bench.folder / f"orthanc-{setting}", setting)))
            )
    if "send" in only:
        items = bench.images.items()
        for setting in STORESCP:
            to = stack.enter_context(a_storescp(bench.folder / f"to-{setting}", setting))
            turns.append(partial(bench.send, SENT[setting], to, items))
            turns.append(partial(bench.storescu, STORESCU_SENT[setting], to, setting))
        slow = stack.enter_context(a_storescp(bench.folder / "to-nagle", "defaults", nagle=True))
        turns.append(partial(bench.send, SENT_NAGLE, slow, items))
    return turns


def measure(slices: int, runs: int, only: Sequence[str]) -> Figures:
    if shutil.disk_usage(RESULTS).free < _NEEDED:
        raise SystemExit(f"The benchmark needs {_NEEDED >> 30} GB of free disk in {RESULTS}.")
    figures = Figures()
    with tempfile.TemporaryDirectory(dir=RESULTS) as name, ExitStack() as stack:
        images = Images(Path(name) / "images", slices)
        images.make()
        bench = Bench(images, Path(name), figures)
        turns = contestants(bench, stack, only)
        for number in range(runs + 1):
            bench.counts = number > 0
            for turn in turns[number % len(turns) :] + turns[: number % len(turns)]:
                turn()
    return figures


def queries(only: Sequence[str], studies: int, orthanc_studies: int) -> dict[str, Any]:
    """{what was asked: {kind of question: its figures}}."""
    found: dict[str, Any] = {}
    if "find" in only:
        found[f"C-FIND, {studies:,} studies in the ledger"] = find.measure(studies)
        if orthanc_studies:
            found[f"C-FIND, {orthanc_studies:,} studies in Orthanc"] = find.measure_orthanc(orthanc_studies)
    if "worklist" in only:
        found[f"Modality worklist, {ORDERS:,} open orders"] = worklist.measure(ORDERS)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=400)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--studies", type=int, default=1_000_000, help="in the ledger that C-FIND searches")
    parser.add_argument("--orthanc-studies", type=int, default=2000, help="the same in Orthanc; 0: it is not asked")
    parser.add_argument("--only", nargs="+", choices=_PARTS, default=_PARTS)
    parser.add_argument("--readme", action="store_true", help="write the table into README.md")
    parser.add_argument("--again", action="store_true", help="tables of the last measurement, nothing is measured")
    options = parser.parse_args()
    result = RESULTS / "gateway.json"
    if not options.again:
        RESULTS.mkdir(parents=True, exist_ok=True)
        content = {
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "cores": os.cpu_count(),
            "load": os.getloadavg()[0],
            "slices": options.slices,
            "runs": measure(options.slices, options.runs, options.only).runs,
            "queries": queries(options.only, options.studies, options.orthanc_studies),
        }
        result.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    found = json.loads(result.read_text(encoding="utf-8"))
    figures = Figures({name: [(seconds, count) for seconds, count in runs] for name, runs in found["runs"].items()})
    text = markdown(figures, found["queries"], slices=found["slices"])
    print(text)
    if options.readme:
        write_readme(ROOT / "README.md", text, MARKS)


if __name__ == "__main__":
    main()
