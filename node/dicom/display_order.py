"""The order in which the instances of a series are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from node.dicom.image import number

Header = Mapping[str, Any]

_ALIKE: Final = 1e-3  # greatest difference of direction cosines that counts as the same orientation


def order(headers: Sequence[Header]) -> list[int]:
    """Indices of `headers` in display order: along the normal of the slices when all are parallel, else by number.

    The direction along the normal is the one in which Instance Number grows. Equal ones keep their order.
    """
    numbers = [number(header, "00200013", float("inf")) for header in headers]
    positions = _positions(headers)
    if positions is None:
        return sorted(range(len(headers)), key=lambda i: numbers[i])
    counted = [i for i, number in enumerate(numbers) if np.isfinite(number)]
    if len(counted) > 1:
        ranks = np.array([[positions[i], numbers[i]] for i in counted])
        if float(np.prod(ranks - ranks.mean(axis=0), axis=1).sum()) < 0:
            positions = [-position for position in positions]
    return sorted(range(len(headers)), key=lambda i: (positions[i], numbers[i]))


def _positions(headers: Sequence[Header]) -> list[float] | None:
    """Millimetres along the common normal; None unless all slices have a place and are parallel, not all at one place."""
    places = [_vector(header, "00200032", 3) for header in headers]
    directions = [_vector(header, "00200037", 6) for header in headers]
    if not headers or any(vector is None for vector in (*places, *directions)):
        return None
    cosines, origins = np.array(directions, float), np.array(places, float)
    if np.abs(cosines - cosines[0]).max() > _ALIKE:
        return None
    along = origins @ np.cross(cosines[0, :3], cosines[0, 3:])
    if np.ptp(along) < _ALIKE:
        return None
    return [round(float(position), 3) for position in along]


def _vector(header: Header, tag: str, length: int) -> list[float] | None:
    element = header.get(tag)
    values = element.get("Value") if isinstance(element, Mapping) else None
    if not isinstance(values, Sequence) or len(values) != length:
        return None
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError):
        return None
    return numbers if np.isfinite(numbers).all() else None
