"""odil: its command line, and through its Python library what the command line does not have."""

from __future__ import annotations

from pathlib import Path

from tests.peers.gateway import AE_TITLE
from tests.peers.programs import HOST, Said, run
from tests.services import find_program

TITLE = "ODIL"
SCRIPT = Path(__file__).with_name("scripts") / "odil_services.py"


def _odil(command: str, port: int, *arguments: str | Path) -> Said:
    return run(find_program("odil", "odil"), command, HOST, port, TITLE, AE_TITLE, *arguments)


def echo(port: int) -> bool:
    return _odil("echo", port).ok


def store(port: int, *files: Path) -> int:
    """How many were taken: it tells only of those that were not."""
    said = _odil("store", port, *files)
    return len(files) - said.count("Could not store") if said.ok else 0


def find(port: int, root: str, *keys: str) -> Said:
    """`keys` are keywords, with a value as PatientID=P1. It prints the answers as `odil print` does."""
    return _odil("find", port, root, *keys)


def get(port: int, folder: Path, root: str, *keys: str) -> Said:
    """It prints the counts of sub-operations and writes the objects into `folder`."""
    return _odil("get", port, "-d", folder, root, *keys)


def script_command(port: int, what: str, *arguments: str) -> list[str | Path | int]:
    find_program("odil", "odil")  # says what to install
    return ["/usr/bin/python3", SCRIPT, HOST, port, TITLE, AE_TITLE, what, *arguments]


def script(port: int, what: str, *arguments: str) -> Said:
    """`move DESTINATION STUDY`, `worklist KEYWORD=VALUE…` or `step BEGIN END`, by odil's library."""
    return run(*script_command(port, what, *arguments))
