"""Headers of real and of deliberately broken files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from node.dicom.dataset import dataset_digest, dataset_offset, read_header
from node.domain.person_name import fold_name
from node.domain.study import InstanceHeader
from node.errors import Unreadable

UID = re.compile(r"[0-9.]{1,64}")
FOLDERS = ["charset", "codec", "cr_dx", "ct", "encapsulated", "enhanced", "ko_pr", "lut", "mg", "mr", "misc"]
FOLDERS += ["nm_pt", "rt", "sc_vl", "seg_pm", "sr", "us", "xa_rf", "malformed", "pydicom-testfiles"]


def header_or_reason(path: Path) -> InstanceHeader | str:
    try:
        return read_header(path)
    except Unreadable as error:
        return error.message


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_file_gives_a_header_or_a_reason(shared_data: Path, folder: str) -> None:
    paths = [path for path in sorted((shared_data / folder).rglob("*")) if path.is_file()]
    headers = [(path, found) for path in paths if isinstance(found := header_or_reason(path), InstanceHeader)]
    assert headers, "no file of this folder could be read"
    for path, header in headers:
        assert UID.fullmatch(header.sop_instance_uid)
        assert UID.fullmatch(header.study_instance_uid)
        assert header.digest == dataset_digest(path)
        assert 0 <= dataset_offset(path) < header.size == path.stat().st_size
        json.dumps(header.metadata, allow_nan=False).encode()
        assert "7FE00010" not in header.metadata
        assert len(header.patient_name) <= 324


def test_one_slice_in_all_syntaxes_has_one_header(shared_data: Path) -> None:
    headers = [read_header(path) for path in sorted((shared_data / "codec" / "ctimage-all-syntaxes").iterdir())]
    assert len({header.study_instance_uid for header in headers}) == 1
    assert len({header.transfer_syntax_uid for header in headers}) >= 15
    assert {(header.rows, header.columns, header.modality) for header in headers} == {(512, 512, "CT")}


def test_names_in_many_scripts_are_decoded(shared_data: Path) -> None:
    names = {
        path.name: header.patient_name
        for path in (shared_data / "charset").iterdir()
        if isinstance(header := header_or_reason(path), InstanceHeader)
    }
    assert names["pydicom__chrRuss.dcm"] == "Люкceмбypг"
    assert names["pydicom__chrGreek.dcm"] == "Διονυσιος"
    assert names["pydicom__chrH31.dcm"] == "Yamada^Tarou=山田^太郎=やまだ^たろう"
    assert names["pydicom__chrX2.dcm"] == "Wang^XiaoDong=王^小东"
    assert fold_name(names["pydicom__chrX2.dcm"]) == "wang xiaodong 小东 王"
    assert not [name for name in names.values() if "\ufffd" in name]
