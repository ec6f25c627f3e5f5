"""The viewer's API types are those of the node's OpenAPI document; `make check` compares them to the letter."""

from __future__ import annotations

import re

import pytest

from tests.architecture import api_types


def test_every_schema_of_the_document_has_its_type() -> None:
    written = api_types.TYPES.read_text(encoding="utf-8")
    named = {name.strip("'") for name in re.findall(r"^  ('?[\w-]+'?): ", written, re.MULTILINE)}
    assert named == set(api_types.document()["components"]["schemas"]), "run make docs"


def test_names_of_schemas_tell_them_apart() -> None:
    """A name that two models share is made long: rename one of them."""
    assert [name for name in api_types.document()["components"]["schemas"] if "__" in name] == []


def test_the_check_says_what_to_do_when_the_types_are_old(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(api_types, "types", lambda document: "something else")
    monkeypatch.setattr(api_types, "document", dict)
    before = api_types.TYPES.read_bytes()
    assert api_types.main(["--check"]) == 1
    assert "make docs" in capsys.readouterr().err
    assert api_types.TYPES.read_bytes() == before
