"""The pixels of the demonstration's chest: CT and its radiograph.

Bodies are made of ellipsoids, tubes and shells with values of real tissues, so that window presets, measurements and
scrolling behave as with patients. Nothing here is copied from a patient, and nothing is written into the pixels.
Lengths are in millimetres: x to the patient's left, y to the back, z to the feet from the top of the volume.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

CT_SIZE = 512
CT_FIELD = 400.0  # mm, side of the square
CT_HEIGHT = 320.0  # mm, from above the lungs to the upper abdomen
CR_SIZE = 2048
CR_FIELD = 400.0


@dataclass(frozen=True, slots=True)
class Body:
    """An ellipsoid of one tissue: centre, half axes (mm), Hounsfield units."""

    x: float
    y: float
    z: float
    a: float
    b: float
    c: float
    hu: float


# painted in this order, the later over the earlier
_TRUNK = (
    Body(0, 0, 170, 182, 118, 620, -95),  # subcutaneous fat
    Body(0, 2, 170, 170, 105, 600, 45),  # muscle
)
_CHEST = (
    Body(-76, 2, 168, 62, 82, 152, -860),  # right lung
    Body(78, 4, 170, 58, 82, 150, -865),  # left lung
    Body(0, -6, 130, 30, 52, 190, 10),  # mediastinum
    Body(26, -24, 196, 60, 46, 62, 42),  # heart
    Body(2, 0, 342, 146, 92, 96, -88),  # fat of the abdomen, closes the lungs below
    Body(-70, -4, 306, 84, 88, 92, 62),  # liver
    Body(92, 34, 306, 40, 42, 56, 54),  # spleen
    Body(62, -30, 300, 44, 38, 46, 22),  # stomach
    Body(60, -48, 290, 32, 17, 28, -980),  # gas in it
    Body(-12, 6, 300, 18, 14, 80, 46),  # vena cava
)
_NODULE = Body(-92, -18, 150, 9, 9, 9, 35)
_VESSEL_HU = 40.0
_VERTEBRA = 26.0  # mm from one vertebra to the next
_RIB = 25.0  # mm from one rib to the next


@dataclass(frozen=True, slots=True)
class Tube:
    """A straight piece of a pulmonary vessel: ends and radius (mm)."""

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    radius: float


def vessels(rng: np.random.Generator) -> tuple[Tube, ...]:
    """Pulmonary vessels that branch from both hila and thin out towards the chest wall."""
    tubes: list[Tube] = []
    for lung in _CHEST[:2]:
        root = np.array([np.sign(lung.x) * 26.0, 8.0, 150.0])
        for _ in range(14):
            direction = rng.normal(0, 1, 3) * (0.5, 0.7, 1.0) + (np.sign(lung.x) * 0.9, 0, 0)
            _branch(tubes, rng, lung, root, direction / np.linalg.norm(direction), 4.6)
    return tuple(tubes)


def _branch(
    tubes: list[Tube], rng: np.random.Generator, lung: Body, at: NDArray[Any], direction: NDArray[Any], radius: float
) -> None:
    """One vessel and, by recursion, what it splits into; ends inside the lung and below half a millimetre."""
    end = at + direction * rng.uniform(13, 22)
    depth = ((end - (lung.x, lung.y, lung.z)) / (lung.a, lung.b, lung.c)) ** 2
    if radius < 0.55 or (depth.sum() > 0.93 and radius < 4):
        return
    tubes.append(Tube(tuple(at), tuple(end), radius))
    for _ in range(2):
        turn = direction + rng.normal(0, 0.42, 3)
        _branch(tubes, rng, lung, end, turn / np.linalg.norm(turn), radius * rng.uniform(0.68, 0.82))


# --- CT


def ct_slices(count: int, rng: np.random.Generator) -> Iterator[NDArray[np.uint16]]:
    """`count` axial slices of 512 x 512 from the top to the feet, stored values of 12 bits: Hounsfield units + 1024."""
    axis = (np.arange(CT_SIZE, dtype=np.float32) + 0.5) * np.float32(CT_FIELD / CT_SIZE) - np.float32(CT_FIELD / 2)
    x, y = axis[None, :], axis[:, None]
    tree = vessels(rng)
    angle = np.arctan2(x, -y).astype(np.float32)  # 0 in front
    for index in range(count):
        z = (index + 0.5) * CT_HEIGHT / count
        plane = _axial(axis, z, tree, angle)
        noise = rng.standard_normal((CT_SIZE, CT_SIZE), dtype=np.float32)
        noise = noise + 0.5 * (np.roll(noise, 1, 0) + np.roll(noise, 1, 1))
        plane += noise * (11.0 - 3.0 * np.hypot(x, y) / CT_FIELD)
        yield np.clip(np.rint(plane + 1024), 0, 4095).astype(np.uint16)


def _axial(axis: Plane, z: float, tree: tuple[Tube, ...], angle: Plane) -> Plane:
    plane = np.full((CT_SIZE, CT_SIZE), -1000, dtype=np.float32)
    _disc(plane, axis, 0, 150, 188, 27, -140)  # the couch: a shell around foam
    _disc(plane, axis, 0, 150, 185, 24, -940)
    for body in (*_TRUNK, *_CHEST[:2]):
        _cut(plane, axis, body, z)
    for tube in tree:
        _cut_tube(plane, axis, tube, z)
    _cut(plane, axis, _NODULE, z)
    for body in _CHEST[2:]:
        _cut(plane, axis, body, z)
    _great_vessels(plane, axis, z)
    _airways(plane, axis, z)
    _ribs(plane, axis, z, angle)
    _spine(plane, axis, z)
    return plane


def _disc(plane: Plane, axis: Plane, x: float, y: float, a: float, b: float, hu: float, soft: float = 1.2) -> None:
    """Paints an ellipse with an edge of `soft` millimetres, only within its own rectangle."""
    step = CT_FIELD / CT_SIZE
    left, right = (int(np.clip((v + CT_FIELD / 2) / step, 0, CT_SIZE)) for v in (x - a - 2, x + a + 3))
    top, bottom = (int(np.clip((v + CT_FIELD / 2) / step, 0, CT_SIZE)) for v in (y - b - 2, y + b + 3))
    if left >= right or top >= bottom:
        return
    window = plane[top:bottom, left:right]
    radius = np.sqrt(((axis[None, left:right] - x) / a) ** 2 + ((axis[top:bottom, None] - y) / b) ** 2)
    cover = np.clip((1 - radius) * (min(a, b) / soft) + 0.5, 0, 1)
    window += (hu - window) * cover


def _cut(plane: Plane, axis: Plane, body: Body, z: float) -> None:
    """Paints the ellipse in which an ellipsoid meets the slice."""
    left = 1 - ((z - body.z) / body.c) ** 2
    if left > 0.002:
        scale = float(np.sqrt(left))
        _disc(plane, axis, body.x, body.y, body.a * scale, body.b * scale, body.hu)


def _cut_tube(plane: Plane, axis: Plane, tube: Tube, z: float) -> None:
    low, high = sorted((tube.start[2], tube.end[2]))
    if not low - tube.radius <= z <= high + tube.radius:
        return
    start, way = np.array(tube.start), np.array(tube.end) - np.array(tube.start)
    length = float(np.linalg.norm(way))
    steep = abs(way[2]) / length
    # a tube that lies in the slice is painted as a row of discs, one that crosses it as one disc
    for part in np.linspace(0, 1, 2 if steep > 0.8 else 12):
        at = start + way * part
        left = tube.radius**2 - (z - at[2]) ** 2 if steep <= 0.8 else tube.radius**2
        if steep > 0.8:
            share = np.clip((z - start[2]) / way[2], 0, 1)
            at = start + way * share
        if left > 0.05:
            radius = float(np.sqrt(left))
            _disc(plane, axis, float(at[0]), float(at[1]), radius, radius, _VESSEL_HU, soft=0.9)
        if steep > 0.8:
            return


def _great_vessels(plane: Plane, axis: Plane, z: float) -> None:
    """Aorta with its arch, pulmonary trunk, vena cava."""
    if z > 96:
        _disc(plane, axis, 24, 38, 12, 12, 46)  # descending aorta
    if 96 < z < 175:
        _disc(plane, axis, -10, -16, 15, 15, 46)  # ascending aorta
        _disc(plane, axis, -27, -6, 9, 9, 44)  # superior vena cava
    if 84 <= z <= 104:
        for part in np.linspace(0, 1, 14):
            _disc(plane, axis, -10 + 34 * part, -16 + 54 * part, 13, 13, 46)
    if 126 < z < 152:
        for side in (-1, 1):
            for part in np.linspace(0, 1, 8):
                _disc(plane, axis, 6 + side * 34 * part, -14 + 24 * part, 12 - 4 * part, 12 - 4 * part, 45)
    if z <= 84:
        for x, y in ((-16, 0), (18, 0), (-30, -10), (30, -6)):
            _disc(plane, axis, x, y, 6, 6, 46)


def _airways(plane: Plane, axis: Plane, z: float) -> None:
    """Trachea, main bronchi, oesophagus."""
    if z < 120:
        _disc(plane, axis, 0, 14, 9.5, 9, 20)
        _disc(plane, axis, 0, 14, 8, 7.5, -990)
    elif z < 165:
        away = (z - 120) * 0.75
        for side in (-1, 1):
            _disc(plane, axis, side * (5 + away), 14 + away * 0.1, 7.5, 7, 20)
            _disc(plane, axis, side * (5 + away), 14 + away * 0.1, 6, 5.5, -985)
    _disc(plane, axis, 4, 32, 6, 5, 36)
    _disc(plane, axis, 4, 32, 1.6, 1.2, -600)


def _ribs(plane: Plane, axis: Plane, z: float, angle: Plane) -> None:
    """A shell around the lungs, cut into ribs that run downwards from the back to the front; sternum; shoulder blades."""
    x, y = axis[None, :], axis[:, None]
    taper = float(np.clip(0.72 + z / 330, 0.72, 1))
    radius = np.sqrt((x / (150 * taper)) ** 2 + ((y - 2) / 95) ** 2)
    shell = np.abs(radius - 1) * 95
    drop = 52 * (1 + np.cos(angle))  # mm by which the rib is lower here than at the spine
    phase = np.mod(z - drop, _RIB)
    across = np.abs(phase - _RIB / 2)
    inside = (shell < 4.2) & (across < 6.2) & (np.abs(angle) > 0.42)
    marrow = (shell < 2.4) & (across < 4.0) & inside
    plane[inside] = 520
    plane[marrow] = 210
    if 60 < z < 230:
        _disc(plane, axis, 0, -88, 19, 6, 420)
        _disc(plane, axis, 0, -88, 16, 3.8, 140)
    if z < 130:
        for side in (-1, 1):
            for part in np.linspace(0, 1, 16):
                _disc(plane, axis, side * (88 + 48 * part), 100 - 32 * part, 4.5, 4, 430)
    if z < 46:
        for side in (-1, 1):
            for part in np.linspace(0, 1, 22):
                clavicle = Body(side * (16 + 120 * part), -74 + 34 * part, 40 - 22 * part, 6.5, 6.5, 7, 560)
                _cut(plane, axis, clavicle, z)


def _spine(plane: Plane, axis: Plane, z: float) -> None:
    """Vertebral bodies and discs by turns, with arch, canal and processes."""
    phase = z % _VERTEBRA
    if phase < 20:
        _disc(plane, axis, 0, 62, 19, 16, 560)
        _disc(plane, axis, 0, 62, 17, 14, 190)
    else:
        _disc(plane, axis, 0, 62, 19, 16, 95)
    _disc(plane, axis, 0, 86, 14, 13, 480)
    _disc(plane, axis, 0, 84, 9.5, 8.5, 30)
    _disc(plane, axis, 0, 84, 5.5, 4.5, 42)
    if phase < 16:
        _disc(plane, axis, 0, 104, 3.5, 13, 440)
        for side in (-1, 1):
            _disc(plane, axis, side * 22, 84, 15, 4.5, 430)


# --- radiograph


def chest_radiograph(rng: np.random.Generator) -> NDArray[np.uint16]:
    """A frontal chest of 2048 x 2048, stored values of 12 bits that grow with what the rays met (MONOCHROME2)."""
    half = CR_SIZE // 2
    axis = (np.arange(half, dtype=np.float32) + 0.5) * np.float32(CR_FIELD / half)
    x, z = (axis - np.float32(CR_FIELD / 2))[None, :], (axis - 30)[:, None]
    width = 62 + 112 * _smooth((z + 26) / 62)
    depth = 58 + 47 * _smooth((z + 20) / 80)
    soft = 2 * depth * np.sqrt(np.clip(1 - (np.abs(x) / width) ** 2.6, 0, 1))
    lungs = sum((_chord(x, z, b, end) for b, end in zip(_CHEST[:2], (262.0, 276.0), strict=True)), np.zeros_like(soft))
    hidden = _chord(x, z, _CHEST[2]) + _chord(x, z, _CHEST[3]) + _chord(x, z, Body(27, 0, 98, 17, 30, 22, 0))
    air = np.clip(lungs - hidden, 0, None) + 16 * np.sqrt(np.clip(1 - (x / 8) ** 2, 0, 1)) * _smooth((128 - z) / 12)
    tubes = _layer(x, z, [(np.linspace(t.start, t.end, 10)[:, [0, 2]], t.radius) for t in vessels(rng)], solid=True)
    gas = _chord(x, z, Body(62, 0, 304, 30, 16, 17, 0))
    bone = _layer(x, z, list(_rib_curves()), solid=False) + _vertebral_column(x, z)
    path = soft - 0.88 * air + 0.85 * np.minimum(tubes, air) - 0.9 * gas + 1.7 * bone + _chord(x, z, _NODULE)
    image = 3800 * (1 - np.exp(-np.clip(path, 0, None) / 170)) + 90
    full = np.repeat(np.repeat(image, 2, 0), 2, 1)
    full = (full + np.roll(full, 1, 0) + np.roll(full, 1, 1) + np.roll(full, (1, 1), (0, 1))) / 4
    full += rng.standard_normal(full.shape, dtype=np.float32) * np.sqrt(full) * 0.38
    return np.clip(np.rint(full), 0, 4095).astype(np.uint16)


def _smooth(t: Any) -> Any:
    """From 0 to 1 while t goes from 0 to 1, without corners."""
    held = np.clip(t, 0, 1)
    return held * held * (3 - 2 * held)


def _chord(x: Plane, z: Plane, body: Body, end: float | None = None) -> Plane:
    """How long a ray from front to back is inside an ellipsoid; `end` is where a dome cuts it off below."""
    inside = 1 - ((x - body.x) / body.a) ** 2 - ((z - body.z) / body.c) ** 2
    length = 2 * body.b * np.sqrt(np.clip(inside, 0, None))
    if end is not None:
        dome = end + 0.008 * (x - body.x * 0.9) ** 2
        length = length * _smooth((dome - z) / 9 + 0.5)
    return length.astype(np.float32)


def _layer(x: Plane, z: Plane, curves: list[tuple[NDArray[Any], float]], *, solid: bool) -> Plane:
    """Path lengths through tubes along curves of (x, z) points; tubes that are not solid are bones with marrow."""
    total = np.zeros((z.size, x.size), dtype=np.float32)
    step = float(x[0, 1] - x[0, 0])
    for points, radius in curves:
        low, high = points.min(axis=0) - radius - 1, points.max(axis=0) + radius + 1
        left, right = (int(np.clip((v - x[0, 0]) / step, 0, x.size)) for v in (low[0], high[0]))
        top, bottom = (int(np.clip((v - z[0, 0]) / step, 0, z.size)) for v in (low[1], high[1]))
        if left >= right or top >= bottom:
            continue
        near = np.full((bottom - top, right - left), np.inf, dtype=np.float32)
        for px, pz in points:
            np.minimum(near, (x[:, left:right] - px) ** 2 + (z[top:bottom] - pz) ** 2, out=near)
        length = 2 * np.sqrt(np.clip(radius**2 - near, 0, None))
        if not solid:
            length -= 1.5 * np.sqrt(np.clip((radius - 1.4) ** 2 - near, 0, None))
        total[top:bottom, left:right] += length
    return total


def _rib_curves() -> Iterator[tuple[NDArray[Any], float]]:
    """Ten pairs of ribs, behind and in front, and the collar bones: points (x, z) and radius."""
    t = np.linspace(0, 1, 90)
    for number in range(10):
        top = 12 + 24.5 * number
        width = 74 + 76 * float(_smooth((number + 1) / 6))
        for side in (-1, 1):
            arc = np.sin(t * np.pi / 2)
            behind = np.stack([side * (16 + (width - 16) * arc), top - 9 * np.sin(t * np.pi) + 34 * t**2.2], axis=1)
            yield behind, 5.2
            if number < 8:
                reach = 0.58 - 0.03 * number
                x = side * width * (1 - reach * (1 - np.cos(t * np.pi / 2)))
                yield np.stack([x, top + 34 + 50 * np.sin(t * np.pi / 2)], axis=1), 5.6
    for side in (-1, 1):
        yield np.stack([side * (14 + 128 * t), 40 - 26 * t + 9 * np.sin(t * np.pi * 2)], axis=1), 5.8


def _vertebral_column(x: Plane, z: Plane) -> Plane:
    """Vertebral bodies, discs and pedicles, seen through the mediastinum."""
    phase = np.mod(z, _VERTEBRA)
    body = _smooth((19 - np.abs(x)) / 7 + 0.5) * _smooth(phase / 2) * _smooth((21.5 - phase) / 2)
    pedicle = sum(((x - side * 12) / 3.4) ** 2 + ((phase - 9) / 4.6) ** 2 < 1 for side in (-1, 1))
    spine = _smooth((3.2 - np.abs(x)) / 2 + 0.5) * _smooth((9 - np.abs(phase - 14)) / 3)
    return np.asarray(15 * body + 8 * pedicle + 8 * spine, dtype=np.float32)


# --- ultrasound
