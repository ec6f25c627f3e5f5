"""The figures as a Markdown table, and its place in the README."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

from bench.limits import Limits
from bench.stages import PARTS, Run
from node.errors import Invalid

BEGIN, END = MARKS = ("<!-- bench-loop -->", "<!-- /bench-loop -->")
_BUSY = {
    "district: commit": "receive: to the disk, durable",
    "district: index": "district: index",
    "district: transform": "district: pseudonymise, compress, prove",
    "district: deliver": "district: deliver",
    "hub: commit": "hub: to the disk, durable",
    "hub: index": "hub: index",
}


def markdown(results: Mapping[int, Sequence[Run]], limit: Limits, quiet: float) -> str:
    """Tables for all sizes: the latency and its parts, busy times, bounds."""
    lines = _latency(results, quiet)
    lines += ["", *_busy(results), "", *_bounds(results, limit)]
    return "\n".join(lines) + "\n"


def _three(values: Sequence[float]) -> str:
    return f"{min(values):.2f} / {median(values):.2f} / {max(values):.2f}"


def _head(title: str, results: Mapping[int, Sequence[Run]]) -> list[str]:
    return [
        f"| {title} | " + " | ".join(f"CT, {slices} slices" for slices in results) + " |",
        "|---|" + "--:|" * len(results),
    ]


def _row(name: str, results: Mapping[int, Sequence[Run]], cell: Callable[[Sequence[Run]], str]) -> str:
    return f"| {name} | " + " | ".join(cell(runs) for runs in results.values()) + " |"


def _latency(results: Mapping[int, Sequence[Run]], quiet: float) -> list[str]:
    def part(name: str) -> Callable[[Sequence[Run]], str]:
        def cell(runs: Sequence[Run]) -> str:
            seconds = median(r.parts[name] for r in runs)
            return f"{seconds:.2f} ({100 * seconds / median(r.latency for r in runs):.0f} %)"

        return cell

    title = "Seconds from the last image to “ready” (min / median / max)"
    lines = _head(title, results)
    lines.append(_row("**all**", results, lambda runs: f"**{_three([r.latency for r in runs])}**"))
    lines.append(_row("all but the quiet time", results, lambda runs: _three([r.work for r in runs])))
    lines += [_row(f"– {name}", results, part(name)) for name in PARTS]
    lines += [
        _row("the push itself, first to last image", results, lambda runs: _three([r.push_seconds for r in runs])),
        _row("load average before each run", results, lambda runs: ", ".join(f"{r.load:.1f}" for r in runs)),
        "",
        f"The quiet time is {quiet:g} s: that long nothing more may come before the district calls a study complete. Stages"
        " that end while another still runs, or within the quiet time, count nothing in the latency.",
    ]
    return lines


def _busy(results: Mapping[int, Sequence[Run]]) -> list[str]:
    def of(name: str) -> Callable[[Sequence[Run]], str]:
        return lambda runs: f"{median(r.busy[name] for r in runs):.2f}"

    def cpu(site: str) -> Callable[[Sequence[Run]], str]:
        return lambda runs: f"{median(r.cpu[site] for r in runs):.2f}"

    lines = _head("Seconds of work from the first image to “ready” (median; stages overlap)", results)
    lines += [_row(text, results, of(name)) for name, text in _BUSY.items()]
    lines += [_row(f"processor time, {site}", results, cpu(site)) for site in ("district", "hub")]
    return lines


def _bounds(results: Mapping[int, Sequence[Run]], limit: Limits) -> list[str]:
    def floor(name: str) -> Callable[[Sequence[Run]], str]:
        return lambda runs: f"{limit.floor(runs[0].slices)[name]:.2f}"

    rows = {
        "encode_and_proof": f"HTJ2K and its proof on {limit.cores} cores ({1000 * limit.encode_and_proof_cpu:.1f} ms a slice)",
        "transform": f"the whole transformation on {limit.cores} cores ({1000 * limit.transform_cpu:.1f} ms a slice)",
        "index_twice": f"headers for both indexes on {limit.cores} cores ({1000 * limit.index_cpu:.1f} ms a slice)",
        "durable_writes": f"three durable writes of each slice, one after the other ({1000 * limit.durable_write:.1f} ms each)",
        "loopback": f"its bytes over loopback, twice ({limit.loopback_bytes_per_second / 1e9:.1f} GB/s)",
    }
    lines = _head("Seconds for single things, each alone on this machine", results)
    return lines + [_row(text, results, floor(name)) for name, text in rows.items()]


def write_readme(readme: Path, text: str, marks: tuple[str, str] = MARKS) -> None:
    """Puts the table between its two marks. Raises `Invalid` when they are not there."""
    content = readme.read_text(encoding="utf-8")
    before, begin, rest = content.partition(marks[0])
    _, end, after = rest.partition(marks[1])
    if not begin or not end:
        raise Invalid(
            "README.md has no place for the table.",
            hint=f"Put the lines {marks[0]} and {marks[1]} where it shall stand.",
        )
    readme.write_text(f"{before}{begin}\n{text}{end}{after}", encoding="utf-8")
