"""What may be kept as hanging protocols."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from worklists.reading.hanging import SCHEMA

BUILT_IN = Path(__file__).parents[3] / "viewer/src/hanging/defaults.json"


def a_rule(**changes: Any) -> dict[str, Any]:
    rule = {
        "id": "mine",
        "name": {"vi": "CT gối", "en": "CT knee"},
        "when": {"modalities": ["CT"]},
        "layout": {"rows": 1, "columns": 2},
        "cells": [{"pick": {"plane": "axial"}}, {"pick": {"prior": 1}, "show": {"preset": "bone"}}],
    }
    return rule | changes


def kept(value: Any) -> Any:
    return SCHEMA.dump_python(SCHEMA.validate_python(value), mode="json", exclude_unset=True)


def test_the_viewers_own_rules_may_be_kept_as_they_are() -> None:
    rules = json.loads(BUILT_IN.read_text())
    assert kept(rules) == rules


def test_what_a_newer_version_adds_is_left_out() -> None:
    assert kept({"protocols": [a_rule(colour="blue")]}) == {"protocols": [a_rule()]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"layout": {"rows": 4, "columns": 9}},
        {"cells": [{}] * 10},
        {"cells": [{"pick": {"plane": "upwards"}}]},
        {"when": {"modalities": ["C" * 65]}},
        {"id": ""},
    ],
)
def test_what_is_no_rule_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SCHEMA.validate_python({"protocols": [a_rule(**wrong)]})
