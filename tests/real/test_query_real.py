"""Real headers asked for by C-FIND: everything that they hold comes back as bytes that the toolkit reads as the same."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from node.dicom.dataset import json_metadata, read_header
from node.dicom.network.data_set import TRANSFER_SYNTAXES, decode
from node.dicom.network.identifier import AnswerWriter, key_of
from node.domain.person_name import fold_name
from node.domain.query import Key, make_key, matches, read_model
from node.errors import Unreadable

FOLDERS = [
    "charset",
    "cr_dx",
    "ct",
    "encapsulated",
    "enhanced",
    "mg",
    "mr",
    "nm_pt",
    "rt",
    "sc_vl",
    "sr",
    "us",
    "xa_rf",
]

_LEFT_OUT = frozenset({"vr", "00080005", "00283006"})  # LUT Data is binary without VRs, and a header leaves that out


def models(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """(file name, header in DICOM JSON) of what can be read in a folder: twelve files at most, evenly chosen."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    found = []
    for path in paths[:: max(1, len(paths) // 12)]:
        try:
            found.append((path.name, read_header(path).metadata))
        except Unreadable:
            continue
    return found


def wanted(model: dict[str, Any]) -> list[Key]:
    made = (key_of(tag, "") for tag in model if tag != "00080005")
    return [key for key in made if key is not None]


def plain(value: Any) -> Any:
    """Values to be compared: numbers as numbers, texts without padding, sequences by their items."""
    if isinstance(value, list):
        parts = [plain(part) for part in value]
        return None if not any(part is not None for part in parts) else parts[0] if len(parts) == 1 else parts
    if isinstance(value, dict):
        shown = {key: plain(part) for key, part in value.items() if key not in _LEFT_OUT}
        return {key: part for key, part in shown.items() if part is not None} or None
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return value.strip() or None
        return round(number, 4) if math.isfinite(number) and abs(number) < 1e12 else value.strip()
    return round(float(value), 4) if isinstance(value, int | float) else value


@pytest.mark.parametrize("folder", FOLDERS)
def test_everything_in_a_header_can_be_answered(shared_data: Path, folder: str) -> None:
    found = models(shared_data / folder)
    assert found
    for name, model in found:
        keys = wanted(model)
        entry = read_model(model, keys)
        for syntax in TRANSFER_SYNTAXES:
            again = json_metadata(decode(AnswerWriter(keys, syntax).write(entry), syntax))
            asked = {f"{key.tag:08X}" for key in keys}
            different = [tag for tag in asked if plain(model[tag]) != plain(again.get(tag, {}))]
            assert different == [], (name, syntax)


def test_every_name_is_found_by_its_own_letters(shared_data: Path) -> None:
    names = {
        element["Value"][0].get("Alphabetic", "")
        for folder in ("charset", "ct", "mr", "us")
        for _, model in models(shared_data / folder)
        if (element := model.get("00100010", {})).get("Value")
    }
    letters = sorted(name for name in names if fold_name(name))
    assert len(letters) > 10
    for name in letters:
        plainly = name.replace("*", "").replace("?", "")
        for text in (plainly, fold_name(plainly), f"{fold_name(plainly)[:3]}*"):
            assert matches(make_key(0x00100010, "PatientName", "PN", text), name)
