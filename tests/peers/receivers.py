"""Archives of other people: each stack's own storage server, running in a folder."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from node.dicom.dataset import dataset_digest
from tests import services
from tests.peers import dcmjs_dimse, odil, pixelmed


@dataclass(frozen=True)
class Receiver:
    """A running archive that keeps one file for each object."""

    port: int
    folder: Path
    ae_title: str

    @property
    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    @property
    def digests(self) -> list[str]:
        return sorted(dataset_digest(file) for file in self.files)

    def clear(self) -> None:
        for file in self.files:
            file.unlink()


Start = Callable[[Path, str], AbstractContextManager[Receiver]]


@contextmanager
def _running(folder: Path, ae_title: str, command: Callable[[int], Sequence[str | Path | int]]) -> Iterator[Receiver]:
    folder.mkdir(parents=True)
    listening = Receiver(services.free_port(), folder, ae_title)
    words = command(listening.port)
    is_up = lambda: services.is_bound(listening.port)  # noqa: E731
    with services.background(words, folder.with_suffix(".log"), is_up, str(words[0])):
        yield listening


def dcmtk(folder: Path, ae_title: str, *options: str) -> AbstractContextManager[Receiver]:
    """`storescp`, which keeps what comes bit by bit; `options` as `+xe` for Explicit VR Little Endian only."""
    program = services.find_program("storescp", "dcmtk")
    fixed = ("-aet", ae_title, "--bit-preserving", "-uf")
    return _running(folder, ae_title, lambda port: [program, *fixed, *options, "-od", folder, port])


def ctn(folder: Path, ae_title: str) -> AbstractContextManager[Receiver]:
    """`simple_storage`: Implicit VR Little Endian only."""
    program = services.find_program("simple_storage", "ctn")
    return _running(folder, ae_title, lambda port: [program, "-s", "-c", ae_title, "-x", folder, port])


def pynetdicom(folder: Path, ae_title: str) -> AbstractContextManager[Receiver]:
    words = [sys.executable, "-m", "pynetdicom", "storescp"]
    return _running(folder, ae_title, lambda port: [*words, port, "-aet", ae_title, "-od", folder])


def pixelmed_dispatcher(folder: Path, ae_title: str) -> AbstractContextManager[Receiver]:
    """`StorageSOPClassSCPDispatcher`."""
    words = pixelmed.command("StorageSOPClassSCPDispatcher")
    return _running(folder, ae_title, lambda port: [*words, port, ae_title, folder])


def odil_library(folder: Path, ae_title: str) -> AbstractContextManager[Receiver]:
    """A loop around its storage and verification servers."""
    return _running(folder, ae_title, lambda port: odil.script_command(port, "receive", str(folder)))


def dcmjs(folder: Path, ae_title: str) -> AbstractContextManager[Receiver]:
    """A server of dcmjs-dimse."""
    words = dcmjs_dimse.command()
    return _running(folder, ae_title, lambda port: [*words, "receive", port, folder])
