"""Numbers of an object as they are shown: what is no finite number is none."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from node.dicom.presentation import source


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan"), 1e400])
def test_an_infinite_number_is_none(value: float) -> None:
    ds, item = Dataset(), Dataset()
    ds.add_new("SelectorFDValue", "FD", [value, 2.0])
    item.ReferencedSOPInstanceUID = "1.2.3"
    item.add_new("ReferencedFrameNumber", "FD", value)  # as a hostile sender may
    ds.ReferencedImageSequence = [item]
    assert source.number(ds, "SelectorFDValue") == 2.0
    assert source.number(item, "ReferencedFrameNumber", 1.0) == 1.0
    assert source.numbers(ds, "SelectorFDValue") == []
    assert source.references(ds) == [{"sop": "1.2.3", "frames": []}]
