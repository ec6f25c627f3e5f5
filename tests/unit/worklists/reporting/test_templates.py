"""The templates are whole, in both languages, and a site's own are checked."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from node.errors import Invalid
from worklists.reporting import templates
from worklists.reporting.lint import lint
from worklists.reporting.templates import Template

CODES = {
    "XR-CHEST": "/xqn", "US-ABD": "/sab", "CT-HEAD": "/ctsn", "CT-CHEST": "/ctn", "MR-LSPINE": "/mrtl", "MG": "/nha",
    "CT-ABD": "/ctb", "XR-EXT": "/xqx", "OPINION": "/ykhc", "MINUTES": "/bbhc",
}  # fmt: skip
ALL = {template.code: template for template in templates.load(None)}


def minimal(**changes: Any) -> str:
    words = {"vi": "Tên", "en": "Name"}
    field = {"id": "side", "label": words, "type": "laterality"}
    text = {"technique": "Bên {side}."}
    record = {
        "code": "XR-OWN", "name": words, "shortcut": "/rieng", "fields": [field], "normal_text": {"vi": text, "en": text}
    }  # fmt: skip
    return json.dumps(record | changes, ensure_ascii=False)


def test_there_are_ten_with_their_shortcuts() -> None:
    assert {code: template.shortcut for code, template in ALL.items()} == CODES


@pytest.mark.parametrize("template", ALL.values(), ids=lambda template: template.code)
def test_texts_are_composed_whole_and_free_of_abbreviations(template: Template) -> None:
    for language, text in (("vi", template.normal_text.vi), ("en", template.normal_text.en)):
        for section in type(text).model_fields:
            words = getattr(text, section)
            assert words == unicodedata.normalize("NFC", words)
            assert bool(words) == bool(getattr(template.normal_text.vi, section))
            found = lint(words, language)  # type: ignore[arg-type]
            assert [f.text for f in found if f.code == "abbreviation"] == []
    for field in template.fields:
        assert field.label.vi
        assert field.label.en


def test_the_normal_chest_reads_as_the_domain_says() -> None:
    text = ALL["XR-CHEST"].normal_text.vi
    assert text.technique.startswith("Chụp X-quang ngực thẳng, tư thế {position}, hít vào {inspiration}")
    assert "chỉ số tim – lồng ngực {ctr}" in text.findings
    assert next(critical.vi for critical in ALL["XR-CHEST"].critical) == "Tràn khí màng phổi áp lực"


def test_an_opinion_has_no_normal_text() -> None:
    assert not any(ALL["OPINION"].normal_text.vi.model_dump().values())


def test_a_sites_own_template_stands_beside_ours_or_replaces_one(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(minimal(), encoding="utf-8")
    (tmp_path / "b.json").write_text(minimal(code="MG", shortcut="/nha"), encoding="utf-8")
    loaded = templates.by_code(templates.load(tmp_path))
    assert len(loaded) == 11
    assert loaded["MG"].name.vi == "Tên"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"shortcut": "/xqn"}, "share the shortcut"),
        ({"shortcut": "xqn"}, "shortcut"),
        ({"normal_text": {"vi": {"technique": "{other}"}, "en": {"technique": "{other}"}}}, "placeholders"),
        ({"normal_text": {"vi": {"technique": "{side}"}, "en": {}}}, "two languages"),
        ({"fields": [{"id": "side", "label": {"vi": "a", "en": "b"}, "type": "enum"}]}, "an enum has options"),
        ({"fields": 2 * [{"id": "side", "label": {"vi": "a", "en": "b"}, "type": "text"}]}, "same id"),
        (
            {"fields": [{"id": "side", "label": {"vi": "a", "en": "b"}, "type": "laterality", "default": "up"}]},
            "no value of the field",
        ),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_a_template_that_is_wrong_is_named_with_the_place(tmp_path: Path, change: dict[str, Any], where: str) -> None:
    (tmp_path / "own.json").write_text(minimal(**change), encoding="utf-8")
    with pytest.raises(Invalid, match=re.escape(where)):
        templates.load(tmp_path)


def test_a_folder_that_is_not_there_or_a_file_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="does not exist"):
        templates.load(tmp_path / "none")
    (tmp_path / "own.json").write_bytes(b" " * (templates.MAX_FILE + 1))
    with pytest.raises(Invalid, match="too large"):
        templates.load(tmp_path)
