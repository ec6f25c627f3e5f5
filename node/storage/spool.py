"""The spool: the durable doorstep. A file named `….dcm` here is whole and safe, and is indexed sooner or later.

Layout under the spool's folder: `incoming/<batch>-<n>.part` while it is written, `incoming/<batch>-<n>.dcm` once committed,
`arrivals/<batch>.json` with the circumstances, `quarantine/<batch>-<n>.dcm` and `.json` for what cannot be indexed.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from node.domain.study import Arrival, Via
from node.errors import StorageFull
from node.ports import Clock
from node.storage.filesystem import sync_folder

_FULL = (28, 122)  # ENOSPC, EDQUOT


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
        self._min_free = min_free_bytes
        self._clock = clock
        self._open: set[str] = set()
        self._known: dict[str, Arrival] = {}
        for path in (self.incoming, self.arrivals, self.quarantine):
            path.mkdir(parents=True, exist_ok=True)
        for part in self.incoming.glob("*.part"):  # nobody was told that these are safe
            part.unlink()

    def begin(self, arrival: Arrival) -> SpoolBatch:
        name = f"{self._clock.now():%Y%m%dT%H%M%S}{secrets.token_hex(6)}"
        self._open.add(name)
        return SpoolBatch(self, name, arrival)

    def check_space(self) -> None:
        """Raises `StorageFull` below the watermark."""
        if shutil.disk_usage(self.incoming).free < self._min_free:
            raise StorageFull(
                "The disk of this node is nearly full, nothing more is taken.",
                hint="Free space on it or lower storage.min_free_mb; receiving goes on by itself.",
            )

    def waiting(self, limit: int) -> list[Received]:
        """Up to `limit` committed files, the oldest first."""
        found = sorted((e for e in os.scandir(self.incoming) if e.name.endswith(".dcm")), key=lambda e: e.name)
        return [self._received(Path(e.path), _time(e.stat().st_mtime)) for e in found[:limit]]

    def _received(self, path: Path, at: datetime) -> Received:
        try:
            return Received(path, replace(self._arrival(path.name.partition("-")[0]), received_at=at))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return Received(path, Arrival(Via.DIMSE, at), fault="The note of who sent it is missing or damaged.")

    def waiting_since(self) -> datetime | None:
        """When the oldest file came that the index has not taken yet; None when there is none."""
        times = []
        for entry in os.scandir(self.incoming):
            with contextlib.suppress(FileNotFoundError):  # the index took it just now
                if entry.name.endswith(".dcm"):
                    times.append(entry.stat().st_mtime)
        return _time(min(times)) if times else None

    def done(self, files: list[Path]) -> None:
        """Removes what the ledger and the storage have; then the arrivals that nothing refers to any more."""
        for file in files:
            file.unlink(missing_ok=True)
        for batch in {f.name.partition("-")[0] for f in files} - self._open:
            if not any(True for _ in self.incoming.glob(f"{batch}-*")):
                self._known.pop(batch, None)
                (self.arrivals / f"{batch}.json").unlink(missing_ok=True)

    def set_aside(self, file: Path, reason: str, arrival: Arrival) -> str:
        """Moves a committed file into the quarantine, the reason beside it; durable. Returns its name there."""
        name = file.name.removesuffix(".part").removesuffix(".dcm") + ".dcm"
        note = json.dumps({"reason": reason, **_to_json(arrival)}, ensure_ascii=False)
        _write_durably(self.quarantine / f"{name}.json", note.encode())
        file.replace(self.quarantine / name)
        sync_folder(self.quarantine)
        return name

    def quarantine_names(self) -> frozenset[str]:
        return frozenset(e.name for e in os.scandir(self.quarantine) if e.name.endswith(".json"))

    def quarantined(self) -> Iterator[tuple[str, str, Arrival, int]]:
        """(name, reason, arrival, size) of everything set aside."""
        for note in sorted(self.quarantine.glob("*.dcm.json")):
            content = json.loads(note.read_bytes())
            reason = content.pop("reason")
            file = note.with_suffix("")
            if file.exists():
                yield file.name, reason, _from_json(content), file.stat().st_size

    def _arrival(self, batch: str) -> Arrival:
        if batch not in self._known:
            self._known[batch] = _from_json(json.loads((self.arrivals / f"{batch}.json").read_bytes()))
        return self._known[batch]


class SpoolBatch:
    """Implements `node.ports.Batch`; used by one thread at a time."""

    def __init__(self, spool: Spool, name: str, arrival: Arrival) -> None:
        self.spool = spool
        self.name = name
        self.arrival = arrival
        self._count = 0
        self._noted = False

    def create(self) -> SpoolObject:
        self.spool.check_space()
        self._count += 1
        try:
            return SpoolObject(self, self.spool.incoming / f"{self.name}-{self._count:06d}.part")
        except OSError as error:
            raise _translate(error) from error

    def note_arrival(self) -> None:
        """Makes the circumstances durable, once, before the first commit."""
        if not self._noted:
            _write_durably(
                self.spool.arrivals / f"{self.name}.json",
                json.dumps(_to_json(self.arrival), ensure_ascii=False).encode(),
            )
            self._noted = True

    def close(self) -> None:
        self.spool._open.discard(self.name)
        if self._noted and not any(True for _ in self.spool.incoming.glob(f"{self.name}-*")):
            (self.spool.arrivals / f"{self.name}.json").unlink(missing_ok=True)


class SpoolObject:
    """Implements `node.ports.SpoolFile`."""

    def __init__(self, batch: SpoolBatch, path: Path) -> None:
        self.path = path
        self._batch = batch
        self._file = path.open("wb", buffering=0)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            self.abort()
            raise _translate(error) from error

    def commit(self) -> None:
        try:
            self._batch.note_arrival()
            os.fdatasync(self._file.fileno())
            self._file.close()
            final = self.path.with_suffix(".dcm")
            self.path.rename(final)
            self.path = final
            sync_folder(final.parent)
        except OSError as error:
            self.abort()
            raise _translate(error) from error

    def abort(self) -> None:
        self._file.close()
        with contextlib.suppress(OSError):
            self.path.unlink()

    def quarantine(self, reason: str) -> None:
        try:
            os.fdatasync(self._file.fileno())
            self._file.close()
            self._batch.spool.set_aside(self.path, reason, self._batch.arrival)
        except OSError as error:
            self.abort()
            raise _translate(error) from error


def _translate(error: OSError) -> Exception:
    if error.errno in _FULL:
        return StorageFull("The disk of this node is full.", hint="Free space on it; receiving goes on by itself.")
    return error


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _write_durably(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{threading.get_ident()}")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def _to_json(arrival: Arrival) -> dict[str, str]:
    return {**asdict(arrival), "via": arrival.via.value, "received_at": arrival.received_at.isoformat()}


def _from_json(content: dict[str, str]) -> Arrival:
    return Arrival(
        **{**content, "via": Via(content["via"]), "received_at": datetime.fromisoformat(content["received_at"])}  # type: ignore[arg-type]
    )
