"""Series as the viewer shows them: which objects, in which order, with which metadata. The last ones are remembered."""

from __future__ import annotations

import gzip
import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any, Final

from node.dicom import display
from node.dicom.display_order import order
from node.errors import NotFound
from node.ledger import objects
from node.ledger.objects import ObjectRow, Place
from node.ports import Node

_REMEMBERED: Final = 24  # series
_VOLUMES: Final = frozenset({"CT", "MR", "PT"})
_FEW: Final = 4  # images that are no volume


class ShownSeries:
    """The displayable objects of one series in display order; frames are counted through all of them, from 0."""

    def __init__(self, place: Place, rows: Sequence[ObjectRow], metadata: Sequence[dict[str, Any]]) -> None:
        self.place = place
        self.rows = tuple(rows)
        self._frames = [(row, frame) for row in rows for frame in range(max(1, row.frames))]
        self.longest_edge = max((max(row.rows, row.columns) for row in rows), default=0)
        self.instances_json = json.dumps(metadata, ensure_ascii=False, separators=(",", ":")).encode()

    def __len__(self) -> int:
        return len(self._frames)

    def frame(self, index: int) -> tuple[ObjectRow, int]:
        """The object of frame `index`, and the frame's number in it, from 0."""
        return self._frames[index]

    @property
    def opening_frame(self) -> int:
        """Where the viewer opens it: volumes in the middle, cine loops and loose images at their first."""
        volume = self.rows and self.rows[0].modality in _VOLUMES and len(self.rows) > _FEW
        return len(self) // 2 if volume else 0

    @cached_property
    def instances_gzip(self) -> bytes:
        return gzip.compress(self.instances_json, 6, mtime=0)

    def opening_gzip(self, first: int) -> bytes:
        """The metadata record of a stream."""
        head = {"study": self.place.study, "series": self.place.series, "first": first, "frames": len(self)}
        text = json.dumps(head, separators=(",", ":")).encode()[:-1]
        return gzip.compress(text + b',"metadata":' + self.instances_json + b"}", 6, mtime=0)


@dataclass(frozen=True, slots=True)
class _Kept:
    digests: tuple[str, ...]
    series: ShownSeries


class SeriesShelf:
    """Makes `ShownSeries`, and remembers the last ones as long as their objects are the same. Thread-safe."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lock = Lock()
        self._kept: OrderedDict[Place, _Kept] = OrderedDict()

    def opening(self, study_uid: str) -> ShownSeries:
        """The series of a study that opens first: the one with the most frames. Raises `NotFound`."""
        with self._node.ledger.read() as tx:
            found = [row for row in objects.find_objects(tx, Place(study_uid)) if row.rows > 0]
        rows = [row for row in found if row.modality != "SEG"] or found  # those are laid over images
        frames: dict[str, int] = {}
        for row in rows:
            frames[row.series_uid] = frames.get(row.series_uid, 0) + max(1, row.frames)
        if not frames:
            raise no_series()
        largest = max(frames, key=lambda uid: frames[uid])  # the first of equals: rows come by series number
        return self.one(Place(study_uid, largest))

    def one(self, place: Place) -> ShownSeries:
        """Raises `NotFound`."""
        with self._node.ledger.read() as tx:
            rows = objects.find_objects(tx, place)
        if not rows:
            raise no_series()
        digests = tuple(row.digest for row in rows)
        with self._lock:
            kept = self._kept.get(place)
            if kept is not None and kept.digests == digests:
                self._kept.move_to_end(place)
                return kept.series
        made = self._make(place)
        with self._lock:
            self._kept[place] = _Kept(digests, made)
            while len(self._kept) > _REMEMBERED:
                self._kept.popitem(last=False)
        return made

    def _make(self, place: Place) -> ShownSeries:
        rows, shown = [], []
        with self._node.ledger.read() as tx:
            found = list(objects.find_headers(tx, place))
        for row, header in found:
            how = display.plan(header)
            if how is None:
                continue
            path = self._node.storage.path(row.digest) if how.needs_pixels else None
            model = display.display_metadata(header, path)
            if model is not None:
                rows.append(row)
                shown.append(model)
        places = order(shown)
        return ShownSeries(place, [rows[i] for i in places], [shown[i] for i in places])


def no_series() -> NotFound:
    return NotFound("There is no such series or instance.", hint="Open the study again.")
