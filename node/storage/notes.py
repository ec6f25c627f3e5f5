"""The notes beside received files: who sent them, and how."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Final

from node.domain.study import Arrival, Via
from node.storage.filesystem import sync_folder

_NAME: Final = re.compile(r"[0-9A-Za-z]+-[0-9]+")


def write_note(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Puts the whole content in its place at once."""
    temporary = path.with_name(f".{path.name}.{threading.get_ident()}")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        if durable:
            os.fsync(file.fileno())
    temporary.replace(path)


def write_durably(path: Path, content: bytes) -> None:
    """Returns when the content and its name survive a power cut."""
    write_note(path, content, durable=True)
    sync_folder(path.parent)


def arrival_to_json(arrival: Arrival) -> dict[str, str]:
    return {**asdict(arrival), "via": arrival.via.value, "received_at": arrival.received_at.isoformat()}


def arrival_from_json(content: dict[str, str]) -> Arrival:
    return Arrival(
        **{**content, "via": Via(content["via"]), "received_at": datetime.fromisoformat(content["received_at"])}  # type: ignore[arg-type]
    )


def read_record(note: bytes) -> tuple[str, datetime, dict[str, str]]:
    """(name, when it came, its circumstances) of an object in the journal. A name that could be a path elsewhere is none:
    raises `ValueError`, `KeyError` or `TypeError`."""
    content = json.loads(note)
    if not _NAME.fullmatch(content["name"]):
        raise ValueError("an object in the journal has no name of this node's")
    return content["name"], datetime.fromisoformat(content["at"]), content["arrival"]


class Notes:
    """The notes of one folder by their batches: `<batch>.json`. Safe for many threads, each at its own batch."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Arrival] = {}
        self._seen: set[str] = set()  # batches whose note was found good, or written, since the start

    def place(self, batch: str) -> Path:
        return self._folder / f"{batch}.json"

    def of(self, batch: str) -> Arrival:
        """Raises `FileNotFoundError`, and `ValueError`, `KeyError` or `TypeError` when the note is damaged."""
        if batch not in self._known:
            self._known[batch] = arrival_from_json(json.loads(self.place(batch).read_bytes()))
        return self._known[batch]

    def have(self, batch: str, content: bytes) -> None:
        """Sees to it that the note says this; not durably yet. One from before the start may be spoilt by a power cut."""
        place = self.place(batch)
        if batch not in self._seen and not (place.exists() and place.read_bytes() == content):
            write_note(place, content)
        self._seen.add(batch)

    def forget(self, batch: str) -> None:
        self._known.pop(batch, None)
        self._seen.discard(batch)
        self.place(batch).unlink(missing_ok=True)

    def keep_only(self, batches: Collection[str]) -> None:
        """At the start: removes what was left by one that died before it could clear away."""
        for path in self._folder.iterdir():
            if path.suffix != ".json" or path.stem not in batches:
                path.unlink()
