"""The pixels of the demonstration's abdomen: a moving ultrasound sector of liver and kidney.

Nothing here is copied from a patient, and nothing is written into the pixels. Lengths are in millimetres.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

US_ROWS, US_COLUMNS = 480, 640
US_DEPTH = 150.0  # mm, from the probe's skin line to the lower edge of the sector
_US_RADIUS = 50.0  # mm, of the curved probe
_US_HALF_ANGLE = 0.56  # radians


def ultrasound_frames(count: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A cine of `count` frames of 480 x 640 x 8 bits: liver, gall bladder, kidney and a beating vessel under a curved probe."""
    depths, angles = 640, 360
    r = np.linspace(0, US_DEPTH, depths, dtype=np.float32)[:, None]
    theta = np.linspace(-_US_HALF_ANGLE, _US_HALF_ANGLE, angles, dtype=np.float32)[None, :]
    x = (r + _US_RADIUS) * np.sin(theta)
    y = (r + _US_RADIUS) * np.cos(theta) - _US_RADIUS
    speckle = _speckle(rng, depths, angles)
    rows, columns, inside = _sector(depths, angles)
    frames = np.zeros((count, US_ROWS, US_COLUMNS), dtype=np.uint8)
    for index in range(count):
        breath = 3.0 * np.sin(2 * np.pi * index / count)
        beat = 0.5 + 0.5 * np.cos(2 * np.pi * 3 * index / count)
        moved = np.roll(speckle, round(float(breath) * depths / US_DEPTH), axis=0)
        flicker = _speckle(rng, depths, angles) * 0.12
        echo = (moved + flicker) * _echogenicity(x, y - breath * 0.8, float(beat)) * np.exp(-r / 320)
        grey = np.clip(0.5 + np.log10(np.maximum(echo, 1e-4)) / 2.3, 0, 1) * 235  # 46 dB
        frames[index][inside] = grey[rows, columns].astype(np.uint8)
    return frames


def _speckle(rng: np.random.Generator, depths: int, angles: int) -> Plane:
    """The envelope of many small echoes: narrow in depth, wide across the beam; its mean is about 1."""
    field = rng.standard_normal((2, depths, angles), dtype=np.float32)
    for _ in range(3):
        field = field + np.roll(field, 1, 1)
        field = field + np.roll(field, 1, 2) + np.roll(field, -1, 2)
    envelope = np.hypot(field[0], field[1])
    return np.asarray(envelope / envelope.mean(), dtype=np.float32)


def _sector(depths: int, angles: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Which sample of the beam each pixel shows, for the pixels inside the sector."""
    step = us_pixel_spacing()
    x = (np.arange(US_COLUMNS) - US_COLUMNS / 2 + 0.5)[None, :] * step
    y = (np.arange(US_ROWS) + 0.5)[:, None] * step + _US_RADIUS * np.cos(_US_HALF_ANGLE) - 4
    r = np.hypot(x, y) - _US_RADIUS
    theta = np.arctan2(x, y)
    inside = (r >= 0) & (r < US_DEPTH) & (np.abs(theta) < _US_HALF_ANGLE)
    row = np.clip(np.rint(r * (depths - 1) / US_DEPTH), 0, depths - 1).astype(np.intp)
    column = np.clip(np.rint((theta / _US_HALF_ANGLE + 1) / 2 * (angles - 1)), 0, angles - 1).astype(np.intp)
    return row[inside], column[inside], inside


def us_pixel_spacing() -> float:
    """Millimetres from pixel to pixel: the sector fills the height of the image."""
    return (US_DEPTH + _US_RADIUS * (1 - np.cos(_US_HALF_ANGLE)) + 8) / US_ROWS


def _echogenicity(x: Plane, y: Plane, beat: float) -> Plane:
    """How strongly each place echoes, 1 for liver."""

    def oval(cx: float, cy: float, a: float, b: float, turn: float = 0.0) -> Plane:
        u = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)
        v = -(x - cx) * np.sin(turn) + (y - cy) * np.cos(turn)
        return np.sqrt((u / a) ** 2 + (v / b) ** 2)

    def paint(echo: Plane, distance: Plane, level: float, soft: float = 0.05) -> Plane:
        cover = np.clip((1 - distance) / soft + 0.5, 0, 1)
        return echo + (level - echo) * cover

    echo = np.ones_like(x)
    for layer, level in ((4.0, 2.6), (7.0, 0.8), (11.0, 1.9), (14.0, 0.7)):
        echo = np.where(np.abs(y - layer) < 1.4, level, echo)
    gall = oval(22, 52, 25, 12, -0.35)
    behind = (np.abs(x - 24 - (y - 52) * 0.3) < 17) & (y > 62)
    echo = np.where(behind, echo * 1.55, echo)
    kidney = oval(-34, 100, 40, 20, 0.3)
    echo = paint(echo, kidney, 2.8)
    echo = paint(echo, kidney * 1.07, 0.5)
    echo = paint(echo, oval(-33, 100, 23, 8.5, 0.3), 2.3, 0.35)
    for cx, cy, a, b, turn in ((-6, 66, 30, 4.2, 0.22), (-38, 44, 20, 3.0, -0.4), (54, 86, 18, 3.4, 0.7)):
        echo = paint(echo, oval(cx, cy, a * 1.03, b * 1.35, turn), 1.9)
        echo = paint(echo, oval(cx, cy, a, b, turn), 0.035)
    size = 7.6 + 0.9 * beat
    echo = paint(echo, oval(26, 108, size * 1.2, size * 1.2), 1.8)
    echo = paint(echo, oval(26, 108, size, size), 0.03)
    echo = paint(paint(echo, gall * 0.94, 2.2), gall, 0.02)
    arc = np.hypot(x - 6, y + 10) - 146 + 0.0012 * (x + 20) ** 2
    return np.asarray(np.where(np.abs(arc) < 1.6, 5.0, np.where(arc >= 1.6, echo * 0.45, echo)), dtype=np.float32)
