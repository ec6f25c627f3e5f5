"""Key images as pictures for the printed sheet: the stored pixels with their own contrast, the marks drawn over them."""

from __future__ import annotations

import functools
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import ttf_opensans
from PIL import Image, ImageDraw, ImageFont

from node.dicom import colour
from node.dicom.pixels import Frames
from node.dicom.rendering import to_grey8
from node.dicom.report.labels import label
from node.dicom.report.presentation import aspect_ratio, pixel_spacing, strokes
from node.domain.measurement import Measurement
from node.errors import Unreadable

_SIZE = 1100  # pixels of the longer side: 300 dpi on a third of a page
_QUALITY = 88
_COLOUR = (255, 214, 10)
_SHADOW = (0, 0, 0)
Point = tuple[float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG, and which frame of which image it shows."""

    content: bytes
    width: int
    height: int
    sop_instance_uid: str
    frame: int  # from 1
    frames: int
    series_number: str
    instance_number: str


def key_picture(path: Path, sop_instance_uid: str, marks: Sequence[Measurement], language: str) -> Picture:
    """The frame that is marked most, else the middle one, at most `_SIZE` pixels wide and high, its pixels square.

    `marks` may be those of other images too. Deterministic. Raises `Unreadable` when there are no pixels to show.
    """
    here = [mark for mark in marks if mark.sop_instance_uid == sop_instance_uid]
    with Frames.open(path) as frames:
        number = _frame(here, frames.count)
        picture = _pixels(frames, number - 1)
        spacing = pixel_spacing(frames.header, number)
        tall, wide = (float(s) for s in (spacing or aspect_ratio(frames.header)))
        header, count = frames.header, frames.count
    stretch = tall / wide if wide > 0 else 1.0
    size = (picture.width, picture.height * stretch)
    scale = _SIZE / max(size) if max(size) > 0 else 1.0
    shown = picture.resize((max(1, round(size[0] * scale)), max(1, round(size[1] * scale))), Image.Resampling.LANCZOS)
    _draw(shown, [m for m in here if m.frame == number], (scale, scale * stretch), language)
    out = io.BytesIO()
    shown.save(out, "JPEG", quality=_QUALITY, subsampling=0)
    said = (str(header.get(k) or "") for k in ("SeriesNumber", "InstanceNumber"))
    return Picture(out.getvalue(), shown.width, shown.height, sop_instance_uid, number, count, *said)


def _frame(marks: Sequence[Measurement], count: int) -> int:
    numbers = [mark.frame for mark in marks if mark.frame <= count]
    return max(sorted(set(numbers)), key=numbers.count) if numbers else (count + 1) // 2


def _pixels(frames: Frames, index: int) -> Image.Image:
    d = frames.description
    if d.samples == 3 or d.photometric == "PALETTE COLOR":
        return Image.fromarray(colour.to_rgb8(frames, index))
    if d.samples != 1:
        raise Unreadable("Pixels of this form cannot be displayed.", hint="Open the object in a workstation.")
    grey = to_grey8(frames.decode(index).samples, frames.header, index)
    if d.photometric == "MONOCHROME1":
        grey = np.asarray(255 - grey, np.uint8)
    return Image.fromarray(grey).convert("RGB")


def _draw(picture: Image.Image, marks: Sequence[Measurement], scale: Point, language: str) -> None:
    canvas = ImageDraw.Draw(picture)
    longer = max(picture.size)
    width = max(2, longer // 350)
    font = _font(max(14, longer // 38))
    head = 0.02 * longer / scale[0]
    for mark in marks:
        for kind, points in strokes(mark, head):
            _stroke(canvas, kind, [(x * scale[0], y * scale[1]) for x, y in points], width)
    taken: list[Box] = []
    for mark in marks:
        if lines := label(mark, language):
            _write(canvas, picture.size, "\n".join(lines), _anchor(mark, scale), font, taken)


def _stroke(canvas: ImageDraw.ImageDraw, kind: str, points: list[Point], width: int) -> None:
    if kind == "POINT":
        (x, y), arm = points[0], 5.0 * width
        lines = [[(x - arm, y), (x + arm, y)], [(x, y - arm), (x, y + arm)]]
    else:
        lines = [_ellipse(points) if kind == "ELLIPSE" else points]
    for colour_of, wide in ((_SHADOW, width + 2), (_COLOUR, width)):
        for line in lines:
            canvas.line(line, fill=colour_of, width=wide, joint="curve")


def _ellipse(ends: Sequence[Point]) -> list[Point]:
    """A closed line around an ellipse that is given by the ends of its two axes."""
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = ends
    turns = np.linspace(0.0, 2 * np.pi, 90)
    x = (x1 + x2) / 2 + np.cos(turns) * (x2 - x1) / 2 + np.sin(turns) * (x4 - x3) / 2
    y = (y1 + y2) / 2 + np.cos(turns) * (y2 - y1) / 2 + np.sin(turns) * (y4 - y3) / 2
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _anchor(mark: Measurement, scale: Point) -> Point:
    """The rightmost point of what is drawn."""
    return max(((p[0] * scale[0], p[1] * scale[1]) for p in mark.points), key=lambda p: (p[0], -p[1]))


def _write(
    canvas: ImageDraw.ImageDraw,
    size: tuple[int, int],
    text: str,
    anchor: Point,
    font: ImageFont.FreeTypeFont,
    taken: list[Box],
) -> None:
    """Right of what is drawn, pushed into the picture where it would leave it, and off the texts that are there (`taken`)."""
    left, top, right, bottom = canvas.multiline_textbbox((0, 0), text, font=font)
    wide, high, gap = right - left + 6, bottom + 6, font.size // 2
    x = min(max(anchor[0] + gap, 4), max(4, size[0] - wide))
    wished = min(max(anchor[1] - (bottom - top) / 2, 4), max(4, size[1] - high))
    rows = sorted(range(4, max(5, int(size[1] - high)), 8), key=lambda row: abs(row - wished))
    places = ((x, y, x + wide, y + high) for y in (wished, *map(float, rows)))
    box = next((place for place in places if not any(_overlap(place, other) for other in taken)), None)
    box = box or (x, wished, x + wide, wished + high)
    taken.append(box)
    canvas.multiline_text(box[:2], text, font=font, fill=_COLOUR, stroke_width=2, stroke_fill=_SHADOW)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@functools.cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(ttf_opensans.OPENSANS_SEMIBOLD.path), size)
