"""Look-up tables as images bring them: signed, short, as words or as numbers, too long for the index."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut

from node.dicom import luts
from node.dicom.dataset import json_metadata, read_dataset_header
from node.dicom.display import Kind, display_metadata, plan
from node.dicom.display_frames import display_frame
from tests.images import an_image, saved, smooth


def a_table(count: int, begin: int, bits: int, vr: str = "OW", keyword: str = "ModalityLUTSequence") -> dict[str, Any]:
    item = Dataset()
    item.add_new(0x00283002, "SS" if begin < 0 else "US", [count, begin, bits])
    item.ModalityLUTType = "US"
    entries = np.rint(np.sqrt(np.linspace(0, 1, count)) * (2**bits - 1)).astype("<u2")
    item.add_new(0x00283006, vr, entries.tobytes() if vr == "OW" else entries.tolist())
    return {keyword: [item]}


@pytest.mark.parametrize("vr", ["OW", "US"])
@pytest.mark.parametrize(("dtype", "begin"), [("uint16", 100), ("int16", -500)])
def test_samples_go_through_the_modality_table_as_pydicom_does(dtype: str, begin: int, vr: str, tmp_path: Path) -> None:
    path = saved(an_image(smooth(20, 16, dtype=dtype, top=3000), **a_table(900, begin, 16, vr)), tmp_path)
    header = read_dataset_header(path)
    samples = smooth(20, 16, dtype=dtype, top=3000)[0]
    assert np.array_equal(luts.through_modality_lut(samples, header), apply_modality_lut(samples, header))


def test_the_display_holds_the_values_and_names_no_other_transformation(tmp_path: Path) -> None:
    path = saved(an_image(smooth(20, 16, top=3000), **a_table(900, 0, 8), RescaleSlope="2"), tmp_path)
    header = json_metadata(read_dataset_header(path))
    how, shown = plan(header), display_metadata(header, path)
    assert how is not None
    assert shown is not None
    assert (how.kind, how.allocated, shown["00280101"]["Value"]) == (Kind.TABLE, 8, [8])
    assert shown["00283004"]["Value"] == ["US"]  # the samples have been through it
    assert not {"00283000", "00281052", "00281053"} & set(shown)
    assert display_frame(path, 1).media_type == "image/jphc"


def test_tables_that_the_index_does_not_keep_reach_the_viewer(tmp_path: Path) -> None:
    path = saved(an_image(smooth(20, 16, top=3000), **a_table(4096, 7, 12, keyword="VOILUTSequence")), tmp_path)
    header = json_metadata(read_dataset_header(path))
    assert luts.lacks_voi_tables(header)
    how, shown = plan(header), display_metadata(header, path)
    assert how is not None
    assert how.needs_pixels
    assert shown is not None
    (item,) = shown["00283010"]["Value"]
    assert item["00283002"]["Value"] == [4096, 7, 12]
    assert len(item["00283006"]["Value"]) == 4096
    assert max(item["00283006"]["Value"]) == 4095


def test_a_table_of_octets_is_read_as_octets() -> None:
    item = Dataset()
    item.LUTDescriptor = [4, 0, 8]
    item.add_new(0x00283006, "OW", bytes([1, 2, 3, 4]))
    assert luts.table_entries(item).tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("descriptor", [[], [4, 0], [4, 0, 99], [4, 0, "?"]])
def test_a_table_that_is_none_is_left_alone(descriptor: list[Any]) -> None:
    assert luts.modality_bits({"00283000": {"Value": [{"00283002": {"Value": descriptor}}]}}) == 0
    samples = smooth(4, 4)[0]
    assert luts.through_modality_lut(samples, Dataset()) is samples
