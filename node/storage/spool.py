"""The spool: the durable doorstep. What is committed here is whole and safe, and is indexed sooner or later.

Objects up to about 1 MiB are committed to the journal (see `node.storage.journal`) and filed many at a time, when the index asks
for them; larger ones have a file of their own from the start. Layout under the spool's folder: `journal`;
`incoming/<batch>-<n>.part` while a file is written, `incoming/<batch>-<n>.dcm` once it is whole and safe;
`arrivals/<batch>.json` with the circumstances, `quarantine/<batch>-<n>.dcm` and `.json` for what cannot be indexed.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Final

from node.domain.study import Arrival, Via
from node.errors import StorageFull
from node.ports import Clock
from node.storage.filesystem import intake_fault, start_writing, sync_folder, sync_together
from node.storage.journal import NOTE_LIMIT, Entry, Journal, Record
from node.storage.notes import Notes, arrival_to_json, read_record, write_durably
from node.storage.quarantine import Quarantine
from node.storage.recovered import recovered

log = logging.getLogger(__name__)

_SLOTS: Final = 1024  # of 1 MiB, laid out as they are needed: the largest burst that is taken at the journal's speed
_RELIEF: Final = 64  # objects of a crowded journal that are filed at once
_FREE_SECONDS: Final = 0.02  # between two looks at the free space
_AHEAD: Final = 8 << 20  # bytes of a large object after which the disk is set to work


@dataclass(frozen=True, slots=True)
class Received:
    """A committed file that waits for the index. Its arrival's time is the object's own, not the association's."""

    path: Path
    arrival: Arrival
    fault: str = ""  # why its circumstances are not known; it is to be set aside


