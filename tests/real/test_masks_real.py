"""Masks on real ultrasound: the banner with the name goes, the picture stays, the object is as valid as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.utils import pixel_array

from node.dicom.deidentify import Deidentifier
from node.dicom.derive import Derived, derive
from node.dicom.masks import mask_outside_regions
from node.dicom.pixels import Frames
from node.dicom.profile import Profile
from node.errors import Unreadable
from tests.real.images import real_files
from tests.validators import dciodvfy

BANNERS = {  # file: region x0, y0, x1, y1; the rows above 24 show the name
    "deid-data-pypi__GREYSCALE_CINE.dcm": (10, 31, 788, 592),
    "deid-data-pypi__GREYSCALE_IMAGE.dcm": (14, 38, 1010, 758),
}
CONSULT = ("rtnPatCharsOpt", "rtnLongFullDatesOpt", "cleanDescOpt")


def all_frames(ds: Dataset) -> NDArray[Any]:
    frames = Frames.of(ds)
    return np.stack([frames.decode(index).samples for index in range(frames.count)])


def derived(path: Path, scratch: Path, compression: str = "htj2k") -> Derived:
    profile = {"code": "consult", "name": "Hội chẩn", "options": list(CONSULT), "burned_in": "mask"}
    plan = {"identity": "pseudonymise", "profile": profile, "compression": compression}
    return derive(str(path), str(scratch), site="dinh-hoa", pseudonym_key=b"k" * 32, plan=plan)


@pytest.mark.parametrize("name", BANNERS)
def test_the_banner_goes_and_the_picture_stays(name: str, shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "us" / name
    x0, y0, x1, y1 = BANNERS[name]
    original = pixel_array(path).reshape(-1, *pixel_array(path).shape[-2:])  # by pydicom
    made = dcmread(derived(path, tmp_path).file)
    masked = all_frames(made)
    assert masked.shape == original.shape
    assert np.array_equal(masked[:, y0 : y1 + 1, x0 : x1 + 1], original[:, y0 : y1 + 1, x0 : x1 + 1])
    outside = np.ones(original.shape[1:], bool)
    outside[y0 : y1 + 1, x0 : x1 + 1] = False
    assert original[:, :24].max() > 150  # the name was there
    assert not masked[:, outside].any()
    assert (made.BurnedInAnnotation, made.ImageType[0], made.LossyImageCompression) == ("NO", "DERIVED", "00")
    assert made.DeidentificationMethodCodeSequence[-1].CodeValue == "113101"


@pytest.mark.parametrize("name", BANNERS)
def test_a_masked_object_has_no_errors_that_it_had_not_before(name: str, shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "us" / name
    unmasked = dcmread(path)
    Deidentifier(b"k" * 32, "dinh-hoa", Profile(frozenset(CONSULT), "send")).apply(unmasked)
    unmasked.save_as(tmp_path / "unmasked.dcm", enforce_file_format=True)
    known = set(dciodvfy(path)) | set(dciodvfy(tmp_path / "unmasked.dcm"))
    assert set(dciodvfy(Path(derived(path, tmp_path).file))) <= known
    assert set(dciodvfy(Path(derived(path, tmp_path, "none").file))) <= known


@pytest.mark.parametrize("name", BANNERS)
def test_the_same_image_becomes_the_same_object_again(name: str, shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "us" / name
    assert derived(path, tmp_path).digest == derived(path, tmp_path).digest


def test_every_real_ultrasound_with_regions_is_whole_inside_them_or_untouched(shared_data: Path) -> None:
    masked = []
    for path in real_files(shared_data / "us"):
        ds = dcmread(path)
        try:
            before = all_frames(ds)
        except Unreadable:
            before = np.zeros(0)
        stored = ds.PixelData
        if not mask_outside_regions(ds):
            assert ds.PixelData is stored, path.name
            continue
        masked.append(path.name)
        after = all_frames(ds)
        for item in ds.SequenceOfUltrasoundRegions:
            box = np.s_[
                :,
                item.RegionLocationMinY0 : item.RegionLocationMaxY1 + 1,
                item.RegionLocationMinX0 : item.RegionLocationMaxX1 + 1,
            ]
            if item.RegionLocationMinX0 < item.RegionLocationMaxX1:
                assert np.array_equal(after[box], before[box]), path.name
        assert not np.array_equal(after, before), path.name
    assert len(masked) >= 11, masked
