"""What a run's traces say: where the latency went, and how long each stage was busy."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

PARTS = (  # the latency, cut where the last image passes; they add up to it
    "district: index",
    "district: pseudonymise, compress, prove",
    "link: send, receive at the hub",
    "hub: index",
    "waiting: quiet time",
    "close the study, manifest, task",
)
_SITES = {"district": ("commit", "index", "route", "transform", "deliver"), "hub": ("commit", "index", "route", "read")}


@dataclass(frozen=True, slots=True)
class Span:
    """Something that was done; seconds since the epoch."""

    what: str
    start: float
    end: float
    count: int = 1


@dataclass(frozen=True, slots=True)
class Moments:
    """When the last image had passed each stage; seconds since the epoch."""

    acknowledged: float
    indexed: float
    transformed: float
    at_hub: float
    hub_indexed: float
    quiet_over: float
    ready: float

    @classmethod
    def of(
        cls, district: Sequence[Span], hub: Sequence[Span], acknowledged: float, quiet_over: float, ready: float
    ) -> Moments:
        """From what both nodes noted up to `ready`."""
        return cls(
            acknowledged,
            _last(district, "index"),
            _last(district, "transform"),
            _last(hub, "commit"),
            _last(hub, "index"),
            quiet_over,
            ready,
        )


@dataclass(frozen=True, slots=True)
class Run:
    """One counted run. Seconds; `cpu` is processor time of each node with its processes, `load` the average before."""

    slices: int
    push_seconds: float
    latency: float
    parts: dict[str, float]
    busy: dict[str, float]
    cpu: dict[str, float]
    load: float

    @property
    def work(self) -> float:
        """The latency without waiting for more images."""
        return self.latency - self.parts[PARTS[4]]


def read_trace(path: Path) -> list[Span]:
    """The spans of a node so far; a line that is being written is left out."""
    lines = path.read_text(encoding="ascii").split("\n")[:-1] if path.exists() else []
    return [Span(*json.loads(line)) for line in lines]


def latency_parts(m: Moments) -> dict[str, float]:
    """Seconds between the moments. What was over before the one above it counts nothing: it ran beside it."""
    marks = [m.acknowledged]
    for moment in (m.indexed, m.transformed, m.at_hub, m.hub_indexed, m.quiet_over, m.ready):
        marks.append(min(m.ready, max(marks[-1], moment)))
    marks[-1] = m.ready
    return {name: end - start for name, (start, end) in zip(PARTS, pairwise(marks), strict=True)}


def busy(district: Iterable[Span], hub: Iterable[Span], start: float, end: float) -> dict[str, float]:
    """Seconds from `start` to `end` in which at least one call of a stage was running."""
    spans = {"district": list(district), "hub": list(hub)}
    return {
        f"{site}: {what}": union([s for s in spans[site] if s.what == what], start, end)
        for site, names in _SITES.items()
        for what in names
    }


def union(spans: Iterable[Span], start: float, end: float) -> float:
    """Seconds that are covered by at least one of the spans."""
    total, reached = 0.0, start
    for span in sorted(spans, key=lambda s: s.start):
        begin, finish = max(span.start, reached), min(span.end, end)
        total += max(0.0, finish - begin)
        reached = max(reached, finish)
    return total


def _last(spans: Iterable[Span], what: str) -> float:
    return max((s.end for s in spans if s.what == what), default=0.0)


def cpu_seconds(pid: int) -> float:
    """Processor seconds of a process and all below it, as far as /proc tells (Linux)."""
    ticks = os.sysconf("SC_CLK_TCK")
    children: dict[int, list[int]] = {}
    used: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # ended just now
            continue
        number = int(stat.parent.name)
        children.setdefault(int(fields[1]), []).append(number)
        used[number] = int(fields[11]) + int(fields[12])
    total, open_ = 0, [pid]
    while open_:
        one = open_.pop()
        total += used.get(one, 0)
        open_ += children.get(one, [])
    return total / ticks