class Spool:
    """Implements `node.ports.Intake`. Safe for many threads; one process owns a spool folder."""

    def __init__(self, folder: Path, *, min_free_bytes: int, clock: Clock) -> None:
        self.incoming = folder / "incoming"
        self.arrivals = folder / "arrivals"
        self.quarantine = folder / "quarantine"
        self.aside = Quarantine(self.quarantine)
        self.clock = clock
        self._min_free = min_free_bytes
        self._open: set[str] = set()
        for path in (self.incoming, self.arrivals, self.quarantine):
            path.mkdir(parents=True, exist_ok=True)
        for pattern in ("*.part", "*.copy"):  # nobody was told that these are safe
            for unfinished in self.incoming.glob(pattern):
                unfinished.unlink()
        self.notes = Notes(self.arrivals)
        self.journal = Journal(folder / "journal", slots=_SLOTS)
        self._filing = threading.Lock()
        self._moving = threading.Lock()  # between the quarantine and the index; the notes stay meanwhile
        self._kept_lock = threading.Lock()
        self._kept: dict[str, datetime] = {}  # objects in the journal, and when they came
        self._kept_of: Counter[str] = Counter()  # the same by batch
        self._relieving = False
        self._free, self._free_until = 0, 0.0  # bytes of the disk, and how long that is believed
        for name, at in recovered(self.journal, _SLOTS, self.incoming, self._new_batch()):
            self.keep(name, at)
        self.notes.keep_only({_batch_of(entry.name) for entry in os.scandir(self.incoming)} | self._kept_of.keys())
        self.relieve()

    def begin(self, arrival: Arrival) -> SpoolBatch:
        name = self._new_batch()
        self._open.add(name)
        return SpoolBatch(self, name, arrival)

    def _new_batch(self) -> str:
        return f"{self.clock.now():%Y%m%dT%H%M%S}{secrets.token_hex(6)}"

    def check_space(self) -> None:
        """Raises `StorageFull` below the watermark."""
        now = time.monotonic()
        if now > self._free_until:
            self._free, self._free_until = shutil.disk_usage(self.incoming).free, now + _FREE_SECONDS
        if self._free < self._min_free:
            raise StorageFull(
                "The disk of this node is nearly full, nothing more is taken.",
                hint="Free space on it or lower storage.min_free_mb; receiving goes on by itself.",
            )

    @property
    def rushing(self) -> int:
        """How many objects wait in a journal that has room for more; 0 when they have to be filed."""
        return 0 if self.journal.crowded else len(self.journal)

    def keep(self, name: str, at: datetime) -> None:
        """Takes notice of what is about to be committed to the journal: once it is, somebody may file it at once."""
        with self._kept_lock:
            self._kept[name] = at
            self._kept_of[_batch_of(name)] += 1

    def let_go(self, names: Iterable[str]) -> None:
        """These are not in the journal, or not any more."""
        with self._kept_lock:
            gone = [name for name in names if self._kept.pop(name, None) is not None]
            self._kept_of -= Counter(map(_batch_of, gone))

    def relieve(self) -> None:
        """Sees to it that a crowded journal is filed."""
        with self._kept_lock:
            begin = self.journal.crowded and not self._relieving
            self._relieving |= begin
        if begin:
            try:
                threading.Thread(target=self._relieve, name="spool", daemon=True).start()
            except RuntimeError:  # no more threads: the index files too
                self._relieving = False

    def _relieve(self) -> None:
        """Files what the index has no time for, so that there is room in the journal."""
        try:
            while self.journal.crowded and len(self.journal):
                self.file(_RELIEF)
        except (OSError, StorageFull) as error:  # the index tries it too, and says so again
            log.warning("the journal cannot be filed: %s", error)
        finally:
            self._relieving = False

    def waiting(self, limit: int) -> list[Received]:
        """Up to `limit` committed files, the oldest first; files as many of the journal before. Raises `StorageFull`."""
        self.file(limit)
        found = sorted((e for e in os.scandir(self.incoming) if e.name.endswith(".dcm")), key=lambda e: e.name)
        with self._kept_lock:  # these are being filed just now, and not durable as files
            found = [e for e in found if e.name.removesuffix(".dcm") not in self._kept]
        return [self._received(Path(e.path), _time(e.stat().st_mtime)) for e in found[:limit]]

    def _received(self, path: Path, at: datetime) -> Received:
        try:
            return Received(path, replace(self.notes.of(_batch_of(path.name)), received_at=at))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return Received(path, Arrival(Via.DIMSE, at), fault="The note of who sent it is missing or damaged.")

    def waiting_since(self) -> datetime | None:
        """When the oldest object came that the index has not taken yet; None when there is none."""
        with self._kept_lock:
            times = list(self._kept.values())
        for entry in os.scandir(self.incoming):
            with contextlib.suppress(FileNotFoundError):  # the index took it just now
                if entry.name.endswith(".dcm"):
                    times.append(_time(entry.stat().st_mtime))
        return min(times, default=None)

    def file(self, limit: int) -> None:
        """Gives up to `limit` objects of the journal files of their own, and their places back. Raises `StorageFull`."""
        with self._filing:
            records = self.journal.pending(limit)
            if not records:
                return
            try:
                names = [self._copy_out(record) for record in records]
                files = [self.incoming / f"{name}.dcm" for name in names]
                notes = [self.notes.place(batch) for batch in set(map(_batch_of, names))]
                sync_together([*files, *notes], (self.incoming, self.arrivals))
                self.journal.forget(records)
            except OSError as error:
                raise intake_fault(error) from error
            self.let_go(names)

    def _copy_out(self, record: Record) -> str:
        """Gives an object a file of its own, not durable yet; returns its name without the suffix."""
        name, at, arrival = read_record(record.note)
        self.notes.have(_batch_of(name), json.dumps(arrival, ensure_ascii=False).encode())
        part = self.incoming / f"{name}.part"
        if not part.exists():  # else somebody looked at it before it was committed
            part = part.with_suffix(".copy")
            with FileIO(part, "wb") as file:
                self.journal.read(record, lambda content: _write_all(file, content))
        os.utime(part, (at.timestamp(), at.timestamp()))
        part.rename(self.incoming / f"{name}.dcm")
        return name

    def done(self, files: Sequence[Path]) -> None:
        """Removes what the ledger and the storage have; then the arrivals that nothing refers to any more."""
        for file in files:
            file.unlink(missing_ok=True)
        for batch in {_batch_of(f.name) for f in files} - self._open:
            self.forget_arrival(batch)

    def forget_arrival(self, batch: str) -> None:
        """Removes the circumstances when nothing refers to them."""
        with self._moving:
            if not self._kept_of[batch] and not any(True for _ in self.incoming.glob(f"{batch}-*")):
                self.notes.forget(batch)

    def quarantined(self) -> Iterator[tuple[str, str, Arrival, int]]:
        """(name, reason, arrival, size) of everything set aside."""
        return self.aside.items(self.aside.names())

    def set_aside(self, file: Path, reason: str, arrival: Arrival) -> str:
        """Moves a committed file into the quarantine, the reason beside it; durable. Returns its name there."""
        name = file.name.removesuffix(".part").removesuffix(".dcm") + ".dcm"
        with self._moving:
            self.aside.put(name, file, reason, arrival)
        return name

    def try_again(self, name: str) -> None:
        """Gives a file that was set aside to the index once more. Raises `NotFound`."""
        with self._moving:
            path = self.aside.path(name)
            note = json.dumps(arrival_to_json(self.aside.arrival(name)), ensure_ascii=False)
            write_durably(self.notes.place(_batch_of(name)), note.encode())
            path.rename(self.incoming / name)
            sync_together([], (self.incoming, self.quarantine))
            self.aside.discard(name)


