"""Files that were set aside, each with the reason beside it: `<name>.dcm` and `<name>.dcm.json` in one folder."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from node.domain.study import Arrival
from node.errors import NotFound
from node.storage.filesystem import sync_folder
from node.storage.notes import arrival_from_json, arrival_to_json, write_durably

_NAME: Final = re.compile(r"[0-9A-Za-z]+-[0-9]+\.dcm")


class Quarantine:
    """Implements `node.ports.Aside`. Safe for many threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, name: str, file: Path, reason: str, arrival: Arrival) -> None:
        """Moves a file in; durable on return."""
        note = json.dumps({"reason": reason, **arrival_to_json(arrival)}, ensure_ascii=False)
        write_durably(self.folder / f"{name}.json", note.encode())
        file.replace(self.folder / name)
        sync_folder(self.folder)

    def names(self) -> frozenset[str]:
        """What lies there whole."""
        found = {entry.name for entry in os.scandir(self.folder)}
        return frozenset(name for name in found if f"{name}.json" in found)

    def items(self, names: Iterable[str]) -> Iterator[tuple[str, str, Arrival, int]]:
        """(name, reason, arrival, size) of these."""
        for name in sorted(names):
            with contextlib.suppress(FileNotFoundError):  # taken out just now
                size = (self.folder / name).stat().st_size
                reason, arrival = self._note(name)
                yield name, reason, arrival, size

    def path(self, name: str) -> Path:
        """The file of this name. Raises `NotFound`."""
        if not _NAME.fullmatch(name) or not (self.folder / name).is_file():
            raise NotFound("This file is not in the quarantine any more.", hint="Open the list again.")
        return self.folder / name

    def arrival(self, name: str) -> Arrival:
        """How the file came."""
        return self._note(name)[1]

    def discard(self, name: str) -> None:
        """Deletes the file, if it is still there, and its note."""
        if not _NAME.fullmatch(name):
            return
        for path in (self.folder / name, self.folder / f"{name}.json"):
            path.unlink(missing_ok=True)
        sync_folder(self.folder)

    def _note(self, name: str) -> tuple[str, Arrival]:
        content = json.loads((self.folder / f"{name}.json").read_bytes())
        return content.pop("reason"), arrival_from_json(content)
