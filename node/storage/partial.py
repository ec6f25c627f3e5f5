"""Objects that arrive in pieces over a line that is cut before a whole one fits: each has a file that grows.

Nothing here is acknowledged as received: what is whole goes through the spool like everything else. A piece that a power cut
spoils shows in the digest, and the object begins anew.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import threading
import time
from pathlib import Path
from typing import Final

from node.errors import Invalid, StorageFull

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_LOCKS: Final = 64
_MOST: Final = 16  # objects of one sender that are begun and not whole
_KEPT_SECONDS: Final = 7 * 86400.0  # since the last piece


class PartialObjects:
    """Files named by sender and the SHA-256 of the whole file. Safe for many threads; the newest writer of a file wins."""

    def __init__(self, folder: Path, *, min_free_bytes: int) -> None:
        self._folder = folder
        self._min_free = min_free_bytes
        self._locks = tuple(threading.Lock() for _ in range(_LOCKS))  # a slow disk write holds up few others
        self._turns: dict[Path, int] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def received(self, sender: str, sha256: str) -> int:
        """How many bytes are here."""
        try:
            return self.path(sender, sha256).stat().st_size
        except FileNotFoundError:
            return 0

    def path(self, sender: str, sha256: str) -> Path:
        """Raises `Invalid` when the name is no digest."""
        if not _DIGEST.fullmatch(sha256):
            raise Invalid("The name of an object is its SHA-256 in 64 hexadecimal digits.")
        return self._folder / f"{hashlib.sha256(sender.encode()).hexdigest()[:16]}-{sha256}"

    def writer(self, sender: str, sha256: str, offset: int) -> PieceWriter | None:
        """To add a piece that begins at `offset`; None when that is not where the file ends. Raises `StorageFull`."""
        path = self.path(sender, sha256)
        if shutil.disk_usage(self._folder).free < self._min_free:
            raise StorageFull("The disk of this node is nearly full.", hint="Free space on it; it goes on by itself.")
        if offset == 0:
            self._make_room(path)
        with self._lock_of(path):
            if self.received(sender, sha256) != offset:
                return None
            turn = self._turns[path] = self._turns.get(path, 0) + 1
        return PieceWriter(self, path, turn)

    def append(self, path: Path, turn: int, data: bytes) -> bool:
        """False when another writer has taken over."""
        with self._lock_of(path):
            if self._turns.get(path) != turn:
                return False
            with path.open("ab") as file:
                file.write(data)
        return True

    def drop(self, sender: str, sha256: str) -> None:
        self._remove(self.path(sender, sha256))

    def expire(self) -> None:
        """Removes what nobody has added to for a week."""
        for path in self._folder.iterdir():
            if _changed(path) < time.time() - _KEPT_SECONDS:
                self._remove(path)

    def _make_room(self, path: Path) -> None:
        """A sender has few objects under way; what it began and left longest ago gives way."""
        others = [p for p in self._folder.glob(f"{path.name.partition('-')[0]}-*") if p != path]
        for oldest in sorted(others, key=_changed)[: max(0, len(others) + 1 - _MOST)]:
            self._remove(oldest)

    def _remove(self, path: Path) -> None:
        with self._lock_of(path):
            self._turns.pop(path, None)
            path.unlink(missing_ok=True)

    def _lock_of(self, path: Path) -> threading.Lock:
        return self._locks[hash(path.name) % _LOCKS]


class PieceWriter:
    """Adds to one file until somebody else does."""

    def __init__(self, partials: PartialObjects, path: Path, turn: int) -> None:
        self._partials = partials
        self._path = path
        self._turn = turn

    def write(self, data: bytes) -> bool:
        """False when another writer has taken over."""
        return self._partials.append(self._path, self._turn, data)


def _changed(path: Path) -> float:
    """When a file last grew; now for one that is gone."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()
