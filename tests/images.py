"""Image objects for tests, made from arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRLittleEndian

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def an_image(
    frames: NDArray[Any], *, stored: int | None = None, syntax: str = ExplicitVRLittleEndian, **more: Any
) -> Dataset:
    """A native image of `frames`: (frames, rows, columns[, 3]); `more` sets any attribute last, None takes it away."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.file_meta.MediaStorageSOPClassUID = UID(SECONDARY_CAPTURE)
    ds.file_meta.MediaStorageSOPInstanceUID = UID("2.25.1")
    ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = SECONDARY_CAPTURE, "2.25.1", "OT"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "2.25.2", "2.25.3"
    bits = frames.dtype.itemsize * 8
    ds.NumberOfFrames, ds.Rows, ds.Columns = frames.shape[:3]
    ds.SamplesPerPixel = 3 if frames.ndim == 4 else 1
    ds.PhotometricInterpretation = "RGB" if frames.ndim == 4 else "MONOCHROME2"
    if frames.ndim == 4:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated, ds.BitsStored = bits, stored or bits
    ds.HighBit, ds.PixelRepresentation = ds.BitsStored - 1, int(frames.dtype.kind == "i")
    data = np.ascontiguousarray(frames, frames.dtype.newbyteorder("<")).tobytes()
    if frames.dtype.kind == "f":
        del ds.BitsStored, ds.HighBit, ds.PixelRepresentation
        setattr(ds, "FloatPixelData" if bits == 32 else "DoubleFloatPixelData", data)
    else:
        ds.add_new(0x7FE00010, "OW" if bits > 8 else "OB", data + b"\0" * (len(data) % 2))
    for keyword, value in more.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    return ds


def a_coded_image(frames: NDArray[Any], syntax: str, coded: list[bytes], **more: Any) -> Dataset:
    """The same with `coded` as its encapsulated frames."""
    ds = an_image(frames, syntax=syntax)
    ds.add_new(0x7FE00010, "OB", encapsulate(coded))
    ds["PixelData"].is_undefined_length = True
    for keyword, value in more.items():
        setattr(ds, keyword, value)
    return ds


def saved(ds: Dataset, folder: Path, name: str = "image.dcm") -> Path:
    """The file that `ds` becomes."""
    path = folder / name
    ds.save_as(path, enforce_file_format=True)
    return path


def smooth(rows: int, columns: int, *, dtype: str = "uint16", top: int = 4000, frames: int = 1) -> NDArray[Any]:
    """Frames that compress as images do: a ramp with a hill, different in each frame; signed types reach below zero."""
    y, x = np.mgrid[0:rows, 0:columns]
    hill = np.exp(-((y - rows / 2) ** 2 + (x - columns / 3) ** 2) / (rows * columns / 20 + 1))
    one = (x / max(1, columns - 1) * 0.4 + hill * 0.5) * top
    below = top // 2 if np.dtype(dtype).kind == "i" else 0
    return np.stack([one + n - below for n in range(frames)]).astype(dtype)
