"""pynetdicom's own applications, in processes of their own."""

from __future__ import annotations

import sys
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

from tests.peers.gateway import AE_TITLE
from tests.peers.programs import HOST, Said, run

TITLE = "PYNETDICOM"


def application(name: str, port: int, *arguments: str | Path, folder: Path | None = None) -> Said:
    """`python -m pynetdicom NAME` in `folder`; `arguments` stand behind the address."""
    words = ["-v", "-aet", TITLE, "-aec", AE_TITLE]
    return run(sys.executable, "-m", "pynetdicom", name, HOST, port, *arguments, *words, folder=folder)


def echo(port: int) -> bool:
    return "Received Echo Response (Status: 0x0000 - Success)" in application("echoscu", port).text


def store(port: int, *files: Path) -> int:
    said = application("storescu", port, *files)
    return said.count("Received Store Response (Status: 0x0000 - Success)")


def find(port: int, folder: Path, keys: dict[str, str], *, model: str = "-S") -> list[Dataset]:
    """`findscu` with one model (-W worklist, -P patient root, -S study root); the answers' data sets."""
    folder.mkdir(parents=True, exist_ok=True)
    words = (word for key in keys.items() for word in ("-k", "=".join(key)))
    said = application("findscu", port, model, "-w", *words, folder=folder)
    assert "Find SCP Result: 0x0000 (Success)" in said.text, said.text
    return [dcmread(file) for file in sorted(folder.iterdir())]


def retrieve(name: str, port: int, folder: Path, *arguments: str) -> Said:
    """`getscu` into `folder`, or `movescu`."""
    folder.mkdir(parents=True, exist_ok=True)
    return application(name, port, *arguments, folder=folder)
