"""The arithmetic of the loop's figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.limits import Limits
from bench.stages import PARTS, Moments, Run, Span, busy, latency_parts, read_trace, union
from bench.table import BEGIN, END, markdown, write_readme
from node.errors import Invalid


def test_the_parts_add_up_to_the_latency_when_stages_follow_each_other() -> None:
    parts = latency_parts(Moments(10.0, 11.0, 13.0, 13.5, 14.0, 15.0, 15.25))
    assert list(parts) == list(PARTS)
    assert list(parts.values()) == pytest.approx([1.0, 2.0, 0.5, 0.5, 1.0, 0.25])


def test_a_stage_that_was_over_early_takes_nothing_of_the_latency() -> None:
    parts = latency_parts(Moments(10.0, 9.0, 12.0, 11.0, 12.5, 11.5, 13.0))
    assert list(parts.values()) == pytest.approx([0.0, 2.0, 0.0, 0.5, 0.0, 0.5])


def test_moments_after_ready_do_not_lengthen_the_latency() -> None:
    parts = latency_parts(Moments(10.0, 11.0, 12.0, 12.0, 12.5, 14.0, 13.0))
    assert sum(parts.values()) == pytest.approx(3.0)
    assert parts[PARTS[4]] == pytest.approx(0.5)


def test_the_last_span_of_each_stage_gives_its_moment() -> None:
    district = [Span("index", 1, 2), Span("transform", 2, 5), Span("index", 3, 4)]
    hub = [Span("commit", 5, 6), Span("index", 6, 7)]
    assert Moments.of(district, hub, 3.5, 8.0, 9.0) == Moments(3.5, 4, 5, 6, 7, 8.0, 9.0)


def test_calls_side_by_side_are_counted_once_and_cut_to_the_window() -> None:
    spans = [Span("a", 0, 2), Span("a", 1, 4), Span("a", 1.5, 2.5), Span("a", 6, 9)]
    assert union(spans, 1, 7) == pytest.approx(4.0)
    assert busy([Span("index", 0, 2), Span("route", 1, 2)], [], 0, 9)["district: index"] == pytest.approx(2.0)


def test_a_line_that_is_being_written_is_left_out(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    assert read_trace(trace) == []
    trace.write_text(json.dumps(["index", 1.0, 2.0, 16]) + '\n["transf')
    assert read_trace(trace) == [Span("index", 1.0, 2.0, 16)]


def a_run(latency: float) -> Run:
    site_busy = busy([], [], 0, 1)
    return Run(4, 0.5, latency, dict.fromkeys(PARTS, latency / 6), site_busy, {"district": 1.0, "hub": 0.5}, 0.1)


def test_the_table_shows_the_median_and_replaces_only_its_own_place(tmp_path: Path) -> None:
    text = markdown({4: [a_run(3.0), a_run(1.0), a_run(2.0)]}, Limits(2, 5, 0.1, 0.2, 0.1, 0.1, 0.1, 1e9), 5.0)
    assert "| **all** | **1.00 / 2.00 / 3.00** |" in text
    readme = tmp_path / "README.md"
    readme.write_text(f"above\n{BEGIN}\nold\n{END}\nbelow\n")
    write_readme(readme, text)
    assert readme.read_text() == f"above\n{BEGIN}\n{text}{END}\nbelow\n"


def test_a_readme_without_the_marks_is_left_alone(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("nothing\n")
    with pytest.raises(Invalid):
        write_readme(readme, "text\n")
    assert readme.read_text() == "nothing\n"
