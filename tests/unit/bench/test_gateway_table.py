"""The gateway's tables: medians, and ratios that say who was faster."""

from __future__ import annotations

from bench.gateway_table import INDEXED, OURS, OURS_MANY, OURS_NAGLE, SENT, SENT_NAGLE, STORESCU_SENT, Figures, markdown

SCP = "DCMTK storescp, defaults"


def rows(text: str) -> dict[str, list[str]]:
    """The cells behind the first one, by the first."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line]
    return {first: rest for first, *rest in cells}


def figures(seconds: dict[str, list[float]], objects: int = 400) -> Figures:
    found = Figures()
    for name, values in seconds.items():
        for value in values:
            found.note(name, value, 800 if name == OURS_MANY else objects)
    return found


def test_receiving_is_compared_by_the_rates_of_the_median_runs() -> None:
    times = {OURS: [0.5, 0.25, 0.2], INDEXED: [1.0], OURS_NAGLE: [0.25], OURS_MANY: [0.25], SCP: [0.5, 0.5, 9.0]}
    found = rows(markdown(figures(times), {}, slices=400))
    assert found[OURS] == ["0.20 / 0.25 / 0.50", "1600", "1.00"]
    assert found[SCP] == ["0.50 / 0.50 / 9.00", "800", "2.00"]
    assert found[INDEXED][2] == "4.00"
    assert found[OURS_MANY][2] == "2.00 × one"


def test_sending_is_compared_with_storescu_under_the_same_settings() -> None:
    times = {SENT["defaults"]: [0.2], STORESCU_SENT["defaults"]: [0.4], SENT_NAGLE: [0.8]}
    times |= {SENT["best"]: [0.3], STORESCU_SENT["best"]: [0.3]}
    found = rows(markdown(figures(times), {}, slices=400))
    assert [found[name][2] for name in (SENT["defaults"], SENT["best"], SENT_NAGLE)] == ["2.00", "1.00", "0.50"]


def test_questions_have_a_table_for_each_place_that_was_asked() -> None:
    asked = {"C-FIND, 10 studies": {"patient ID": {"p50_ms": 1.24, "p95_ms": 3.0, "answers": 2.0}}}
    text = markdown(Figures(), asked, slices=400)
    assert rows(text)["patient ID"] == ["1.2", "3.0", "2"]
    assert text.startswith("| C-FIND, 10 studies |")
