"""CTN, the Central Test Node of the Mallinckrodt Institute of Radiology: one of the oldest stacks, in C."""

from __future__ import annotations

from pathlib import Path

from tests.peers.gateway import AE_TITLE
from tests.peers.programs import HOST, Said, run
from tests.services import find_program

TITLE = "CTN"


def echo(port: int) -> bool:
    said = run(find_program("dicom_echo", "ctn"), "-a", TITLE, "-c", AE_TITLE, HOST, port)
    return said.ok and "Verification Status:     0000" in said.text


def store(port: int, *files: Path) -> int:
    """How many were answered with success; it proposes Implicit VR Little Endian only."""
    said = run(find_program("send_image", "ctn"), "-a", TITLE, "-c", AE_TITLE, "-q", "-r", HOST, port, *files)
    return len(said.all(r"^Status: +(0000)"))


def worklist(port: int, question: Path) -> Said:
    """`mwlQuery`; `question` is a data set in Implicit VR Little Endian without a file meta."""
    program = find_program("mwlQuery", "ctn")
    return run(program, "-a", TITLE, "-c", AE_TITLE, "-f", question, HOST, port)
