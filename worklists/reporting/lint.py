"""What a report that goes to another facility should not hold: abbreviations, and placeholders that nobody filled in.

Circular 32/2023/TT-BYT, article 52, forbids abbreviations in documents that leave the facility. Findings are warnings: the
reader may acknowledge them. Matching is by whole words and by case; nothing here judges or changes spelling. Terms that
are names themselves (CT, MRI, BI-RADS, T1, L4, mm, HU …) are not abbreviations.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from node.domain.report import ReportText

Language = Literal["vi", "en"]
SECTIONS = ("technique", "comparison", "findings", "conclusion", "recommendation", "limitations")
_PLACEHOLDER = re.compile(r"\{[^{}\n]{1,64}\}")


@dataclass(frozen=True, slots=True)
class Finding:
    """One place in a text: `start` and `end` count characters (code points) of its NFC form."""

    code: str  # abbreviation | placeholder
    section: str
    start: int
    end: int
    text: str
    expansion: str = ""


@cache
def abbreviations(language: Language) -> dict[str, str]:
    """{abbreviation: words in full} that this language must not use."""
    content = files("worklists.reporting").joinpath("data/abbreviations.json").read_text(encoding="utf-8")
    table: dict[str, dict[str, str]] = json.loads(content)
    return table[language]


@cache
def _pattern(language: Language) -> re.Pattern[str]:
    words = sorted(abbreviations(language), key=lambda word: (-len(word), word))
    inside = "|".join(re.escape(word) for word in words)
    return re.compile(rf"(?<![\w-])(?:{inside})(?![\w-])")


def lint(text: str, language: Language, section: str = "") -> list[Finding]:
    """Findings of one text, in their order."""
    text = unicodedata.normalize("NFC", text)
    known = abbreviations(language)
    found = [
        Finding("abbreviation", section, match.start(), match.end(), match[0], known[match[0]])
        for match in _pattern(language).finditer(text)
    ]
    found += [
        Finding("placeholder", section, match.start(), match.end(), match[0]) for match in _PLACEHOLDER.finditer(text)
    ]
    return sorted(found, key=lambda finding: finding.start)


def lint_report(text: ReportText) -> list[Finding]:
    """Findings of every section and answer; an answer's section is `answer.` and its number from 0."""
    language: Language = "en" if text.language == "en" else "vi"
    found = [finding for name in SECTIONS for finding in lint(getattr(text, name), language, name)]
    for number, (_, answer) in enumerate(text.answers):
        found += lint(answer, language, f"answer.{number}")
    return found
