"""One real node without routes: `lientuyen serve` as a process of its own, which may be killed and started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select

from node.config import load_settings
from node.ledger import registry
from node.ledger.schema import instances
from node.ledger.sql import open_ledger
from node.storage.filesystem import FileStorage
from tests.flow.loop import wait_for
from tests.flow.nursery import Born, Nursery
from tests.services import HOST, PLAIN, free_port, listens, stop

AE_TITLE = "LONE"
ROOT = Path(__file__).resolve().parent.parent.parent
_REGISTRY: dict[str, Any] = {
    "tiers": [{"code": "district", "rank": 1, "name": "Tuyến huyện"}],
    "facilities": [{"code": "LONE", "name": "Một mình", "tier": "district"}],
    "accept_unknown_callers": True,
}


class LoneNode:
    """Takes what any caller sends, and keeps it."""

    def __init__(self, folder: Path, nursery: Nursery | None = None, **settings: dict[str, Any]) -> None:
        """`settings` are sections of node.toml. With a `nursery` it is forked there, which saves the time of loading it."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.dicom_port, self.web_port = free_port(), free_port()
        self.process: subprocess.Popen[bytes] | Born | None = None
        self._nursery = nursery
        sections: dict[str, dict[str, Any]] = {
            "node": {"facility": "LONE", "directory": str(folder)},
            "dicom": {"host": HOST, "port": self.dicom_port, "ae_title": AE_TITLE},
            "web": {"port": self.web_port},
        }
        for name, values in settings.items():
            sections.setdefault(name, {}).update(values)
        self.file = folder / "node.toml"
        self.file.write_text("".join(map(_section, sections.items())), encoding="utf-8")
        self.ledger = open_ledger(load_settings(self.file).ledger_url)
        self.ledger.migrate()
        with self.ledger.begin() as tx:
            registry.apply(tx, _REGISTRY, "test", datetime.now(UTC))
        self.storage = FileStorage(folder / "objects")

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.web_port}"

    def start(self, *, wait: bool = True) -> None:
        command = [sys.executable, "-m", "node", "serve", "--config", str(self.file)]
        environment = {**os.environ, "LIENTUYEN_PARENT": str(os.getpid())}
        if self._nursery is not None:
            self.process = self._nursery.start([str(self.file)], environment, self.folder / "log")
        else:
            with (self.folder / "log").open("ab") as log:
                self.process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
        if wait:
            self.wait_up()

    def wait_up(self) -> None:
        wait_for(self._is_up, 60, f"the node serves; see {self.folder / 'log'}")

    def _is_up(self) -> bool:
        try:
            answer = httpx.get(f"{self.url}/readyz", timeout=2, verify=PLAIN)
            return answer.status_code == 200 and listens(self.dicom_port)
        except httpx.HTTPError:
            return False

    def kill(self) -> None:
        """As a power cut does, but for the disk's own memory."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process)
        self.ledger.dispose()

    def indexed(self) -> int:
        """How many instances are in the ledger."""
        with self.ledger.read() as tx:
            return int(tx.execute(select(func.count()).select_from(instances)).scalar_one())

    def digests(self) -> dict[str, str]:
        """SHA-256 of the data set by SOP Instance UID, of the current objects in the ledger."""
        with self.ledger.read() as tx:
            query = select(instances.c.sop_instance_uid, instances.c.digest).where(instances.c.current)
            return {row.sop_instance_uid: row.digest for row in tx.execute(query)}


def _section(item: tuple[str, dict[str, Any]]) -> str:
    name, values = item
    return f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items()) + "\n"
