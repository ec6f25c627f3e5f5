"""What of a letter would tell another hospital who the patient is, and what is ordinary speech."""

from __future__ import annotations

import pytest

from worklists.correspondence.identity import Patient, TellsPatient, check, told_by

MAU = Patient("NGUYỄN^VĂN MẪU", ("BN-004512", "CĐ12"), "19580214")
DAO = Patient("Trần^Đào^Thị", ("77",), "")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Bệnh nhân Nguyễn Văn Mẫu đau ngực 3 ngày.", ["patient-name"]),
        ("benh nhan NGUYEN VAN MAU dau nguc", ["patient-name"]),
        ("nguyenvanmau", ["patient-name"]),
        ("Ông Văn Mẫu khó thở", ["patient-name"]),
        ("ong van mau kho tho", ["patient-name"]),
        ("Chụp theo mẫu của bác sĩ Nguyễn Văn Bình, máu không đông", []),
        ("Văn bản mẫu số 3", []),
        ("mã BN-004512", ["patient-id"]),
        ("mã bn-004512_CT", ["patient-id"]),
        ("chỉ định CĐ12 hôm qua", ["patient-id"]),
        ("chỉ số cđ123", []),
        ("sinh 14/2/1958", ["birth-date"]),
        ("sinh ngày 14 tháng 02 năm 1958", ["birth-date"]),
        ("DOB 1958-02-14", ["birth-date"]),
        ("DOB 19580214", ["birth-date"]),
        ("mổ ngày 14/2/2024", []),
        ("gọi 0912 345 678 nhé", ["long-number"]),
        ("+84.912.345.678", ["long-number"]),
        ("thẻ 010 123 456 789", ["long-number"]),
        ("CCCD 001058012345", ["long-number"]),
        ("huyết áp 160/100, mạch 110, SpO2 92%, creatinin 120,5", []),
        ("ảnh 1.2.840.113619.2.55.3.604688119.971", []),
        ("", []),
    ],
)
def test_a_text_is_searched_for_who_the_patient_is(text: str, codes: list[str]) -> None:
    assert told_by(text, MAU) == codes


def test_a_name_is_found_in_the_order_in_which_it_is_spoken() -> None:
    assert told_by("Trần Thị Đào", DAO) == ["patient-name"]
    assert told_by("tran dao thi", DAO) == ["patient-name"]
    assert told_by("Quả đào thị trường", DAO) == []


def test_an_identifier_of_two_signs_is_not_looked_for() -> None:
    assert told_by("mạch 77", DAO) == []


def test_the_refusal_names_each_field_and_what_to_take_out() -> None:
    with pytest.raises(TellsPatient) as caught:
        check([("text", "Nguyễn Văn Mẫu, 0912345678"), ("summary", "đau ngực")], MAU)
    assert [(f.field, f.code) for f in caught.value.faults] == [("text", "patient-name"), ("text", "long-number")]
    assert "telephone" in caught.value.hint
    assert "Mẫu" not in str(caught.value)
