"""The real images beside the repository, and what pydicom makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.pixels import pixel_array
from pydicom.pixels.processing import apply_color_lut

NOT_IMAGES = frozenset({"LICENCES", "malformed"})


def real_files(folder: Path) -> list[Path]:
    """Every file of the collection that is meant to be a good DICOM object."""
    return sorted(
        file
        for file in folder.rglob("*")
        if file.is_file() and file.suffix not in (".tsv", ".txt", ".md") and not NOT_IMAGES & set(file.parts)
    )


def malformed_files(folder: Path) -> list[Path]:
    return sorted(file for file in (folder / "malformed").rglob("*") if file.is_file())


def turn_palette(ds: Dataset) -> None:
    for colour in ("Red", "Green", "Blue"):
        element = ds[f"{colour}PaletteColorLookupTableData"]
        element.value = np.frombuffer(element.value, ">u2").astype("<u2").tobytes()


def as_pydicom_reads(path: Path, index: int) -> NDArray[Any] | None:
    """Frame `index` by pydicom, palettes applied and YBR converted; None where pydicom has no decoder or gives up."""
    try:
        samples = pixel_array(path, index=index)
        header: Dataset = dcmread(path, force=True)
        if header.PhotometricInterpretation == "PALETTE COLOR":
            if header.original_encoding == (False, False):
                turn_palette(header)  # pydicom 3.0.2 reads the words of a big endian palette the wrong way round
            looked_up = apply_color_lut(samples, header)
            return np.asarray(looked_up >> 8 if looked_up.dtype.itemsize > 1 else looked_up)[..., :3].astype(np.uint8)
    except Exception:  # pydicom raises whatever its parsers and plugins meet
        return None
    if samples.ndim == 3 and samples.dtype.itemsize > 1:
        samples = (samples >> header.BitsStored - 8).astype(np.uint8)
    return np.asarray(samples)
