"""Samples of 32 and 64 bits, integer or floating, as 16 bits over the range of the whole object."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from node.dicom.pixels import Frames

Samples = NDArray[Any]

_STEPS: Final = 65535  # of the 16-bit samples that stand for wider ones


@dataclass(frozen=True, slots=True)
class Scale:
    """stored = `low` + `step` x displayed, displayed from 0 to 65535."""

    low: float
    step: float

    def apply(self, samples: Samples) -> Samples:
        """16-bit samples; what is no number becomes the lowest."""
        with np.errstate(invalid="ignore", over="ignore"):
            scaled = np.rint((samples.astype(np.float64) - self.low) / self.step)
        return np.clip(np.nan_to_num(scaled, nan=0.0, posinf=_STEPS, neginf=0.0), 0, _STEPS).astype(np.uint16)


def scale_of(path: Path) -> Scale:
    status = path.stat()
    return _scale(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=256)
def _scale(path: Path, _modified: int, _size: int) -> Scale:
    """The range of all frames of an object. Integers that fit keep a step of 1, and so every value."""
    low, high, integers = np.inf, -np.inf, True
    with Frames.open(path) as frames:
        for index in range(frames.count):
            samples = frames.decode(index).samples
            integers = samples.dtype.kind in "iu"
            finite = samples if integers else samples[np.isfinite(samples)]
            if finite.size:
                low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    if low > high:
        low = high = 0.0
    if (integers and high - low <= _STEPS) or high == low:
        return Scale(low, 1.0)
    return Scale(low, (high - low) / _STEPS)
