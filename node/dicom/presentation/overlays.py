"""Overlay planes (PS3.3 C.9.2), those in unused bits of the pixels included, and bitmap shutters, as pictures of one bit."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.filereader import dcmread

from node.dicom.presentation import source
from node.dicom.presentation.source import number, numbers, text
from node.dicom.presentation.told import OverlayPlane, OverlayPlanes, Shutter

GROUPS: Final = range(0x6000, 0x6020, 2)
_MOST: Final = 1 << 26  # pixels of a plane
_MOST_FRAMES: Final = 4096
_ROWS, _COLUMNS, _FRAMES, _DESCRIPTION = 0x0010, 0x0011, 0x0015, 0x0022
_TYPE, _ORIGIN, _FIRST, _ALLOCATED, _POSITION = 0x0040, 0x0050, 0x0051, 0x0100, 0x0102
_LABEL, _DATA = 0x1500, 0x3000


def overlays(path: Path) -> OverlayPlanes:
    """Those of the object at `path`; see `planes`. Raises `Unreadable`."""
    return {"planes": planes(source.read(path), path)}


def planes(ds: Dataset, path: Path | None = None) -> list[OverlayPlane]:
    """Each plane. `path`: for those that are bits of the pixels themselves (retired, still met)."""
    return [plane for group in GROUPS if (plane := _plane(ds, group, path)) is not None]


def _value(ds: Dataset, group: int, element: int, default: Any = None) -> Any:
    found = ds.get((group, element))
    return default if found is None or found.value in (None, "") else found.value


def _plane(ds: Dataset, group: int, path: Path | None) -> OverlayPlane | None:
    try:
        rows, columns = int(_value(ds, group, _ROWS, 0)), int(_value(ds, group, _COLUMNS, 0))
        frames = int(_value(ds, group, _FRAMES, 1))
        origin = [int(part) for part in _value(ds, group, _ORIGIN, [1, 1])]
        if min(rows, columns, frames) < 1 or frames > _MOST_FRAMES or rows * columns * frames > _MOST:
            return None
        bits = _bits(ds, group, (frames, rows, columns), path)
    except (TypeError, ValueError):
        return None
    if bits is None:
        return None
    return {
        "group": group,
        "label": str(_value(ds, group, _LABEL, "")),
        "description": str(_value(ds, group, _DESCRIPTION, "")),
        "type": str(_value(ds, group, _TYPE, "G")),
        "rows": rows,
        "columns": columns,
        "top": origin[0],
        "left": origin[1] if len(origin) > 1 else 1,
        "first_frame": int(_value(ds, group, _FIRST, 1)),
        "frames": [picture(frame) for frame in bits],
    }


def _bits(ds: Dataset, group: int, shape: tuple[int, int, int], path: Path | None) -> NDArray[np.uint8] | None:
    data = _value(ds, group, _DATA)
    count = int(np.prod(shape))
    if isinstance(data, bytes | bytearray):
        unpacked = np.unpackbits(np.frombuffer(bytes(data), np.uint8), bitorder="little")
        return unpacked[:count].reshape(shape) if unpacked.size >= count else None
    position = int(_value(ds, group, _POSITION, 0))
    if int(_value(ds, group, _ALLOCATED, 1)) == 1 or path is None:
        return None
    return _embedded(path, shape, position)


def _embedded(path: Path, shape: tuple[int, int, int], position: int) -> NDArray[np.uint8] | None:
    """The plane in bit `position` of native pixels: nobody compresses an image that has one."""
    try:
        ds = dcmread(path, force=True)
        order = "<" if ds.original_encoding[1] else ">"
        samples = np.frombuffer(ds.PixelData, np.dtype(f"{order}u{int(ds.BitsAllocated) // 8}"))
    except Exception:  # the toolkit raises whatever its parsers meet
        return None
    count = int(np.prod(shape))
    if samples.size < count or position >= 8 * samples.itemsize:
        return None
    return (samples[:count].reshape(shape) >> position & 1).astype(np.uint8)


def picture(bits: NDArray[np.uint8]) -> str:
    """(rows, columns) of 0 and 1 as a PNG in base64: white and opaque, or transparent."""
    levels = np.zeros((*bits.shape, 2), np.uint8)
    levels[..., 0] = 255
    levels[..., 1] = bits * 255
    out = io.BytesIO()
    Image.fromarray(levels, "LA").save(out, "PNG", compress_level=6)
    return base64.b64encode(out.getvalue()).decode()


def shutters(ds: Dataset) -> Shutter | None:
    """Display shutters (PS3.3 C.7.6.11, C.7.6.15). None without one."""
    shapes = {part.strip() for part in text(ds, "ShutterShape").upper().split(",") if part.strip()}
    if not shapes:
        return None
    sides = ("LeftVertical", "RightVertical", "UpperHorizontal", "LowerHorizontal")
    edges = [edge for side in sides if (edge := number(ds, f"Shutter{side}Edge")) is not None]
    center, radius = numbers(ds, "CenterOfCircularShutter"), number(ds, "RadiusOfCircularShutter")
    corners = numbers(ds, "VerticesOfThePolygonalShutter")
    return {
        "shapes": sorted(shapes),
        "rectangle": edges if "RECTANGULAR" in shapes and len(edges) == len(sides) else None,
        "circle": [*center, radius] if "CIRCULAR" in shapes and len(center) == 2 and radius else None,
        "polygon": [corners[i : i + 2] for i in range(0, len(corners) - 1, 2)] if "POLYGONAL" in shapes else None,
        "bitmap": int(number(ds, "ShutterOverlayGroup") or 0) if "BITMAP" in shapes else None,
        "grey": round((number(ds, "ShutterPresentationValue") or 0) * 255 / 65535),
    }
