"""Abbreviations are found by word and case, in both languages; nothing touches spelling."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.report import ReportText
from worklists.reporting.lint import Language, abbreviations, lint, lint_report


def found(text: str, language: Language = "vi") -> list[str]:
    return [finding.text for finding in lint(text, language)]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("BN có TDMP hai bên.", "vi", ["BN", "TDMP"]),
        ("ĐM/TM cửa; (OMC) 5 mm, VRT.", "vi", ["ĐM", "TM", "OMC", "VRT"]),
        ("bệnh nhân Bn, tdmp", "vi", []),  # case decides
        ("CT, MRI, X-quang, BI-RADS 4, LI-RADS, T1, T2, STIR, L4–L5, HU, SUV, ASPECTS 8", "vi", []),
        ("ABNX, XBN, BN-1, BNđ", "vi", []),  # parts of words are none
        ("BN", "en", []),
        ("Pt s/p ORIF, w/o PTX; RUL opacity, TB?", "en", ["Pt", "s/p", "ORIF", "w/o", "PTX", "RUL", "TB"]),
        ("The portal vein is patent; CT of the chest.", "en", []),
        ("Chụp {vùng} bên {bên}.", "vi", ["{vùng}", "{bên}"]),
    ],
)
def test_abbreviations_and_open_places_are_found(text: str, language: Language, expected: list[str]) -> None:
    assert found(text, language) == expected


def test_a_finding_says_where_and_how_it_reads_in_full() -> None:
    (finding,) = lint("Gan to, TDMP.", "vi")
    assert (finding.code, finding.start, finding.end, finding.expansion) == (
        "abbreviation",
        8,
        12,
        "tràn dịch màng phổi",
    )


def test_decomposed_letters_are_the_same_letters() -> None:
    decomposed = unicodedata.normalize("NFD", "hẹp ĐMC, Đức")
    assert found(decomposed) == ["ĐMC"]


def test_a_report_is_looked_at_section_by_section_in_its_language() -> None:
    text = ReportText(findings="BN", conclusion="Pt", answers=(("BN?", "TDMP"),))
    assert [(f.section, f.text) for f in lint_report(text)] == [("findings", "BN"), ("answer.0", "TDMP")]


def test_the_words_in_full_hold_no_abbreviation_themselves() -> None:
    for language in ("vi", "en"):
        for words in abbreviations(language).values():
            assert found(words, language) == []
            assert words == unicodedata.normalize("NFC", words)


@given(st.text(alphabet="aăâđĐễ BN.,/{}TDMP\n-", max_size=60))
def test_findings_are_places_of_the_text_in_order(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    findings = lint(text, "vi")
    assert [f.start for f in findings] == sorted(f.start for f in findings)
    assert all(composed[f.start : f.end] == f.text for f in findings)
