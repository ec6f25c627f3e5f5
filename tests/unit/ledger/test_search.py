"""Searches at all levels, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from node.dicom.network.identifier import key_of
from node.domain.person_name import fold_name
from node.domain.query import Entry, Key, Level, Matching, Query, combined
from node.domain.study import Arrival, InstanceHeader, Via
from node.errors import Invalid
from node.ledger import search as module
from node.ledger import studies
from node.ledger.search import LedgerSearch, find, unsupported
from node.ledger.sql import SqlLedger, open_ledger

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
CT, MR, SR = (
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.4",
    "1.2.840.10008.5.1.4.1.1.88.11",
)
DUC = InstanceHeader(
    "1.1.1.1", CT, "1.2.840.10008.1.2.1", "1.1", "1.1.1", "", 1000, modality="CT", patient_id="P_1",
    patient_name="Nguyễn^Văn^Đức", birth_date="19700101", sex="M", accession_number="A%1", study_date="20260301",
    study_time="233000", study_id="S1", referring_physician="BS.^Trần Hà", study_description="Chụp ngực", rows=8,
    columns=8, series_number=1, series_description="Phổi", instance_number=1,
)  # fmt: skip
HA = replace(
    DUC, study_instance_uid="1.2", series_instance_uid="1.2.1", sop_instance_uid="1.2.1.1", sop_class_uid=MR,
    modality="MR", patient_id="P_2", patient_name="Trần^Thị^Hà=陳氏河", sex="F", accession_number="B1",
    study_date="20260302", study_time="0815", study_id="S2", referring_physician="", series_description="T1",
)  # fmt: skip
OTHER_SITE = replace(  # another patient: the same number, given elsewhere
    DUC, study_instance_uid="1.3", series_instance_uid="1.3.1", sop_instance_uid="1.3.1.1", accession_number="C1",
    patient_name="Đức Nguyễn", study_date="20250101", study_id="", timezone="+0900",
)  # fmt: skip


def model(header: InstanceHeader) -> dict[str, Any]:
    return {
        "00080060": {"vr": "CS", "Value": [header.modality]},
        "00102000": {"vr": "LO", "Value": [f"alert {header.patient_id}"]},
        "00181030": {"vr": "LO", "Value": [f"protocol {header.series_instance_uid}"]},
        "00080021": {"vr": "DA", "Value": [header.study_date]},
        "00080031": {"vr": "TM", "Value": ["2345"]},
        "00081032": {"vr": "SQ", "Value": [{"00080100": {"vr": "SH", "Value": [f"CODE {header.modality}"]}}]},
        "00080008": {"vr": "CS", "Value": ["ORIGINAL", "PRIMARY", header.sop_instance_uid]},
    }


def add(tx: Any, number: int, header: InstanceHeader, facility: str = "DEMO-DH", *, shadow: bool = False) -> None:
    header = replace(header, digest=f"{number:064x}")
    arrival = Arrival(Via.DIMSE, NOW + timedelta(seconds=number), facility=facility)
    packed = studies.pack(model(header))
    key = fold_name(header.patient_name)
    assert studies.add_instance(tx, header, arrival, name_key=key, shadow=shadow, packed=packed)
    studies.summarise(tx, header.study_instance_uid)


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[SqlLedger]:
    opened = open_ledger(ledger_url)
    with opened.begin() as tx:
        add(tx, 1, DUC)
        add(tx, 2, replace(DUC, sop_instance_uid="1.1.1.2", instance_number=2))
        report = replace(DUC, series_instance_uid="1.1.9", sop_instance_uid="1.1.9.1", sop_class_uid=SR, modality="SR",
                         series_number=9, series_description="Kết quả", rows=0, columns=0)  # fmt: skip
        add(tx, 3, report)
        add(tx, 4, HA)
        add(tx, 5, OTHER_SITE, facility="DEMO-TW")
        twin = replace(DUC, study_instance_uid="9.9", series_instance_uid="9.9.1", sop_instance_uid="9.9.1.1")
        add(tx, 6, twin, shadow=True)
    yield opened
    opened.dispose()


def keys(**texts: str) -> tuple[Key, ...]:
    made = [key_of(name, text) for name, text in texts.items()]
    assert all(made)
    return tuple(key for key in made if key is not None)


def ask(ledger: SqlLedger, level: Level, *more: Key, offset: int | None = None, **texts: str) -> list[Entry]:
    query = Query(level, (*keys(**texts), *more), offset, ordered=True)
    with ledger.read() as tx:
        ordered = list(find(tx, query))
        again = list(find(tx, replace(query, ordered=False)))
    assert sorted(map(repr, again)) == sorted(map(repr, ordered))
    return ordered


def found(ledger: SqlLedger, **texts: str) -> set[str]:
    return {entry["StudyInstanceUID"] for entry in ask(ledger, Level.STUDY, **{"StudyInstanceUID": "", **texts})}


STUDIES: tuple[tuple[dict[str, str], str], ...] = (
    ({}, "1.1 1.2 1.3"),
    ({"StudyInstanceUID": "1.1\\1.3\\7"}, "1.1 1.3"),
    ({"StudyInstanceUID": "9.9"}, ""),
    ({"PatientID": "P_1"}, "1.1 1.3"),
    ({"PatientID": "P_?"}, "1.1 1.2 1.3"),
    ({"PatientID": "P?1*"}, "1.1 1.3"),
    ({"PatientID": "p_1*"}, ""),
    ({"PatientID": "%"}, ""),
    ({"PatientID": "*%*"}, ""),
    ({"AccessionNumber": "A%*"}, "1.1"),
    ({"AccessionNumber": "a%1"}, ""),
    ({"AccessionNumber": "A%1\\B?"}, "1.1 1.2"),
    ({"StudyID": "S2"}, "1.2"),
    ({"StudyID": '""'}, "1.3"),
    ({"PatientName": "Nguyễn^Văn^Đức"}, "1.1"),
    ({"PatientName": "duc nguyen"}, "1.3"),
    ({"PatientName": "NGUYEN*"}, "1.1 1.3"),
    ({"PatientName": "VAN* NGUYEN"}, "1.1"),
    ({"PatientName": "nguyenvand*"}, "1.1"),
    ({"PatientName": "*guyen"}, "1.1 1.3"),
    ({"PatientName": "h? th*"}, "1.2"),
    ({"PatientName": "陳*"}, "1.2"),
    ({"PatientName": "=陳氏河"}, "1.2"),
    ({"PatientName": "le*"}, ""),
    ({"PatientName": "nguyen_*"}, "1.1 1.3"),
    ({"PatientName": "tran*", "PatientID": "P_1"}, ""),
    ({"PatientName": "nguyen*", "PatientID": "P_*", "StudyDate": "2026-2027".replace("-", "0101-") + "0101"}, "1.1"),
    ({"ReferringPhysicianName": "ha tran*"}, "1.1 1.3"),
    ({"StudyDate": "20260301"}, "1.1"),
    ({"StudyDate": "-20260228"}, "1.3"),
    ({"StudyDate": "20260301-"}, "1.1 1.2"),
    ({"StudyDate": "20260301-20260302", "StudyTime": "08-09"}, "1.2"),
    ({"StudyTime": "0815"}, "1.2"),
    ({"ModalitiesInStudy": "SR\\US"}, "1.1"),
    ({"ModalitiesInStudy": "M*"}, "1.2"),
    ({"ModalitiesInStudy": "R"}, ""),
    ({"Modality": "CT"}, "1.1 1.3"),
    ({"PatientSex": "F"}, "1.2"),
    ({"PatientBirthDate": "19690101-19710101"}, "1.1 1.2 1.3"),
    ({"StudyDescription": "chụp*"}, ""),
    ({"StudyDescription": "Chụp*"}, "1.1 1.2 1.3"),
    ({"NumberOfStudyRelatedInstances": "3"}, "1.1"),
    ({"NumberOfStudyRelatedSeries": "2"}, "1.1"),
    ({"SOPClassesInStudy": MR}, "1.2"),
    ({"MedicalAlerts": "alert P_2"}, "1.2"),
)  # fmt: skip


def test_studies_are_found_by_what_they_are(ledger: SqlLedger) -> None:
    results = [(texts, " ".join(sorted(found(ledger, **texts)))) for texts, _ in STUDIES]
    assert results == list(STUDIES)


def test_names_are_found_when_they_are_too_many_to_look_up_at_once(
    ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FEW_NAMES", 1)
    monkeypatch.setattr(module, "_MANY_NAMES", 1)
    monkeypatch.setattr(module, "_PIECE", 1)
    assert found(ledger, PatientName="NGUYEN*") == {"1.1", "1.3"}
    monkeypatch.setattr(module, "_FEW_STUDIES", 1)
    assert found(ledger, PatientName="NGUYEN*", StudyDate="20250101-20260302") == {"1.1", "1.3"}


def test_a_study_is_answered_with_everything_that_was_asked_for(ledger: SqlLedger) -> None:
    wanted = (
        "PatientID", "PatientName", "PatientBirthDate", "StudyDate", "ModalitiesInStudy", "SOPClassesInStudy",
        "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances", "ReferringPhysicianName", "Modality",
        "MedicalAlerts", "ProcedureCodeSequence", "SeriesDescription",
    )  # fmt: skip
    (entry,) = ask(ledger, Level.STUDY, StudyInstanceUID="1.1", **dict.fromkeys(wanted, ""))
    assert entry == {
        "StudyInstanceUID": "1.1", "PatientID": "P_1", "PatientName": "Nguyễn^Văn^Đức", "PatientBirthDate": "19700101",
        "StudyDate": "20260301", "ModalitiesInStudy": ["CT", "SR"], "SOPClassesInStudy": [CT, SR], "Modality": "CT",
        "NumberOfStudyRelatedSeries": 2, "NumberOfStudyRelatedInstances": 3, "ReferringPhysicianName": "BS.^Trần Hà",
        "MedicalAlerts": "alert P_1", "ProcedureCodeSequence": [{"00080100": "CODE CT"}],
    }  # fmt: skip
    assert unsupported(Query(Level.STUDY, keys(**dict.fromkeys(wanted, "")))) == {"SeriesDescription"}


def test_the_newest_study_comes_first_when_order_is_wanted(ledger: SqlLedger) -> None:
    entries = ask(ledger, Level.STUDY, StudyInstanceUID="")
    assert [entry["StudyInstanceUID"] for entry in entries] == ["1.3", "1.2", "1.1"]


def test_patients_of_two_issuers_are_two(ledger: SqlLedger) -> None:
    with ledger.begin() as tx:
        later = replace(DUC, study_instance_uid="1.4", series_instance_uid="1.4.1", sop_instance_uid="1.4.1.1")
        add(tx, 10, later)
        named = replace(later, issuer_of_patient_id="BV", study_instance_uid="1.5", series_instance_uid="1.5.1")
        add(tx, 11, replace(named, sop_instance_uid="1.5.1.1"))
    counted = ("NumberOfPatientRelatedStudies", "NumberOfPatientRelatedSeries", "NumberOfPatientRelatedInstances")
    entries = ask(ledger, Level.PATIENT, PatientID="P_1", IssuerOfPatientID="", **dict.fromkeys(counted, ""))
    assert sorted((entry["IssuerOfPatientID"], *(entry[name] for name in counted)) for entry in entries) == [
        ("", 1, 1, 1),
        ("", 2, 3, 4),
        ("BV", 1, 1, 1),
    ]
    assert unsupported(Query(Level.PATIENT, keys(StudyDate="20260101-", PatientID=""))) == {"StudyDate"}


def test_patients_without_a_number_are_told_apart_by_their_names(ledger: SqlLedger) -> None:
    nobody = replace(DUC, patient_id="", accession_number="N")
    with ledger.begin() as tx:
        for number, name in enumerate(("An", "Bình", "An"), start=20):
            uid = f"2.{number}"
            add(tx, number, replace(nobody, patient_name=name, study_instance_uid=uid, series_instance_uid=f"{uid}.1",
                                    sop_instance_uid=f"{uid}.1.1"))  # fmt: skip
    entries = ask(ledger, Level.PATIENT, PatientID='""', PatientName="")
    assert sorted(entry["PatientName"] for entry in entries) == ["An", "Bình"]


def test_series_are_found_from_above_and_by_their_own_attributes(ledger: SqlLedger) -> None:
    def series(**texts: str) -> list[str]:
        return [e["SeriesInstanceUID"] for e in ask(ledger, Level.SERIES, **{"SeriesInstanceUID": "", **texts})]

    assert series(StudyInstanceUID="1.1") == ["1.1.1", "1.1.9"]
    assert series(PatientName="nguyen*", Modality="CT") == ["1.3.1", "1.1.1"]
    assert series(SeriesInstanceUID="1.1.9\\1.2.1") == ["1.2.1", "1.1.9"]
    assert series(SeriesNumber="9") == ["1.1.9"]
    assert series(SeriesDescription="T*") == ["1.2.1"]
    assert series(ProtocolName="protocol 1.1.9") == ["1.1.9"]
    assert series(StudyInstanceUID="9.9") == []
    (entry,) = ask(ledger, Level.SERIES, SeriesInstanceUID="1.1.1", NumberOfSeriesRelatedInstances="", PatientID="")
    assert (entry["NumberOfSeriesRelatedInstances"], entry["PatientID"]) == (2, "P_1")


def test_images_are_found_by_what_only_their_headers_say(ledger: SqlLedger) -> None:
    def images(**texts: str) -> list[str]:
        return [e["SOPInstanceUID"] for e in ask(ledger, Level.IMAGE, **{"SOPInstanceUID": "", **texts})]

    assert images(SeriesInstanceUID="1.1.1") == ["1.1.1.1", "1.1.1.2"]
    assert images(StudyInstanceUID="1.1", InstanceNumber="2") == ["1.1.1.2"]
    assert images(SOPInstanceUID="1.1.9.1\\9.9.1.1") == ["1.1.9.1"]
    assert images(SOPClassUID=MR) == ["1.2.1.1"]
    assert images(ImageType="1.1.1.2") == ["1.1.1.2"]
    assert images(Rows="0") == ["1.1.9.1"]
    nested = keys(CodeValue="CODE S*")
    sequence = Key(0x00081032, "ProcedureCodeSequence", "SQ", Matching.SEQUENCE, nested=nested)
    (entry,) = ask(ledger, Level.IMAGE, sequence, SOPInstanceUID="")
    assert (entry["SOPInstanceUID"], entry["ProcedureCodeSequence"]) == ("1.1.9.1", [{"CodeValue": "CODE SR"}])


def test_dates_are_compared_and_answered_in_the_zone_of_the_caller(ledger: SqlLedger) -> None:
    def of(offset: int, **texts: str) -> list[tuple[str, str, str]]:
        entries = ask(ledger, Level.STUDY, offset=offset, **{"StudyInstanceUID": "", **texts})
        return [(e["StudyInstanceUID"], e["StudyDate"], e["StudyTime"]) for e in entries]

    assert of(9 * 60, StudyDate="20260302") == [("1.2", "20260302", "1015"), ("1.1", "20260302", "013000")]
    assert of(0, StudyDate="20260301") == [("1.1", "20260301", "163000")]
    assert of(0, StudyTime="0115") == [("1.2", "20260302", "0115")]
    assert of(0, StudyDate="20250101") == [("1.3", "20250101", "143000")]  # its own zone is +0900
    (entry,) = ask(ledger, Level.SERIES, offset=0, SeriesInstanceUID="1.2.1", SeriesTime="")
    assert entry["SeriesTime"] == "1645"


def test_a_date_with_its_time_is_one_range_when_that_was_agreed(ledger: SqlLedger) -> None:
    asked = keys(StudyInstanceUID="", StudyDate="20260301-20260302", StudyTime="22-07")
    with ledger.read() as tx:
        assert [e["StudyInstanceUID"] for e in find(tx, Query(Level.STUDY, combined(asked)))] == ["1.1"]
        assert list(find(tx, Query(Level.STUDY, asked))) == []


def test_a_search_that_opens_too_many_objects_is_given_up(ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_HEADERS", 2)
    with pytest.raises(Invalid, match="opened"), ledger.read() as tx:
        list(find(tx, Query(Level.STUDY, keys(MedicalAlerts="nobody"))))


def test_a_list_may_be_long_but_not_endless(ledger: SqlLedger) -> None:
    assert found(ledger, StudyInstanceUID="\\".join(["1.1", *(f"7.{n}" for n in range(9_990))])) == {"1.1"}
    for texts in ({"StudyInstanceUID": "\\".join(f"7.{n}" for n in range(10_001))},
                  {"ModalitiesInStudy": "\\".join(f"M{n}" for n in range(101))}):  # fmt: skip
        with pytest.raises(Invalid, match="Too many values"):
            found(ledger, **texts)


def test_a_search_ends_when_the_caller_is_gone(ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE", 1)
    assert list(LedgerSearch(ledger)(Query(Level.STUDY, keys(PatientID="")), lambda: True)) == []
    assert len(list(LedgerSearch(ledger)(Query(Level.STUDY, keys(PatientID="")), lambda: False))) == 3


def test_a_superseded_object_is_not_found(ledger: SqlLedger) -> None:
    with ledger.begin() as tx:
        add(tx, 30, replace(HA, series_instance_uid="1.2.2"))  # the same image again, in another series
    assert [
        e["SeriesInstanceUID"] for e in ask(ledger, Level.SERIES, StudyInstanceUID="1.2", SeriesInstanceUID="")
    ] == ["1.2.2"]
    (entry,) = ask(ledger, Level.STUDY, StudyInstanceUID="1.2", NumberOfStudyRelatedSeries="")
    assert entry["NumberOfStudyRelatedSeries"] == 1
