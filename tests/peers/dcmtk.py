"""DCMTK's programs. All options are DCMTK's own."""

from __future__ import annotations

from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

from tests import services
from tests.peers.gateway import AE_TITLE
from tests.peers.programs import HOST, Said, run

TITLE = "DCMTK"


def dcmtk(program: str, port: int, *arguments: str | Path, options: tuple[str, ...] = (), title: str = TITLE) -> Said:
    """A program of DCMTK that calls the node; `options` stand before the address, `arguments` after it."""
    found = services.find_program(program, "dcmtk")
    return run(found, "-v", *options, "-aet", title, "-aec", AE_TITLE, HOST, port, *arguments)


def echo(port: int) -> bool:
    return "Received Echo Response (Success)" in dcmtk("echoscu", port).text


def store(port: int, *files: Path) -> int:
    """How many the node took of what `storescu` sent."""
    said = dcmtk("storescu", port, *files)
    return said.count("Received Store Response (Success)")


def dcmsend(port: int, *files: Path) -> int:
    return dcmtk("dcmsend", port, *files).count("Received C-STORE Response (Success)")


def find(
    port: int, folder: Path, keys: dict[str, str], *files: Path, model: str = "-S", title: str = TITLE
) -> list[Dataset]:
    """`findscu` with one model (-W worklist, -P patient root, -S study root) and keys, or files of them; the answers."""
    folder.mkdir(parents=True, exist_ok=True)
    options = (model, "-X", "-od", str(folder), *(word for key in keys.items() for word in ("-k", "=".join(key))))
    said = dcmtk("findscu", port, *files, options=options, title=title)
    assert "Received Final Find Response (Success)" in said.text, said.text
    return [dcmread(file) for file in sorted(folder.iterdir())]


def move(port: int, destination: str, *keys: str, model: str = "-S") -> Said:
    """`movescu`; `keys` as QueryRetrieveLevel=STUDY."""
    return dcmtk("movescu", port, options=("-d", "-aem", destination, model, *_keys(keys)))


def get(port: int, folder: Path, *keys: str, options: tuple[str, ...] = ()) -> Said:
    """`getscu`, which writes into `folder`; without more options it takes uncompressed syntaxes only."""
    folder.mkdir(parents=True, exist_ok=True)
    return dcmtk("getscu", port, options=("-d", "-S", "-od", str(folder), "+B", *options, *_keys(keys)))


def _keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for key in keys for word in ("-k", key))
