"""Small pictures of stored samples: modality and VOI transformations (PS3.3 C.11.1, C.11.2) down to 8 bits, as JPEG."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset

Samples = NDArray[Any]

_OVERSAMPLING: Final = 4  # samples kept for each pixel of the picture, along a side, before it is smoothed
_PERCENTILES: Final = (1.0, 99.0)
_QUALITY: Final = 85


def render_thumbnail(samples: Samples, header: Dataset, index: int, size: int, *, inverted: bool) -> bytes:
    """(rows, columns) of any type, or (rows, columns, 3) of uint8, as a JPEG of at most `size` x `size` pixels."""
    stride = max(1, max(samples.shape[:2]) // (_OVERSAMPLING * size))
    samples = samples[::stride, ::stride]
    if samples.ndim == 2:
        grey = to_grey8(samples, header, index)
        samples = 255 - grey if inverted else grey
    picture = Image.fromarray(np.ascontiguousarray(samples))
    picture.thumbnail((size, size), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def to_grey8(samples: Samples, header: Dataset, index: int) -> NDArray[np.uint8]:
    """Stored samples of frame `index` to 0…255 by the first VOI of the header, else by percentiles; not inverted."""
    groups = [header, *_groups(header, index)]
    values = _modality(samples, groups)
    shown = _voi_lut(values, groups)
    if shown is None:
        window = _window(groups)
        shown = _percentiles(values, samples, header) if window is None else apply_window(values, *window)
    return np.clip(np.rint(np.nan_to_num(shown)), 0, 255).astype(np.uint8)


def _groups(header: Dataset, index: int) -> Iterator[Dataset]:
    """The functional groups that hold for one frame: shared, then its own (PS3.3 C.7.6.16)."""
    for keyword, at in (("SharedFunctionalGroupsSequence", 0), ("PerFrameFunctionalGroupsSequence", index)):
        items = header.get(keyword) or []
        if at < len(items):
            for name in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
                yield from items[at].get(name) or []


def _number(groups: list[Dataset], keyword: str) -> float | None:
    """The first value of the last group that has one."""
    for group in reversed(groups):
        try:
            value = group.get(keyword)
            return float(value[0] if hasattr(value, "__getitem__") and not isinstance(value, str) else value)
        except (TypeError, ValueError, IndexError):
            continue
    return None


def _modality(samples: Samples, groups: list[Dataset]) -> Samples:
    lut = next(iter(groups[0].get("ModalityLUTSequence") or []), None)
    looked_up = None if lut is None else _look_up(samples, lut)
    if looked_up is not None:
        return looked_up[0]
    slope, intercept = _number(groups, "RescaleSlope"), _number(groups, "RescaleIntercept")
    return samples.astype(np.float64) * (1.0 if slope is None else slope) + (intercept or 0.0)


def _voi_lut(values: Samples, groups: list[Dataset]) -> Samples | None:
    for group in reversed(groups):
        lut = next(iter(group.get("VOILUTSequence") or []), None)
        looked_up = None if lut is None else _look_up(np.rint(np.nan_to_num(values)).astype(np.int64), lut)
        if looked_up is not None:
            entries, top = looked_up
            return entries * (255.0 / top)
    return None


def _look_up(samples: Samples, lut: Dataset) -> tuple[Samples, float] | None:
    """LUT Descriptor and LUT Data (PS3.3 C.11.1.1): the entries for `samples`, and the greatest an entry can be."""
    try:
        count, begin, bits = (int(number) for number in lut.LUTDescriptor)
        data = lut.LUTData
        table = (
            np.frombuffer(data, "<u2" if len(data) >= 2 * (count or 65536) else "u1")
            if isinstance(data, bytes)
            else data
        )
        entries = np.asarray(table, np.float64)
        if samples.dtype.kind == "i" and begin > 32767:  # a signed value read as unsigned
            begin -= 65536
        return entries[np.clip(samples.astype(np.int64) - begin, 0, len(entries) - 1)], float((1 << bits) - 1)
    except (AttributeError, TypeError, ValueError, IndexError):
        return None


def _window(groups: list[Dataset]) -> tuple[float, float, str] | None:
    centre, width = _number(groups, "WindowCenter"), _number(groups, "WindowWidth")
    if centre is None or width is None or width <= 0:
        return None
    return centre, width, str(next((g.VOILUTFunction for g in reversed(groups) if g.get("VOILUTFunction")), "LINEAR"))


def apply_window(values: Samples, centre: float, width: float, function: str = "LINEAR") -> Samples:
    """PS3.3 C.11.2.1.2 and C.11.2.1.3, to 0…255."""
    if function == "SIGMOID":
        return np.asarray(255.0 / (1.0 + np.exp(-4.0 * (values - centre) / width)))
    if function == "LINEAR_EXACT":
        return np.clip((values - centre) / width + 0.5, 0.0, 1.0) * 255.0
    if width <= 1.0:
        return np.where(values > centre - 0.5, 255.0, 0.0)
    return np.clip((values - (centre - 0.5)) / (width - 1.0) + 0.5, 0.0, 1.0) * 255.0


def _percentiles(values: Samples, samples: Samples, header: Dataset) -> Samples:
    padding = _number([header], "PixelPaddingValue")
    counted = values[np.isfinite(values) & (samples != padding if padding is not None else True)]
    if not counted.size:
        return np.zeros(values.shape)
    low, high = np.percentile(counted, _PERCENTILES)
    if high <= low:
        low, high = float(counted.min()), float(counted.max())
    return (values - low) * (255.0 / (high - low)) if high > low else np.full(values.shape, 127.0)
