"""The stage "prepare": codes a study's images for the viewer before anyone opens it, so that opening never waits for it.

Of low priority and in small steps: one object at a time in the pool's processes (which stand behind the node itself), and
none while objects wait at the doorstep. Losing what was prepared costs time only; what cannot be prepared is left to the
viewer, which says why.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from node.dicom.display_frames import stored_table, write_pack
from node.domain.job import Job, NextJob
from node.errors import NodeError
from node.ledger import objects
from node.ledger.objects import Place
from node.ports import Node
from node.storage.prepared import PreparedFiles

_STEP: Final = 64  # objects of one run of the job
_MAKE_WAY: Final = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run came. `held_up`: it stopped because objects were arriving."""

    done: int
    left: int
    held_up: bool


def prepared_files(node: Node) -> PreparedFiles:
    """Where this node keeps frames that were coded for the viewer."""
    settings = node.settings
    return PreparedFiles(settings.node.directory / "display", settings.display.cache_mb << 20)


def prepare(path: Path, files: PreparedFiles, digest: str) -> bool:
    """Codes one object's frames unless they are stored in that form. Returns whether there is something new."""
    if files.find(digest) is not None:
        return False
    try:
        if stored_table(path) is not None:
            return False
        return files.make(digest, lambda target: write_pack(path, target)) is not None
    except NodeError:  # no image, or a broken one: whoever opens it is told
        return False


class PrepareStage:
    """Implements `node.ports.Stage`; the subject is a Study Instance UID, the payload how many objects are done."""

    kind = "prepare"

    def work(self, job: Job, node: Node) -> Progress:
        with node.ledger.read() as tx:
            images = [row for row in objects.find_objects(tx, Place(job.subject)) if row.rows > 0]
        files = prepared_files(node)
        begin = int(job.payload.get("done", 0))
        for done, row in enumerate(images[begin : begin + _STEP], begin):
            if node.intake.waiting_since() is not None:
                return Progress(done, len(images) - done, held_up=True)
            if files.find(row.digest) is None and node.storage.exists(row.digest):
                node.pool.submit(prepare, node.storage.path(row.digest), files, row.digest).result()
        done = min(len(images), begin + _STEP)
        return Progress(done, len(images) - done, held_up=False)

    def settle(self, tx: Any, job: Job, result: Progress, node: Node) -> Iterable[NextJob]:
        if not result.left:
            return ()
        due = node.clock.now() + _MAKE_WAY if result.held_up else None
        return (NextJob(self.kind, job.subject, {"done": result.done}, priority=job.priority, due_at=due),)
