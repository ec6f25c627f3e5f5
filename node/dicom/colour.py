"""Colour frames as RGB of 8 bits: YBR converted, palettes applied, wider samples cut to their upper 8 bits."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut

from node.dicom.pixels import Frames
from node.errors import Unreadable

Samples = NDArray[Any]

# PS3.3 C.7.6.3.1.2, inverted: rows are what R, G and B take of Y, Cb - 128, Cr - 128
_FULL: Final = np.array([[1.0, 0.0, 1.402], [1.0, -0.114 * 1.772 / 0.587, -0.299 * 1.402 / 0.587], [1.0, 1.772, 0.0]])
_YBR: Final = frozenset({"YBR_FULL", "YBR_FULL_422"})


def to_rgb8(frames: Frames, index: int) -> Samples:
    """Frame `index` (from 0) as (rows, columns, 3) of uint8. Raises `Unreadable`."""
    frame = frames.decode(index)
    if frame.samples.ndim == 2:
        return _palette(frame.samples, frames.header)
    samples = _eight_bits(frame.samples, frames.description.stored)
    return np.ascontiguousarray(ybr_to_rgb(samples) if frame.photometric in _YBR else samples)


def _eight_bits(samples: Samples, stored: int) -> Samples:
    if samples.dtype == np.uint8:
        return samples
    if samples.dtype.kind == "i":
        samples = samples.view(f"u{samples.dtype.itemsize}")
    return (samples >> max(0, stored - 8)).astype(np.uint8)


def ybr_to_rgb(samples: Samples) -> Samples:
    """YBR_FULL of 8 bits to RGB, rounded and clipped; the same shape."""
    shifted = samples.astype(np.float32)
    shifted[..., 1:] -= 128.0
    rgb = shifted @ _FULL.T.astype(np.float32)
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)


def _palette(samples: Samples, header: Dataset) -> Samples:
    try:
        looked_up = apply_color_lut(samples, header)
    except Exception as error:  # the toolkit raises whatever a wrong palette makes of it
        raise Unreadable(
            f"The colour palette cannot be applied ({type(error).__name__}).",
            hint="Send the object again from its source.",
        ) from None
    if looked_up.dtype.itemsize > 1:
        looked_up = looked_up >> 8
    return np.ascontiguousarray(looked_up[..., :3].astype(np.uint8))
