"""The programs that the gateway is measured against, each as a process of its own on loopback, and our node."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.flow.lone_node import AE_TITLE, LoneNode
from tests.services import HOST, background, find_program, free_port, listens

NO_NAGLE: Final = {"TCP_NODELAY": "1"}  # what DCMTK's programs read from their environment

STORESCP: Final[dict[str, tuple[str, ...]]] = {"defaults": (), "best": ("--max-pdu", "131072", "+B")}
ORTHANC: Final[dict[str, dict[str, Any]]] = {
    "defaults": {},
    "best": {
        "SyncStorageArea": False,
        "StoreMD5ForAttachments": False,
        "StorageCompression": False,
        "MaximumPduLength": 131072,
        "TcpNoDelay": True,
    },
}
STORESCU: Final[dict[str, tuple[str, ...]]] = {"defaults": (), "best": ("--max-pdu", "131072")}


@dataclass(frozen=True)
class Receiver:
    """Something that takes C-STORE on a port."""

    name: str
    ae_title: str
    port: int
    clear: Callable[[], None] = lambda: None  # forgets what it took, before a run


def environment(nagle: bool) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key != "TCP_NODELAY"}
    return kept if nagle else {**kept, **NO_NAGLE}


def _words(values: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in values.items()]


def storescu(
    receiver: Receiver, folder: Path, options: Sequence[str] = (), *, nagle: bool = False
) -> subprocess.Popen[bytes]:
    """Starts to send all files of a folder over one association."""
    program = str(find_program("storescu", "dcmtk"))
    command = [program, *options, "-aec", receiver.ae_title, "+sd", HOST, str(receiver.port), str(folder)]
    return subprocess.Popen(command, env=environment(nagle), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def ended_well(process: subprocess.Popen[bytes]) -> None:
    """Waits for `storescu`. Raises `SystemExit` when it was not content."""
    _, said = process.communicate()
    if process.returncode != 0:
        raise SystemExit(f"storescu ended with {process.returncode}: {said.decode(errors='replace')[-500:]}")


@contextmanager
def our_node(folder: Path) -> Iterator[tuple[Receiver, LoneNode]]:
    node = LoneNode(folder)
    node.start()
    try:
        yield Receiver("lientuyen", AE_TITLE, node.dicom_port), node
    finally:
        node.stop()


@contextmanager
def a_storescp(folder: Path, setting: str, *, nagle: bool = False) -> Iterator[Receiver]:
    port, taken = free_port(), folder / "taken"
    taken.mkdir(parents=True)

    def clear() -> None:
        shutil.rmtree(taken)
        taken.mkdir()

    command: list[str | Path | int] = ["env", *(() if nagle else _words(NO_NAGLE))]
    command += [find_program("storescp", "dcmtk"), *STORESCP[setting], "-od", taken, port]
    with background(command, folder / "log", lambda: listens(port), "storescp"):
        yield Receiver(f"DCMTK storescp, {setting}", "STORESCP", port, clear)


@contextmanager
def an_orthanc(folder: Path, setting: str) -> Iterator[Receiver]:
    port, folders = free_port(), {"StorageDirectory": "storage", "IndexDirectory": "index"}
    folder.mkdir(parents=True)
    content: Mapping[str, Any] = {
        **{name: str(folder / place) for name, place in folders.items()},
        "DicomPort": port,
        "HttpPort": free_port(),
        **ORTHANC[setting],
    }
    (folder / "orthanc.json").write_text(json.dumps(content), encoding="utf-8")
    command: list[str | Path | int] = [
        "env",
        *_words(NO_NAGLE),
        find_program("Orthanc", "orthanc"),
        folder / "orthanc.json",
    ]
    with background(command, folder / "log", lambda: listens(port), "Orthanc"):
        yield Receiver(f"Orthanc, {setting}", "ORTHANC", port)
