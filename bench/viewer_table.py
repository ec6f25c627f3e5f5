"""The viewer's figures as a Markdown table, each beside what it has to reach and beside OHIF's."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import Final

MARKS: Final = ("<!-- bench-viewer -->", "<!-- /bench-viewer -->")
OURS, NEXT, OHIF = "Liên Tuyến", "Liên Tuyến, next study", "OHIF"
_IMAGES: Final = {"ct": "CT of 400 slices", "dx": "DX 3072 × 2560"}
_TARGETS: Final = {  # seconds, by what and line
    ("first", "LAN"): 0.5, ("first", "4 Mbit/s"): 1.0, ("first", "1 Mbit/s"): 2.0,
    ("full", "LAN"): 1.0, ("full", "4 Mbit/s"): 2.0,
}  # fmt: skip
_REST: Final = (  # key, what it is, unit, target, whether less is better
    ("stack", "previews of a whole stack of 200 slices, opened anew", "s", 5.0, True),
    ("jump", "jump to a slice that is not there yet, while 400 are loading", "s", 0.5, True),
    ("cold", "cold, from the login page's Enter (OHIF: from its address, already logged in)", "s", 1.5, True),
    ("scroll", "pictures a second while scrolling", "/s", 30.0, False),
    ("memory", "memory of the page's process, everything loaded and 300 slices looked at", "MB", 1024.0, True),
)


@dataclass
class Figures:
    """Every counted run: what → where (line or size) → who → values."""

    runs: dict[str, dict[str, dict[str, list[float]]]] = field(default_factory=dict)

    def note(self, what: str, where: str, who: str, value: float) -> None:
        self.runs.setdefault(what, {}).setdefault(where, {}).setdefault(who, []).append(value)

    def median(self, what: str, where: str, who: str) -> float | None:
        values = self.runs.get(what, {}).get(where, {}).get(who)
        return median(values) if values else None


def markdown(figures: Figures, cores: int) -> str:
    """Tables of opening, and of all the rest. A target that is not reached is marked."""
    parts = [_opening(figures, moment, key) for moment in ("first", "full") for key in _IMAGES]
    parts.append(_others(figures))
    parts.append(
        [
            f"Medians of the runs (over emulated lines one run each); headless Chromium without a GPU on {cores} cores that the"
            " node and the browser share. “Next study” is what the worklist fetched ahead while it was open. Ratios are OHIF's"
            " seconds divided by ours. ✗: target missed."
        ]
    )
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _cell(value: float | None, target: float | None, less: bool = True) -> str:
    if value is None:
        return "–"
    missed = target is not None and (value > target if less else value < target)
    return f"{value:.2f}{' ✗' if missed else ''}" if value < 100 else f"{value:.0f}{' ✗' if missed else ''}"


def _ratio(ours: float | None, theirs: float | None, less: bool = True) -> str:
    if not ours or not theirs:
        return "–"
    return f"{theirs / ours if less else ours / theirs:.1f} ×"


def _opening(figures: Figures, moment: str, key: str) -> list[str]:
    found = figures.runs.get(f"{moment} {key}")
    if not found:
        return []
    title = "first picture" if moment == "first" else "full image"
    lines = [
        f"| {_IMAGES[key]}: seconds to the {title} | target | ours | ours, next study | OHIF | ratio |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for where in found:
        target = _TARGETS.get((moment, where.partition(",")[0]))
        ours, ahead, theirs = (figures.median(f"{moment} {key}", where, who) for who in (OURS, NEXT, OHIF))
        goal = f"{target:g}" if target else "–"
        lines.append(
            f"| {where} | {goal} | {_cell(ours, target)} | {_cell(ahead, target)} | {_cell(theirs, None)}"
            f" | {_ratio(ours, theirs)} |"
        )
    return lines


def _others(figures: Figures) -> list[str]:
    lines = ["| | target | ours | OHIF | ratio |", "|---|--:|--:|--:|--:|"]
    for key, title, unit, target, less in _REST:
        for where in figures.runs.get(key, {}):
            ours, theirs = (figures.median(key, where, who) for who in (OURS, OHIF))
            lines.append(
                f"| {title} ({where}) | {target:g} {unit} | {_cell(ours, target, less)} | {_cell(theirs, None)}"
                f" | {_ratio(ours, theirs, less)} |"
            )
    return lines if len(lines) > 2 else []