class SpoolBatch:
    """Implements `node.ports.Batch`; used by one thread at a time."""

    def __init__(self, spool: Spool, name: str, arrival: Arrival) -> None:
        self.spool = spool
        self.name = name
        self.arrival = arrival
        self.note = json.dumps(arrival_to_json(arrival), ensure_ascii=False)
        self._count = 0
        self._noted = False

    def create(self) -> SpoolObject:
        self.spool.check_space()
        self._count += 1
        try:
            return SpoolObject(self, f"{self.name}-{self._count:06d}")
        except OSError as error:
            raise intake_fault(error) from error

    def note_arrival(self) -> None:
        """Makes the circumstances durable, once, before the first file that is committed beside the journal."""
        if not self._noted:
            write_durably(self.spool.notes.place(self.name), self.note.encode())
            self._noted = True

    def close(self) -> None:
        self.spool._open.discard(self.name)
        self.spool.forget_arrival(self.name)


class SpoolObject:
    """Implements `node.ports.SpoolFile`: in the journal as long as it fits there, else in a file of its own."""

    def __init__(self, batch: SpoolBatch, name: str) -> None:
        self._batch = batch
        self._name = name
        self._file: FileIO | None = None
        self._size = 0  # of the file
        self._started = 0  # bytes of it that the disk was told to write
        self._committed = False
        self._entry: Entry | None = batch.spool.journal.begin()
        if self._entry is None:
            self._file = FileIO(self._part, "wb")

    @property
    def _part(self) -> Path:
        return self._batch.spool.incoming / f"{self._name}.part"

    @property
    def _final(self) -> Path:
        return self._batch.spool.incoming / f"{self._name}.dcm"

    @property
    def path(self) -> Path:
        """A file with what was written so far. Looking at it costs a copy of what is in the journal."""
        if self._committed:
            if not self._final.exists():
                self._batch.spool.file(_SLOTS)
            return self._final
        if self._file is None:
            self._copy_out()
        return self._part

    def write(self, data: bytes | bytearray | memoryview) -> None:
        view = memoryview(data)
        try:
            if self._entry is not None and not self._entry.write(view):
                self._leave_journal()
            if self._file is not None:
                self._write_file(self._file, view)
        except OSError as error:
            self.abort()
            raise intake_fault(error) from error

    def room(self, size: int) -> memoryview | None:
        return self._entry.room(size) if self._entry is not None and self._file is None else None

    def filled(self, size: int) -> memoryview:
        assert self._entry is not None
        try:
            return self._entry.filled(size)
        except OSError as error:
            self.abort()
            raise intake_fault(error) from error

    def _write_file(self, file: FileIO, view: memoryview) -> None:
        _write_all(file, view)
        self._size += len(view)
        if self._size - self._started >= _AHEAD:  # or the last sync of a large object would take very long
            start_writing(file.fileno(), self._started, self._size - self._started)
            self._started = self._size

    def _copy_out(self) -> None:
        assert self._entry is not None
        self._file = FileIO(self._part, "wb")
        self._write_file(self._file, self._entry.content)

    def _leave_journal(self) -> None:
        """From now on the object has only a file of its own."""
        if self._file is None:
            self._copy_out()
        assert self._entry is not None
        self._entry.abort()
        self._entry = None

    def commit(self) -> None:
        try:
            if self._entry is None or not self._commit_to_journal(self._entry):
                self._commit_file()
        except OSError as error:
            self.abort()
            raise intake_fault(error) from error
        self._committed = True

    def _commit_to_journal(self, entry: Entry) -> bool:
        spool, now = self._batch.spool, self._batch.spool.clock.now()
        note = f'{{"name": "{self._name}", "at": "{now.isoformat()}", "arrival": {self._batch.note}}}'.encode()
        if len(note) > NOTE_LIMIT:
            self._leave_journal()
            return False
        if self._file is not None:
            self._file.close()
        spool.keep(self._name, now)
        try:
            entry.commit(note)
        except OSError:
            spool.let_go([self._name])
            raise
        spool.relieve()
        return True

    def _commit_file(self) -> None:
        assert self._file is not None
        self._batch.note_arrival()
        os.fdatasync(self._file.fileno())
        self._file.close()
        self._part.rename(self._final)
        sync_folder(self._final.parent)

    def abort(self) -> None:
        if self._entry is not None and not self._committed:
            self._entry.abort()
            self._entry = None
        if self._file is not None:
            self._file.close()
        with contextlib.suppress(OSError):
            self._part.unlink(missing_ok=True)

    def quarantine(self, reason: str) -> None:
        try:
            if self._entry is not None:
                self._leave_journal()
            assert self._file is not None
            os.fdatasync(self._file.fileno())
            self._file.close()
            self._batch.spool.set_aside(self._part, reason, self._batch.arrival)
        except OSError as error:
            self.abort()
            raise intake_fault(error) from error


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _batch_of(name: str) -> str:
    return name.partition("-")[0]


def _write_all(file: FileIO, view: memoryview) -> None:
    while view:
        view = view[file.write(view) :]
