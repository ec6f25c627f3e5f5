"""The notes beside received files: who sent them, and how."""

from __future__ import annotations

import os
import threading
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from node.domain.study import Arrival, Via
from node.storage.filesystem import sync_folder


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
