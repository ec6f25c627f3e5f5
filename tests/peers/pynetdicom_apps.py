"""pynetdicom's own applications, in processes of their own."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.peers.gateway import AE_TITLE
from tests.peers.programs import HOST, Said, run

TITLE = "PYNETDICOM"


def application(name: str, port: int, *arguments: str | Path, called: str = AE_TITLE) -> Said:
    """`python -m pynetdicom NAME`; `arguments` stand behind the address."""
    words = ["-v", "-aet", TITLE, "-aec", called]
    return run(sys.executable, "-m", "pynetdicom", name, HOST, port, *arguments, *words)


def echo(port: int) -> bool:
    return "Received Echo Response (Status: 0x0000 - Success)" in application("echoscu", port).text


def store(port: int, *files: Path) -> int:
    said = application("storescu", port, *files)
    return said.count("Received Store Response (Status: 0x0000 - Success)")
