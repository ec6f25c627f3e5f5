"""What may be written into an order, in the many ways in which people and files write it."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from typing import Any

import pytest

from node.domain.order import Pregnancy
from node.domain.study import Priority
from worklists.modality._form_table import FIELDS
from worklists.modality.form import FAULTS, OrderInvalid, checked, fold, read_order

NOW = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)  # half past one of the 23rd in Hà Nội
LEAST = {"patient_name": "Nguyễn Thị Đào", "patient_id": "BN-1", "modality": "CT"}


def value(name: str, given: Any) -> Any:
    text, faults = read_order(LEAST | {name: given}, NOW)
    assert faults == (), faults
    return getattr(text, name)


def fault(name: str, given: Any) -> str:
    text, faults = read_order(LEAST | {name: given}, NOW)
    assert text is None
    ((found),) = faults
    assert found.field == name
    assert found.message == FAULTS[found.code]
    return found.code


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("patient_name", unicodedata.normalize("NFD", "Nguyễn  Thị Đào"), "Nguyễn Thị Đào"),
        ("patient_name", "Nguyễn^Thị Đào^^^", "Nguyễn^Thị Đào"),
        ("patient_id", 12345, "12345"),
        ("patient_id", 12345.0, "12345"),
        ("birth_date", "31/01/1970", "19700131"),
        ("birth_date", "1970-01-31", "19700131"),
        ("birth_date", "1970-01-31T00:00:00", "19700131"),
        ("birth_date", "31.1.1970", "19700131"),
        ("birth_date", "19700131", "19700131"),
        ("birth_date", "1970", "19700101"),
        ("birth_date", "31/01/1970 00:00", "19700131"),
        ("scheduled_time", "8h30", "083000"),
        ("scheduled_time", "8g", "080000"),
        ("scheduled_time", "14:05:09", "140509"),
        ("scheduled_time", "1405", "140500"),
        ("scheduled_time", "140509.123", "140509"),
        ("sex", "Nữ", "F"),
        ("sex", "1", "M"),
        ("sex", "khác", "O"),
        ("modality", "siêu âm", "US"),
        ("modality", "X-quang", "DX"),
        ("modality", "ct", "CT"),
        ("modality", "PT", "PT"),
        ("stations", "CT1; CT 2, CT1", ("CT1", "CT 2")),
        ("stations", ["CT1", "CT2"], ("CT1", "CT2")),
        ("priority", "Cấp cứu", Priority.EMERGENCY),
        ("priority", "STAT", Priority.EMERGENCY),
        ("priority", "khẩn", Priority.URGENT),
        ("priority", "", Priority.ROUTINE),
        ("weight", "52,5 kg", 52.5),
        ("weight", 70, 70.0),
        ("pregnancy", "có thể", Pregnancy.POSSIBLE),
        ("pregnancy", "4", Pregnancy.UNKNOWN),
        ("allergies", "iod; penicillin\nlatex", "iod\\penicillin\\latex"),
        ("reason", "dòng một\r\ndòng hai", "dòng một\ndòng hai"),
        ("study_uid", "1.2.840.1", "1.2.840.1"),
    ],
)
def test_what_cannot_be_misunderstood_is_taken(name: str, given: Any, expected: Any) -> None:
    assert value(name, given) == expected


@pytest.mark.parametrize(
    ("name", "given", "code"),
    [
        ("patient_name", " ", "missing"),
        ("patient_name", "^^", "missing"),
        ("patient_name", "a^b^c^d^e^f", "name"),
        ("patient_name", "x" * 65, "too-long"),
        ("patient_id", "", "missing"),
        ("patient_id", "A\\B", "characters"),
        ("patient_id", "A\x1bB", "characters"),
        ("accession_number", "12345678901234567", "too-long"),
        ("birth_date", "31/02/1970", "birth-date"),
        ("birth_date", "01/13/1970", "birth-date"),
        ("scheduled_date", "mai", "date"),
        ("scheduled_time", "25:00", "time"),
        ("scheduled_time", "8", "time"),
        ("sex", "x", "sex"),
        ("modality", "máy chụp", "modality"),
        ("stations", "MÁY1", "station"),
        ("stations", "A" * 17, "station"),
        ("priority", "bald", "priority"),
        ("weight", "900", "weight"),
        ("weight", "nặng", "weight"),
        ("pregnancy", "?", "pregnancy"),
        ("allergies", "x" * 65, "too-long"),
        ("reason", "a\x00b", "characters"),
        ("study_uid", "1.02.3", "uid"),
        ("study_uid", "abc", "uid"),
    ],
)
def test_a_fault_is_named_with_its_field(name: str, given: Any, code: str) -> None:
    assert fault(name, given) == code


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(OrderInvalid) as caught:
        checked({"patient_id": "1", "sex": "x", "colour": "red"}, NOW)
    found = {(fault.field, fault.code) for fault in caught.value.faults}
    assert found == {
        ("patient_name", "missing"), ("modality", "missing"), ("sex", "sex"), ("colour", "unknown-field"),
    }  # fmt: skip


def test_an_order_without_a_day_is_for_now_where_the_node_is() -> None:
    text = checked(LEAST, NOW)
    assert (text.scheduled_date, text.scheduled_time) == ("20261123", "013000")
    later = checked(LEAST | {"scheduled_date": "24/11/2026"}, NOW)
    assert (later.scheduled_date, later.scheduled_time) == ("20261124", "000000")


def test_a_code_without_its_table_is_the_houses_own() -> None:
    assert value("procedure_code", "18.0149") == "18.0149"
    text = checked(LEAST | {"procedure_code": "18.0149"}, NOW)
    assert text.procedure_code_scheme == "99LOCAL"
    assert checked(LEAST | {"procedure_code_scheme": "DVKT"}, NOW).procedure_code_scheme == ""


def test_no_heading_means_two_fields() -> None:
    headings = [heading for entry in FIELDS for heading in {fold(entry.name), *entry.headings}]
    assert sorted({heading for heading in headings if headings.count(heading) > 1}) == []
    assert [heading for heading in headings if fold(heading) != heading] == []
