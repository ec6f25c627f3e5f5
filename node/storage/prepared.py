"""A bounded folder of files that can be made again at any time: frames prepared for display.

Files are named by the digest of the object that they come from and by the form that they have. Nothing here is durable: a
file appears whole under its name or not at all as long as the machine runs, and after a power cut readers must expect
damage. When the folder is full, what was not used for the longest time goes first. Several processes may share it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

FORM: Final = "1"  # grows when the files' form or the way of coding changes: old ones are then not found and go by age

_PART: Final = ".part"
_TOUCH: Final = 600.0  # seconds after which a use is noted again
_ABANDONED: Final = 3600.0  # seconds after which an unfinished file belongs to nobody
_LOW: Final = 0.9  # of the limit that is left after making room


class PreparedFiles:
    """Files below `folder`, together at most `limit` bytes (and whatever is being written)."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._total: int | None = (
            None  # bytes, about: what other processes add is seen when the folder is counted again
        )

    def find(self, digest: str) -> Path | None:
        """The file made of the object with this digest; looking for it counts as use."""
        path = self._path(digest)
        try:
            used = path.stat().st_mtime
            if time.time() - used > _TOUCH:
                os.utime(path)
        except FileNotFoundError:
            return None
        except OSError:  # a folder that cannot be written can still be read
            pass
        return path

    def make(self, digest: str, write: Callable[[Path], None]) -> Path | None:
        """Keeps what `write` writes into the file that it is given, in place of what was there; returns it.

        None when it cannot be kept (no room, no rights). What `write` raises besides `OSError` is passed on.
        """
        path = self._path(digest)
        part = path.with_name(f"{path.name}-{secrets.token_hex(4)}{_PART}")
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            write(part)
            size = part.stat().st_size
            if size > self._limit:
                return None
            self._make_room(size)
            part.replace(path)
        except OSError:
            return None
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
        return path

    def drop(self, digest: str) -> None:
        """Forgets a file that proved damaged."""
        with contextlib.suppress(OSError):
            self._path(digest).unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / f"{digest}.{FORM}"

    def _make_room(self, size: int) -> None:
        if self._total is not None and self._total + size <= self._limit:
            self._total += size
            return
        files = sorted(self._files())
        self._total = size + sum(length for _, length, _ in files)
        for _, length, path in files if self._total > self._limit else ():
            with contextlib.suppress(OSError):
                path.unlink()
            self._total -= length
            if self._total <= self._limit * _LOW:
                break

    def _files(self) -> list[tuple[float, int, Path]]:
        """(last use, bytes, path) of all files; those that were never finished are removed."""
        found: list[tuple[float, int, Path]] = []
        for folder in self._folder.iterdir():
            for path in folder.iterdir() if folder.is_dir() else ():
                with contextlib.suppress(OSError):
                    status = path.stat()
                    if not path.name.endswith(_PART):
                        found.append((status.st_mtime, status.st_size, path))
                    elif time.time() - status.st_mtime > _ABANDONED:
                        path.unlink()
        return found
