"""Compression is lossless or does nothing, whatever the pixels are."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pydicom
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from node.dicom import htj2k
from node.dicom.pixels import Frames
from node.dicom.transcode import compress, decompress, pixel_digest
from node.domain.route import Compression
from node.errors import NodeError
from tests.images import a_coded_image, an_image, smooth

SIZES = st.integers(1, 70)
CODECS = st.sampled_from([Compression.HTJ2K, Compression.JPEG_LS])
RELAXED = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@st.composite
def frames_of_images(draw: st.DrawFn) -> np.ndarray[Any, Any]:
    """A few frames: few values in many places, so that coding pays, or anything."""
    dtype = draw(st.sampled_from(["uint8", "int8", "uint16", "int16"]))
    shape = (draw(st.integers(1, 3)), draw(SIZES), draw(SIZES))
    if dtype == "uint8" and draw(st.booleans()):
        shape = (*shape, 3)
    return draw(arrays.arrays(dtype, shape, fill=arrays.from_dtype(np.dtype(dtype))))


@RELAXED
@given(frames=frames_of_images(), compression=CODECS)
def test_every_frame_comes_back_equal_or_nothing_was_changed(
    frames: np.ndarray[Any, Any], compression: Compression
) -> None:
    ds = an_image(frames)
    stored, before = bytes(ds.PixelData), pixel_digest(ds)
    changed = compress(ds, compression)
    assert changed or ds.PixelData == stored
    file = io.BytesIO()
    ds.save_as(file, enforce_file_format=True)
    file.seek(0)
    again = pydicom.dcmread(file)
    assert pixel_digest(again) == before
    decoded = Frames.of(again)
    assert all(np.array_equal(decoded.decode(n).samples, frame) for n, frame in enumerate(frames))
    decompress(again)
    assert again.PixelData == stored


@RELAXED
@given(
    frame=arrays.arrays(st.sampled_from(["uint8", "int16", "uint16"]), st.tuples(SIZES, SIZES)), level=st.integers(0, 8)
)
def test_a_preview_is_a_prefix_that_ends_with_a_resolution(frame: np.ndarray[Any, Any], level: int) -> None:
    coded = htj2k.encode(frame)
    head = htj2k.parse(coded)
    assert head.streamable
    prefix = htj2k.preview(coded, level)
    assert coded.startswith(prefix)
    assert len(prefix) == (len(coded) if level == 0 else head.ends[max(0, head.levels - level)])


@RELAXED
@given(
    data=st.binary(min_size=2, max_size=300),
    syntax=st.sampled_from(["5", "4.50", "4.57", "4.70", "4.80", "4.90", "4.110", "4.202", "8.1"]),
)
def test_bytes_that_are_no_frame_never_do_more_than_be_refused(data: bytes, syntax: str) -> None:
    ds = a_coded_image(smooth(8, 8), f"1.2.840.10008.1.2.{syntax}", [data])
    try:
        digest = pixel_digest(ds)
    except NodeError as error:
        digest = error.message
    assert digest
