"""What a crash left in the journal, looked at before its notes are believed: they say how files are to be named."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from node.storage.filesystem import sync_together
from node.storage.journal import Journal, Record
from node.storage.notes import read_record

log = logging.getLogger(__name__)


def recovered(journal: Journal, limit: int, incoming: Path, batch: str) -> Iterator[tuple[str, datetime]]:
    """(name, when it came) of up to `limit` objects of the journal.

    One whose note is none of ours is filed at once as `<batch>-<n>.dcm`, without circumstances: the index sets it aside.
    Raises `OSError`.
    """
    strange = 0
    for record in journal.pending(limit):
        try:
            name, at, _ = read_record(record.note)
        except (ValueError, KeyError, TypeError):
            strange += 1
            log.warning("an object in the journal has a note that this node did not write; it will be set aside")
            _file(journal, record, incoming / f"{batch}-{strange:06d}.dcm")
        else:
            yield name, at


def _file(journal: Journal, record: Record, place: Path) -> None:
    copy = place.with_suffix(".copy")
    with copy.open("wb") as file:

        def write(content: memoryview) -> None:
            file.write(content)

        journal.read(record, write)
    sync_together([copy], ())
    copy.rename(place)
    sync_together([], (place.parent,))
    journal.forget([record])
