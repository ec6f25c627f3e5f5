"""The gateway's figures as Markdown tables, each with its ratio to what it has to reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

MARKS: Final = ("<!-- bench-gateway -->", "<!-- /bench-gateway -->")
MODALITIES: Final = 8
ORDERS: Final = 10_000

OURS: Final = "Liên Tuyến, durable"
INDEXED: Final = "Liên Tuyến, until all is indexed"
OURS_NAGLE: Final = "Liên Tuyến, Nagle on at the sender"
OURS_MANY: Final = f"Liên Tuyến, {MODALITIES} associations at once"
SENT: Final = {
    "defaults": "Liên Tuyến to storescp, defaults",
    "best": "Liên Tuyến to storescp, best",
}
STORESCU_SENT: Final = {
    "defaults": "DCMTK storescu to storescp, defaults",
    "best": "DCMTK storescu to storescp, best",
}
SENT_NAGLE: Final = "Liên Tuyến to storescp, defaults, Nagle on there"


@dataclass
class Figures:
    """(seconds, objects) of every counted run, by what was measured."""

    runs: dict[str, list[tuple[float, int]]] = field(default_factory=dict)

    def note(self, name: str, seconds: float, objects: int) -> None:
        self.runs.setdefault(name, []).append((seconds, objects))

    def seconds(self, name: str) -> list[float]:
        return [seconds for seconds, _ in self.runs[name]]

    def rate(self, name: str) -> float:
        """Objects a second, the median run's."""
        return median(objects / seconds for seconds, objects in self.runs[name])

    def ratio(self, name: str, other: str) -> float:
        """How many times the rate of `other`."""
        return self.rate(name) / self.rate(other)


def markdown(figures: Figures, asked: Mapping[str, Mapping[str, Any]], *, slices: int) -> str:
    """Tables of receiving and sending, and one for each title in `asked`."""
    parts = [_receiving(figures, slices), _sending(figures, slices)]
    parts += [_questions(title, found) for title, found in asked.items()]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _receiving(figures: Figures, slices: int) -> list[str]:
    if OURS not in figures.runs:
        return []
    lines = _head(f"Receiving {slices} CT slices from DCMTK storescu", "durable rate ÷ this")
    for name in figures.runs:
        if name.startswith(("DCMTK storescp", "Orthanc")):
            lines.append(_row(figures, name, f"{figures.ratio(OURS, name):.2f}"))
    lines.insert(2, _row(figures, OURS, "1.00"))
    for name in (INDEXED, OURS_NAGLE):
        lines.append(_row(figures, name, f"{figures.ratio(OURS, name):.2f}"))
    gain = f"{figures.ratio(OURS_MANY, OURS):.2f} × one"
    return [*lines, _row(figures, OURS_MANY, gain)]


def _sending(figures: Figures, slices: int) -> list[str]:
    if SENT_NAGLE not in figures.runs:
        return []
    lines = _head(f"Sending {slices} CT slices to DCMTK storescp", "our rate ÷ storescu's")
    for setting, name in SENT.items():
        lines.append(_row(figures, name, f"{figures.ratio(name, STORESCU_SENT[setting]):.2f}"))
        lines.append(_row(figures, STORESCU_SENT[setting], ""))
    return [*lines, _row(figures, SENT_NAGLE, f"{figures.ratio(SENT_NAGLE, STORESCU_SENT['defaults']):.2f}")]


def _questions(title: str, found: Mapping[str, Any]) -> list[str]:
    lines = [f"| {title} | p50, ms | p95, ms | answers |", "|---|--:|--:|--:|"]
    for kind, row in found.items():
        lines.append(f"| {kind} | {row['p50_ms']:.1f} | {row['p95_ms']:.1f} | {row.get('answers', 0):g} |")
    return lines


def _head(title: str, ratio: str) -> list[str]:
    return [f"| {title} | seconds (min / median / max) | images/s | {ratio} |", "|---|--:|--:|--:|"]


def _row(figures: Figures, name: str, ratio: str) -> str:
    return f"| {name} | {_three(figures.seconds(name))} | {figures.rate(name):.0f} | {ratio} |"


def _three(values: Sequence[float]) -> str:
    return f"{min(values):.2f} / {median(values):.2f} / {max(values):.2f}"
