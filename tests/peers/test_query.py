"""C-FIND asked by every stack that can ask."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset

from tests.orthanc import OrthancServer
from tests.peers import dcmjs_dimse, dcmtk, odil, pixelmed, pynetdicom_apps
from tests.peers.gateway import AE_TITLE, Gateway
from tests.peers.objects import NAME, write_study

STUDY, OTHER, THIRD = "2.25.2000.1", "2.25.2000.2", "2.25.2000.3"
OTHER_NAME = "Trần^Văn Đức"
ASKED = (
    "StudyInstanceUID",
    "PatientName",
    "PatientID",
    "StudyDate",
    "StudyDescription",
    "NumberOfStudyRelatedInstances",
)
WHOLE = {
    "StudyInstanceUID": STUDY,
    "PatientName": NAME,
    "PatientID": "P1",
    "StudyDate": "20260302",
    "StudyDescription": "Chụp lồng ngực",
    "NumberOfStudyRelatedInstances": "3",
}
Find = Callable[..., list[Dataset]]
Finder = Callable[[Gateway, Path, dict[str, str]], list[dict[str, str]]]


@pytest.fixture(scope="module", autouse=True)
def studies(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Three studies of two patients in the node."""
    folder = tmp_path_factory.mktemp("studies")
    files = write_study(folder / "1", STUDY, 3)
    files += write_study(folder / "2", OTHER, 2, PatientName=OTHER_NAME, StudyDate="20260401")
    files += write_study(folder / "3", THIRD, 1, PatientName=OTHER_NAME, PatientID="P2", StudyDate="20260501")
    assert dcmtk.store(gateway.port, *files) == 6
    for study, count in ((STUDY, 3), (OTHER, 2), (THIRD, 1)):
        gateway.wait_instances(study, count)


def by_dcmtk(gateway: Gateway, folder: Path, keys: dict[str, str]) -> list[dict[str, str]]:
    return [_texts(ds) for ds in dcmtk.find(gateway.port, folder, _study_level(keys))]


def by_pynetdicom(gateway: Gateway, folder: Path, keys: dict[str, str]) -> list[dict[str, str]]:
    return [_texts(ds) for ds in pynetdicom_apps.find(gateway.port, folder, _study_level(keys))]


def by_dcmjs_dimse(gateway: Gateway, folder: Path, keys: dict[str, str]) -> list[dict[str, str]]:
    request = {"kind": "find", "level": "STUDY", "elements": _study_level(keys)}
    said = dcmjs_dimse.ask(gateway.port, request)
    assert said.statuses == [0], said
    return [{name: dcmjs_dimse.text(one.get(name, "")) for name in ASKED} for one in said.elements()]


def by_odil(gateway: Gateway, folder: Path, keys: dict[str, str]) -> list[dict[str, str]]:
    """It prints a line for each element, the name of the attribute first, and an empty line behind each answer."""
    said = odil.find(gateway.port, "study", *("=".join(key).rstrip("=") for key in _study_level(keys).items()))
    assert said.ok, said.text
    answers = [dict(_TAG_AND_VALUE.findall(block)) for block in said.text.split("\n\n")]
    named = ({name: answer.get(tag, "") for name, tag in _TAGS.items()} for answer in answers if answer)
    return [one for one in named if one["StudyInstanceUID"]]


FINDERS: dict[str, Finder] = {
    "DCMTK": by_dcmtk,
    "pynetdicom": by_pynetdicom,
    "dcmjs-dimse": by_dcmjs_dimse,
    "odil": by_odil,
}
_TAG_AND_VALUE = re.compile(r"^\S.*? ([0-9a-f]{4},[0-9a-f]{4}) [A-Z]{2} \['?([^'\]]*)'?\]", re.MULTILINE)
_TAGS = {name: f"{tag >> 16:04x},{tag & 0xFFFF:04x}" for name in ASKED if (tag := tag_for_keyword(name))}


def _study_level(keys: dict[str, str]) -> dict[str, str]:
    named = {"SpecificCharacterSet": "ISO_IR 192", "QueryRetrieveLevel": "STUDY"}
    return named | dict.fromkeys(ASKED, "") | keys


def _texts(ds: object) -> dict[str, str]:
    return {name: str(getattr(ds, name, "")) for name in ASKED}


each_question = pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"PatientID": "P1"}, {STUDY}),
        ({"PatientName": "*duc*"}, {OTHER, THIRD}),
        ({"PatientName": "ĐỨC Trần Văn", "StudyDate": "20260401-20260430"}, {OTHER}),
        ({"PatientID": "nobody"}, set()),
    ],
    ids=["patient", "name in parts", "name in another order, dates", "nobody"],
)


@each_question
@pytest.mark.parametrize("stack", FINDERS)
def test_studies_are_found(gateway: Gateway, tmp_path: Path, stack: str, keys: dict[str, str], found: set[str]) -> None:
    answers = FINDERS[stack](gateway, tmp_path / "answers", keys)
    assert {answer["StudyInstanceUID"] for answer in answers} == found
    if STUDY in found:
        assert answers == [WHOLE]


@each_question
def test_orthanc_finds_studies(gateway: Gateway, orthanc: OrthancServer, keys: dict[str, str], found: set[str]) -> None:
    orthanc.know(AE_TITLE, gateway.port)
    _, answers = orthanc.query(AE_TITLE, "Study", _study_level(keys))
    assert {answer["StudyInstanceUID"] for answer in answers} == found
    if STUDY in found:
        assert [{name: answer[name] for name in ASKED} for answer in answers] == [WHOLE]


def test_pixelmed_finds_the_images_of_a_series(gateway: Gateway, tmp_path: Path) -> None:
    files = write_study(tmp_path, pixelmed.QUERIED_STUDY, 2, SeriesInstanceUID=pixelmed.QUERIED_SERIES)
    dcmtk.store(gateway.port, *files)
    gateway.wait_instances(pixelmed.QUERIED_STUDY, 2)
    text = pixelmed.find_images(gateway.port).text
    assert [text.count(f"<{pixelmed.QUERIED_STUDY}.2.{number}>") for number in (1, 2)] == [1, 1]


@pytest.mark.parametrize(
    ("model", "level", "key", "found"),
    [
        ("-P", "PATIENT", "PatientID", ["P1", "P2"]),
        ("-S", "SERIES", "SeriesInstanceUID", [f"{STUDY}.2"]),
        ("-S", "IMAGE", "SOPInstanceUID", [f"{STUDY}.2.{number}" for number in (1, 2, 3)]),
    ],
)
@pytest.mark.parametrize("find", [dcmtk.find, pynetdicom_apps.find], ids=["DCMTK", "pynetdicom"])
def test_every_level_is_answered(
    gateway: Gateway, tmp_path: Path, find: Find, model: str, level: str, key: str, found: list[str]
) -> None:
    named = {key: "P?"} if level == "PATIENT" else {key: "", "StudyInstanceUID": STUDY}
    keys = {"QueryRetrieveLevel": level} | named
    assert sorted(str(ds[key].value) for ds in find(gateway.port, tmp_path / "answers", keys, model=model)) == found


def test_a_peer_that_may_not_ask_is_refused_on_the_context(gateway: Gateway, tmp_path: Path) -> None:
    said = dcmtk.dcmtk("findscu", gateway.port, options=("-S", "-k", "QueryRetrieveLevel=STUDY"), title="STOREONLY")
    assert "No Acceptable Presentation Contexts" in said.text
