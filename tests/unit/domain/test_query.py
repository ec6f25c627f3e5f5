"""What a key asks for (PS3.4 C.2.2.2)."""

from __future__ import annotations

from typing import Any

import pytest

from node.domain.query import (
    Key,
    Matching,
    combined,
    format_offset,
    make_key,
    matches,
    matches_all,
    parse_offset,
    read_model,
    shift,
    shifted,
)


def key(vr: str, text: str) -> Key:
    return make_key(0x00080001, "Anything", vr, text)


@pytest.mark.parametrize(
    ("vr", "text", "kind"),
    [
        ("LO", "", Matching.UNIVERSAL),
        ("LO", "*", Matching.UNIVERSAL),
        ("UI", "*", Matching.UNIVERSAL),
        ("DA", "*", Matching.UNIVERSAL),
        ("DA", "-", Matching.UNIVERSAL),
        ("LO", "A", Matching.SINGLE),
        ("LO", "A?", Matching.WILDCARD),
        ("UI", "1.2\\1.3", Matching.SINGLE),
        ("UI", "1.2.*", Matching.SINGLE),
        ("CS", "CT\\M*", Matching.WILDCARD),
        ("LT", "a\\b", Matching.SINGLE),
        ("DA", "20260301", Matching.SINGLE),
        ("DA", "20260301-", Matching.RANGE),
        ("TM", "10", Matching.RANGE),
        ("LO", '""', Matching.EMPTY),
    ],
)
def test_the_kind_of_matching_is_seen_in_the_value(vr: str, text: str, kind: Matching) -> None:
    assert key(vr, text).kind == kind


@pytest.mark.parametrize("text", ["yesterday", "2026", "20260301-x", "2026030120260302", "20260301--20260302"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a date"):
        key("DA", text)


@pytest.mark.parametrize(
    ("vr", "text", "value", "is_it"),
    [
        ("LO", "P1", "P1", True),
        ("LO", "P1", "p1", False),
        ("LO", "P1", " P1 ", True),
        ("LO", "P*", "P1", True),
        ("LO", "P?", "P12", False),
        ("LO", "P[1]*", "P1", False),
        ("LO", "A", None, False),
        ("LO", "", None, True),
        ("LO", '""', "", True),
        ("LO", '""', "A", False),
        ("CS", "MR\\CT", "CT\\SR", True),
        ("CS", "MR\\US", ["CT", "SR"], False),
        ("UI", "1.2\\1.3", "1.3", True),
        ("UI", "1.2", "1.20", False),
        ("IS", "7", 7, True),
        ("DS", "1.50", "1.5", True),
        ("US", "512", 512, True),
        ("DA", "20260301", "2026.03.01", True),
        ("DA", "2026.03.01", "20260301", True),
        ("DA", "20260301-20260303", "20260303", True),
        ("DA", "-20260301", "20260302", False),
        ("DA", "20260301-", "20260301", True),
        ("DA", "20260301-", "", False),
        ("TM", "10-1130", "113059.9", True),
        ("TM", "10-1130", "1131", False),
        ("TM", "1030", "103012", True),
        ("TM", "10:30-", "103000", True),
        ("TM", "-0800", "075959.999999", True),
        ("DT", "2026", "20260815", True),
        ("DT", "20260301120000+0700", "20260301050000+0000", True),
        ("DT", "20260301120000-0500-20260301130000-0500", "20260301173000+0000", True),
        ("DT", "20260301120000-0500-20260301130000-0500", "20260301183000+0000", False),
        ("PN", "tran\\le*", "Lê^Văn", True),
    ],
)
def test_values_match_as_the_standard_says(vr: str, text: str, value: Any, is_it: bool) -> None:
    assert matches(key(vr, text), value) is is_it


def test_a_sequence_matches_when_one_item_has_everything() -> None:
    nested = (make_key(0x00080100, "CodeValue", "SH", "A*"), make_key(0x00080102, "CodingSchemeDesignator", "SH", "L"))
    asked = Key(0x00081032, "ProcedureCodeSequence", "SQ", Matching.SEQUENCE, nested=nested)
    right = {"CodeValue": "A1", "CodingSchemeDesignator": "L"}
    wrong = [{"CodeValue": "A1", "CodingSchemeDesignator": "M"}, {"CodeValue": "B1", "CodingSchemeDesignator": "L"}]
    assert matches(asked, [*wrong, right])
    assert not matches(asked, wrong)
    assert not matches(asked, None)
    empty = Key(0x00081032, "ProcedureCodeSequence", "SQ", Matching.SEQUENCE, nested=(Key(1, "CodeValue", "SH"),))
    assert not empty.asks
    assert matches(empty, None)


def test_a_date_and_its_time_may_be_one_range() -> None:
    keys = (
        make_key(0x00080020, "StudyDate", "DA", "20260301-20260303"),
        make_key(0x00080030, "StudyTime", "TM", "10-18"),
    )
    evening = {"StudyDate": "20260302", "StudyTime": "220000"}
    assert not matches_all(keys, evening)
    assert matches_all(combined(keys), evening)
    assert not matches_all(combined(keys), {"StudyDate": "20260301", "StudyTime": "0959"})
    assert not matches_all(combined(keys), {"StudyDate": "20260303", "StudyTime": "190000"})
    lone = (keys[0], make_key(0x00080030, "StudyTime", "TM", ""))
    assert combined(lone) == lone


def test_offsets_are_read_and_written() -> None:
    assert [parse_offset(text) for text in ("+0700", "-0330", "+0000")] == [420, -210, 0]
    assert [format_offset(minutes) for minutes in (420, -210, 0)] == ["+0700", "-0330", "+0000"]
    for bad in ("0700", "+7", "+1560", "+0760"):
        with pytest.raises(ValueError, match="offset"):
            parse_offset(bad)


def test_moments_move_into_another_zone() -> None:
    assert shift("20260301", "0130", -120) == ("20260228", "2330")
    assert shift("20260301", "23", 330) == ("20260302", "0430")
    assert shift("20260301", "013000.25", 420) == ("20260301", "083000.25")
    assert shift("20261301", "01", 60) == ("20261301", "01")
    assert shifted({"StudyDate": "20260301", "StudyTime": "", "SeriesDate": "20260301", "SeriesTime": "00"}, -60) == {
        "StudyDate": "20260301",
        "StudyTime": "",
        "SeriesDate": "20260228",
        "SeriesTime": "23",
    }


def test_a_header_in_json_becomes_an_entry() -> None:
    model = {
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "A^B", "Phonetic": "C"}]},
        "00200013": {"vr": "IS", "Value": [3]},
        "00080008": {"vr": "CS", "Value": ["ORIGINAL", "PRIMARY"]},
        "00081032": {"vr": "SQ", "Value": [{"00080100": {"vr": "SH", "Value": ["X"]}}]},
        "00100020": {"vr": "LO"},
    }
    names = {
        0x00100010: "PatientName", 0x00200013: "InstanceNumber", 0x00080008: "ImageType", 0x00100020: "PatientID",
        0x00081032: "ProcedureCodeSequence", 0x00100040: "PatientSex",
    }  # fmt: skip
    assert read_model(model, [Key(tag, keyword, "") for tag, keyword in names.items()]) == {
        "PatientName": "A^B==C",
        "InstanceNumber": 3,
        "ImageType": ["ORIGINAL", "PRIMARY"],
        "PatientID": [],
        "ProcedureCodeSequence": [{"00080100": "X"}],
    }
