"""Every real image through both compressions: equal pixels, or the object as it was."""

from __future__ import annotations

import io
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.pixels import pixel_array
from pydicom.pixels.processing import apply_color_lut

from node.dicom.pixels import Frames
from node.dicom.setup import configure
from node.dicom.syntaxes import Coding
from node.dicom.transcode import compress, decompress, pixel_digest
from node.domain.route import Compression
from node.errors import NodeError
from tests.real.images import as_pydicom_reads, malformed_files, real_files
from tests.services import find_program

TINY = 17_000  # bytes of pixel data that the headers of a codestream can outweigh
LEFT_ALONE = {  # larger ones that fit and yet have to stay as they are
    "1.2.276.0.7230010.3.200.12.1.1": "unused bits hold data",
    "1.2.276.0.7230010.3.200.3.11.1": "unused bits are not the sign's",
    "1.2.276.0.7230010.3.200.3.12.1": "unused bits are not the sign's",
    "pydicom-data-pypi__mlut_18.dcm": "unused bits are not the sign's",
    "pydicom-data-pypi__OBXXXX1A_rle.dcm": "smaller as it is",
}
BOTH = [Compression.HTJ2K, Compression.JPEG_LS]


def the_image(path: Path) -> Dataset | None:
    """The object, when it has pixel data that pydicom can parse."""
    configure()
    try:
        ds = dcmread(path, force=True)
        return ds if "PixelData" in ds and hasattr(ds, "file_meta") else None
    except Exception:  # pydicom raises whatever its parsers meet
        return None


def written(ds: Dataset) -> bytes:
    file = io.BytesIO()
    ds.save_as(file, enforce_file_format=True)
    return file.getvalue()


def the_toolkit_reads(ds: Dataset) -> NDArray[Any]:
    samples = pixel_array(ds, index=0)
    if ds.PhotometricInterpretation == "PALETTE COLOR":
        looked_up = apply_color_lut(samples, ds)
        samples = np.asarray(looked_up >> 8 if looked_up.dtype.itemsize > 1 else looked_up)[..., :3].astype(np.uint8)
    return samples


def is_within_what_compress_takes(ds: Dataset) -> bool:
    """The forms that the module promises to take, written down a second time."""
    try:
        frames = Frames.of(ds)
    except NodeError:
        return False
    d = frames.description
    grey = (
        d.samples == 1 and d.allocated in (8, 16) and d.photometric in ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
    )
    colour = d.samples == 3 and d.allocated == 8 and d.photometric == "RGB"
    return frames.syntax.coding in (Coding.NATIVE, Coding.RLE) and (grey or colour)


@pytest.mark.parametrize("compression", BOTH)
def test_every_real_image_is_compressed_without_loss_or_left_alone(shared_data: Path, compression: Compression) -> None:
    seen: Counter[str] = Counter()
    for path in real_files(shared_data):
        ds = the_image(path)
        if ds is None:
            continue
        fits, stored, syntax = (
            is_within_what_compress_takes(ds),
            bytes(ds.PixelData),
            ds.file_meta.get("TransferSyntaxUID"),
        )
        try:
            before = pixel_digest(ds)
        except NodeError:
            before = ""
        if not compress(ds, compression):
            assert ds.PixelData == stored, path.name
            assert ds.file_meta.get("TransferSyntaxUID") == syntax, path.name
            assert not fits or len(stored) < TINY or path.name in LEFT_ALONE, path.name
            seen["left alone"] += 1
            continue
        assert fits, path.name
        again = dcmread(io.BytesIO(written(ds)))
        assert pixel_digest(again) == before, path.name
        if compression is Compression.JPEG_LS:
            read = as_pydicom_reads(path, 0)
            assert read is None or np.array_equal(the_toolkit_reads(again), read), path.name
        decompress(again)
        assert pixel_digest(again) == before, path.name
        seen["compressed"] += 1
    assert seen["compressed"] > 150, seen


@pytest.mark.parametrize("compression", BOTH)
def test_dcmtk_parses_compressed_real_images(shared_data: Path, compression: Compression, tmp_path: Path) -> None:
    parsed = 0
    for kind in ("ct", "mr", "cr_dx", "us", "sc_vl", "xa_rf", "enhanced"):
        for path in real_files(shared_data / kind)[::7]:
            ds = the_image(path)
            if ds is None or not compress(ds, compression):
                continue
            file = tmp_path / "image.dcm"
            file.write_bytes(written(ds))
            subprocess.run([str(find_program("dcmdump", "dcmtk")), "-q", str(file)], check=True, capture_output=True)
            parsed += 1
    assert parsed >= 10


@pytest.mark.parametrize("compression", BOTH)
def test_malformed_objects_never_raise(shared_data: Path, compression: Compression) -> None:
    tried = 0
    for path in malformed_files(shared_data):
        ds = the_image(path)
        if ds is None:
            continue
        compress(ds, compression)
        tried += 1
    assert tried > 100
