"""The few private elements without which an image's values cannot be understood: they stay among its metadata.

Each is on the list of those that tell nothing about the patient (PS3.15 Table E.3.10-1, Safe Private Attributes).
"""

from __future__ import annotations

from typing import Final

from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

_TELLING: Final[dict[tuple[int, str], frozenset[int]]] = {  # group and creator: elements of the creator's block
    # a PET image in counts becomes SUV by body weight (00), or Bq/ml (09), by a factor of the vendor's
    (0x7053, "Philips PET Private Group"): frozenset({0x00, 0x09}),
}
_GROUPS: Final = frozenset(group for group, _ in _TELLING)
_FIRST_BLOCK: Final = 0x10


def is_telling(ds: Dataset, tag: BaseTag) -> bool:
    """Whether a private element of `ds` is one of them, or the name of their creator (PS3.5 7.8.1)."""
    if tag.group not in _GROUPS:
        return False
    if tag.element <= 0xFF:
        return tag.element >= _FIRST_BLOCK and (tag.group, _creator(ds, tag)) in _TELLING
    creator = _creator(ds, Tag(tag.group, tag.element >> 8))
    return tag.element & 0xFF in _TELLING.get((tag.group, creator), ())


def _creator(ds: Dataset, tag: BaseTag) -> str:
    try:
        return str(ds[tag].value).strip(" \0") if tag in ds else ""
    except Exception:  # the toolkit raises whatever its converters meet
        return ""
