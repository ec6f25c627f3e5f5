"""Objects as files, named by digest: written once, never changed, durable before anyone is told."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import shutil
import sys
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from node.errors import Invalid, NotFound, StorageFull

_DIGEST = re.compile(r"[0-9a-f]{64}")
_FEW: Final = 4  # files and folders up to which each is synced by itself
_WRITE: Final = 2  # SYNC_FILE_RANGE_WRITE


def intake_fault(error: OSError) -> Exception:
    """What a write that failed on the way in means to the one who sent: `StorageFull`, or the error itself."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull("The disk of this node is full.", hint="Free space on it; receiving goes on by itself.")
    return error


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(file: Path) -> None:
    """Makes the bytes of a closed file durable."""
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fdatasync(handle)
    finally:
        os.close(handle)


def sync_together(files: Sequence[Path], folders: Sequence[Path]) -> None:
    """Makes files and the names in folders durable; many at once by one call for their file system (syncfs, Linux 5.8)."""
    if len(files) + len(folders) > _FEW and _sync_file_system(folders[0]):
        return
    for file in files:
        sync_file(file)
    for folder in folders:
        sync_folder(folder)


def _sync_file_system(folder: Path) -> bool:
    """False where the system does not offer it. Raises `OSError` when something could not be written."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None) if sys.platform == "linux" else None
    if call is None:
        return False
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if call(handle) != 0:
            raise OSError(ctypes.get_errno(), "The disk did not take what was written.")
    finally:
        os.close(handle)
    return True


def start_writing(handle: int, offset: int, length: int) -> None:
    """Sets the disk to work on these bytes of an open file, and does not wait; nothing is durable by this."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "sync_file_range", None) if sys.platform == "linux" else None
    if call is not None:
        call(ctypes.c_int(handle), ctypes.c_int64(offset), ctypes.c_int64(length), ctypes.c_uint(_WRITE))


class FileStorage:
    """Implements `node.ports.Storage` under one folder: `ab/abcd…`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._durable: set[str] = set()  # sub-folders whose names are known to survive a power cut
        folder.mkdir(parents=True, exist_ok=True)

    def _place(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise NotFound("There is no such object.")
        return self.folder / digest[:2] / digest

    def adopt(self, files: Iterable[tuple[Path, str]]) -> None:
        """Links the durable files in; copies those whose spool is on another file system."""
        folders = set()
        try:
            for file, digest in files:
                place = self._place(digest)
                self._make(place.parent)
                _link(file, place)
                folders.add(place.parent)
            sync_together([], sorted(folders))
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StorageFull("The disk is full.", hint="Free space; the work goes on by itself.") from error
            raise

    def _make(self, folder: Path) -> None:
        """Whoever made the folder: nothing in it is durable before its own name is."""
        if folder.name not in self._durable:
            folder.mkdir(parents=True, exist_ok=True)
            sync_folder(self.folder)
            self._durable.add(folder.name)

    def path(self, digest: str) -> Path:
        place = self._place(digest)
        if not place.exists():
            raise NotFound("The object's bytes are not in the storage.")
        return place

    def open(self, digest: str) -> BinaryIO:
        return self.path(digest).open("rb")

    def exists(self, digest: str) -> bool:
        return self._place(digest).exists()


def _link(file: Path, place: Path) -> None:
    try:
        place.hardlink_to(file)
    except FileExistsError:
        return
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(file, place)


def _copy(file: Path, place: Path) -> None:
    temporary = place.with_name(f".{place.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with file.open("rb") as source, temporary.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
            target.flush()
            os.fsync(target.fileno())
        temporary.replace(place)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def open_storage(url: str) -> FileStorage:
    """`file:///folder`. Raises `Invalid` for any other scheme."""
    if not url.startswith("file://"):
        raise Invalid(f"The storage URL '{url.split(':')[0]}:…' is not known.", hint="Use file:///folder.")
    return FileStorage(Path(url.removeprefix("file://")))
