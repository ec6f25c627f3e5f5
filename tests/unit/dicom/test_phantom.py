"""The demonstration studies: valid, repeatable, and plainly of nobody."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pydicom
import pytest

from node.dicom.phantom import write_ct, write_phantoms
from tests.validators import dciodvfy

NOW = datetime(2025, 11, 22, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_phantoms(tmp_path_factory.mktemp("phantoms"), now=NOW, seed=1, ct_slices=8)


def test_there_is_a_ct_a_radiograph_and_a_cine(files: list[Path]) -> None:
    headers = [pydicom.dcmread(f, stop_before_pixels=True) for f in files]
    assert [ds.Modality for ds in headers] == ["CT"] * 8 + ["CR", "US"]
    assert len({ds.StudyInstanceUID for ds in headers}) == 3
    assert len({ds.SOPInstanceUID for ds in headers}) == 10
    assert headers[-1].SOPClassUID == "1.2.840.10008.5.1.4.1.1.3.1"
    assert (headers[-1].NumberOfFrames, headers[-2].Rows, headers[-2].BitsStored) == (30, 2048, 12)


@pytest.mark.parametrize("index", [0, 7, 8, 9], ids=["first slice", "last slice", "radiograph", "cine"])
def test_dicom3tools_finds_no_error(files: list[Path], index: int) -> None:
    assert dciodvfy(files[index]) == []


def test_names_are_composed_unicode_and_say_that_they_are_samples(files: list[Path]) -> None:
    for file in files:
        ds = pydicom.dcmread(file, stop_before_pixels=True)
        name = str(ds.PatientName)
        assert ds.SpecificCharacterSet == "ISO_IR 192"
        assert name == unicodedata.normalize("NFC", name)
        assert any(word in name for word in ("MẪU", "VÍ DỤ", "MINH HỌA"))
        assert ds.PatientID.startswith("MAU-")
        assert ds.BurnedInAnnotation == "NO"
        assert len(ds.AccessionNumber) <= 16


def test_slices_follow_each_other_from_head_to_feet(files: list[Path]) -> None:
    heights = [float(pydicom.dcmread(f, stop_before_pixels=True).ImagePositionPatient[2]) for f in files[:8]]
    steps = np.diff(heights)
    assert np.allclose(steps, -40.0)


def test_tissues_have_their_hounsfield_units(files: list[Path]) -> None:
    ds = pydicom.dcmread(files[4])
    plane = ds.pixel_array.astype(float) * ds.RescaleSlope + ds.RescaleIntercept
    step = float(ds.PixelSpacing[0])

    def mean_at(x: float, y: float) -> float:
        column, row = (round((v + 200) / step) for v in (x, y))
        return float(plane[row - 3 : row + 4, column - 3 : column + 4].mean())

    assert mean_at(0, -180) == pytest.approx(-1000, abs=25)  # air
    assert mean_at(92, -50) == pytest.approx(-865, abs=60)  # lung
    assert mean_at(26, -24) == pytest.approx(42, abs=20)  # heart


def test_the_cine_moves_and_is_calibrated(files: list[Path]) -> None:
    ds = pydicom.dcmread(files[9])
    frames = ds.pixel_array.astype(int)
    assert frames.shape == (30, 480, 640)
    assert np.abs(frames[0] - frames[8]).mean() > 1
    assert ds.SequenceOfUltrasoundRegions[0].PhysicalUnitsXDirection == 3


def test_the_same_call_makes_the_same_files(files: list[Path], tmp_path: Path) -> None:
    again = write_phantoms(tmp_path, now=NOW, seed=1, ct_slices=8)
    assert [f.read_bytes() for f in again] == [f.read_bytes() for f in files]


def test_another_day_or_seed_makes_new_studies(tmp_path: Path) -> None:
    made = {
        pydicom.dcmread(write_ct(tmp_path / name, slices=1, now=now, seed=seed)[0]).StudyInstanceUID
        for name, now, seed in (("a", NOW, 1), ("b", NOW + timedelta(days=1), 1), ("c", NOW, 2))
    }
    assert len(made) == 3
