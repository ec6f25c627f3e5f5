"""What this machine could do at best: the bounds that the loop's seconds are held against.

Each figure is taken alone, in this process, on the same generated slices: processor time of the codec and of a whole
transformation, of reading a header for the index, durable writes of a slice in the folder of the nodes, and loopback.
"""

from __future__ import annotations

import os
import secrets
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom

from node.dicom.derive import derive
from node.dicom.transcode import compress
from node.domain.route import Compression
from node.flow.examine import examine
from node.storage.filesystem import sync_folder

PLAN: dict[str, Any] = {
    "identity": "pseudonymise",
    "compression": "htj2k",
    "profile": {
        "code": "bench",
        "name": "bench",
        "options": ["rtnPatCharsOpt", "rtnLongFullDatesOpt", "cleanDescOpt"],
        "burned_in": "hold",
    },
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for one slice unless said otherwise; `*_cpu` are processor seconds."""

    cores: int
    slice_bytes: int
    encode_and_proof_cpu: float
    transform_cpu: float
    index_cpu: float
    durable_write: float
    folder_sync: float
    loopback_bytes_per_second: float

    def floor(self, slices: int) -> dict[str, float]:
        """Seconds that `slices` would take if nothing but the named thing took any."""
        return {
            "encode_and_proof": self.encode_and_proof_cpu * slices / self.cores,
            "transform": self.transform_cpu * slices / self.cores,
            "index_twice": 2 * self.index_cpu * slices / self.cores,
            "durable_writes": 3 * self.durable_write * slices,  # district, derived, hub
            "loopback": 2 * self.slice_bytes * slices / self.loopback_bytes_per_second,
        }


def measure(files: Sequence[Path], folder: Path) -> Limits:
    """Takes all figures with `files` (slices as received), writing in `folder`. About ten seconds."""
    some = list(files)[:: max(1, len(files) // 24)][:24]
    with tempfile.TemporaryDirectory(dir=folder) as name:
        scratch = Path(name)
        return Limits(
            cores=os.cpu_count() or 1,
            slice_bytes=some[0].stat().st_size,
            encode_and_proof_cpu=_codec(some),
            transform_cpu=_per_file(
                some, lambda f: derive(str(f), name, site="BENCH", pseudonym_key=b"k" * 32, plan=PLAN)
            ),
            index_cpu=_per_file(some, examine),
            durable_write=_durable_write(some[0].read_bytes(), scratch),
            folder_sync=_folder_sync(scratch),
            loopback_bytes_per_second=_loopback(),
        )


def _codec(files: Sequence[Path]) -> float:
    sets = [pydicom.dcmread(f) for f in files]
    compress(pydicom.dcmread(files[0]), Compression.HTJ2K)  # loads the codec
    start = time.process_time()
    changed = [compress(ds, Compression.HTJ2K) for ds in sets]
    spent = time.process_time() - start
    assert all(changed), "a slice was not compressed"
    return spent / len(sets)


def _per_file(files: Sequence[Path], work: Callable[[Path], object]) -> float:
    work(files[0])  # loads what is loaded once
    start = time.process_time()
    for file in files:
        work(file)
    return (time.process_time() - start) / len(files)


def _durable_write(content: bytes, folder: Path, times: int = 60) -> float:
    """A slice written, synced, renamed, the folder synced: what a receiver owes for a success."""
    start = time.perf_counter()
    for number in range(times):
        part = folder / f"{number}.part"
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fdatasync(file.fileno())
        part.rename(part.with_suffix(".dcm"))
        sync_folder(folder)
    return (time.perf_counter() - start) / times


def _folder_sync(folder: Path, times: int = 100) -> float:
    start = time.perf_counter()
    for _ in range(times):
        (folder / secrets.token_hex(8)).touch()
        sync_folder(folder)
    return (time.perf_counter() - start) / times


def _loopback(total: int = 1 << 29) -> float:
    block = bytes(1 << 20)

    def serve(listener: socket.socket) -> None:
        peer, _ = listener.accept()
        with peer:
            for _ in range(total // len(block)):
                peer.sendall(block)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        start, got, buffer = time.perf_counter(), 0, bytearray(1 << 20)
        with socket.create_connection(listener.getsockname()) as caller:
            while number := caller.recv_into(buffer):
                got += number
        return got / (time.perf_counter() - start)
